use std::sync::Arc;
use std::time::Duration;

use integrations_core::IntegrationId;
use integrations_core::status::Status;
use integrations_testkit::SimulatedGhl;
use integrations_testkit::plan::seed_of;

use super::{plan, push, receive, verdict};
use crate::support::app::App;
use crate::support::errors::sound;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::{ACTOR, tenant};

/// One tenant, one integration, one simulator with its plan of faults.
pub(crate) struct Life {
    pub(crate) seed: u64,
    pub(crate) ghl: SimulatedGhl,
    pub(crate) app: App,
    pub(crate) id: IntegrationId,
}

/// What a life was like.
pub(crate) struct Summary {
    pub(crate) faults: u64,
    pub(crate) unknown: usize,
}

pub(crate) async fn live(seed: u64) -> Summary {
    let ids = seed_of(&format!("a life of seed {seed}"));
    let builder = ghl::builder().seed(ids).faults(plan::of(seed));
    // The wait after a 429 that says nothing is a share of the window.
    let ghl = ghl::start(builder.rate_limit(10_000, Duration::from_millis(100))).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let id = app.create(&tenant("acme"), SLUG, &config).await;
    let life = Life { seed, ghl, app, id };
    life.test_until_active().await;
    let pushed = push::contacts(&life).await;
    let received = receive::webhooks(&life).await;
    verdict::contacts(&life, &pushed);
    verdict::webhooks(&life, &received).await;
    verdict::books(&life).await;
    let summary = Summary {
        faults: life.ghl.stats().faults,
        unknown: pushed.unknown.len() + pushed.maybe_sent.len(),
    };
    life.app.finish().await;
    summary
}

impl Life {
    /// A person who tries again until it works, as far as the error says that this helps.
    async fn test_until_active(&self) {
        let acme = tenant("acme");
        for _ in 0..20 {
            let tested = self.app.manager.test_connection(&acme, self.id, ACTOR);
            match tested.await {
                Ok(report) => {
                    assert_eq!(report.account_id.as_deref(), Some(LOCATION));
                    assert_eq!(self.app.status(&acme, self.id).await, Status::Active);
                    return;
                }
                Err(error) => sound(&error),
            }
        }
        panic!("seed {}: never active", self.seed);
    }

    pub(crate) async fn connection(&self) -> Arc<dyn integrations_core::provider::Integration> {
        let connection = self.app.manager.connect(&tenant("acme"), self.id).await;
        connection.expect("connected")
    }
}
