//! As much of a webhook as says which event it is and what it is about.

use super::payload::Body;

const BROADCAST_KINDS: [&str; 2] = ["analytics_updated", "broadcast_completed"];

/// What makes an event, its key and its lane.
#[derive(Debug)]
pub(super) struct Head {
    kind: Option<String>,
    /// The sender's id of the event, where it has one.
    pub(super) event_id: Option<String>,
    pub(super) broadcast: Option<String>,
    pub(super) conversation: Option<String>,
    pub(super) message: Option<String>,
    /// As the sender wrote it.
    pub(super) timestamp: Option<String>,
    /// When it happened, by whatever name.
    pub(super) time: Option<String>,
    /// Stands for the id of a message that has none.
    digest: Option<String>,
}

impl Head {
    /// `None` when the bytes are no JSON object.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let body = Body::read(bytes)?;
        let mut head = Self {
            kind: body.kind().map(str::to_owned),
            event_id: body.event_id(),
            broadcast: body.field(&["broadcastId"]),
            conversation: body.field(&["conversationId", "chatId"]),
            message: body.field(&["messageId", "id"]),
            timestamp: body.field(&["timestamp"]),
            time: body.field(&["timestamp", "createdAt", "date"]),
            digest: None,
        };
        if head.message.is_none() && head.conversation.is_none() {
            head.digest = Some(digest_of(&body));
        }
        Some(head)
    }

    pub(super) fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("unknown")
    }

    pub(super) fn is_broadcast(&self) -> bool {
        BROADCAST_KINDS.contains(&self.kind())
    }

    /// The message, else its thread, else what stands for it.
    pub(super) fn entity(&self) -> &str {
        let entity = self.message.as_ref().or(self.conversation.as_ref());
        entity.or(self.digest.as_ref()).map_or("", String::as_str)
    }
}

/// The start of the digest of what is known of a message.
fn digest_of(body: &Body) -> String {
    use sha2::Digest;
    let field = |names: &[&str]| body.field(names).unwrap_or_default();
    let text = [
        field(&["body", "text", "message"]),
        field(&["timestamp", "createdAt", "date"]),
        field(&["from"]),
        field(&["to"]),
    ]
    .join(":");
    hex::encode(sha2::Sha256::digest(text))[..16].to_owned()
}
