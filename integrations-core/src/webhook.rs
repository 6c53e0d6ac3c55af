//! Webhooks: raw bytes in, verified events out.
//!
//! A provider's [`WebhookSource`] turns a [`RawRequest`] into [`Event`]s, and the only way there is through
//! [`Verified`], which only a verification scheme can make. Every scheme verifies the raw bytes, fails closed and
//! compares in constant time; the error names the check that failed and never a signature.

mod change;
mod dedupe;
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

pub use change::{Change, ChangeKind, Object};
pub use dedupe::{DedupePolicy, Discriminator};
pub use event::{DedupeKey, Event, EventParts, TenantKey};
pub use rejection::Rejection;
pub use reply::{Outcome, Reply, ReplyPolicy};
pub use request::RawRequest;
pub use secrets::Secrets;
pub use source::{Handshake, WebhookSource};
pub use verified::Verified;

/// An unverified request does not pass for an event:
///
/// ```compile_fail,E0308
/// use integrations_core::webhook::{Event, RawRequest};
/// fn made_up(raw: &RawRequest) -> Event {
///     Event::new(raw, "example", "ContactCreate")
/// }
/// ```
///
/// ```compile_fail,E0308
/// use integrations_core::webhook::{Event, RawRequest};
/// fn handle(_: &Event) {}
/// fn receive(raw: RawRequest) {
///     handle(&raw);
/// }
/// ```
///
/// and nobody but a scheme makes a verified one:
///
/// ```compile_fail,E0624
/// use integrations_core::webhook::{RawRequest, Verified};
/// fn made_up(raw: &RawRequest, at: integrations_core::Timestamp) {
///     let _ = Verified::new(raw, "example", 0, at);
/// }
/// ```
///
/// ```compile_fail,E0451
/// use integrations_core::webhook::{RawRequest, Verified};
/// fn made_up(raw: &RawRequest, at: integrations_core::Timestamp) {
///     let _ = Verified { raw, scheme: "", secret: 0, received_at: at, signed_at: None, id: None };
/// }
/// ```
#[cfg(doctest)]
pub fn promise_01_an_event_needs_a_verified_request() {}
