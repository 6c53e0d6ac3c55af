//! What two-way sync keeps: mappings, echoes, opt-outs, questions, cursors, runs.

use std::time::Duration;

use integrations_core::email::EmailAddress;
use integrations_core::model::Channel;
use integrations_core::phone::PhoneNumber;
use integrations_core::webhook::Object;
use integrations_core::{ErrorKind, IntegrationId, TenantId};
use integrations_store::{
    CopyState, Echo, Mapping, MappingState, NewConflict, OptOutAddress, OptOutSource, OptOutWord,
    PutMapping, RunCounts, RunKind, RunStatus, Side, Store,
};

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};

/// The calls that this file walks for promise 12.
pub const WALKED: &[&str] = &[
    "pause",
    "put_in",
    "find_in",
    "find_many",
    "find_creating",
    "purge",
    "record_in",
    "note",
    "note_in",
    "lift_all_in",
    "blocks",
    "list_in",
    "list_many",
    "allow",
    "save_in",
    "clear",
    "begin_copy",
    "finish_copy",
    "is_copy",
    "find_copy",
    "raise_in",
    "resolve_in",
    "withdraw_in",
    "begin_run",
    "checkpoint_in",
    "finish",
    "cancel",
];

const FLOW: &str = "crm";

on_both_engines!(
    a_mapping_is_written_by_who_read_it_last,
    a_claim_ends_by_itself,
    two_mappings_never_share_a_contact,
    many_mappings_go_in_one_statement,
    the_ledger_knows_the_last_write_alone,
    promise_15_only_the_source_lifts_its_stop,
    a_question_is_asked_once_while_it_is_open,
    a_cursor_moves_with_its_transaction,
    a_run_goes_on_after_a_kill,
    a_message_is_copied_once,
    a_flow_keeps_its_integrations,
    promise_12_sync_state_is_the_tenants_own,
);

async fn flow(backend: &Backend, tenant: &TenantId) -> (IntegrationId, IntegrationId) {
    let (left, right) = (backend.pending(tenant).await, backend.pending(tenant).await);
    backend
        .store
        .flows()
        .save(tenant, FLOW, left.id, right.id, "{}")
        .await
        .unwrap();
    (left.id, right.id)
}

async fn put(store: &Store, tenant: &TenantId, puts: &[PutMapping]) -> usize {
    let mut transaction = store.begin("test").await.unwrap();
    let written = store
        .mappings()
        .put_in(&mut transaction, tenant, FLOW, puts)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    written.len()
}

