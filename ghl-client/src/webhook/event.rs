use std::fmt;

use bytes::Bytes;
use integrations_core::webhook;
use integrations_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::app::{
    ExternalAuthEvent, InstallEvent, PaymentStatusEvent, PlanChangeEvent, UninstallEvent,
};
use super::appointment::AppointmentEvent;
use super::association::{AssociationEvent, RelationEvent};
use super::campaign::CampaignStatusEvent;
use super::contact::ContactEvent;
use super::conversation::ConversationUnreadEvent;
use super::delivery::OutboundDelivery;
use super::email_stats::EmailStatsEvent;
use super::envelope::ours;
use super::invoice::InvoiceEvent;
use super::location::LocationEvent;
use super::message::MessageEvent;
use super::note::NoteEvent;
use super::object::{ObjectSchemaEvent, RecordEvent};
use super::opportunity::OpportunityEvent;
use super::order::OrderEvent;
use super::price::{PriceEvent, PriceType};
use super::product::ProductEvent;
use super::saas::SaasPlanEvent;
use super::task::TaskEvent;
use super::untyped::UntypedEvent;
use super::user::UserEvent;
use super::voice_ai::VoiceAiCallEvent;

/// The payload of an event.
trait Payload: DeserializeOwned {
    /// Mends what the flat form of a webhook confuses.
    #[must_use]
    fn settle(self, kind: &str) -> Self {
        let _ = kind;
        self
    }
}

impl Payload for PriceEvent {
    fn settle(mut self, kind: &str) -> Self {
        // Where `type` names the event, it does not say how often the price is paid.
        self.kind = self.kind.filter(|own| own.as_str() != kind);
        self
    }
}

macro_rules! payloads {
    ($($payload:ty,)+) => {$(impl Payload for $payload {})+};
}

payloads! {
    AppointmentEvent, AssociationEvent, CampaignStatusEvent, ContactEvent, ConversationUnreadEvent, EmailStatsEvent,
    ExternalAuthEvent, InstallEvent, InvoiceEvent, LocationEvent, MessageEvent, NoteEvent, ObjectSchemaEvent,
    OpportunityEvent, OrderEvent, OutboundDelivery, PaymentStatusEvent, PlanChangeEvent, ProductEvent, RecordEvent,
    RelationEvent, SaasPlanEvent, TaskEvent, UninstallEvent, UntypedEvent, UserEvent, VoiceAiCallEvent,
}

macro_rules! events {
    ($($(#[$meta:meta])* $variant:ident = $kind:literal $(| $alias:literal)*: $payload:ty,)+) => {
        /// What happened, in the provider's own shape.
        ///
        /// It can only be made from a verified event. `Debug` shows the kind and nothing of the payload. The bytes as
        /// they were signed, with every key that this version does not know, stay in
        /// [`payload`](integrations_core::webhook::Event::payload) of the verified event.
        ///
        /// Every field may be missing, null or a number as a text. What is written back with serde are the event's own
        /// fields, without the [`Envelope`](super::Envelope).
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

            fn read(event: &webhook::Event, kind: &str) -> Result<Self> {
                Ok(match kind {
                    $($kind $(| $alias)* => Self::$variant(Box::new(event.decode::<$payload>()?.settle(kind))),)+
                    kind => Self::Unknown {
                        kind: kind.to_owned(),
                        raw: event.payload().clone(),
                    },
                })
            }
        }

        impl Serialize for Event {
            /// Writes the event's own fields; of an unknown event the whole body, and null when that is not JSON.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(payload) => payload.serialize(serializer),)+
                    Self::Unknown { raw, .. } => {
                        let body: Option<serde_json::Value> = serde_json::from_slice(raw).ok();
                        body.serialize(serializer)
                    }
                }
            }
        }
    };
}

