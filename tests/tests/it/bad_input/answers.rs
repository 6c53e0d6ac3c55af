//! A provider that answers HTML, half a body, nothing, a gzip bomb, or a redirect to another host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ghl_client::GoHighLevel;
use integrations_core::email::EmailAddress;
use integrations_core::model::{Contact, ExternalId};
use integrations_core::provider::Providers;
use integrations_core::status::{self, Status};
use integrations_core::{ErrorKind, IntegrationId};
use integrations_testkit::{Fault, FaultPlan, SimulatedGhl};
use tokio::time::Instant;

use crate::support::app::App;
use crate::support::errors::{refused, sound};
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::{ACTOR, leaks, tenant};

/// Listens where nobody should come, and counts who does.
async fn thief() -> (String, Arc<AtomicU32>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    // Another host to every client: it has another port, and another name.
    let port = listener.local_addr().expect("an address").port();
    let visits = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&visits);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (format!("http://localhost:{port}/steal"), visits)
}

async fn connected() -> (SimulatedGhl, App, IntegrationId) {
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let (id, _) = app.activate(&tenant("acme"), SLUG, &config).await;
    (ghl, app, id)
}

#[tokio::test]
async fn what_a_provider_should_not_answer_is_a_typed_error() {
    let acme = tenant("acme");
    let (ghl, app, id) = connected().await;
    let (elsewhere, visits) = thief().await;
    let connection = app.manager.connect(&acme, id).await.expect("connected");
    let contacts = connection.contacts().expect("contacts");
    let there = ExternalId::new(ghl.seed_contacts(LOCATION, 1).remove(0));
    let before = (app.rows().await, app.view(&acme, id).await);
    for (fault, kind) in [
        (Fault::HtmlOnOk, ErrorKind::Decode),
        (Fault::TruncatedBody, ErrorKind::Io),
        (Fault::NoContent, ErrorKind::Decode),
        (Fault::EmptyBody, ErrorKind::Decode),
        (Fault::GzipBomb(64 << 20), ErrorKind::Decode),
        (Fault::Redirect(elsewhere.clone()), ErrorKind::Redirect),
        (
            Fault::Redirect("/contacts/".to_owned()),
            ErrorKind::Redirect,
        ),
        (Fault::Redirect("\\\\".to_owned()), ErrorKind::Redirect),
    ] {
        let plan = FaultPlan::seeded(1).rate(fault.clone(), 1.0).on("/*");
        ghl.set_faults(plan);
        let started = Instant::now();
        let read = refused(contacts.get(&there).await, kind);
        assert_eq!(read.operation(), Some("contacts.get"), "{fault:?}");
        assert!(!read.is_outcome_unknown(), "a read has none: {fault:?}");
        if matches!(fault, Fault::NoContent | Fault::EmptyBody) {
            assert!(read.to_string().contains("empty"), "{read}");
        }
        let listed = contacts.list(None).collect_items().await;
        refused(listed, kind);
        refused(connection.test_connection().await, kind);
        let jane = Contact::new().with_email(EmailAddress::parse("j@example.com").expect("ok"));
        let write = refused(contacts.create(&jane).await, kind);
        // A redirect was refused unprocessed; after the rest nobody knows.
        let unknown = kind != ErrorKind::Redirect;
        assert_eq!(write.is_outcome_unknown(), unknown, "{fault:?}: {write}");
        assert_eq!(status::event_of(&read), None, "not the credential's fault");
        app.manager
            .record(&acme, id, Err(&read))
            .await
            .expect("recorded");
        assert!(
            started.elapsed() < Duration::from_secs(15),
            "{fault:?} took {:?}",
            started.elapsed()
        );
        ghl.set_faults(FaultPlan::none());
        for contact in ghl.contacts(LOCATION) {
            let id = contact["id"].as_str().expect("an id");
            if id != there.as_str() {
                ghl.delete_contact(LOCATION, id);
            }
        }
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "nobody was led astray");
    assert_eq!((app.rows().await, app.view(&acme, id).await), before);
    contacts.get(&there).await.expect("well again");
    app.finish().await;
}

/// A person's test under such a provider is in the trail, and says nothing against the credential.
#[tokio::test]
async fn a_test_of_the_connection_under_each_keeps_the_status() {
    let acme = tenant("acme");
    let (ghl, app, id) = connected().await;
    let faults = [
        Fault::HtmlOnOk,
        Fault::TruncatedBody,
        Fault::NoContent,
        Fault::Redirect("https://example.com/".to_owned()),
    ];
    // Below the number of failures in a row that make an outage.
    for fault in faults {
        ghl.set_faults(FaultPlan::seeded(1).rate(fault.clone(), 1.0).on("/*"));
        let before = app.trail(&acme).await.len();
        let tested = app.manager.test_connection(&acme, id, ACTOR).await;
        sound(&tested.expect_err("the provider fails"));
        assert_eq!(app.status(&acme, id).await, Status::Active, "{fault:?}");
        assert_eq!(app.trail(&acme).await.len(), before + 1, "{fault:?}");
        ghl.set_faults(FaultPlan::none());
        let tested = app.manager.test_connection(&acme, id, ACTOR).await;
        tested.expect("well again");
    }
    app.finish().await;
}

/// An operator's mistake is a typed error, and nothing is sent anywhere else.
#[tokio::test]
async fn an_address_that_leads_nowhere_is_a_typed_error() {
    let acme = tenant("acme");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    for (url, kind) in [
        (format!("http://{closed}"), ErrorKind::Connect),
        (
            "https://name-that-is-not.invalid".to_owned(),
            ErrorKind::Connect,
        ),
        // The credential would travel in clear.
        (
            "http://name-that-is-not.invalid".to_owned(),
            ErrorKind::Config,
        ),
        ("ftp://example.com".to_owned(), ErrorKind::Config),
        ("mailto:jane@example.com".to_owned(), ErrorKind::Config),
        ("not a URL".to_owned(), ErrorKind::Config),
        (String::new(), ErrorKind::Config),
    ] {
        let providers = Providers::new().with(GoHighLevel::new().with_base_url(&url));
        let app = App::start(&providers).await;
        leaks::plant("a token that is sent nowhere", "pit-sent-to-nobody-at-all");
        let config = ghl::config("pit-sent-to-nobody-at-all", LOCATION);
        let id = app.create(&acme, SLUG, &config).await;
        let tested = app.manager.test_connection(&acme, id, ACTOR).await;
        let error = tested.expect_err(&url);
        sound(&error);
        assert_eq!(error.kind(), kind, "{url}: {error}");
        assert!(!error.is_outcome_unknown());
        app.finish().await;
    }
}
