//! 13: an illegal status transition cannot be stored; status and audit row commit together.

use integrations_core::ErrorKind;
use integrations_core::status::{self, Status};
use serde_json::Value;

use crate::support::app::App;
use crate::support::errors::refused;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::{ACTOR, tenant};

#[tokio::test]
async fn promise_13_status_and_trail_move_together_or_not_at_all() {
    let acme = tenant("acme");
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let token = ghl::token(&ghl, LOCATION);
    let config = ghl::config(&token, LOCATION);
    let id = app.create(&acme, SLUG, &config).await;
    let before = app.rows().await;
    app.sql("CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        .await
        .expect("a trigger");
    let manager = &app.manager;
    refused(
        manager.test_connection(&acme, id, ACTOR).await,
        ErrorKind::Store,
    );
    refused(manager.disconnect(&acme, id, ACTOR).await, ErrorKind::Store);
    refused(
        manager.create(&acme, SLUG, "Second", &config, ACTOR).await,
        ErrorKind::Store,
    );
    refused(manager.delete(&acme, id, ACTOR).await, ErrorKind::Store);
    assert_eq!(app.status(&acme, id).await, Status::Pending, "as it was");
    assert_eq!(app.rows().await, before, "nothing half-written");
    app.sql("DROP TRIGGER full").await.expect("dropped");

    manager
        .test_connection(&acme, id, ACTOR)
        .await
        .expect("works");
    ghl.revoke_token(&token);
    manager
        .test_connection(&acme, id, ACTOR)
        .await
        .expect_err("revoked");
    manager.disconnect(&acme, id, ACTOR).await.expect("off");
    refused(
        manager.disconnect(&acme, id, ACTOR).await,
        ErrorKind::Transition,
    );
    ghl.restore_token(&token);
    manager.reconnect(&acme, id, ACTOR).await.expect("works");

    let mut now = Status::Pending;
    let mut moves = Vec::new();
    for row in app.trail(&acme).await {
        let word = |name: &str| {
            let word = row.details.get(name).and_then(Value::as_str);
            word.map(|word| word.parse::<Status>().expect("a status"))
        };
        let (Some(from), Some(to)) = (word("from"), word("to")) else {
            continue;
        };
        assert_eq!(from, now, "the trail has no gap");
        assert!(status::is_legal(from, to), "{from} to {to}");
        now = to;
        moves.push(to);
    }
    let expected = [
        Status::Active,
        Status::Error,
        Status::Disconnected,
        Status::Active,
    ];
    assert_eq!(moves, expected);
    assert_eq!(app.status(&acme, id).await, now);
    app.finish().await;
}

#[tokio::test]
async fn promise_13_not_even_raw_sql_stores_an_illegal_status() {
    let acme = tenant("acme");
    let ghl = ghl::start(ghl::builder()).await;
    let app = App::start(&ghl::providers(&ghl, [])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    let (id, _) = app.activate(&acme, SLUG, &config).await;
    for word in ["pending", "gone", ""] {
        let update = format!("UPDATE integrations SET status = '{word}'");
        app.sql(&update).await.expect_err(word);
    }
    assert_eq!(app.status(&acme, id).await, Status::Active);
    // A row of the trail that somebody changes shows.
    app.sql("UPDATE audit_log SET actor = 'nobody' WHERE seq = 2")
        .await
        .expect("changed");
    let chain = app.store.audit().verify_chain(&acme).await;
    let chain = chain.expect("a report");
    assert!(!chain.ok);
    assert_eq!(chain.first_bad.map(|(seq, _)| seq), Some(2));
    app.finish().await;
}
