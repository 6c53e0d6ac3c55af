//! Promise 12: every call names its tenant and sees no other.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use integrations_core::lease::{Lease, LeaseStore};
use integrations_core::oauth::{Authorize, PendingAuthorization, StateStore, TokenKey, TokenStore};
use integrations_core::status::Event as Move;
use integrations_core::{ErrorKind, WebhookSecret};
use integrations_store::{
    Changes, ClaimedEvent, Ended, EventFilter, Filter, Lane, LeadFields, NewAudit, NewEvent, Step,
    Transition, Update,
};
use serde_json::json;

use crate::backend::{ACTOR, Backend, event, key, on_both_engines, tenant, tokens};
use crate::fake::{config, manager};
use crate::lanes::take;

mod outgoing;

const LEASE: Duration = Duration::from_secs(60);

/// What the walk calls: the scan of the sources below compares.
const WALKED: &[&str] = &[
    "append",
    "list",
    "verify_chain",
    "find",
    "counts",
    "enter",
    "next",
    "keep",
    "complete_in",
    "is_finished",
    "replay_in",
    "replay_one_in",
    "insert",
    "insert_all",
    "insert_in",
    "get",
    "create",
    "update",
    "replace_sealed",
    "delete",
    "transition",
    "touch_sync",
    "save_probe",
    "upsert",
    "connect",
    "test_connection",
    "record",
    "disconnect",
    "reconnect",
    "webhook_secrets",
    "exist",
    "complete_authorization",
    "oauth_tokens",
    "authorize",
    "add_webhook_secret",
    "reencrypt",
    "try_acquire",
    "renew",
    "release",
    "load",
    "save",
    "put",
    "take",
    // The dead letters, walked in their own module.
    "add_in",
    "find_open_in",
    "mark_replayed_in",
    "drop_letter",
    "purge",
    "replayable",
];

on_both_engines!(promise_12_no_call_reads_or_changes_another_tenants_rows);