async fn a_mapping_is_written_by_who_read_it_last(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let mappings = backend.store.mappings();
    let mut mapping = Mapping::new(Side::Left, "l1");
    mapping.agree(
        Side::Left,
        Some(i64::MIN),
        Some("2026-11-21T08:00:00.123456Z".parse().unwrap()),
    );
    mapping.state = MappingState::Creating;
    mapping.creating = Some(Side::Right);
    mapping.intent_hash = Some(i64::MAX);
    assert_eq!(
        put(&backend.store, &t, &[PutMapping::new(mapping.clone())]).await,
        1
    );
    let read = mappings
        .find(&t, FLOW, Side::Left, "l1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.version, 1);
    assert!(read.intent_age.is_some() && read.updated_at.is_some() && !read.claimed);
    let mut same = read.clone();
    (same.version, same.intent_age, same.updated_at) = (0, None, None);
    assert_eq!(same, mapping);
    let creating = |side| mappings.find_creating(&t, FLOW, side, i64::MAX);
    assert_eq!(creating(Side::Right).await.unwrap().unwrap().id, mapping.id);
    assert_eq!(creating(Side::Left).await.unwrap(), None);

    let mut linked = read.clone();
    linked.state = MappingState::Linked;
    linked.creating = None;
    linked.right_id = Some("r1".into());
    linked.last_written = Some(Side::Right);
    linked.flips = 3;
    let late = read.clone();
    assert_eq!(put(&backend.store, &t, &[PutMapping::new(linked)]).await, 1);
    assert_eq!(
        put(&backend.store, &t, &[PutMapping::new(late)]).await,
        0,
        "somebody was faster"
    );
    let read = mappings
        .find(&t, FLOW, Side::Right, "r1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (read.state, read.version, read.intent_age, read.flips),
        (MappingState::Linked, 2, None, 3)
    );
    assert_eq!(
        mappings.get(&t, FLOW, read.id).await.unwrap(),
        Some(read.clone())
    );
    assert_eq!(
        mappings.counts(&t, FLOW).await.unwrap(),
        [(MappingState::Linked, 1)]
    );
    let mut gone = read.clone();
    gone.state = MappingState::Gone;
    put(&backend.store, &t, &[PutMapping::new(gone)]).await;
    assert_eq!(
        mappings
            .purge(&t, FLOW, Duration::from_secs(60))
            .await
            .unwrap(),
        0
    );
    assert_eq!(mappings.purge(&t, FLOW, Duration::ZERO).await.unwrap(), 1);
}

async fn a_claim_ends_by_itself(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let mappings = backend.store.mappings();
    let mapping = Mapping::new(Side::Left, "l1");
    let claimed = PutMapping::new(mapping).claimed(Duration::from_millis(300));
    put(&backend.store, &t, &[claimed]).await;
    let read = || async {
        mappings
            .find(&t, FLOW, Side::Left, "l1")
            .await
            .unwrap()
            .unwrap()
    };
    assert!(read().await.claimed);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while read().await.claimed {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn two_mappings_never_share_a_contact(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    put(
        &backend.store,
        &t,
        &[PutMapping::new(Mapping::new(Side::Left, "l1"))],
    )
    .await;
    let mut transaction = backend.store.begin("test").await.unwrap();
    let error = backend
        .store
        .mappings()
        .put_in(
            &mut transaction,
            &t,
            FLOW,
            &[PutMapping::new(Mapping::new(Side::Left, "l1"))],
        )
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("unique"), "{error}");
}

async fn many_mappings_go_in_one_statement(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let mappings = backend.store.mappings();
    let puts: Vec<_> = (0..300)
        .map(|n| PutMapping::new(Mapping::new(Side::Left, format!("l'\"{n}"))))
        .collect();
    assert_eq!(put(&backend.store, &t, &puts).await, 300);
    let ids: Vec<String> = (290..310).map(|n| format!("l'\"{n}")).collect();
    let found = mappings
        .find_many(&t, FLOW, Side::Left, ids.iter().map(String::as_str))
        .await
        .unwrap();
    assert_eq!(found.len(), 10);
    assert!(
        mappings
            .find_many(&t, FLOW, Side::Right, ids.iter().map(String::as_str))
            .await
            .unwrap()
            .is_empty()
    );
    let mut after = None;
    let mut seen = 0;
    loop {
        let page = mappings
            .list(&t, FLOW, Some(MappingState::Half), after, 128)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen += page.len();
    }
    assert_eq!(seen, 300);
}

async fn the_ledger_knows_the_last_write_alone(backend: Backend) {
    let t = tenant("a");
    let id = IntegrationId::new();
    let echoes = backend.store.echoes();
    let record = |entries: Vec<Echo>, keep| {
        let (store, t, echoes) = (&backend.store, &t, &echoes);
        async move {
            let mut transaction = store.begin("test").await.unwrap();
            echoes
                .record_in(&mut transaction, t, FLOW, &entries, keep)
                .await
                .unwrap();
            transaction.commit().await.unwrap();
        }
    };
    let find = |external_id| echoes.find(&t, FLOW, id, Object::Contact, external_id);
    let long = Duration::from_secs(60);
    record(
        vec![
            Echo::written(id, Object::Contact, "c1", -7),
            Echo::written(id, Object::Contact, "c2", 8),
        ],
        long,
    )
    .await;
    assert_eq!(find("c1").await.unwrap(), Some(-7));
    record(
        vec![
            Echo::written(id, Object::Contact, "c1", 9),
            Echo::written(id, Object::Contact, "c1", 10),
            Echo::forgotten(id, Object::Contact, "c2"),
        ],
        long,
    )
    .await;
    assert_eq!(find("c1").await.unwrap(), Some(10));
    assert_eq!(find("c2").await.unwrap(), None);
    assert_eq!(
        echoes
            .find(&t, "other", id, Object::Contact, "c1")
            .await
            .unwrap(),
        None
    );
    record(
        vec![Echo::written(id, Object::Contact, "c3", 1)],
        Duration::ZERO,
    )
    .await;
    assert_eq!(find("c3").await.unwrap(), None, "expired");
    assert_eq!(echoes.purge(&t).await.unwrap(), 1);
}

async fn promise_15_only_the_source_lifts_its_stop(backend: Backend) {
    let t = tenant("a");
    let opt_outs = backend.store.opt_outs();
    let phone = PhoneNumber::from_e164("+12025550123").unwrap();
    let (twilio, crm) = (
        OptOutSource::new("twilio"),
        OptOutSource::new("integration:1").with_subject("c1"),
    );
    let sms = || Some(Channel::Sms);
    let blocks = |channel: Channel| {
        let (opt_outs, t, phone) = (&opt_outs, &t, &phone);
        async move { opt_outs.blocks(t, &channel, phone).await.unwrap() }
    };
    assert!(!blocks(Channel::Sms).await);
    opt_outs
        .note(
            &t,
            &[
                OptOutWord::stop(&phone, sms(), twilio.clone()),
                OptOutWord::stop(&phone, sms(), crm.clone()),
            ],
        )
        .await
        .unwrap();
    assert!(blocks(Channel::Sms).await);
    assert!(!blocks(Channel::Call).await);
    let refused = opt_outs.allow(&t, &Channel::Sms, &phone).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.code(), refused.is_retryable()),
        (ErrorKind::Permission, Some("opted_out"), false)
    );
    assert!(!format!("{refused:?}").contains("555"), "{refused:?}");
    // Others lift as often as they like.
    for other in [
        crm.clone(),
        OptOutSource::new("crm2"),
        OptOutSource::new("twilio").with_subject("x"),
    ] {
        opt_outs
            .note(&t, &[OptOutWord::lift(&phone, sms(), other)])
            .await
            .unwrap();
        assert!(blocks(Channel::Sms).await);
    }
    opt_outs
        .note(&t, &[OptOutWord::lift(&phone, None, twilio.clone())])
        .await
        .unwrap();
    assert!(blocks(Channel::Sms).await, "another channel's word");
    opt_outs
        .note(&t, &[OptOutWord::lift(&phone, sms(), twilio)])
        .await
        .unwrap();
    assert!(!blocks(Channel::Sms).await);
    // A word for every channel blocks each.
    let email = EmailAddress::parse("Jane@Example.com").unwrap();
    opt_outs
        .note(&t, &[OptOutWord::stop(&email, None, crm.clone())])
        .await
        .unwrap();
    let same = EmailAddress::parse("jane@example.com").unwrap();
    assert!(opt_outs.blocks(&t, &Channel::Email, &same).await.unwrap());
    assert_eq!(
        opt_outs.list(&t, &same).await.unwrap()[0].source,
        crm.clone()
    );
    let mut transaction = backend.store.begin("test").await.unwrap();
    let lifted = opt_outs
        .lift_all_in(&mut transaction, &t, None, &crm)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(lifted, 1);
    assert!(!opt_outs.blocks(&t, &Channel::Email, &same).await.unwrap());
}

