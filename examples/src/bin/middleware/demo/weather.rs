//! What goes wrong, by the seed: with webhooks on their way, and with the middleware's own calls.

use std::time::Duration;

use integrations_testkit::ghl::WebhookFaults;
use integrations_testkit::{Fault, FaultPlan};

use super::report::Faults;
use crate::world::{Weather, World};

/// Repeats, delays and overtaking; where the sender comes again, answers that are not waited for.
pub(crate) fn on_the_way(seed: u64) -> Weather {
    let astray = |seed| {
        WebhookFaults::seeded(seed)
            .duplicate(0.15, 3)
            .reorder(0.2, Duration::from_millis(150))
            .delay(Duration::ZERO..Duration::from_millis(20))
    };
    Weather {
        patient: astray(seed).hang_up(0.05, Duration::from_millis(10)),
        once: astray(seed ^ 1),
    }
}

/// From now on the providers fail, are slow, say 429 and hang up.
pub(crate) fn break_providers(world: &World, seed: u64) {
    let plan = |seed| {
        FaultPlan::seeded(seed)
            .rate(Fault::ServerError(503), 0.02)
            .rate(Fault::ServerErrorAfterEffect(502), 0.01)
            .rate(Fault::TooManyRequests { retry_after: None }, 0.02)
            .rate(Fault::ResetBefore, 0.01)
            .rate(Fault::ResetAfter, 0.01)
            .rate(Fault::DelayResponse(Duration::from_millis(80)), 0.03)
    };
    world.ghl.set_faults(plan(seed));
    world.aloware.set_faults(plan(seed ^ 0xa1));
    world.verity.set_faults(plan(seed ^ 0x7e));
}

/// How many requests a fault struck.
pub(crate) fn struck(world: &World) -> Faults {
    Faults {
        ghl: world.ghl.stats().faults,
        aloware: world.aloware.stats().faults,
        verity: world.verity.stats().faults,
    }
}
