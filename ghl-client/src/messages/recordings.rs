use http::Method;
use integrations_core::lenient::Field;
use integrations_core::object;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{LocationId, MessageId};
use crate::request::request;
use crate::{Download, LocationIn, Spec, Version};

request! {
    /// `GET /conversations/messages/{messageId}/locations/{locationId}/recording`: downloads the recording of a call.
    pub struct GetRecording -> Download {
        required {
            /// The location.
            path location_id: LocationId = "locationId",
            /// The message of the call.
            path message_id: MessageId = "messageId",
        }
        in_path { message_id, location_id, }
    }
    Spec::new(
        "messages.recording",
        Method::GET,
        "/conversations/messages/{messageId}/locations/{locationId}/recording",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.readonly"])
    .location(LocationIn::Path)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-message-recording")
}

request! {
    /// `GET /conversations/locations/{locationId}/messages/{messageId}/transcription`: reads what was said in a call.
    pub struct GetTranscription -> Transcription {
        path {
            /// The location.
            location_id: LocationId,
            /// The message of the call.
            message_id: MessageId,
        }
    }
    Spec::new(
        "messages.transcription",
        Method::GET,
        "/conversations/locations/{locationId}/messages/{messageId}/transcription",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.readonly"])
    .location(LocationIn::Path)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/conversations/get-message-transcription")
}

request! {
    /// `GET /conversations/locations/{locationId}/messages/{messageId}/transcription/download`: downloads what was said in a
    /// call as text.
    pub struct DownloadTranscription -> Download {
        path {
            /// The location.
            location_id: LocationId,
            /// The message of the call.
            message_id: MessageId,
        }
    }
    Spec::new(
        "messages.transcription.download",
        Method::GET,
        "/conversations/locations/{locationId}/messages/{messageId}/transcription/download",
    )
    .version(Version::V2021_04_15)
    .scopes(&["conversations/message.readonly"])
    .location(LocationIn::Path)
    .docs(
        "https://marketplace.gohighlevel.com/docs/ghl/conversations/download-message-transcription",
    )
}

/// What was said in a call.
///
/// The provider documents one sentence and answers a list of them; both are read.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Transcription {
    /// The sentences, in the provider's order.
    pub sentences: Vec<Sentence>,
}

impl<'de> Deserialize<'de> for Transcription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sentences = Vec::read_field(deserializer)?;
        Ok(Self { sentences })
    }
}

impl Serialize for Transcription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sentences.serialize(serializer)
    }
}

object! {
    /// A sentence of a call.
    pub struct Sentence {
        /// Who speaks: the channel of the recording.
        media_channel: Option<i64> = "mediaChannel",
        /// Which sentence it is.
        sentence_index: Option<i64> = "sentenceIndex",
        /// When it starts, in milliseconds from the start of the recording.
        start_time: Option<f64> = "startTime",
        /// When it ends, in milliseconds from the start of the recording.
        end_time: Option<f64> = "endTime",
        /// What was said.
        transcript: Option<String> = "transcript",
        /// How sure the provider is, 0 to 1.
        confidence: Option<f64> = "confidence",
    }
}