async fn a_question_is_asked_once_while_it_is_open(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let conflicts = backend.store.conflicts();
    let raise = |subject: &'static str| {
        let (store, t, conflicts) = (&backend.store, &t, &conflicts);
        async move {
            let mut new = NewConflict::new("twin", subject);
            new.left_id = Some("l1".into());
            let mut transaction = store.begin("test").await.unwrap();
            conflicts
                .raise_in(&mut transaction, t, FLOW, &[new])
                .await
                .unwrap();
            transaction.commit().await.unwrap();
        }
    };
    raise("left:l1").await;
    raise("left:l1").await;
    raise("left:l2").await;
    let open = conflicts.list(&t, FLOW, true, None, 10).await.unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!((open[0].seen, open[0].left_id.as_deref()), (2, Some("l1")));
    assert_eq!(
        conflicts.counts(&t, FLOW).await.unwrap(),
        [("twin".to_owned(), 2)]
    );
    let resolve = || async {
        let mut transaction = backend.store.begin("test").await.unwrap();
        conflicts
            .resolve_in(&mut transaction, &t, open[0].id, "ignore", ACTOR)
            .await?;
        transaction.commit().await
    };
    resolve().await.unwrap();
    assert_eq!(resolve().await.unwrap_err().code(), Some("resolved"));
    let closed = conflicts.find(&t, open[0].id).await.unwrap().unwrap();
    assert_eq!(closed.resolved_by.as_deref(), Some(ACTOR));
    raise("left:l1").await;
    assert_eq!(
        conflicts
            .list(&t, FLOW, false, None, 10)
            .await
            .unwrap()
            .len(),
        3,
        "a new question"
    );
    let mut transaction = backend.store.begin("test").await.unwrap();
    let withdrawn = conflicts
        .withdraw_in(&mut transaction, &t, FLOW, &["left:l1".to_owned()])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(withdrawn, 1);
}

