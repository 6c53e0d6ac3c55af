use std::fmt;

use bytes::Bytes;
use integrations_core::webhook;
use integrations_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::name::{EventName, Family};
use super::{Communication, TranscriptionEvent};
use crate::contacts::Contact;

macro_rules! events {
    ($($(#[$meta:meta])* $variant:ident: $payload:ty,)+) => {
        /// What happened, in the provider's own shape: the twelve kinds that can be subscribed to, under whichever name they
        /// come.
        ///
        /// It can only be made from a verified event. `Debug` shows the kind and nothing of the payload. The bytes as they
        /// came stay in [`payload`](integrations_core::webhook::Event::payload) of the verified event.
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$meta])* $variant(Box<$payload>),)+
            /// An event that this version does not know.
            #[non_exhaustive]
            Unknown {
                /// The provider's name of the event; empty when it has none.
                kind: String,
                /// The whole payload.
                raw: Bytes,
            },
        }

        impl Event {
            /// What it is about.
            #[must_use]
            pub fn family(&self) -> Family {
                match self {
                    $(Self::$variant(_) => Family::$variant,)+
                    Self::Unknown { .. } => Family::Other,
                }
            }

            fn read(event: &webhook::Event, family: Family) -> Result<Self> {
                Ok(match family {
                    $(Family::$variant => Self::$variant(Box::new(body(event)?)),)+
                    Family::Other => Self::Unknown {
                        kind: event.kind().to_owned(),
                        raw: event.payload().clone(),
                    },
                })
            }
        }

        impl Serialize for Event {
            /// Writes the body of the event; of an unknown event the whole payload, and null when that is not JSON.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(payload) => payload.serialize(serializer),)+
                    Self::Unknown { raw, .. } => {
                        let payload: Option<Value> = serde_json::from_slice(raw).ok();
                        payload.serialize(serializer)
                    }
                }
            }
        }
    };
}

events! {
    /// A contact was created.
    ContactCreated: Contact,
    /// A contact was changed.
    ContactUpdated: Contact,
    /// A contact's state as a lead was set.
    ContactDisposed: Contact,
    /// A contact may not be called any more, or again.
    ContactDncUpdated: Contact,
    /// A call or message began.
    CommunicationInitiated: Communication,
    /// A call or message ended: for a message that the carrier refused, the only sign of it.
    CommunicationDisposed: Communication,
    /// An appointment was made or changed.
    AppointmentSaved: Communication,
    /// A call ended: the state of [`CommunicationDisposed`](Self::CommunicationDisposed) again, under another name.
    CallDisposed: Communication,
    /// A voicemail was recorded.
    VoicemailSaved: Communication,
    /// A recording is ready.
    RecordingSaved: Communication,
    /// A transcription is ready; it may come though nobody subscribed to it.
    TranscriptionSaved: TranscriptionEvent,
    /// A summary is ready.
    CallSummarized: TranscriptionEvent,
}

/// What stands in the body of an event.
trait Payload: for<'de> Deserialize<'de> {
    /// The part of the body that it is.
    fn part(body: Value) -> Value {
        body
    }
}

impl Payload for Communication {}
impl Payload for TranscriptionEvent {}

impl Payload for Contact {
    /// Nobody has seen such an event: the body is the contact, or holds it.
    fn part(body: Value) -> Value {
        match body {
            Value::Object(mut body)
                if !body.contains_key("phone_number")
                    && body.get("contact").is_some_and(Value::is_object) =>
            {
                body.remove("contact").unwrap_or_default()
            }
            body => body,
        }
    }
}

integrations_core::object! {
    /// The envelope, with a body of whatever kind.
    struct Whole {
        body: Value = "body",
    }
}

fn body<T: Payload>(event: &webhook::Event) -> Result<T> {
    let part = T::part(event.decode::<Whole>()?.body);
    serde_json::from_value(part).map_err(|_| {
        Error::new(
            ErrorKind::Decode,
            format!(
                "the body of the {} event is not in the form that this kind of event has",
                event.kind()
            ),
        )
        .with_provider(crate::PROVIDER)
    })
}

impl TryFrom<&webhook::Event> for Event {
    type Error = Error;

    /// Reads an event by the name it has.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`] for the event of another provider, and [`ErrorKind::Decode`] when there is a text or number
    /// where the provider writes an object.
    fn try_from(event: &webhook::Event) -> Result<Self> {
        if event.provider() != crate::PROVIDER {
            return Err(Error::new(
                ErrorKind::Webhook,
                "the event is another provider's: read it with that provider's crate",
            ));
        }
        Self::read(event, EventName::parse(event.kind()).family)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("family", &self.family())
            .finish_non_exhaustive()
    }
}
