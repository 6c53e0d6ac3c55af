//! 14: events that arrive while a connection is in `error` are kept and drained when it recovers.

use integrations_core::http::HttpContext;
use integrations_core::status::Status;
use integrations_store::EventCounts;
use integrations_testkit::SimulatedGhl;
use integrations_testkit::ghl::SignedWebhook;

use crate::support::app::App;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::handler::Recorder;
use crate::support::{ACTOR, tenant, until};

fn webhooks(ghl: &SimulatedGhl, numbers: std::ops::Range<u32>) -> Vec<SignedWebhook> {
    numbers
        .map(|number| {
            let event = ghl::contact_create(LOCATION, &format!("contact{number}"));
            ghl.webhook("ContactCreate", event)
        })
        .collect()
}

fn ids(webhooks: &[SignedWebhook]) -> Vec<String> {
    webhooks.iter().map(SignedWebhook::webhook_id).collect()
}

#[tokio::test]
async fn promise_14_kept_in_order_and_drained() {
    let acme = tenant("acme");
    let ghl = ghl::start(ghl::builder()).await;
    let providers = ghl::providers(&ghl, []);
    let app = App::start(&providers).await;
    let token = ghl::token(&ghl, LOCATION);
    let config = ghl::config(&token, LOCATION);
    let (id, _) = app.activate(&acme, SLUG, &config).await;
    let url = format!("{}/{SLUG}", app.serve().await);
    let counts = async |app: &App| -> EventCounts {
        let events = app.store.events();
        events.counts(&acme, Some(id)).await.expect("counts")
    };

    // One arrives before, and nobody has got round to it when the connection fails.
    let before = webhooks(&ghl, 0..1);
    assert!(ghl.deliver(&url, before[0].clone()).await.delivered());
    ghl.revoke_token(&token);
    let tested = app.manager.test_connection(&acme, id, ACTOR).await;
    tested.expect_err("the token is revoked");
    assert_eq!(app.status(&acme, id).await, Status::Error);
    let kept = webhooks(&ghl, 1..8);
    for webhook in &kept {
        // Accepted as ever: the provider must not notice.
        let delivery = ghl.deliver(&url, webhook.clone()).await;
        assert_eq!(delivery.attempts, [Some(200)]);
    }
    let recorder = Recorder::new(&app);
    let drained = recorder.inbox(&app).drain().await.expect("a store");
    assert_eq!(drained.done, 0, "nothing is handled meanwhile");
    assert_eq!(counts(&app).await.kept, 8);

    // They outlive the process.
    let http = HttpContext::new().expect("TLS");
    let next = app.another(&providers, http, |manager| manager).await;
    app.store.close().await;
    ghl.restore_token(&token);
    until("a probe finds it well again", async || {
        next.manager.probe_due(10).await.expect("a store");
        next.status(&acme, id).await == Status::Active
    })
    .await;
    let counted = counts(&next).await;
    assert_eq!((counted.kept, counted.pending), (0, 8));
    let after = webhooks(&ghl, 8..10);
    let url = format!("{}/{SLUG}", next.serve().await);
    for webhook in &after {
        assert!(ghl.deliver(&url, webhook.clone()).await.delivered());
    }
    let recorder = Recorder::new(&next);
    recorder.inbox(&next).drain().await.expect("a store");
    let expected = [ids(&before), ids(&kept), ids(&after)].concat();
    assert_eq!(recorder.seen(), expected, "each once, in order of arrival");
    assert_eq!(counts(&next).await.done, 10);
    next.trail(&acme).await;
    next.finish().await;
}
