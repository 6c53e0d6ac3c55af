use std::fmt;

use bytes::Bytes;
use integrations_core::lenient::Lenient;
use integrations_core::webhook;
use integrations_core::{Error, ErrorKind, Result};

use super::payload::{Body, BroadcastEvent, Conversation, Message, OptOut};

macro_rules! events {
    ($($(#[$meta:meta])* $variant:ident = $kind:literal: $payload:ty,)+) => {
        /// What happened.
        ///
        /// It can only be made from a verified event. `Debug` shows the kind and nothing of the payload.
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$meta])* $variant(Box<$payload>),)+
            /// An event that this version does not know.
            #[non_exhaustive]
            Unknown {
                /// Verity's name of the event; `unknown` when it has none.
                kind: String,
                /// The whole body.
                raw: Bytes,
            },
        }

        impl Event {
            /// The names of the events that this version knows.
            pub const KNOWN: &'static [&'static str] = &[$($kind),+];

            /// Verity's name of the event.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)+
                    Self::Unknown { kind, .. } => kind,
                }
            }

            fn read(kind: &str, body: &Body, raw: &Bytes) -> Result<Self> {
                Ok(match kind {
                    $($kind => Self::$variant(Box::new(decode(kind, body)?)),)+
                    kind => Self::Unknown { kind: kind.to_owned(), raw: raw.clone() },
                })
            }
        }
    };
}

events! {
    /// A message came.
    MessageReceived = "message.received": Message,
    /// A message went out.
    MessageSent = "message.sent": Message,
    /// A message arrived.
    MessageDelivered = "message.delivered": Message,
    /// A message did not arrive.
    MessageFailed = "message.failed": Message,
    /// A thread began.
    ConversationCreated = "conversation.created": Conversation,
    /// Somebody wants no more messages.
    OptOutStop = "optout.stop": OptOut,
    /// Somebody asked who writes.
    OptOutHelp = "optout.help": OptOut,
    /// The numbers of a broadcast changed.
    BroadcastAnalyticsUpdated = "analytics_updated": BroadcastEvent,
    /// A broadcast is done.
    BroadcastCompleted = "broadcast_completed": BroadcastEvent,
}

fn decode<T: Lenient>(kind: &str, body: &Body) -> Result<T> {
    body.decode().ok_or_else(|| {
        Error::new(
            ErrorKind::Decode,
            format!("the {kind} event does not have the form of one"),
        )
        .with_provider(crate::PROVIDER)
    })
}

impl TryFrom<&webhook::Event> for Event {
    type Error = Error;

    fn try_from(event: &webhook::Event) -> Result<Self> {
        if event.provider() != crate::PROVIDER {
            return Err(Error::new(
                ErrorKind::Webhook,
                "the event is another provider's: read it with that provider's crate",
            ));
        }
        let body = Body::read(event.payload()).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the event is not an object")
                .with_provider(crate::PROVIDER)
        })?;
        Self::read(event.kind(), &body, event.payload())
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&self.kind()).finish()
    }
}
