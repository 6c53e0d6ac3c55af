//! Which records an event says have changed, and which events have to stay in order.

use integrations_core::webhook::{Change, Event, Object};
use serde_json::Value;

/// What an event is about. Read loosely, so that a field that came in another form costs nothing but itself.
pub(super) struct Subject(Value);

impl Subject {
    pub(super) fn of(event: &Event) -> Self {
        Self(serde_json::from_slice(event.payload()).unwrap_or_default())
    }

    /// An id, which may be written as a number.
    fn id(&self, pointer: &str) -> Option<String> {
        match self.0.pointer(pointer)? {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The record that changed. None where nothing that is synced did, or where the event does not name it.
    pub(super) fn change(&self, kind: &str) -> Option<Change> {
        let upserted = |object, id: &str| Some(Change::upserted(object, self.id(id)?));
        let deleted = |object, id: &str| Some(Change::deleted(object, self.id(id)?));
        match kind {
            "ContactCreate" | "ContactUpdate" | "ContactTagUpdate" | "ContactDndUpdate" => {
                upserted(Object::Contact, "/id")
            }
            "ContactDelete" => deleted(Object::Contact, "/id"),
            "InboundMessage" | "OutboundMessage" => upserted(self.message()?, "/messageId"),
            "VoiceAiCallEnd" => upserted(Object::Call, "/messageId"),
            "OpportunityCreate"
            | "OpportunityUpdate"
            | "OpportunityAssignedToUpdate"
            | "OpportunityMonetaryValueUpdate"
            | "OpportunityStageUpdate"
            | "OpportunityStatusUpdate" => upserted(Object::Opportunity, "/id"),
            "OpportunityDelete" => deleted(Object::Opportunity, "/id"),
            "AppointmentCreate" | "AppointmentUpdate" => {
                upserted(Object::Appointment, "/appointment/id")
            }
            "AppointmentDelete" => deleted(Object::Appointment, "/appointment/id"),
            _ => None,
        }
    }

    /// The record that an event names: the one that changed, else its own id, else its contact.
    pub(super) fn record(&self, kind: &str) -> Option<String> {
        let changed = self.change(kind).map(|change| change.id);
        changed.or_else(|| {
            ["/id", "/_id", "/messageId", "/contactId"]
                .iter()
                .find_map(|pointer| self.id(pointer))
        })
    }

    /// A message or a call; nothing for what colleagues write to each other, which no contact has sent or got.
    fn message(&self) -> Option<Object> {
        let (kind, name) = (self.text("messageType"), self.text("messageTypeString"));
        match (kind.to_uppercase().as_str(), name) {
            ("INTERNALCOMMENT", _) | (_, "TYPE_INTERNAL_COMMENT") => None,
            ("CALL" | "VOICEMAIL", _) | (_, "TYPE_CALL" | "TYPE_VOICEMAIL") => Some(Object::Call),
            _ => Some(Object::Message),
        }
    }

    /// All that concerns one contact stays in order: its changes, its messages, its notes and tasks. Opportunities and
    /// appointments each keep their own order, since not all of their events name a contact.
    pub(super) fn order_key(&self, kind: &str) -> Option<String> {
        let own = self.change(kind).filter(|change| {
            matches!(
                change.object,
                Object::Contact | Object::Opportunity | Object::Appointment
            )
        });
        if let Some(change) = own {
            return Some(format!("{}:{}", change.object, change.id));
        }
        if let Some(contact) = self.id("/contactId") {
            return Some(format!("{}:{contact}", Object::Contact));
        }
        let id = self.id("/id").or_else(|| self.id("/_id"))?;
        Some(format!("record:{id}"))
    }
}
