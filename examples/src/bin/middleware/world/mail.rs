//! The webhooks of the simulated providers on their way to the middleware.

use std::time::Duration;

use integrations_testkit::aloware::Auth;
use integrations_testkit::ghl::{SenderStats, WebhookFaults, WebhookSender};
use integrations_testkit::verity::Proof;
use url::Url;

use super::{LOCATION, PROVIDER, World};
use crate::app::Middleware;

/// What goes wrong with webhooks on their way; nothing by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    /// Of senders that come again when nobody answered.
    pub(crate) patient: WebhookFaults,
    /// Of Aloware, which never comes again.
    pub(crate) once: WebhookFaults,
}

/// The five senders. They stop when it is dropped.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) ghl: WebhookSender,
    pub(crate) deliveries: WebhookSender,
    pub(crate) aloware: WebhookSender,
    pub(crate) texting: WebhookSender,
    pub(crate) broadcasts: WebhookSender,
}

/// The addresses of the middleware, with what belongs into them.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) ghl: Url,
    pub(crate) deliveries: Url,
    pub(crate) aloware: Url,
    pub(crate) texting: Url,
    pub(crate) broadcasts: Url,
}

impl Addresses {
    /// Those of a middleware. The delivery URL of the conversation provider has no secret yet.
    pub(crate) fn of(middleware: &Middleware) -> Self {
        let at = |path: &str| middleware.url(&format!("/api/webhooks/{path}"));
        Self {
            ghl: at("ghl"),
            deliveries: at("ghl/provider-delivery"),
            aloware: at("aloware"),
            texting: at("texting"),
            broadcasts: at("broadcast"),
        }
    }
}

impl Mail {
    pub(super) fn start(world: &World, middleware: &Middleware, weather: Weather) -> Self {
        let own = &world.credentials;
        let mut to = Addresses::of(middleware);
        let key = own.delivery_secret.as_str();
        to.deliveries.query_pairs_mut().append_pair("key", key);
        let basic = Auth::basic(&own.aloware_user, &own.aloware_password);
        let patient = || weather.patient.clone();
        Self {
            ghl: world
                .ghl
                .send_webhooks(to.ghl)
                .location(LOCATION)
                .faults(patient())
                .start(),
            deliveries: world
                .ghl
                .send_deliveries(PROVIDER, to.deliveries)
                .location(LOCATION)
                .faults(patient())
                .start(),
            aloware: world
                .aloware
                .send_webhooks(to.aloware, basic)
                .faults(weather.once)
                .start(),
            texting: world
                .verity
                .send_webhooks(to.texting)
                .texting()
                .proof(Proof::Signature)
                .faults(patient())
                .start(),
            broadcasts: world
                .verity
                .send_webhooks(to.broadcasts)
                .broadcasts()
                .proof(Proof::Signature)
                .faults(patient())
                .start(),
        }
    }

    fn all(&self) -> [&WebhookSender; 5] {
        [
            &self.ghl,
            &self.deliveries,
            &self.aloware,
            &self.texting,
            &self.broadcasts,
        ]
    }

    /// What became of all webhooks so far.
    pub(crate) fn stats(&self) -> SenderStats {
        let mut sum = SenderStats::default();
        for stats in self.all().map(WebhookSender::stats) {
            sum.changes += stats.changes;
            sum.lost += stats.lost;
            sum.copies += stats.copies;
            sum.delivered += stats.delivered;
            sum.given_up += stats.given_up;
            sum.failed_tries += stats.failed_tries;
            sum.pending += stats.pending;
        }
        sum
    }

    /// Whether nothing is on its way.
    pub(crate) async fn is_settled(&self) -> bool {
        for sender in self.all() {
            if !sender.settled(Duration::ZERO).await {
                return false;
            }
        }
        true
    }
}
