//! The contract `v3` of 2026: the same host, and mostly the same paths, with other names for some fields.
//!
//! Each resource group has a module here, reached by [`Location::v3`](crate::Location::v3) and
//! [`Client::v3`](crate::Client::v3). Types that are the same in both contracts are the same types.
//!
//! ```no_run
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let answer = location.v3().contacts().get_contact("contact-id").send().await?;
//! println!("{:?}", answer.contact.and_then(|contact| contact.first_name));
//! # Ok(()) }
//! ```

pub use crate::generated::v3::*;

#[cfg(any(
    feature = "contacts",
    feature = "conversations",
    feature = "forms",
    feature = "locations",
    feature = "medias",
    feature = "objects",
    feature = "opportunities",
    feature = "social-planner"
))]
use crate::{Call, Version};

#[cfg(feature = "contacts")]
impl contacts::Contacts<'_> {
    /// Finds contacts; pages with [`items`](Call::items). Scope `contacts.readonly`.
    pub fn search(&self) -> Call<crate::contacts::SearchContacts> {
        self.0.contacts().search().with_version(Version::V3)
    }
}

#[cfg(feature = "conversations")]
impl conversations::Conversations<'_> {
    /// Uploads files for a message; see [`Messages::upload`](crate::messages::Messages::upload).
    pub fn upload(
        &self,
        conversation: impl Into<crate::ids::ConversationId>,
        contact: impl Into<crate::ids::ContactId>,
    ) -> Call<crate::messages::UploadAttachments> {
        let call = self.0.messages().upload(conversation, contact);
        call.with_version(Version::V3)
    }

    /// The recording of a call, as a stream. Scope `conversations/message.readonly`.
    pub fn recording(
        &self,
        message: impl Into<crate::ids::MessageId>,
    ) -> Call<crate::messages::GetRecording> {
        self.0
            .messages()
            .recording(message)
            .with_version(Version::V3)
    }

    /// What was said in a call, sentence by sentence. Scope `conversations/message.readonly`.
    pub fn transcription(
        &self,
        message: impl Into<crate::ids::MessageId>,
    ) -> Call<crate::messages::GetTranscription> {
        self.0
            .messages()
            .transcription(message)
            .with_version(Version::V3)
    }

    /// What was said in a call, as a text file. Scope `conversations/message.readonly`.
    pub fn download_transcription(
        &self,
        message: impl Into<crate::ids::MessageId>,
    ) -> Call<crate::messages::DownloadTranscription> {
        let call = self.0.messages().download_transcription(message);
        call.with_version(Version::V3)
    }
}

#[cfg(feature = "forms")]
impl forms::Forms<'_> {
    /// Uploads files into custom fields of a contact: add them with `file`. Scope `forms.write`.
    pub fn upload_custom_files(
        &self,
        contact: impl Into<crate::ids::ContactId>,
    ) -> Call<crate::forms::UploadCustomFiles> {
        self.0
            .forms()
            .upload_custom_files(contact)
            .with_version(Version::V3)
    }
}

#[cfg(feature = "locations")]
impl locations::LocationSetup<'_> {
    /// Uploads files for custom fields; see
    /// [`Location::upload_custom_field_files`](crate::Location::upload_custom_field_files).
    pub fn upload_custom_field_files(&self) -> Call<crate::locations::UploadCustomFieldFiles> {
        self.0.upload_custom_field_files().with_version(Version::V3)
    }
}

#[cfg(feature = "medias")]
impl medias::Medias<'_> {
    /// Puts a file into the storage, or the URL of one that stays where it is. Scope `medias.write`.
    pub fn upload(
        &self,
        source: impl Into<crate::medias::MediaSource>,
    ) -> Call<crate::medias::UploadMedia> {
        self.0.medias().upload(source).with_version(Version::V3)
    }
}

#[cfg(feature = "objects")]
impl objects::Objects<'_> {
    /// Finds records of an object; pages with [`items`](Call::items). Scope `objects/record.readonly`.
    pub fn search_records(
        &self,
        schema_key: impl Into<String>,
    ) -> Call<crate::objects::SearchRecords> {
        self.0
            .objects()
            .search_records(schema_key)
            .with_version(Version::V3)
    }
}

#[cfg(feature = "opportunities")]
impl opportunities::Opportunities<'_> {
    /// Finds opportunities; pages with [`items`](Call::items). Scope `opportunities.readonly`.
    pub fn search(&self) -> Call<crate::opportunities::SearchOpportunities> {
        self.0.opportunities().search().with_version(Version::V3)
    }
}

#[cfg(feature = "social-planner")]
impl social_planner::SocialPlanner<'_> {
    /// Uploads a CSV of posts. Scope `socialplanner/csv.write`.
    pub fn upload_csv(&self, file: crate::Upload) -> Call<crate::social_planner::UploadCsv> {
        self.0
            .social_planner()
            .upload_csv(file)
            .with_version(Version::V3)
    }
}
