use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use integrations_core::http::{Body, Multipart, Part};
use integrations_core::{Error, ErrorKind, Result, object};

use crate::endpoint::{UPLOAD_TIMEOUT, setters};
use crate::ids::{ContactId, ConversationId, LocationId};
use crate::{Endpoint, LocationIn, Spec, Upload, Version};

/// What the provider calls the field of a file; its documents say so in prose only.
const FILE: &str = "fileAttachment";

/// `POST /conversations/messages/upload`: uploads files to send with messages.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadAttachments {
    /// The location.
    pub location_id: LocationId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The contact.
    pub contact_id: ContactId,
    /// The files.
    pub files: Vec<Upload>,
    /// Files that the provider fetches, as URLs.
    pub attachment_urls: Vec<String>,
    /// The chat service of a group text message.
    pub chat_service_sid: Option<String>,
    /// Whether it is for a group text message, which takes one file.
    pub is_group_sms: Option<bool>,
}

impl UploadAttachments {
    /// A request with what the operation requires; add files.
    #[must_use]
    pub fn new(
        location_id: impl Into<LocationId>,
        conversation_id: impl Into<ConversationId>,
        contact_id: impl Into<ContactId>,
    ) -> Self {
        Self {
            location_id: location_id.into(),
            conversation_id: conversation_id.into(),
            contact_id: contact_id.into(),
            files: Vec::new(),
            attachment_urls: Vec::new(),
            chat_service_sid: None,
            is_group_sms: None,
        }
    }
}

setters!(UploadAttachments {
    files: Vec<Upload>,
    attachment_urls: Vec<String>,
    chat_service_sid: String,
    is_group_sms: bool,
});

impl crate::Call<UploadAttachments> {
    /// Adds a file.
    pub fn file(mut self, file: Upload) -> Self {
        self.request.files.push(file);
        self
    }
}

impl Endpoint for UploadAttachments {
    const SPEC: Spec = Spec::new(
        "messages.upload",
        Method::POST,
        "/conversations/messages/upload",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.write"])
    .location(LocationIn::Body)
    .timeout(UPLOAD_TIMEOUT)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/upload-file-attachments");
    type Response = UploadedAttachments;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        if self.files.is_empty() && self.attachment_urls.is_empty() {
            let message = "there is no file to upload: add one with file(), or URLs";
            return Err(Error::new(ErrorKind::Validation, message));
        }
        // The fields first: a server that reads as it goes knows then whose files they are.
        let mut form = Multipart::new()
            .with(Part::text("conversationId", self.conversation_id.as_str()))
            .with(Part::text("contactId", self.contact_id.as_str()))
            .with(Part::text("locationId", self.location_id.as_str()));
        for url in &self.attachment_urls {
            form = form.with(Part::text("attachmentUrls", url));
        }
        if let Some(sid) = &self.chat_service_sid {
            form = form.with(Part::text("chatServiceSid", sid));
        }
        if let Some(is_group) = self.is_group_sms {
            form = form.with(Part::text("isGroupSms", is_group.to_string()));
        }
        for file in &self.files {
            form = form.with(file.to_part(FILE)?);
        }
        Ok(form.into_body(headers))
    }
}

object! {
    /// Where the uploaded files are.
    pub struct UploadedAttachments {
        /// Their URLs, by the names of the files.
        uploaded_files: BTreeMap<String, String> = "uploadedFiles",
        /// The media of a group text message.
        twilio_media_sids: Vec<String> = "twilioMediaSids",
    }
}