async fn promise_12_no_call_reads_or_changes_another_tenants_rows(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let (manager, ..) = manager(&backend);
    let made = manager
        .create(&a, "fake", "Main", &config("planted"), ACTOR)
        .await
        .unwrap();
    manager.test_connection(&a, made.id, ACTOR).await.unwrap();
    let id = made.id;
    let store = &backend.store;
    let (events, integrations, leads) = (store.events(), store.integrations(), store.leads());
    let (oauth, states) = (store.tokens(&backend.vault), store.states(&backend.vault));
    let stored = events
        .insert(&a, id, &event("x", "{}"), &key("1"))
        .await
        .unwrap()
        .id();
    let lanes = store.lanes();
    let lane = Lane::new(id, None);
    let (lane_lease, claimed) = take(store, &a, &lane).await.unwrap();
    leads
        .upsert(&a, id, "c1", "fake", &LeadFields::default())
        .await
        .unwrap();
    oauth
        .save(&TokenKey::new(a.clone(), id), &tokens("t", "r"), None)
        .await
        .unwrap();
    let lease = store
        .try_acquire(&a, "x", "one", LEASE)
        .await
        .unwrap()
        .unwrap();
    let ends = integrations_core::Clock::now(&*backend.clock) + LEASE;
    let pending =
        PendingAuthorization::new("state".into(), a.clone(), id, "https://x.example", ends);
    states.put(&pending).await.unwrap();
    let row = integrations.get(&a, id).await.unwrap();
    let before = backend.dump("a").await;
    assert!(before.len() >= 9, "{before:?}");

    let missing =
        |error: integrations_core::Error| assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    // Integrations.
    assert_eq!(integrations.find(&b, id).await.unwrap(), None);
    missing(integrations.get(&b, id).await.unwrap_err());
    assert_eq!(integrations.list(&b, &Filter::all()).await.unwrap(), []);
    missing(
        integrations
            .update(&b, id, row.version, &Changes::new().name("x"), ACTOR)
            .await
            .unwrap_err(),
    );
    let sealed = row.secrets.clone().unwrap();
    assert!(
        !integrations
            .replace_sealed(&b, id, &sealed, ("x", "y"))
            .await
            .unwrap()
    );
    missing(
        integrations
            .transition(&b, id, &Transition::new(Move::Failed, ACTOR))
            .await
            .unwrap_err(),
    );
    integrations.touch_sync(&b, id, ends).await.unwrap();
    missing(
        integrations
            .save_probe(&b, id, &json!({}), None)
            .await
            .unwrap_err(),
    );
    missing(integrations.delete(&b, id, ACTOR).await.unwrap_err());
    // Events.
    assert!(events.find(&b, stored).await.unwrap().is_none());
    assert!(
        events
            .list(&b, &EventFilter::all().integration(id))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        events.counts(&b, Some(id)).await.unwrap(),
        Default::default()
    );
    let everything = EventFilter::all();
    assert_eq!(events.replayable(&b, &everything).await.unwrap(), 0);
    missing(
        events
            .insert(&b, id, &event("x", "{}"), &key("2"))
            .await
            .unwrap_err(),
    );
    let entered = lanes.enter(&b, &lane, LEASE, 10).await.unwrap();
    assert!(matches!(entered, Step::Empty), "{entered:?}");
    assert!(!lanes.is_finished(&b, stored).await.unwrap());
    let mut foreign: ClaimedEvent = (*claimed).clone();
    foreign.tenant = b.clone();
    let mut theirs = lane_lease.clone();
    theirs.tenant = b.clone();
    assert!(!lanes.keep(&mut theirs).await.unwrap());
    for ended in [Ended::Done, Ended::Released] {
        for (lease, claimed) in [(&theirs, &foreign), (&lane_lease, &foreign)] {
            let lost = lanes.next(lease.clone(), claimed, &ended).await;
            assert_eq!(lost.unwrap_err().code(), Some("lease_lost"));
        }
    }
    let mut transaction = store.begin("test").await.unwrap();
    let lost = lanes.complete_in(&mut transaction, &foreign).await;
    assert_eq!(lost.unwrap_err().code(), Some("lease_lost"));
    drop(transaction);
    let mut transaction = store.begin("test").await.unwrap();
    let replayed = events
        .replay_in(&mut transaction, &b, &EventFilter::all())
        .await
        .unwrap();
    assert!(replayed.events.is_empty());
    let one = events
        .replay_one_in(&mut transaction, &b, stored)
        .await
        .unwrap();
    assert!(one.is_none());
    let (foreign_event, foreign_key) = (event("x", "{}"), key("2"));
    let new = [NewEvent::new(&b, id, &foreign_event, &foreign_key)];
    let mut inserted = events.insert_in(&mut transaction, &[&new]).await.unwrap();
    missing(inserted.remove(0).unwrap_err());
    transaction.commit().await.unwrap();
    // Leads, leases, OAuth.
    assert_eq!(leads.find(&b, id, "c1").await.unwrap(), None);
    assert_eq!(leads.list(&b, None, 10).await.unwrap(), []);
    assert!(!leads.delete(&b, id, "c1").await.unwrap());
    let theirs = Lease::new(
        b.clone(),
        lease.name.clone(),
        lease.owner.clone(),
        lease.fence,
        lease.expires_at,
    );
    assert_eq!(store.renew(&theirs, LEASE).await.unwrap(), None);
    assert!(!store.release(&theirs).await.unwrap());
    assert!(
        oauth
            .load(&TokenKey::new(b.clone(), id))
            .await
            .unwrap()
            .is_none()
    );
    oauth
        .save(&TokenKey::new(b.clone(), id), &tokens("x", "y"), None)
        .await
        .unwrap_err();
    oauth.delete(&b, id).await.unwrap();
    assert!(!oauth.exist(&b, id).await.unwrap());
    assert!(states.take(&b, &pending.state).await.unwrap().is_none());
    // The trail.
    assert!(
        store
            .audit()
            .list(&b, Some(id), 0, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.audit().verify_chain(&b).await.unwrap().rows, 0);
    // The manager.
    missing(manager.get(&b, id).await.unwrap_err());
    assert!(manager.list(&b, &Filter::all()).await.unwrap().is_empty());
    missing(
        manager
            .update(&b, id, Update::new().name("x"), ACTOR)
            .await
            .unwrap_err(),
    );
    missing(manager.delete(&b, id, ACTOR).await.unwrap_err());
    missing(manager.disconnect(&b, id, ACTOR).await.unwrap_err());
    missing(manager.reconnect(&b, id, ACTOR).await.unwrap_err());
    missing(manager.connect(&b, id).await.unwrap_err());
    missing(manager.test_connection(&b, id, ACTOR).await.unwrap_err());
    manager.record(&b, id, Ok(())).await.unwrap_or_else(missing);
    missing(manager.webhook_secrets(&b, id).await.unwrap_err());
    missing(manager.oauth_tokens(&b, id).await.unwrap_err());
    missing(
        manager
            .authorize(Authorize::new(b.clone(), id))
            .await
            .unwrap_err(),
    );
    missing(
        manager
            .add_webhook_secret(&b, id, "", &WebhookSecret::from("x"), ACTOR)
            .await
            .unwrap_err(),
    );
    missing(manager.reencrypt(&b, id).await.unwrap_err());
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");

    // What b may write under the same names is its own.
    leads
        .upsert(&b, id, "c1", "fake", &LeadFields::default())
        .await
        .unwrap();
    store
        .audit()
        .append(&b, &NewAudit::new(ACTOR, "test"))
        .await
        .unwrap();
    store
        .try_acquire(&b, "x", "two", LEASE)
        .await
        .unwrap()
        .unwrap();
    let own = manager
        .create(&b, "fake", "Main", &config("other"), ACTOR)
        .await
        .unwrap();
    events
        .insert(&b, own.id, &event("x", "{}"), &key("1"))
        .await
        .unwrap();
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");
}

/// Every public call that names a tenant is in the walk above; every other one is known to need none.
#[test]
fn promise_12_the_walk_is_complete() {
    let without_tenant = BTreeSet::from([
        "open",
        "open_with",
        "migrate",
        "ping",
        "close",
        "begin",
        "begin_read",
        "commit", // the database
        "close",  // the database
        "begin",
        "commit", // a transaction, whose calls name it
        "integration",
        "integrations_by_key",
        "begin",
        "commit",
        "generation",
        "sweep_lanes_in",
        "lanes_due",
        "keep_unmatched_in",
        "take_matched_in",
        "unmatched_counts",
        "purge_unmatched",
        "probes_due",
        "purge_events",
        "rollback",
        "due_deliveries",
        "purge_messages",
        "purge_dead_letters",
        "purge_echoes",
        "purge_runs",
        "purge_gone_contacts",
        "tenants",
        "event_counts",
        "waiting_events",
        "dead_letter_counts",
        "due_schedules_in",
        "next_schedule",
        "due_subscriptions",
        "purge_states", // Deployment
        "probe_due",
        "rotate_keys",
        "rotate_keys_with",
        "webhook_targets", // the manager's, for the deployment
        "templates",
        "template",
        "add_template",
        "update_template",
        "delete_template",
    ]);
    let mut seen = BTreeSet::new();
    for (path, text) in sources() {
        for (at, _) in text.match_indices("async fn ") {
            let rest = &text[at + "async fn ".len()..];
            let name = &rest[..rest.find(['(', '<']).unwrap()];
            let visible = text[..at].ends_with("pub ")
                || path.ends_with("leases.rs")
                || path.ends_with("tokens.rs")
                || path.ends_with("states.rs");
            let signature = &rest[..rest.find('{').unwrap()];
            if !visible || matches!(name, "seal" | "open") && path.ends_with("tokens.rs") {
                continue;
            }
            let names_tenant = [
                "&TenantId",
                "Authorize)",
                "&TokenKey",
                "&Lease",
                "&Work",
                "&Due",
                "ClaimedEvent",
                "LaneLease",
                "NewEvent",
                "&PendingAuthorization",
            ]
            .iter()
            .any(|word| signature.contains(word));
            // Templates and rate budgets belong to the deployment.
            if path.ends_with("templates.rs") && !path.contains("manager")
                || path.ends_with("budgets.rs")
            {
                continue;
            }
            assert!(
                names_tenant || without_tenant.contains(name),
                "{path}: {name} names no tenant"
            );
            if names_tenant {
                seen.insert(name.to_owned());
            }
        }
    }
    let walked: BTreeSet<String> = WALKED
        .iter()
        .chain(crate::sync_state::WALKED)
        .chain(outgoing::WALKED)
        .map(|name| (*name).to_owned())
        .collect();
    let unwalked: Vec<_> = seen
        .iter()
        .filter(|name| !walked.contains(*name) && !without_tenant.contains(name.as_str()))
        .collect();
    assert!(unwalked.is_empty(), "not in the walk: {unwalked:?}");
}

/// Every statement on a tenant's table filters by the tenant, but those of `Deployment`.
#[test]
fn promise_12_every_statement_names_the_tenant() {
    let mut statements = 0;
    for (path, text) in sources() {
        if path.contains("deployment")
            || path.ends_with("migrate.rs")
            || path.ends_with("dialect.rs")
        {
            continue;
        }
        let flat = text.replace("\\\n", " ").replace('\n', " ");
        for literal in flat.split('"').skip(1).step_by(2) {
            let tables = literal.matches("main.").count() - literal.matches("main.clock").count();
            if tables == 0
                || literal.contains("main.templates")
                || literal.contains("main.rate_budgets")
                || !literal.contains(' ')
            {
                continue;
            }
            statements += 1;
            assert!(literal.contains("tenant_id"), "{path}: {literal}");
        }
    }
    assert!(statements > 35, "the scan found {statements}");
}

fn sources() -> Vec<(String, String)> {
    fn walk(directory: &Path, all: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push((
                    path.display().to_string(),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    let mut all = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    all
}
