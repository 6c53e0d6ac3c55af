use integrations_core::phone::PhoneNumber;
use integrations_core::{Timestamp, object};

use super::name::{EventName, Family};

object! {
    /// As much of a body as says what it is about.
    pub(super) struct Envelope {
        event: Option<String> = "event",
        test_payload: Option<bool> = "test_payload",
        body: Option<Subject> = "body",
    }

    /// The same of one whose body is no object.
    struct Bare {
        event: Option<String> = "event",
        test_payload: Option<bool> = "test_payload",
    }

    /// What an event is about.
    pub(super) struct Subject {
        id: Option<String> = "id",
        contact_id: Option<String> = "contact_id",
        updated_at: Option<Timestamp> = "updated_at",
        phone_number: Option<String> = "phone_number",
        contact: Option<Named> = "contact",
        communication: Option<Named> = "communication",
        transcription: Option<OfCall> = "transcription",
    }

    /// A thing with an id.
    pub(super) struct Named {
        id: Option<String> = "id",
        contact_id: Option<String> = "contact_id",
        phone_number: Option<String> = "phone_number",
        updated_at: Option<Timestamp> = "updated_at",
    }

    /// A transcription.
    pub(super) struct OfCall {
        communication_id: Option<String> = "communication_id",
        updated_at: Option<Timestamp> = "updated_at",
    }
}

impl Envelope {
    /// Reads a payload; `None` when it is no JSON object.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok().or_else(|| {
            let bare: Bare = serde_json::from_slice(payload).ok()?;
            Some(Self {
                event: bare.event,
                test_payload: bare.test_payload,
                body: None,
            })
        })
    }

    /// Whether it is what *Save and Test Webhook* sends: always the same bytes, so that it would pass for a repetition.
    pub(super) fn is_ping(&self) -> bool {
        self.test_payload == Some(true) && self.event.is_none() && self.body.is_none()
    }

    /// The provider's name of the event; empty when it has none.
    pub(super) fn kind(&self) -> &str {
        self.event.as_deref().unwrap_or_default()
    }

    /// The contact or communication that it is about.
    pub(super) fn entity(&self) -> Option<&str> {
        let body = self.body.as_ref()?;
        let contact = || named(body.contact.as_ref());
        let own = body.id.as_deref();
        match EventName::parse(self.kind()).family {
            Family::ContactCreated
            | Family::ContactUpdated
            | Family::ContactDisposed
            | Family::ContactDncUpdated => own.or_else(contact),
            Family::TranscriptionSaved | Family::CallSummarized => body.call().or(own),
            _ => own.or_else(|| body.call()).or_else(contact),
        }
        .filter(|id| !id.is_empty())
    }

    /// The contact that it is about, or that took part.
    pub(super) fn contact(&self) -> Option<&str> {
        let body = self.body.as_ref()?;
        let own = match EventName::parse(self.kind()).family {
            Family::ContactCreated
            | Family::ContactUpdated
            | Family::ContactDisposed
            | Family::ContactDncUpdated => body.id.as_deref(),
            _ => None,
        };
        own.or(body.contact_id.as_deref())
            .or_else(|| named(body.contact.as_ref()))
            .or_else(|| body.communication.as_ref()?.contact_id.as_deref())
            .filter(|id| !id.is_empty())
    }

    /// The phone number of the contact that comes with it: what the contact can be read by.
    pub(super) fn phone(&self) -> Option<PhoneNumber> {
        let body = self.body.as_ref()?;
        let own = match EventName::parse(self.kind()).family {
            Family::ContactCreated
            | Family::ContactUpdated
            | Family::ContactDisposed
            | Family::ContactDncUpdated => body.phone_number.as_deref(),
            _ => None,
        };
        let within = || body.contact.as_ref()?.phone_number.as_deref();
        PhoneNumber::from_e164(own.or_else(within)?).ok()
    }

    /// When the provider changed it.
    pub(super) fn updated_at(&self) -> Option<Timestamp> {
        let body = self.body.as_ref()?;
        body.updated_at
            .or_else(|| body.communication.as_ref()?.updated_at)
            .or_else(|| body.transcription.as_ref()?.updated_at)
    }
}

impl Subject {
    fn call(&self) -> Option<&str> {
        named(self.communication.as_ref())
            .or_else(|| self.transcription.as_ref()?.communication_id.as_deref())
    }
}

fn named(thing: Option<&Named>) -> Option<&str> {
    thing?.id.as_deref()
}
