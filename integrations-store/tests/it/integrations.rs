use integrations_core::status::{Event, Status, apply, is_legal};
use integrations_core::webhook::TenantKey;
use integrations_core::{Error, ErrorKind, IntegrationId};
use integrations_store::{Changes, Engine, Filter, NewIntegration, Transition};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};

on_both_engines!(
    a_new_integration_is_pending_and_audited,
    a_change_needs_the_version_it_was_made_on,
    deleting_takes_everything_but_the_trail,
    lists_are_paged_and_filtered,
    a_webhook_finds_only_proved_claims,
    a_success_clears_the_error_and_moves_the_sync,
    promise_13_an_illegal_status_cannot_be_stored,
    promise_13_the_status_and_its_audit_row_commit_together,
    promise_13_any_walk_through_the_status_machine_is_audited,
    due_probes_are_those_of_live_connections,
    nothing_automatic_brings_a_disconnected_integration_back,
);

async fn a_new_integration_is_pending_and_audited(backend: Backend) {
    let a = tenant("a");
    let made = backend.pending(&a).await;
    assert_eq!((made.status, made.version), (Status::Pending, 1));
    assert_eq!(made.secrets.as_deref(), Some("sealed-text"));
    assert!(!made.external_proved);
    assert_eq!(
        backend.store.integrations().get(&a, made.id).await.unwrap(),
        made
    );
    let trail = backend
        .store
        .audit()
        .list(&a, Some(made.id), 0, 10)
        .await
        .unwrap();
    assert_eq!(trail.len(), 1);
    assert_eq!(
        (trail[0].action.as_str(), trail[0].actor.as_str()),
        ("integration.created", ACTOR)
    );
    assert!(!format!("{made:?}").contains("sealed-text"));
}

async fn a_change_needs_the_version_it_was_made_on(backend: Backend) {
    let a = tenant("a");
    let integrations = backend.store.integrations();
    let made = backend.active(&a).await;
    let rename = Changes::new().name("Other");
    let second = integrations
        .update(&a, made.id, made.version, &rename, ACTOR)
        .await
        .unwrap();
    assert_eq!((second.version, second.name.as_str()), (2, "Other"));
    assert!(second.external_proved, "the key did not change");
    let error = integrations
        .update(&a, made.id, made.version, &rename, ACTOR)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, Some("version"))
    );
    let moved = Changes::new()
        .external_key(Some("L2".into()))
        .config(json!({ "locationId": "L2" }))
        .secrets(None);
    let third = integrations
        .update(&a, made.id, 2, &moved, ACTOR)
        .await
        .unwrap();
    assert!(!third.external_proved, "a new key has to be proved again");
    assert_eq!(
        (third.secrets, third.config["locationId"].as_str()),
        (None, Some("L2"))
    );
}

async fn deleting_takes_everything_but_the_trail(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    backend
        .store
        .events()
        .insert(
            &a,
            made.id,
            &crate::backend::event("ContactCreate", "{}"),
            &crate::backend::key("1"),
        )
        .await
        .unwrap();
    let integrations = backend.store.integrations();
    integrations.delete(&a, made.id, ACTOR).await.unwrap();
    assert_eq!(integrations.find(&a, made.id).await.unwrap(), None);
    let error = integrations.delete(&a, made.id, ACTOR).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        backend
            .number("SELECT COUNT(*) FROM main.webhook_events")
            .await,
        0
    );
    let trail = backend
        .store
        .audit()
        .list(&a, Some(made.id), 0, 10)
        .await
        .unwrap();
    assert_eq!(trail.last().unwrap().action, "integration.deleted");
}

async fn lists_are_paged_and_filtered(backend: Backend) {
    let a = tenant("a");
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(backend.pending(&a).await.id);
    }
    let integrations = backend.store.integrations();
    integrations
        .transition(&a, ids[1], &Transition::new(Event::Succeeded, ACTOR))
        .await
        .unwrap();
    let first = integrations
        .list(&a, &Filter::all().limit(2))
        .await
        .unwrap();
    let rest = integrations
        .list(&a, &Filter::all().after(first[1].id))
        .await
        .unwrap();
    let read: Vec<IntegrationId> = first.iter().chain(&rest).map(|one| one.id).collect();
    assert_eq!(read, ids);
    let active = integrations
        .list(&a, &Filter::all().status(Status::Active))
        .await
        .unwrap();
    assert_eq!(
        active.iter().map(|one| one.id).collect::<Vec<_>>(),
        [ids[1]]
    );
    assert_eq!(
        integrations
            .list(&a, &Filter::all().provider("slack"))
            .await
            .unwrap(),
        []
    );
}

