//! Tests of a connection: the kind of error, and what it says about the credential.

use std::time::Duration;

use integrations_core::ErrorKind;
use integrations_core::http::{CannedTransport, HttpContext};
use integrations_core::status::{self, Event, Status};

use super::fixture::{Fixture, Outage};
use crate::support::app::App;
use crate::support::errors::refused;
use crate::support::{ACTOR, tenant};

pub(crate) async fn a_working_credential_makes_it_active<F: Fixture>(fixture: &F) {
    let app = App::start(&fixture.providers()).await;
    let acme = tenant("acme");
    let id = app.create(&acme, F::SLUG, &fixture.config()).await;
    assert_eq!(app.status(&acme, id).await, Status::Pending);
    let report = app.manager.test_connection(&acme, id, ACTOR).await;
    let report = report.expect("a working credential");
    let view = app.view(&acme, id).await;
    assert_eq!((view.status, view.error_message), (Status::Active, None));
    assert_eq!(view.last_sync_at, None, "a test is no sync");
    let recorded = app.manager.record(&acme, id, Ok(())).await;
    recorded.expect("recorded");
    assert!(app.view(&acme, id).await.last_sync_at.is_some());
    if F::EXTERNAL_KEY.is_some() {
        assert_eq!(report.account_id, view.external_key, "it is that account");
    }
    app.finish().await;
}

pub(crate) async fn a_revoked_credential_is_an_error_until_it_is_restored<F: Fixture>(fixture: &F) {
    let app = App::start(&fixture.providers()).await;
    let acme = tenant("acme");
    let (id, connection) = app.activate(&acme, F::SLUG, &fixture.config()).await;
    fixture.revoke();
    let error = refused(connection.test_connection().await, ErrorKind::Auth);
    assert_eq!(error.provider(), Some(F::SLUG));
    assert!(!error.is_retryable(), "a person has to act");
    assert_eq!(status::event_of(&error), Some(Event::Failed));
    app.manager
        .record(&acme, id, Err(&error))
        .await
        .expect("recorded");
    let view = app.view(&acme, id).await;
    assert_eq!(
        (view.status, view.error_kind.as_deref()),
        (Status::Error, Some("auth"))
    );
    assert!(view.error_message.is_some_and(|text| text.len() > 20));
    fixture.restore();
    let tested = app.manager.test_connection(&acme, id, ACTOR).await;
    tested.expect("restored");
    let view = app.view(&acme, id).await;
    assert_eq!((view.status, view.error_message), (Status::Active, None));
    app.finish().await;
}

pub(crate) async fn anothers_account_is_refused<F: Fixture>(fixture: &F) {
    if !F::NAMES_THE_ACCOUNT {
        return;
    }
    let app = App::start(&fixture.providers()).await;
    let acme = tenant("acme");
    let id = app.create(&acme, F::SLUG, &fixture.anothers_config()).await;
    let tested = app.manager.test_connection(&acme, id, ACTOR).await;
    let error = refused(tested, ErrorKind::Permission);
    assert!(!error.is_retryable());
    assert_eq!(app.status(&acme, id).await, Status::Error);
    app.finish().await;
}

pub(crate) async fn an_outage_says_nothing_against_the_credential<F: Fixture>(fixture: &F) {
    for (outage, kind, retryable) in [
        (Outage::Down, ErrorKind::Server, true),
        (Outage::Html, ErrorKind::Decode, false),
        (Outage::Truncated, ErrorKind::Io, true),
        (Outage::Throttled, ErrorKind::RateLimited, true),
    ] {
        let app = App::start(&fixture.providers()).await;
        let acme = tenant("acme");
        let id = app.create(&acme, F::SLUG, &fixture.config()).await;
        fixture.fail(outage);
        let tested = app.manager.test_connection(&acme, id, ACTOR).await;
        let error = refused(tested, kind);
        assert_eq!(error.is_retryable(), retryable, "{outage:?}: {error}");
        assert_eq!(status::event_of(&error), None, "{outage:?}");
        let view = app.view(&acme, id).await;
        assert_eq!(view.status, Status::Pending, "{outage:?}");
        let trail = app.trail(&acme).await;
        let tested = trail.iter().filter(|row| row.action.contains("tested"));
        assert_eq!(tested.count(), 1, "the trail has the failed test");
        app.finish().await;
    }
}

pub(crate) async fn a_slow_provider_times_out<F: Fixture>(fixture: &F) {
    // Only in memory can time be moved.
    let day = Duration::from_secs(24 * 3600);
    let mut canned = CannedTransport::new();
    for _ in 0..20 {
        canned = canned.answer(200, "{}").after(day);
    }
    let http = HttpContext::builder().transport(canned).build();
    let connection = fixture
        .connect(&fixture.config(), http.expect("a context"))
        .expect("connected");
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let error = refused(connection.test_connection().await, ErrorKind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(300), "gives up");
    assert!(error.is_retryable());
    assert_eq!(status::event_of(&error), None);
}
