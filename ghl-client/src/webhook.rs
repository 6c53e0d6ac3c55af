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
//!             Event::ContactCreate(contact) => println!("{} in {:?}", contact.id, envelope.location_id),
//!             Event::InboundMessage(message) => println!("{:?}", message.conversation_id),
//!             Event::Unknown { kind, .. } => println!("not needed: {kind}"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A body that was not verified does not become an event:
//!
//! ```compile_fail,E0277
//! let event = ghl_client::webhook::Event::try_from(&br#"{"type":"ContactCreate","id":"c"}"#[..]);
//! ```

mod envelope;
mod event;
mod install;
mod message;
mod source;

pub use envelope::Envelope;
pub use event::Event;
pub use install::{InstallEvent, Trial, UninstallEvent, WhitelabelDetails};
pub use integrations_core::webhook::schemes::{Ed25519Key, RsaKey};
pub use message::MessageEvent;
pub use source::GhlWebhooks;