events! {
    /// A contact was created.
    ContactCreate = "ContactCreate": ContactEvent,
    /// A contact was changed.
    ContactUpdate = "ContactUpdate": ContactEvent,
    /// A contact was deleted: as it was before.
    ContactDelete = "ContactDelete": ContactEvent,
    /// A contact's tags were changed.
    ContactTagUpdate = "ContactTagUpdate": ContactEvent,
    /// What may be sent to a contact was changed.
    ContactDndUpdate = "ContactDndUpdate": ContactEvent,
    /// A message, call or voicemail came.
    InboundMessage = "InboundMessage": MessageEvent,
    /// A message, call or voicemail went out.
    OutboundMessage = "OutboundMessage": MessageEvent,
    /// A message is to be sent by the app's own conversation provider: see [`delivery`](super::delivery).
    ProviderOutboundMessage = "ProviderOutboundMessage": OutboundDelivery,
    /// A conversation became read or unread.
    ConversationUnreadUpdate = "ConversationUnreadUpdate": ConversationUnreadEvent,
    /// A conversation was changed. The provider does not document the fields.
    ConversationUpdate = "ConversationUpdate": UntypedEvent,
    /// An appointment was made.
    AppointmentCreate = "AppointmentCreate": AppointmentEvent,
    /// An appointment was changed.
    AppointmentUpdate = "AppointmentUpdate": AppointmentEvent,
    /// An appointment was deleted.
    AppointmentDelete = "AppointmentDelete": AppointmentEvent,
    /// An opportunity was created.
    OpportunityCreate = "OpportunityCreate": OpportunityEvent,
    /// An opportunity was changed.
    OpportunityUpdate = "OpportunityUpdate": OpportunityEvent,
    /// An opportunity was deleted: as it was before.
    OpportunityDelete = "OpportunityDelete": OpportunityEvent,
    /// Another user looks after an opportunity.
    OpportunityAssignedToUpdate = "OpportunityAssignedToUpdate": OpportunityEvent,
    /// An opportunity is worth more or less.
    OpportunityMonetaryValueUpdate = "OpportunityMonetaryValueUpdate": OpportunityEvent,
    /// An opportunity moved to another stage.
    OpportunityStageUpdate = "OpportunityStageUpdate": OpportunityEvent,
    /// An opportunity was won, lost, given up or opened again.
    OpportunityStatusUpdate = "OpportunityStatusUpdate": OpportunityEvent,
    /// A task was created.
    TaskCreate = "TaskCreate": TaskEvent,
    /// A task was completed.
    TaskComplete = "TaskComplete": TaskEvent,
    /// A task was deleted.
    TaskDelete = "TaskDelete": TaskEvent,
    /// A note was written.
    NoteCreate = "NoteCreate": NoteEvent,
    /// A note was changed.
    NoteUpdate = "NoteUpdate": NoteEvent,
    /// A note was deleted.
    NoteDelete = "NoteDelete": NoteEvent,
    /// A campaign's state changed for a contact.
    CampaignStatusUpdate = "CampaignStatusUpdate": CampaignStatusEvent,
    /// Something happened to an e-mail that the provider's own service sent.
    LcEmailStats = "LCEmailStats": EmailStatsEvent,
    /// An invoice was created.
    InvoiceCreate = "InvoiceCreate": InvoiceEvent,
    /// An invoice was changed.
    InvoiceUpdate = "InvoiceUpdate": InvoiceEvent,
    /// An invoice was deleted.
    InvoiceDelete = "InvoiceDelete": InvoiceEvent,
    /// An invoice was sent.
    InvoiceSent = "InvoiceSent": InvoiceEvent,
    /// An invoice was paid.
    InvoicePaid = "InvoicePaid": InvoiceEvent,
    /// An invoice was paid in part.
    InvoicePartiallyPaid = "InvoicePartiallyPaid": InvoiceEvent,
    /// An invoice is not to be paid any more.
    InvoiceVoid = "InvoiceVoid": InvoiceEvent,
    /// An order was placed.
    OrderCreate = "OrderCreate": OrderEvent,
    /// An order's state changed.
    OrderStatusUpdate = "OrderStatusUpdate": OrderEvent,
    /// A product was created.
    ProductCreate = "ProductCreate": ProductEvent,
    /// A product was changed.
    ProductUpdate = "ProductUpdate": ProductEvent,
    /// A product was deleted.
    ProductDelete = "ProductDelete": ProductEvent,
    /// A price was created.
    PriceCreate = "PriceCreate": PriceEvent,
    /// A price was changed.
    PriceUpdate = "PriceUpdate": PriceEvent,
    /// A price was deleted.
    PriceDelete = "PriceDelete": PriceEvent,
    /// An association was created.
    AssociationCreate = "AssociationCreate": AssociationEvent,
    /// An association was changed.
    AssociationUpdate = "AssociationUpdate": AssociationEvent,
    /// An association was deleted.
    AssociationDelete = "AssociationDelete": AssociationEvent,
    /// Two records were related.
    RelationCreate = "RelationCreate": RelationEvent,
    /// Two records are no longer related.
    RelationDelete = "RelationDelete": RelationEvent,
    /// A custom object was defined.
    ObjectSchemaCreate = "ObjectSchemaCreate": ObjectSchemaEvent,
    /// A custom object's definition was changed.
    ObjectSchemaUpdate = "ObjectSchemaUpdate": ObjectSchemaEvent,
    /// A record of a custom object, or a business, was created.
    RecordCreate = "RecordCreate": RecordEvent,
    /// A record of a custom object, or a business, was changed.
    RecordUpdate = "RecordUpdate": RecordEvent,
    /// A record of a custom object, or a business, was deleted.
    RecordDelete = "RecordDelete": RecordEvent,
    /// A location was created.
    LocationCreate = "LocationCreate": LocationEvent,
    /// A location was changed.
    LocationUpdate = "LocationUpdate": LocationEvent,
    /// A user was created.
    UserCreate = "UserCreate": UserEvent,
    /// A user was changed.
    UserUpdate = "UserUpdate": UserEvent,
    /// A user was deleted.
    UserDelete = "UserDelete": UserEvent,
    /// A call ended that the voice AI took.
    VoiceAiCallEnd = "VoiceAiCallEnd": VoiceAiCallEvent,
    /// A company created a plan for its locations. The provider spells the name in two ways.
    SaasPlanCreate = "SaasPlanCreate" | "SaaSPlanCreate": SaasPlanEvent,
    /// The app was installed.
    Install = "INSTALL": InstallEvent,
    /// The app was uninstalled: its tokens are void.
    Uninstall = "UNINSTALL": UninstallEvent,
    /// Another plan of the app was chosen.
    PlanChange = "PLAN_CHANGE": PlanChangeEvent,
    /// A payment for the app failed, or succeeded again.
    AppPaymentStatus = "APP_PAYMENT_STATUS": PaymentStatusEvent,
    /// A user connected the app to the other system.
    ExternalAuthConnected = "EXTERNAL_AUTH_CONNECTED": ExternalAuthEvent,
    /// The app was updated. The provider does not document the fields.
    AppUpdate = "AppUpdate": UntypedEvent,
}

