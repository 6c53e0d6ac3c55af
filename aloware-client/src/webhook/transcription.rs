use integrations_core::{Timestamp, object};
use serde_json::Value;

use super::Communication;
use crate::contacts::Contact;
use crate::ids::{CommunicationId, TranscriptionId, UserId};

object! {
    /// A transcription, or the summary of one. **It has no id of its own**: see [`call_id`](Self::call_id).
    pub struct TranscriptionEvent {
        rest {
            /// Members that the provider does not document.
            extra,
        }
        /// The summary, as Markdown.
        summary: Option<String> = "summary",
        /// The summary in parts.
        json_summary: Value = "json_summary",
        /// Who said what.
        parsed_transcription: Value = "parsed_transcription",
        /// The transcription.
        transcription: Option<Transcription> = "transcription",
        /// The contact.
        contact: Option<Box<Contact>> = "contact",
        /// The call.
        communication: Option<Box<Communication>> = "communication",
    }

    /// A transcription.
    pub struct Transcription {
        rest {
            /// Members that the provider does not document.
            extra,
        }
        /// The id.
        id: Option<TranscriptionId> = "id",
        /// Its id at the service that made it, a UUID.
        transcription_id: Option<String> = "transcription_id",
        /// The service that made it: `assembly_ai`, `deepgram`.
        driver: Option<String> = "driver",
        /// The call.
        communication_id: Option<CommunicationId> = "communication_id",
        /// The user who talked.
        user_id: Option<UserId> = "user_id",
        /// The account.
        company_id: Option<String> = "company_id",
        /// How far it is.
        status: Option<String> = "status",
        /// How far the summary is.
        summary_status: Option<String> = "summary_status",
        /// What made the summary.
        summary_engine: Option<String> = "summary_engine",
        /// When the summary was made.
        summary_created_at: Option<Timestamp> = "summary_created_at",
        /// When it was made.
        created_at: Option<Timestamp> = "created_at",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updated_at",
    }
}

impl TranscriptionEvent {
    /// The call that was transcribed.
    #[must_use]
    pub fn call_id(&self) -> Option<&CommunicationId> {
        let call = self
            .communication
            .as_ref()
            .and_then(|call| call.id.as_ref());
        let named = self.transcription.as_ref();
        call.or_else(|| named.and_then(|transcription| transcription.communication_id.as_ref()))
    }
}
