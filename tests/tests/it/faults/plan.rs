//! What goes wrong in a life.

use std::time::Duration;

use integrations_testkit::{Fault, FaultPlan};

/// About every third request goes wrong, in one of eleven ways, and every second webhook.
pub(crate) fn of(seed: u64) -> FaultPlan {
    let soon = Duration::from_millis(5);
    FaultPlan::seeded(seed)
        .rate(Fault::Delay(soon), 0.05)
        .rate(Fault::DelayResponse(soon), 0.05)
        .rate(Fault::TooManyRequests { retry_after: None }, 0.04)
        .rate(Fault::ServerError(503), 0.04)
        .rate(Fault::ServerErrorAfterEffect(502), 0.03)
        .rate(Fault::ResetBefore, 0.03)
        .rate(Fault::ResetAfter, 0.03)
        .rate(Fault::TruncatedBody, 0.03)
        .rate(Fault::EmptyBody, 0.01)
        .rate(Fault::NoContent, 0.01)
        .rate(Fault::HtmlOnOk, 0.02)
        .rate(Fault::DuplicateWebhooks, 0.3)
        .rate(Fault::OutOfOrderWebhooks, 0.2)
}