impl Event {
    /// Reads an event that came to an address of its own, where this kind of event alone is expected.
    ///
    /// The documented samples of associations, relations, records, objects, invoices, products, prices and voice AI
    /// calls have no `type`, and those of two price events write `one_time` there. Where a body does name its event,
    /// that name counts and not the address: the provider signs all events with one key, so that anybody who got one
    /// can send it to any address.
    ///
    /// ```
    /// use ghl_client::webhook::Event;
    ///
    /// fn handle(event: &integrations_core::webhook::Event) -> ghl_client::Result<()> {
    ///     if let Event::InvoicePaid(invoice) = Event::parse_as("InvoicePaid", event)? {
    ///         println!("{:?} {:?}", invoice.id, invoice.amount_paid);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`TryFrom`].
    pub fn parse_as(kind: &str, event: &webhook::Event) -> Result<Self> {
        ours(event)?;
        Self::read(event, kind_of(event.kind(), kind))
    }
}

/// The name of an event whose body says `own` at an address for `expected`.
pub(super) fn kind_of<'a>(own: &'a str, expected: &'a str) -> &'a str {
    let price = expected.starts_with("Price") && PriceType::KNOWN.contains(&own);
    if own.is_empty() || price {
        expected
    } else {
        own
    }
}

impl TryFrom<&webhook::Event> for Event {
    type Error = Error;

    /// Reads an event by the name it has.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](integrations_core::ErrorKind::Webhook) for the event of another provider, and
    /// [`ErrorKind::Decode`](integrations_core::ErrorKind::Decode) when there is a text or number where the provider
    /// documents an object.
    fn try_from(event: &webhook::Event) -> Result<Self> {
        ours(event)?;
        Self::read(event, event.kind())
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
