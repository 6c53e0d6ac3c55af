//! The HTTP pipeline that every client shares.
//!
//! ```text
//! call → [retry → limiter → auth → log → transport] → classify → reply
//! ```
//!
//! A [`Pipeline`] belongs to one client of one provider. It retries only what never left, what the provider refused
//! unprocessed, or what is idempotent; takes a permit of the [`RateLimiter`] for every attempt; reads the credential
//! again for every attempt; never follows a redirect; and never sends a credential to a host that was not configured.
//! What processes share (the connection pool, the limiter, the retry budgets, the clock) is in an [`HttpContext`].
//!
//! The HTTP library behind [`Transport`] appears in no signature.

mod auth;
mod body;
mod context;
mod dialect;
mod guard;
mod guarded;
mod limiter;
mod multipart;
mod operation;
mod path;
mod pipeline;
mod query;
mod reply;
mod request;
mod reqwest_transport;
mod retry;
#[cfg(any(test, feature = "test-util"))]
mod testing;
mod transport;
mod upload;

pub use auth::{Authorizer, BearerAuth, Grant, NoAuth, StaticBearer, TokenSource};
pub use body::{Body, ByteStream, OnceBody, ResponseBody};
pub use context::{HttpContext, HttpContextBuilder};
pub use dialect::{Credential, Dialect, Fault, RawReply, standard_limits};
pub use guard::{AddressPolicy, Network, is_public};
pub use guarded::{GuardedTransport, Resolver, SystemResolver};
pub use limiter::{
    Acquire, Demand, LimitClass, LimitKey, LimitSignal, Permit, Places, Priority, RateLimiter,
    Returned, WindowLimiter,
};
pub use multipart::{Multipart, Part};
pub use operation::{Idempotency, Operation};
pub use path::{encode_segment, expand_path};
pub use pipeline::{Pipeline, PipelineBuilder};
pub use query::Query;
pub use reply::{Empty, Full, Reply, StreamReply};
pub use request::{CallOptions, Request};
pub use reqwest_transport::{ReqwestTransport, TransportOptions};
pub use retry::{RetryBudget, RetryPolicy};
#[cfg(any(test, feature = "test-util"))]
pub use testing::CannedTransport;
pub use transport::{Outgoing, Transport, TransportError, TransportFailure};
pub use upload::UploadWatch;

/// The end of a wait; one that lies beyond what a clock can tell is as good as never.
pub(crate) fn later(from: tokio::time::Instant, wait: std::time::Duration) -> tokio::time::Instant {
    const NEVER: std::time::Duration = std::time::Duration::from_secs(30 * 366 * 24 * 60 * 60);
    from + wait.min(NEVER)
}
