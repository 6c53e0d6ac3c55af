//! Webhooks: raw bytes in, verified events out.
//!
//! A provider's [`WebhookSource`] turns a [`RawRequest`] into [`Event`]s, and the only way there is through
//! [`Verified`], which only a verification scheme can make. Every scheme verifies the raw bytes, fails closed and
//! compares in constant time; the error names the check that failed and never a signature.

mod event;
mod rejection;
mod reply;
mod request;
pub mod schemes;
mod secrets;
#[cfg(feature = "test-util")]
pub mod sign;
mod source;
mod verified;

pub use event::{DedupeKey, Event, EventParts, TenantKey};
pub use rejection::Rejection;
pub use reply::{Outcome, Reply, ReplyPolicy};
pub use request::RawRequest;
pub use secrets::Secrets;
pub use source::{Handshake, WebhookSource};
pub use verified::Verified;
