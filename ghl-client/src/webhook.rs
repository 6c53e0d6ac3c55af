//! Webhooks: verified, typed, deduplicated.
//!
//! [`GhlWebhooks`] proves the sender over the raw bytes; what it returns is the only thing that an [`Event`] can be
//! made from.
//!
//! ```
//! use ghl_client::webhook::{Envelope, Event, GhlWebhooks};
//! use integrations_core::webhook::{RawRequest, Secrets, WebhookSource};
//!
//! fn receive(raw: &RawRequest, now: jiff::Timestamp) -> ghl_client::Result<()> {
//!     let source = GhlWebhooks::production();
//!     for event in source.events(source.verify(raw, &Secrets::none(), now)?)? {
//!         let envelope = Envelope::try_from(&event)?;
//!         match Event::try_from(&event)? {
//!             Event::ContactCreate(contact) => println!("{:?} in {:?}", contact.id, envelope.location_id),
//!             Event::InboundMessage(message) => println!("{:?}", message.conversation_id),
//!             Event::Unknown { kind, .. } => println!("not needed: {kind}"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Envelope`] is what surrounds every event: which delivery, of which app, location and company. An event's own fields
//! are in the variants of [`Event`], grouped in modules by subject; what this version does not know is
//! [`Event::Unknown`], with its bytes.
//!
//! - **Deliveries come again**, up to twelve times over days, with the same body, and not always in order:
//!   [`dedupe_key`](integrations_core::webhook::WebhookSource::dedupe_key) is the `webhookId`, or a digest of name and
//!   body where there is none. So the age of a body is not checked unless you ask for it with
//!   [`with_max_age`](GhlWebhooks::with_max_age).
//! - **Answer 2xx** as soon as the event is stored: the provider pauses an address that fails too often.
//! - **Events without a `type`**: give them an address of their own, with [`GhlWebhooks::expecting`].
//! - **Messages for your own conversation provider** are no events: see [`delivery`].
//! - **The webhook action of workflows** is not signed and not read here.
//!
//! <https://marketplace.gohighlevel.com/docs/oauth/WebhookAuthentication>
//!
//! A body that was not verified does not become an event:
//!
//! ```compile_fail,E0277
//! let event = ghl_client::webhook::Event::try_from(&br#"{"type":"ContactCreate","id":"c"}"#[..]);
//! ```

pub mod app;
pub mod appointment;
pub mod association;
pub mod campaign;
mod change;
pub mod contact;
pub mod conversation;
pub mod delivery;
pub mod email_stats;
mod envelope;
mod event;
pub mod invoice;
pub mod location;
pub mod message;
pub mod note;
pub mod object;
pub mod opportunity;
pub mod order;
pub mod price;
pub mod product;
pub mod saas;
mod source;
pub mod task;
mod untyped;
pub mod user;
pub mod voice_ai;

pub use app::{
    ExternalAuthEvent, InstallEvent, PaymentStatusEvent, PlanChangeEvent, UninstallEvent,
};
pub use appointment::AppointmentEvent;
pub use association::{AssociationEvent, RelationEvent};
pub use campaign::CampaignStatusEvent;
pub use contact::ContactEvent;
pub use conversation::ConversationUnreadEvent;
pub use delivery::{GhlDeliveries, OutboundDelivery};
pub use email_stats::EmailStatsEvent;
pub use envelope::Envelope;
pub use event::Event;
pub use integrations_core::webhook::schemes::{Ed25519Key, RsaKey};
pub use invoice::InvoiceEvent;
pub use location::LocationEvent;
pub use message::MessageEvent;
pub use note::NoteEvent;
pub use object::{ObjectSchemaEvent, RecordEvent};
pub use opportunity::OpportunityEvent;
pub use order::OrderEvent;
pub use price::PriceEvent;
pub use product::ProductEvent;
pub use saas::SaasPlanEvent;
pub use source::GhlWebhooks;
pub use task::TaskEvent;
pub use untyped::UntypedEvent;
pub use user::UserEvent;
pub use voice_ai::VoiceAiCallEvent;