async fn a_cursor_moves_with_its_transaction(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let cursors = backend.store.cursors();
    for (position, commit) in [("1", true), ("2", false), ("3", true)] {
        let mut transaction = backend.store.begin("test").await.unwrap();
        cursors
            .save_in(&mut transaction, &t, FLOW, "left", position)
            .await
            .unwrap();
        if commit {
            transaction.commit().await.unwrap();
        } else {
            drop(transaction);
            assert_eq!(
                cursors.find(&t, FLOW, "left").await.unwrap().as_deref(),
                Some("1")
            );
        }
    }
    assert_eq!(
        cursors.find(&t, FLOW, "left").await.unwrap().as_deref(),
        Some("3")
    );
    assert_eq!(cursors.clear(&t, FLOW).await.unwrap(), 1);
}

async fn a_run_goes_on_after_a_kill(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let runs = backend.store.runs();
    let first = runs
        .begin_run(&t, FLOW, RunKind::Full, "manual")
        .await
        .unwrap();
    let mut counts = RunCounts::default();
    counts.read = 7;
    let mut transaction = backend.store.begin("test").await.unwrap();
    let cancelled = runs
        .checkpoint_in(&mut transaction, &t, first.id, "left", Some(10), &counts)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert!(!cancelled);
    let again = runs
        .begin_run(&t, FLOW, RunKind::Full, "schedule")
        .await
        .unwrap();
    assert_eq!(
        (again.id, again.attempts, again.counts.read, again.expected),
        (first.id, 2, 7, Some(10))
    );
    let other = runs
        .begin_run(&t, FLOW, RunKind::Incremental, "schedule")
        .await
        .unwrap();
    assert_ne!(other.id, first.id);
    assert!(runs.cancel(&t, first.id).await.unwrap());
    let mut transaction = backend.store.begin("test").await.unwrap();
    assert!(
        runs.checkpoint_in(&mut transaction, &t, first.id, "left", None, &counts)
            .await
            .unwrap()
    );
    transaction.commit().await.unwrap();
    runs.finish(&t, first.id, RunStatus::Cancelled, None)
        .await
        .unwrap();
    let ended = runs.get(&t, first.id).await.unwrap();
    assert!(ended.finished_at.is_some() && ended.status == RunStatus::Cancelled);
    assert!(!runs.cancel(&t, first.id).await.unwrap());
    let listed = runs.list(&t, Some(FLOW), None, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|run| run.id).collect::<Vec<_>>(),
        [other.id, first.id]
    );
    assert_eq!(
        runs.list(&t, None, Some(other.id), 10).await.unwrap().len(),
        1
    );
}

async fn a_message_is_copied_once(backend: Backend) {
    let t = tenant("a");
    flow(&backend, &t).await;
    let copies = backend.store.message_mappings();
    let begin = || copies.begin_copy(&t, FLOW, Side::Left, "m1");
    let find = || copies.find_copy(&t, FLOW, Side::Left, "m1");
    assert_eq!(find().await.unwrap(), None);
    assert_eq!(begin().await.unwrap(), None);
    assert_eq!(find().await.unwrap(), Some((CopyState::Copying, None)));
    assert_eq!(begin().await.unwrap(), Some((CopyState::Copying, None)));
    copies
        .finish_copy(&t, FLOW, Side::Left, "m1", CopyState::Copying, None)
        .await
        .unwrap();
    assert_eq!(begin().await.unwrap(), None, "nothing was sent: again");
    copies
        .finish_copy(&t, FLOW, Side::Left, "m1", CopyState::Copied, Some("n1"))
        .await
        .unwrap();
    assert_eq!(
        begin().await.unwrap(),
        Some((CopyState::Copied, Some("n1".into())))
    );
    assert!(copies.is_copy(&t, FLOW, Side::Right, "n1").await.unwrap());
    assert!(!copies.is_copy(&t, FLOW, Side::Left, "n1").await.unwrap());
}