async fn a_webhook_finds_only_proved_claims(backend: Backend) {
    let (a, b, c) = (tenant("a"), tenant("b"), tenant("c"));
    let first = backend.active(&a).await;
    let second = backend.active(&b).await;
    backend.pending(&c).await;
    let key = TenantKey::from("L1");
    let deployment = backend.store.deployment();
    let found = deployment
        .integrations_by_key("gohighlevel", &key)
        .await
        .unwrap();
    let found: Vec<_> = found.into_iter().map(|one| (one.tenant, one.id)).collect();
    assert_eq!(
        found,
        [(a, first.id), (b, second.id)],
        "the claim of c was never proved"
    );
    assert!(
        deployment
            .integrations_by_key("slack", &key)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        deployment
            .integrations_by_key("gohighlevel", &"L2".into())
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_success_clears_the_error_and_moves_the_sync(backend: Backend) {
    let a = tenant("a");
    let integrations = backend.store.integrations();
    let made = backend.active(&a).await;
    let refused = Error::new(ErrorKind::Auth, "create a new token").with_provider("gohighlevel");
    let failed = Transition::new(Event::Failed, "system").error(&refused);
    let down = integrations
        .transition(&a, made.id, &failed)
        .await
        .unwrap()
        .integration;
    assert_eq!(down.status, Status::Error);
    assert_eq!(down.error_kind.as_deref(), Some("auth"));
    assert!(down.error_message.unwrap().contains("create a new token"));
    assert_eq!(down.last_sync_at, None);
    backend.clock.advance(jiff::SignedDuration::from_secs(60));
    let healed = Transition::new(Event::Succeeded, "system").synced();
    let up = integrations
        .transition(&a, made.id, &healed)
        .await
        .unwrap()
        .integration;
    assert_eq!(
        (up.status, up.error_kind, up.error_message),
        (Status::Active, None, None)
    );
    let synced = up.last_sync_at.unwrap();
    assert_eq!(synced, up.status_changed_at);
    integrations
        .touch_sync(&a, made.id, synced - jiff::SignedDuration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(
        integrations.get(&a, made.id).await.unwrap().last_sync_at,
        Some(synced),
        "never back"
    );
}

/// Every pair of statuses by raw SQL: the database agrees with the state machine.
async fn promise_13_an_illegal_status_cannot_be_stored(backend: Backend) {
    let a = tenant("a");
    let mut refused = 0;
    for from in Status::ALL {
        for to in Status::ALL {
            let made = backend.pending(&a).await;
            let id = match backend.engine() {
                Engine::Sqlite => format!("x'{}'", made.id.as_uuid().simple()),
                _ => format!("'{}'", made.id),
            };
            let set = |to: Status| {
                format!("UPDATE main.integrations SET status = '{to}' WHERE id = {id}")
            };
            backend.raw(&set(from)).await.unwrap();
            let stored = backend.raw(&set(to)).await.is_ok();
            assert_eq!(stored, is_legal(from, to) || from == to, "{from} to {to}");
            refused += usize::from(!stored);
        }
    }
    assert_eq!(refused, 3, "nothing returns to pending");
    let made = backend.active(&a).await;
    backend
        .raw("UPDATE main.integrations SET status = 'gone'")
        .await
        .unwrap_err();
    backend
        .raw("UPDATE main.integrations SET error_message = 'left over' WHERE status = 'active'")
        .await
        .unwrap_err();
    let copy = "INSERT INTO main.integrations SELECT 'b', id, provider, template, template_id, name, config, secrets, \
                secrets_key, external_key, external_proved, status, status_changed_at, error_kind, error_message, \
                last_sync_at, probe, probe_due_at, version, created_by, created_at, updated_at \
                FROM main.integrations WHERE status = 'active'";
    let error = backend.raw(copy).await.unwrap_err();
    assert!(error.to_string().contains("illegal status"), "{error}");
    assert_eq!(
        backend
            .store
            .integrations()
            .get(&a, made.id)
            .await
            .unwrap()
            .status,
        Status::Active
    );
}

async fn promise_13_the_status_and_its_audit_row_commit_together(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    backend
        .raw("ALTER TABLE main.audit_log RENAME TO audit_gone")
        .await
        .unwrap();
    let integrations = backend.store.integrations();
    let failed = Transition::new(Event::Failed, "system").reason("the token was revoked");
    integrations
        .transition(&a, made.id, &failed)
        .await
        .unwrap_err();
    assert_eq!(
        integrations.get(&a, made.id).await.unwrap(),
        made,
        "no audit row, no status"
    );
    integrations.delete(&a, made.id, ACTOR).await.unwrap_err();
    integrations
        .update(&a, made.id, made.version, &Changes::new().name("x"), ACTOR)
        .await
        .unwrap_err();
    let new = NewIntegration::new(IntegrationId::new(), "p", "t", "n", json!({}));
    integrations.create(&a, &new, ACTOR).await.unwrap_err();
    assert_eq!(integrations.list(&a, &Filter::all()).await.unwrap(), [made]);
}

async fn promise_13_any_walk_through_the_status_machine_is_audited(backend: Backend) {
    let events = prop::collection::vec(
        prop::sample::select(vec![Event::Succeeded, Event::Failed, Event::Disconnected]),
        1..12,
    );
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(Config {
            cases: 12,
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(&events, |walk| runtime.block_on(one_walk(&backend, walk)))
            .unwrap();
    });
}

/// Two writers interleave on one integration; the trail holds exactly the changes of status, in an unbroken order.
async fn one_walk(backend: &Backend, walk: Vec<Event>) -> Result<(), TestCaseError> {
    let a = tenant("walks");
    let other = backend.another().await;
    let made = backend.pending(&a).await;
    let mut expected = Status::Pending;
    for pair in walk.chunks(2) {
        let move_by = |store: integrations_store::Store, event: Event| {
            let a = a.clone();
            async move {
                store
                    .integrations()
                    .transition(&a, made.id, &Transition::new(event, ACTOR))
                    .await
            }
        };
        let (one, two) = match pair {
            [one, two] => {
                let (one, two) = tokio::join!(
                    move_by(backend.store.clone(), *one),
                    move_by(other.clone(), *two)
                );
                (one, Some(two))
            }
            _ => (move_by(backend.store.clone(), pair[0]).await, None),
        };
        for result in [Some(one), two].into_iter().flatten() {
            if let Err(error) = result {
                prop_assert_eq!(error.kind(), ErrorKind::Transition, "{}", error);
            }
        }
        expected = backend
            .store
            .integrations()
            .get(&a, made.id)
            .await
            .unwrap()
            .status;
    }
    let trail = backend
        .store
        .audit()
        .list(&a, Some(made.id), 0, 500)
        .await
        .unwrap();
    let mut status = Status::Pending;
    for row in trail
        .iter()
        .filter(|row| row.action == "integration.status")
    {
        let word = |name: &str| row.details[name].as_str().unwrap().to_owned();
        prop_assert_eq!(word("from"), status.as_str());
        let event = [Event::Succeeded, Event::Failed, Event::Disconnected].into_iter();
        let event = event
            .into_iter()
            .find(|event| event.as_str() == word("event"))
            .unwrap();
        let next = apply(status, event).unwrap();
        prop_assert_eq!(word("to"), next.as_str());
        prop_assert_ne!(next, status, "only changes are audited");
        status = next;
    }
    prop_assert_eq!(status, expected);
    prop_assert!(backend.store.audit().verify_chain(&a).await.unwrap().ok);
    Ok(())
}

/// A probe or a call that was under way while a person disconnected.
async fn nothing_automatic_brings_a_disconnected_integration_back(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let integrations = backend.store.integrations();
    integrations
        .transition(&a, made.id, &Transition::new(Event::Disconnected, ACTOR))
        .await
        .unwrap();
    for event in [Event::Succeeded, Event::Failed] {
        let late = Transition::new(event, "system").automatic();
        let error = integrations
            .transition(&a, made.id, &late)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transition);
    }
    assert_eq!(
        integrations.get(&a, made.id).await.unwrap().status,
        Status::Disconnected
    );
}

async fn due_probes_are_those_of_live_connections(backend: Backend) {
    let a = tenant("a");
    let integrations = backend.store.integrations();
    let (first, second, off) = (
        backend.active(&a).await,
        backend.active(&a).await,
        backend.active(&a).await,
    );
    let now = integrations.get(&a, first.id).await.unwrap().updated_at;
    let later = now + jiff::SignedDuration::from_secs(60);
    integrations
        .save_probe(&a, first.id, &json!({}), Some(now))
        .await
        .unwrap();
    integrations
        .save_probe(&a, second.id, &json!({}), Some(later))
        .await
        .unwrap();
    integrations
        .save_probe(&a, off.id, &json!({}), Some(now))
        .await
        .unwrap();
    integrations
        .transition(&a, off.id, &Transition::new(Event::Disconnected, ACTOR))
        .await
        .unwrap();
    let deployment = backend.store.deployment();
    assert_eq!(
        deployment.probes_due(now, 10).await.unwrap(),
        [(a.clone(), first.id)]
    );
    assert_eq!(
        deployment.probes_due(later, 10).await.unwrap(),
        [(a.clone(), first.id), (a, second.id)]
    );
}
