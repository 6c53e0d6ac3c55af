//! Webhooks come twice and out of order, the store fails now and then, and the process dies once.

use integrations_core::http::HttpContext;
use integrations_testkit::ghl::SignedWebhook;

use super::life::Life;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::handler::{Recorder, Working};
use crate::support::{tenant, until};

const WEBHOOKS: usize = 20;

/// What was sent, and what the handler was given.
pub(crate) struct Received {
    pub(crate) sent: Vec<String>,
    pub(crate) handled: Vec<String>,
}

pub(crate) async fn webhooks(life: &Life) -> Received {
    let app = &life.app;
    let url = format!("{}/{SLUG}", app.serve().await);
    let webhooks: Vec<SignedWebhook> = (0..WEBHOOKS)
        .map(|number| {
            let event = ghl::contact_create(LOCATION, &format!("w{number}"));
            life.ghl.webhook("ContactCreate", event)
        })
        .collect();
    let (first, second) = webhooks.split_at(WEBHOOKS / 2);
    let recorder = Recorder::new(app);
    let inbox = Working::start(app, &recorder.inbox(app));
    deliver(life, &url, first).await;
    // The store fails for a while: the provider comes again with what it could not deliver.
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON webhook_events BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    app.sql(trigger).await.expect("a trigger");
    let (refused, ()) = tokio::join!(life.ghl.deliver_all(&url, second.to_vec()), async {
        app.sql("DROP TRIGGER full").await.expect("dropped");
    });
    assert!(refused.iter().all(|delivery| delivery.delivered()));
    inbox.stop().await;

    // Another process goes on, and is sent everything once more.
    let providers = ghl::providers(&life.ghl, []);
    let http = HttpContext::new().expect("TLS");
    let next = app.another(&providers, http, |manager| manager).await;
    let inbox = Working::start(&next, &recorder.inbox(&next));
    let url = format!("{}/{SLUG}", next.serve().await);
    deliver(life, &url, &webhooks).await;
    let acme = tenant("acme");
    until("every event is handled", async || {
        let counts = next.store.events().counts(&acme, None).await;
        let counts = counts.expect("counts");
        counts.pending + counts.processing == 0
    })
    .await;
    inbox.stop().await;
    next.store.close().await;
    Received {
        sent: webhooks.iter().map(SignedWebhook::webhook_id).collect(),
        handled: recorder.seen(),
    }
}

async fn deliver(life: &Life, url: &str, webhooks: &[SignedWebhook]) {
    for delivery in life.ghl.deliver_all(url, webhooks.to_vec()).await {
        assert!(delivery.delivered(), "seed {}: {delivery:?}", life.seed);
    }
}
