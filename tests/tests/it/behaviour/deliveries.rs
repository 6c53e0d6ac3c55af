//! Webhooks through the router into the store.

use integrations_core::IntegrationId;
use integrations_core::webhook::RawRequest;
use integrations_store::EventFilter;

use super::fixture::{Fixture, bare, with_body};
use super::signatures::hostile;
use crate::support::app::App;
use crate::support::tenant;

/// An application whose integration is active, so that it may be sent events.
async fn receiving<F: Fixture>(fixture: &F) -> Option<(App, IntegrationId)> {
    if !F::CAPABILITIES.webhooks {
        return None;
    }
    let app = App::start(&fixture.providers()).await;
    let config = fixture.config();
    let (id, _) = app.activate(&tenant("acme"), F::SLUG, &config).await;
    Some((app, id))
}

/// Delivers it; the status, and how many events are stored then.
async fn deliver<F: Fixture>(app: &App, raw: &RawRequest) -> (u16, i64) {
    let answer = app.post(F::SLUG, raw).await;
    assert!(answer.body.is_empty(), "nothing to say: {}", answer.body);
    (answer.status.as_u16(), stored(app).await)
}

async fn stored(app: &App) -> i64 {
    app.number("SELECT COUNT(*) FROM webhook_events").await
}

pub(crate) async fn a_delivery_is_stored_once<F: Fixture>(fixture: &F) {
    let Some((app, id)) = receiving(fixture).await else {
        return;
    };
    let body = fixture.event("one").to_string().into_bytes();
    let genuine = fixture.sign(&body);
    for _ in 0..3 {
        let (status, rows) = deliver::<F>(&app, &genuine).await;
        assert_eq!((status, rows), (F::ANSWERS.accepted, 1));
    }
    let events = app.store.events();
    let acme = tenant("acme");
    let kept = events.list(&acme, &EventFilter::all()).await;
    let kept = kept.expect("a list");
    assert_eq!(kept[0].integration, id);
    assert_eq!(&kept[0].event.payload()[..], body);
    let other = fixture.sign(fixture.event("two").to_string().as_bytes());
    assert_eq!(deliver::<F>(&app, &other).await, (F::ANSWERS.accepted, 2));
    // By the integration's own URL it is the same event.
    let path = format!("{}/{id}", F::SLUG);
    let answer = app.post(&path, &genuine).await;
    assert_eq!(answer.status.as_u16(), F::ANSWERS.accepted);
    assert_eq!(stored(&app).await, 2);
    app.finish().await;
}

pub(crate) async fn what_is_not_genuine_leaves_no_row<F: Fixture>(fixture: &F) {
    let Some((app, id)) = receiving(fixture).await else {
        return;
    };
    let body = fixture.event("one").to_string().into_bytes();
    let before = app.rows().await;
    let other = fixture.event("two").to_string().into_bytes();
    for (what, raw) in [
        ("forged", fixture.forge(&body)),
        ("unsigned", bare(&body)),
        ("changed", with_body(&fixture.sign(&body), other)),
    ] {
        if what == "changed" && !F::PROVES_THE_BODY {
            continue;
        }
        for path in [F::SLUG.to_owned(), format!("{}/{id}", F::SLUG)] {
            let status = app.post(&path, &raw).await.status.as_u16();
            assert_eq!(status, F::ANSWERS.rejected, "{what} at {path}");
        }
    }
    let genuine = fixture.sign(&body);
    for path in ["nobody", "nobody/x", &format!("{}/not-an-id", F::SLUG)] {
        let answer = app.post(path, &genuine).await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
    assert_eq!(app.rows().await, before);
    app.finish().await;
}

pub(crate) async fn an_unknown_kind_is_delivered_too<F: Fixture>(fixture: &F) {
    let Some((app, _)) = receiving(fixture).await else {
        return;
    };
    let body = fixture.unknown_event("one").to_string();
    let raw = fixture.sign(body.as_bytes());
    assert_eq!(deliver::<F>(&app, &raw).await, (F::ANSWERS.accepted, 1));
    app.finish().await;
}

pub(crate) async fn deep_and_unreadable_payloads_are_answered<F: Fixture>(fixture: &F) {
    let Some((app, id)) = receiving(fixture).await else {
        return;
    };
    // Genuine and deep: every byte of it is the provider's.
    let mut deep = fixture.event("deep").to_string();
    deep.truncate(deep.len() - 1);
    deep.push_str(&format!(
        ",\"deep\":{}1{}}}",
        "[".repeat(50_000),
        "]".repeat(50_000)
    ));
    let (status, rows) = deliver::<F>(&app, &fixture.sign(deep.as_bytes())).await;
    assert!(
        (status == F::ANSWERS.accepted && rows == 1) || (status == 400 && rows == 0),
        "{status}, {rows} rows"
    );
    for (what, body) in hostile() {
        for path in [F::SLUG.to_owned(), format!("{}/{id}", F::SLUG)] {
            let answer = app.post(&path, &fixture.sign(&body)).await;
            let status = answer.status.as_u16();
            assert!(status < 500, "{what} at {path}: {status}");
            let unsigned = app.post(&path, &bare(&body)).await;
            assert!(
                (400..500).contains(&unsigned.status.as_u16()),
                "{what} at {path}, unsigned: {}",
                unsigned.status
            );
        }
    }
    app.finish().await;
}

pub(crate) async fn nobodys_events_are_only_kept_aside<F: Fixture>(fixture: &F) {
    if !F::NAMES_THE_ACCOUNT {
        return;
    }
    let Some((app, id)) = receiving(fixture).await else {
        return;
    };
    // All tables but that of what is nobody's.
    let rows = async || {
        let mut rows = app.rows().await;
        let aside = rows.remove("unmatched_events");
        (rows, aside)
    };
    let (before, _) = rows().await;
    let raw = fixture.sign(fixture.nobodys_event("one").to_string().as_bytes());
    // Genuine, so the provider is not punished for it.
    let answer = app.post(F::SLUG, &raw).await;
    assert_eq!(answer.status.as_u16(), F::ANSWERS.accepted);
    assert_eq!(rows().await, (before.clone(), Some(1)), "until one appears");
    // Nor does it become somebody's by being sent to their URL.
    app.post(&format!("{}/{id}", F::SLUG), &raw).await;
    assert_eq!(rows().await, (before, Some(1)));
    app.finish().await;
}

pub(crate) async fn a_store_that_is_closed_is_not_an_acceptance<F: Fixture>(fixture: &F) {
    let Some((app, id)) = receiving(fixture).await else {
        return;
    };
    app.store.close().await;
    let raw = fixture.sign(fixture.event("one").to_string().as_bytes());
    for path in [F::SLUG.to_owned(), format!("{}/{id}", F::SLUG)] {
        let answer = app.post(&path, &raw).await;
        assert_eq!(answer.status.as_u16(), F::ANSWERS.busy, "come back later");
    }
    app.finish().await;
}
