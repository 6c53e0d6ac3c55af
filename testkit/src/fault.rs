//! What goes wrong, and when: injected faults, reproducible by seed.

pub(crate) mod bomb;
mod plan;

use std::time::Duration;

pub use self::plan::FaultPlan;
pub(crate) use self::plan::mix;

/// One thing that goes wrong.
///
/// Each fault says whether the request took effect, because that is what a client has to guess.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: lets a request of a [script](FaultPlan::script) through.
    Pass,
    /// The request waits before it takes effect. A client that gives up meanwhile may never have
    /// it applied.
    Delay(Duration),
    /// The request takes effect at once, and the response is late. A client that gives up
    /// meanwhile has been obeyed.
    DelayResponse(Duration),
    /// 429 without effect, with a `Retry-After` in seconds if one is given.
    TooManyRequests {
        /// The value of `Retry-After`, rounded up to seconds.
        retry_after: Option<Duration>,
    },
    /// A gateway's error with this status, without effect.
    ServerError(u16),
    /// A gateway's error with this status, after the effect.
    ServerErrorAfterEffect(u16),
    /// The connection is reset before the effect.
    ResetBefore,
    /// The connection is reset after the effect: the response is lost.
    ResetAfter,
    /// 200 with an HTML page instead of JSON, without effect.
    HtmlOnOk,
    /// The connection ends in the middle of the body, after the effect.
    TruncatedBody,
    /// The right status with an empty body, after the effect.
    EmptyBody,
    /// 204, after the effect.
    NoContent,
    /// 307 to this URL, without effect. A careless client follows and takes its token along.
    Redirect(String),
    /// 200 with a gzip body that inflates to at least this many zero bytes, without effect.
    GzipBomb(u64),
    /// A webhook is delivered twice, the second time later.
    DuplicateWebhooks,
    /// A webhook is overtaken by later ones.
    OutOfOrderWebhooks,
}

/// A [`Fault`] without its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the fault of the same name")]
pub enum FaultKind {
    Pass,
    Delay,
    DelayResponse,
    TooManyRequests,
    ServerError,
    ServerErrorAfterEffect,
    ResetBefore,
    ResetAfter,
    HtmlOnOk,
    TruncatedBody,
    EmptyBody,
    NoContent,
    Redirect,
    GzipBomb,
    DuplicateWebhooks,
    OutOfOrderWebhooks,
}

impl Fault {
    /// The fault without its parameters.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Pass => FaultKind::Pass,
            Self::Delay(_) => FaultKind::Delay,
            Self::DelayResponse(_) => FaultKind::DelayResponse,
            Self::TooManyRequests { .. } => FaultKind::TooManyRequests,
            Self::ServerError(_) => FaultKind::ServerError,
            Self::ServerErrorAfterEffect(_) => FaultKind::ServerErrorAfterEffect,
            Self::ResetBefore => FaultKind::ResetBefore,
            Self::ResetAfter => FaultKind::ResetAfter,
            Self::HtmlOnOk => FaultKind::HtmlOnOk,
            Self::TruncatedBody => FaultKind::TruncatedBody,
            Self::EmptyBody => FaultKind::EmptyBody,
            Self::NoContent => FaultKind::NoContent,
            Self::Redirect(_) => FaultKind::Redirect,
            Self::GzipBomb(_) => FaultKind::GzipBomb,
            Self::DuplicateWebhooks => FaultKind::DuplicateWebhooks,
            Self::OutOfOrderWebhooks => FaultKind::OutOfOrderWebhooks,
        }
    }

    /// Whether it keeps the request from taking effect.
    #[must_use]
    pub fn prevents_effect(&self) -> bool {
        matches!(
            self,
            Self::TooManyRequests { .. }
                | Self::ServerError(_)
                | Self::ResetBefore
                | Self::HtmlOnOk
                | Self::Redirect(_)
                | Self::GzipBomb(_)
        )
    }

    /// Whether it spoils webhooks rather than requests.
    pub(crate) fn is_for_webhooks(&self) -> bool {
        matches!(self, Self::DuplicateWebhooks | Self::OutOfOrderWebhooks)
    }
}
