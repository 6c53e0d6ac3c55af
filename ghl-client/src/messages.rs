//! Messages: send, report what came or went elsewhere, read.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let sent = location.messages().sms("contact-id", "See you at nine.").send().await?;
//! location
//!     .messages()
//!     .email("contact-id", "Your appointment", "<p>See you at nine.</p>")
//!     .email_cc(vec!["office@example.com".to_owned()])
//!     .send()
//!     .await?;
//!
//! if let Some(conversation) = sent.conversation_id {
//!     let mut messages = location.messages().list(conversation).items();
//!     while let Some(message) = messages.try_next().await? {
//!         println!("{} {:?}", message.id, message.status);
//!     }
//! }
//! # Ok(()) }
//! ```

mod add;
mod kinds;
mod model;
mod recordings;
mod requests;
mod send;
mod upload;

pub use add::{AddInboundMessage, AddOutboundCall, AddedMessage, CallDetails};
pub use kinds::{
    CallStatus, MessageChannel, MessageDirection, MessageSource, MessageStatus, MessageType,
};
pub use model::{Message, MessageMeta, MessagePage};
pub use recordings::{
    DownloadTranscription, GetRecording, GetTranscription, Sentence, Transcription,
};
pub use requests::{GetMessage, ListMessages};
pub use send::{EmailReplyMode, ForwardedEmail, OptimizationPeriod, SendMessage, SentMessage};
pub use upload::{UploadAttachments, UploadedAttachments};

use crate::ids::{ContactId, ConversationId, ConversationProviderId, MessageId};
use crate::{Call, Location};

/// The messages of a location: see [`Location::messages`].
#[derive(Debug, Clone, Copy)]
pub struct Messages<'a>(pub(crate) &'a Location);

impl Messages<'_> {
    /// Sends a message on any channel. Scope `conversations/message.write`.
    ///
    /// It is never repeated by itself once it may have arrived: see
    /// [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown). A contact that is blocked for the channel is an
    /// error of the provider.
    pub fn send(
        &self,
        channel: impl Into<MessageChannel>,
        contact: impl Into<ContactId>,
    ) -> Call<SendMessage> {
        self.0.call(SendMessage::new(channel, contact))
    }

    /// Sends a text message, as [`send`](Self::send).
    pub fn sms(&self, contact: impl Into<ContactId>, text: impl Into<String>) -> Call<SendMessage> {
        self.0.call(SendMessage::sms(contact, text))
    }

    /// Sends an e-mail, as [`send`](Self::send).
    pub fn email(
        &self,
        contact: impl Into<ContactId>,
        subject: impl Into<String>,
        html: impl Into<String>,
    ) -> Call<SendMessage> {
        self.0.call(SendMessage::email(contact, subject, html))
    }

    /// Sends a WhatsApp message, as [`send`](Self::send).
    pub fn whats_app(
        &self,
        contact: impl Into<ContactId>,
        text: impl Into<String>,
    ) -> Call<SendMessage> {
        self.0.call(SendMessage::whats_app(contact, text))
    }

    /// Reports a message that a conversation provider received. Scope `conversations/message.write`.
    ///
    /// Reporting twice adds two messages.
    pub fn inbound(
        &self,
        channel: impl Into<MessageChannel>,
        conversation: impl Into<ConversationId>,
        contact: impl Into<ContactId>,
        provider: impl Into<ConversationProviderId>,
    ) -> Call<AddInboundMessage> {
        self.0.call(AddInboundMessage::new(
            channel,
            conversation,
            contact,
            provider,
        ))
    }

    /// Reports a call that was made outside the application. Scope `conversations/message.write`.
    ///
    /// Reporting twice adds two calls.
    pub fn outbound(
        &self,
        conversation: impl Into<ConversationId>,
        provider: impl Into<ConversationProviderId>,
    ) -> Call<AddOutboundCall> {
        self.0.call(AddOutboundCall::new(conversation, provider))
    }

    /// Lists the messages of a conversation, the latest first; pages with [`items`](Call::items). Scope
    /// `conversations/message.readonly`.
    pub fn list(&self, conversation: impl Into<ConversationId>) -> Call<ListMessages> {
        self.0.call(ListMessages::new(conversation))
    }

    /// Uploads files to send with messages of a conversation: the answer has their URLs, for
    /// [`attachments`](Call::attachments). Scope `conversations/message.write`.
    ///
    /// It takes JPG, PNG, MP4, MPEG, ZIP, RAR, PDF, DOC, DOCX, TXT, MP3 and WAV.
    pub fn upload(
        &self,
        conversation: impl Into<ConversationId>,
        contact: impl Into<ContactId>,
    ) -> Call<UploadAttachments> {
        let request = UploadAttachments::new(self.0.id(), conversation, contact);
        self.0.call(request)
    }

    /// Downloads the recording of a call. Scope `conversations/message.readonly`.
    pub fn recording(&self, message: impl Into<MessageId>) -> Call<GetRecording> {
        self.0.call(GetRecording::new(self.0.id(), message))
    }

    /// Reads what was said in a call, sentence by sentence. Scope `conversations/message.readonly`.
    pub fn transcription(&self, message: impl Into<MessageId>) -> Call<GetTranscription> {
        self.0.call(GetTranscription::new(self.0.id(), message))
    }

    /// Downloads what was said in a call as text. Scope `conversations/message.readonly`.
    pub fn download_transcription(
        &self,
        message: impl Into<MessageId>,
    ) -> Call<DownloadTranscription> {
        self.0
            .call(DownloadTranscription::new(self.0.id(), message))
    }

    /// Reads a message. Scope `conversations/message.readonly`.
    pub fn get(&self, id: impl Into<MessageId>) -> Call<GetMessage> {
        self.0.call(GetMessage::new(id))
    }
}
