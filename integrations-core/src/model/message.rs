use jiff::Timestamp;

use super::macros::record;
use super::{Channel, Contact, Conversation, Direction, ExternalId, Party, User};

crate::open_enum! {
    /// How far a message got.
    pub enum MessageStatus {
        /// Taken, not sent yet.
        Queued = "queued" | "pending" | "scheduled" | "sending" | "accepted",
        /// Handed to the network.
        Sent = "sent",
        /// Arrived at the person's device or mailbox.
        Delivered = "delivered",
        /// Opened or read.
        Read = "read" | "opened",
        /// Received from the person.
        Received = "received",
        /// Not delivered, and will not be.
        Failed = "failed" | "undelivered" | "bounced" | "rejected",
    }
}

record! {
    /// A text, e-mail or chat message.
    pub struct Message {
        shown {
            /// The provider's id.
            id: ExternalId<Message> => with_id,
            /// The thread.
            conversation: ExternalId<Conversation> => with_conversation,
            /// The person it was exchanged with.
            contact: ExternalId<Contact> => with_contact,
            /// The user who sent or received it.
            user: ExternalId<User> => with_user,
            /// The medium.
            channel: Channel => with_channel,
            /// Which way it went.
            direction: Direction => with_direction,
            /// How far it got.
            status: MessageStatus => with_status,
            /// Sent or received.
            sent_at: Timestamp => with_sent_at,
            /// Last changed at the source.
            updated_at: Timestamp => with_updated_at,
        }
        hidden {
            /// Sender.
            from: Party => with_from,
            /// Subject line of an e-mail.
            subject: String => with_subject,
            /// The text, as plain text where the source has it.
            body: String => with_body,
            /// The HTML form of an e-mail.
            html: String => with_html,
        }
        plain {
            /// Receivers.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            to: Vec<Party>,
            /// Links to attachments. They may carry access tokens: fetch through the provider's client, do not log.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            attachments: Vec<String>,
        }
    }
}