async fn a_flow_keeps_its_integrations(backend: Backend) {
    let t = tenant("a");
    let (left, right) = flow(&backend, &t).await;
    let flows = backend.store.flows();
    let saved = flows
        .save(&t, FLOW, left, right, "{\"x\":1}")
        .await
        .unwrap();
    assert_eq!((saved.version, saved.config.as_str()), (2, "{\"x\":1}"));
    let error = flows.save(&t, FLOW, right, left, "{}").await.unwrap_err();
    assert_eq!(error.code(), Some("flow_exists"));
    assert_eq!(
        flows
            .save(&t, "x", left, left, "{}")
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Validation
    );
    assert!(flows.pause(&t, FLOW, true).await.unwrap());
    assert!(flows.find(&t, FLOW).await.unwrap().unwrap().paused);
    assert_eq!(flows.list(&t, Some(right)).await.unwrap().len(), 1);
    assert!(
        flows
            .list(&t, Some(IntegrationId::new()))
            .await
            .unwrap()
            .is_empty()
    );
    put(
        &backend.store,
        &t,
        &[PutMapping::new(Mapping::new(Side::Left, "l1"))],
    )
    .await;
    assert!(flows.delete(&t, FLOW).await.unwrap());
    assert_eq!(
        backend
            .number("SELECT COUNT(*) FROM main.contact_mappings")
            .await,
        0
    );
}

