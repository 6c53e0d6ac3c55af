//! The body of a webhook: what it tells, below `message`, below `data` or at its root.

use integrations_core::consent::{Reading, read};
use integrations_core::lenient::Lenient;
use integrations_core::model::Direction;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::ids::{BroadcastId, ChatId, MessageId};
use crate::texting::MessageStatus;

integrations_core::object! {
    /// A text message.
    pub struct Message {
        /// Its id.
        id: Option<MessageId> = "messageId" | "id",
        /// The thread.
        conversation_id: Option<ChatId> = "conversationId" | "chatId",
        /// The name that its sender gave it.
        correlation_id: Option<String> = "correlationId",
        /// Which way it went.
        direction: Option<Direction> = "direction",
        /// Who sent it.
        from: Option<String> = "from",
        /// Who got it.
        to: Option<String> = "to",
        /// The text.
        body: Option<String> = "body" | "text" | "message",
        /// When that was.
        timestamp: Option<Timestamp> = "timestamp" | "createdAt" | "date",
        /// How far it got.
        status: Option<MessageStatus> = "status",
        /// The carrier's code for why it did not arrive.
        error_code: Option<String> = "errorCode",
        /// Why it did not arrive.
        error_message: Option<String> = "errorMessage" | "error",
    }

    /// A thread that began.
    pub struct Conversation {
        /// Its id.
        id: Option<ChatId> = "conversationId" | "chatId" | "id",
        /// Who began it.
        from: Option<String> = "from",
        /// With whom.
        to: Option<String> = "to",
        /// When it began.
        timestamp: Option<Timestamp> = "timestamp" | "createdAt" | "date",
    }

    /// Somebody wants no more messages, or asks for help.
    pub struct OptOut {
        /// The message that said so.
        message_id: Option<MessageId> = "messageId" | "id",
        /// The thread.
        conversation_id: Option<ChatId> = "conversationId" | "chatId",
        /// Whose number it is.
        from: Option<String> = "from" | "phone" | "phoneNumber",
        /// To which number of the account.
        to: Option<String> = "to",
        /// The words.
        body: Option<String> = "body" | "text" | "message",
        /// When that was.
        timestamp: Option<Timestamp> = "timestamp" | "createdAt" | "date",
    }

    /// Something about a broadcast.
    pub struct BroadcastEvent {
        /// The broadcast.
        broadcast_id: Option<BroadcastId> = "broadcastId",
        /// When that was.
        timestamp: Option<Timestamp> = "timestamp",
    }
}

impl Message {
    /// What the words say about being written to.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.body.as_deref().map_or(Reading::Nothing, read)
    }

    /// Whether somebody wrote that they want no more messages: the words are a keyword and nothing else.
    #[must_use]
    pub fn opts_out(&self) -> bool {
        self.direction != Some(Direction::Outbound) && self.reading() == Reading::Stop
    }
}

/// A body that is an object, and its parts.
pub(super) struct Body {
    root: Map<String, Value>,
}

impl Body {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(root)) => Some(Self { root }),
            _ => None,
        }
    }

    /// The sender's name of the event.
    pub(super) fn kind(&self) -> Option<&str> {
        ["type", "eventType", "event"]
            .iter()
            .find_map(|name| self.root.get(*name)?.as_str())
            .map(str::trim)
            .filter(|kind| !kind.is_empty())
    }

    /// The sender's id of the event, where it has one.
    pub(super) fn event_id(&self) -> Option<String> {
        ["eventId", "webhookId", "deliveryId"]
            .iter()
            .find_map(|name| scalar(self.root.get(*name)?))
    }

    /// The object that tells what happened.
    pub(super) fn payload(&self) -> &Map<String, Value> {
        ["message", "data"]
            .iter()
            .find_map(|name| self.root.get(*name)?.as_object())
            .unwrap_or(&self.root)
    }

    /// The first of these fields that has a value, in the payload or beside it.
    pub(super) fn field(&self, names: &[&str]) -> Option<String> {
        let payload = self.payload();
        [payload, &self.root]
            .iter()
            .find_map(|fields| names.iter().find_map(|name| scalar(fields.get(*name)?)))
    }

    /// What happened, decoded. What stands beside the payload fills what the payload lacks.
    pub(super) fn decode<T: Lenient>(&self) -> Option<T> {
        let mut fields = self.payload().clone();
        for name in [
            "conversationId",
            "timestamp",
            "broadcastId",
            "correlationId",
        ] {
            if let (false, Some(value)) = (fields.contains_key(name), self.root.get(name)) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
        // Of two names of one thing, the longer says more.
        if fields.contains_key("messageId") {
            fields.remove("id");
        }
        // The name of an event is not the text of a message.
        for name in ["type", "eventType", "event"] {
            fields.remove(name);
        }
        T::read(Value::Object(fields)).ok().flatten()
    }
}

/// A text or a number as a text; nothing when it is empty.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}
