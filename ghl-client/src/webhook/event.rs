use std::fmt;

use bytes::Bytes;
use integrations_core::webhook;
use integrations_core::{Error, Result};
use serde::de::DeserializeOwned;

use super::envelope::ours;
use super::{InstallEvent, MessageEvent, UninstallEvent};
use crate::contacts::Contact;

/// The payload of an event.
trait Payload: DeserializeOwned {
    /// Mends what the flat form of a webhook confuses.
    #[must_use]
    fn settle(self) -> Self {
        self
    }
}

impl Payload for Contact {
    fn settle(mut self) -> Self {
        // In a webhook, `type` is the name of the event and not what the location calls the contact.
        self.kind = None;
        self
    }
}
impl Payload for MessageEvent {}
impl Payload for InstallEvent {}
impl Payload for UninstallEvent {}

macro_rules! events {
    ($($(#[$meta:meta])* $variant:ident = $kind:literal: $payload:ty,)+) => {
        /// What happened, in the provider's own shape.
        ///
        /// It can only be made from a verified event. `Debug` shows the kind and nothing of the payload. The bytes as
        /// they were signed, with every key that this version does not know, stay in
        /// [`payload`](integrations_core::webhook::Event::payload) of the verified event.
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$meta])* $variant(Box<$payload>),)+
            /// An event that this version does not know.
            #[non_exhaustive]
            Unknown {
                /// The provider's name of the event; empty when it has none.
                kind: String,
                /// The whole body.
                raw: Bytes,
            },
        }

        impl Event {
            /// The names of the events that this version knows.
            pub const KNOWN: &'static [&'static str] = &[$($kind),+];

            /// The provider's name of the event.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)+
                    Self::Unknown { kind, .. } => kind,
                }
            }
        }

        impl TryFrom<&webhook::Event> for Event {
            type Error = Error;

            fn try_from(event: &webhook::Event) -> Result<Self> {
                ours(event)?;
                Ok(match event.kind() {
                    $($kind => Self::$variant(Box::new(event.decode::<$payload>()?.settle())),)+
                    kind => Self::Unknown {
                        kind: kind.to_owned(),
                        raw: event.payload().clone(),
                    },
                })
            }
        }
    };
}

events! {
    /// A contact was created.
    ContactCreate = "ContactCreate": Contact,
    /// A contact was changed.
    ContactUpdate = "ContactUpdate": Contact,
    /// A contact was deleted: as it was before.
    ContactDelete = "ContactDelete": Contact,
    /// A contact's tags were changed.
    ContactTagUpdate = "ContactTagUpdate": Contact,
    /// What may be sent to a contact was changed.
    ContactDndUpdate = "ContactDndUpdate": Contact,
    /// A message, call or voicemail came.
    InboundMessage = "InboundMessage": MessageEvent,
    /// A message, call or voicemail went out.
    OutboundMessage = "OutboundMessage": MessageEvent,
    /// The app was installed.
    Install = "INSTALL": InstallEvent,
    /// The app was uninstalled: its tokens are void.
    Uninstall = "UNINSTALL": UninstallEvent,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