async fn promise_12_sync_state_is_the_tenants_own(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let (left, _) = flow(&backend, &a).await;
    let store = &backend.store;
    let phone = PhoneNumber::from_e164("+12025550123").unwrap();
    let source = OptOutSource::new("x");
    let mapping = {
        let mut mapping = Mapping::new(Side::Left, "l1");
        mapping.state = MappingState::Creating;
        mapping.creating = Some(Side::Right);
        mapping.intent_hash = Some(1);
        mapping
    };
    put(store, &a, &[PutMapping::new(mapping.clone())]).await;
    store
        .opt_outs()
        .note(&a, &[OptOutWord::stop(&phone, None, source.clone())])
        .await
        .unwrap();
    let run = store
        .runs()
        .begin_run(&a, FLOW, RunKind::Full, "manual")
        .await
        .unwrap();
    let mut transaction = store.begin("test").await.unwrap();
    store
        .conflicts()
        .raise_in(&mut transaction, &a, FLOW, &[NewConflict::new("twin", "s")])
        .await
        .unwrap();
    store
        .cursors()
        .save_in(&mut transaction, &a, FLOW, "left", "1")
        .await
        .unwrap();
    let echo = [Echo::written(left, Object::Contact, "l1", 1)];
    store
        .echoes()
        .record_in(&mut transaction, &a, FLOW, &echo, Duration::from_secs(60))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    store
        .message_mappings()
        .begin_copy(&a, FLOW, Side::Left, "m1")
        .await
        .unwrap();
    let question = store
        .conflicts()
        .list(&a, FLOW, true, None, 1)
        .await
        .unwrap()[0]
        .id;
    let before = backend.dump("a").await;

    // Reads see nothing.
    let mappings = store.mappings();
    assert_eq!(
        mappings.find(&b, FLOW, Side::Left, "l1").await.unwrap(),
        None
    );
    assert!(
        mappings
            .find_many(&b, FLOW, Side::Left, ["l1"])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(mappings.get(&b, FLOW, mapping.id).await.unwrap(), None);
    assert!(
        mappings
            .list(&b, FLOW, None, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(mappings.counts(&b, FLOW).await.unwrap().is_empty());
    let creating = mappings.find_creating(&b, FLOW, Side::Right, 1);
    assert_eq!(creating.await.unwrap(), None);
    let echoes = store.echoes();
    assert_eq!(
        echoes
            .find(&b, FLOW, left, Object::Contact, "l1")
            .await
            .unwrap(),
        None
    );
    let opt_outs = store.opt_outs();
    assert!(!opt_outs.blocks(&b, &Channel::Sms, &phone).await.unwrap());
    opt_outs.allow(&b, &Channel::Sms, &phone).await.unwrap();
    assert!(opt_outs.list(&b, &phone).await.unwrap().is_empty());
    let addresses = [OptOutAddress::from(&phone)];
    assert!(opt_outs.list_many(&b, &addresses).await.unwrap().is_empty());
    assert_eq!(opt_outs.list_many(&a, &addresses).await.unwrap().len(), 1);
    let (conflicts, cursors, runs) = (store.conflicts(), store.cursors(), store.runs());
    assert_eq!(conflicts.find(&b, question).await.unwrap(), None);
    assert!(
        conflicts
            .list(&b, FLOW, false, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(conflicts.counts(&b, FLOW).await.unwrap().is_empty());
    assert_eq!(cursors.find(&b, FLOW, "left").await.unwrap(), None);
    assert_eq!(
        runs.get(&b, run.id).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(runs.list(&b, None, None, 9).await.unwrap().is_empty());
    let flows = store.flows();
    assert_eq!(flows.find(&b, FLOW).await.unwrap(), None);
    assert!(flows.list(&b, None).await.unwrap().is_empty());
    let copies = store.message_mappings();
    assert!(!copies.is_copy(&b, FLOW, Side::Right, "m1").await.unwrap());
    let theirs = copies.find_copy(&b, FLOW, Side::Left, "m1").await;
    assert_eq!(theirs.unwrap(), None);

    let mut transaction = store.begin("test").await.unwrap();
    let read = mappings.find_in(&mut transaction, &b, FLOW, Side::Left, "l1");
    assert_eq!(read.await.unwrap(), None);
    let read = mappings.find_in(&mut transaction, &a, FLOW, Side::Left, "l1");
    assert_eq!(read.await.unwrap().map(|row| row.id), Some(mapping.id));
    let read = opt_outs.list_in(&mut transaction, &b, &phone).await;
    assert!(read.unwrap().is_empty());
    let read = opt_outs.list_in(&mut transaction, &a, &phone).await;
    assert_eq!(read.unwrap().len(), 1);

    // Writes touch nothing.
    let mut stolen = mapping.clone();
    stolen.version = 1;
    let written = mappings
        .put_in(&mut transaction, &b, FLOW, &[PutMapping::new(stolen)])
        .await;
    assert!(written.is_err(), "b has no such flow");
    drop(transaction);
    let mut transaction = store.begin("test").await.unwrap();
    let forgotten = [Echo::forgotten(left, Object::Contact, "l1")];
    echoes
        .record_in(&mut transaction, &b, FLOW, &forgotten, Duration::ZERO)
        .await
        .unwrap();
    opt_outs
        .note_in(
            &mut transaction,
            &b,
            &[OptOutWord::lift(&phone, None, source.clone())],
        )
        .await
        .unwrap();
    opt_outs
        .lift_all_in(&mut transaction, &b, None, &source)
        .await
        .unwrap();
    conflicts
        .resolve_in(&mut transaction, &b, question, "ignore", ACTOR)
        .await
        .unwrap_err();
    conflicts
        .withdraw_in(&mut transaction, &b, FLOW, &["s".to_owned()])
        .await
        .unwrap();
    runs.checkpoint_in(
        &mut transaction,
        &b,
        run.id,
        "x",
        None,
        &RunCounts::default(),
    )
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    runs.finish(&b, run.id, RunStatus::Failed, None)
        .await
        .unwrap();
    assert!(!runs.cancel(&b, run.id).await.unwrap());
    runs.begin_run(&b, FLOW, RunKind::Full, "x")
        .await
        .unwrap_err();
    copies
        .finish_copy(&b, FLOW, Side::Left, "m1", CopyState::Unknown, None)
        .await
        .unwrap();
    copies
        .begin_copy(&b, FLOW, Side::Left, "m1")
        .await
        .unwrap_err();
    mappings.purge(&b, FLOW, Duration::ZERO).await.unwrap();
    echoes.purge(&b).await.unwrap();
    cursors.clear(&b, FLOW).await.unwrap();
    assert!(!flows.pause(&b, FLOW, true).await.unwrap());
    assert!(!flows.delete(&b, FLOW).await.unwrap());
    assert_eq!(backend.dump("a").await, before, "nothing of a was touched");
}
