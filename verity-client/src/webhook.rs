//! Webhooks of the texting system and of broadcasts: verified, typed, deduplicated.
//!
//! ```
//! use integrations_core::webhook::{RawRequest, Secrets, WebhookSource};
//! use verity_client::webhook::{Event, VerityWebhooks};
//!
//! fn receive(raw: &RawRequest, secrets: &Secrets, now: jiff::Timestamp) -> verity_client::Result<()> {
//!     let source = VerityWebhooks::new();
//!     for event in source.events(source.verify(raw, secrets, now)?)? {
//!         match Event::try_from(&event)? {
//!             Event::MessageReceived(message) if message.opts_out() => println!("no more to {:?}", message.id),
//!             Event::MessageReceived(message) => println!("{:?}", message.id),
//!             Event::MessageDelivered(message) | Event::MessageFailed(message) => println!("{:?}", message.status),
//!             Event::Unknown { kind, .. } => println!("not needed: {kind}"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The sender is proven before a byte of the body is read as JSON. Verity documents no retries; deliveries that are equal
//! byte for byte count as one.

mod event;
mod head;
mod payload;
mod source;

pub use event::Event;
pub use payload::{BroadcastEvent, Conversation, Message, OptOut};
pub use source::{VerificationMode, VerityWebhooks};
