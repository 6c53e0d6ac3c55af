//! Lanes: one event at a time, in order, whoever dies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integrations_core::TenantId;
use integrations_core::status::Event as Move;
use integrations_store::{
    ClaimedEvent, DeadLetterFilter, DeadSource, Ended, EventFilter, EventStatus, Failure, Lane,
    LaneLease, NewEvent, Step, Store, StoredIntegration, Transition,
};

use crate::backend::{ACTOR, Backend, event, key, on_both_engines, tenant};

const LEASE: Duration = Duration::from_secs(60);

on_both_engines!(
    promise_04_an_event_whose_worker_died_comes_back_first,
    promise_04_a_late_worker_cannot_complete_what_another_has,
    promise_04_an_effect_and_its_completion_are_one,
    events_of_a_lane_never_overlap_and_keep_their_order,
    an_event_to_be_tried_again_holds_up_its_lane_alone,
    an_event_that_kills_its_workers_is_given_up,
    what_is_given_up_is_a_dead_letter_until_it_is_replayed,
    a_sweep_names_what_nobody_works_on_once,
    a_replay_makes_finished_events_due_again,
    an_event_in_work_while_its_connection_fails_is_kept,
);

/// The first event of a lane, taken for a minute.
pub async fn take(
    store: &Store,
    tenant: &TenantId,
    lane: &Lane,
) -> Option<(LaneLease, Box<ClaimedEvent>)> {
    take_for(store, tenant, lane, LEASE).await
}

async fn take_for(
    store: &Store,
    tenant: &TenantId,
    lane: &Lane,
    ttl: Duration,
) -> Option<(LaneLease, Box<ClaimedEvent>)> {
    match store.lanes().enter(tenant, lane, ttl, 10).await.unwrap() {
        Step::Work(lease, claimed) => Some((lease, claimed)),
        _ => None,
    }
}

/// Completes everything that is due in a lane; the kinds in order.
pub async fn drain(store: &Store, tenant: &TenantId, lane: &Lane) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut next = take(store, tenant, lane).await;
    while let Some((lease, claimed)) = next {
        kinds.push(claimed.event.kind().to_owned());
        let step = store.lanes().next(lease, &claimed, &Ended::Done).await;
        next = match step.unwrap() {
            Step::Work(lease, claimed) => Some((lease, claimed)),
            _ => None,
        };
    }
    kinds
}

pub async fn sweep(store: &Store) -> Vec<(TenantId, Lane)> {
    let mut transaction = store.begin("test").await.unwrap();
    let deployment = store.deployment();
    let lanes = deployment
        .sweep_lanes_in(&mut transaction, 100, LEASE)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    lanes
}

async fn insert(backend: &Backend, of: &StoredIntegration, lane: &Lane, kinds: &[&str]) {
    for kind in kinds {
        let (event, dedupe) = (event(kind, "{}"), key(kind));
        let new = NewEvent::new(&of.tenant, of.id, &event, &dedupe).lane(lane.clone());
        let inserted = backend.store.events().insert_all(&[new]).await.unwrap();
        assert!(!inserted[0].is_duplicate());
    }
}

async fn one(backend: &Backend) -> (TenantId, StoredIntegration, Lane) {
    let a = tenant("a");
    let made = backend.active(&a).await;
    let lane = Lane::new(made.id, Some("contact:1"));
    (a, made, lane)
}

/// Polls a lane until somebody's lease has run out.
async fn take_over(store: &Store, tenant: &TenantId, lane: &Lane) -> (LaneLease, ClaimedEvent) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some((lease, claimed)) = take(store, tenant, lane).await {
            return (lease, *claimed);
        }
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn promise_04_an_event_whose_worker_died_comes_back_first(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1", "2"]).await;
    let store = &backend.store;
    let short = Duration::from_millis(100);
    let (first_lease, first) = take_for(store, &a, &lane, short).await.unwrap();
    assert_eq!((first.event.kind(), first.attempts), ("1", 1));
    assert!(take(store, &a, &lane).await.is_none(), "somebody has it");
    let (lease, second) = take_over(&backend.another().await, &a, &lane).await;
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert!(lease.fence > first_lease.fence, "the fence grows");
}

async fn promise_04_a_late_worker_cannot_complete_what_another_has(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1"]).await;
    let (store, lanes) = (&backend.store, backend.store.lanes());
    let short = Duration::from_millis(50);
    let (late_lease, late) = take_for(store, &a, &lane, short).await.unwrap();
    let (lease, claimed) = take_over(store, &a, &lane).await;
    let lost = lanes.next(late_lease.clone(), &late, &Ended::Done).await;
    assert_eq!(lost.unwrap_err().code(), Some("lease_lost"));
    assert!(!lanes.keep(&mut late_lease.clone()).await.unwrap());
    let mut transaction = store.begin("test").await.unwrap();
    let lost = lanes.complete_in(&mut transaction, &late).await;
    assert_eq!(lost.unwrap_err().code(), Some("lease_lost"));
    drop(transaction);
    let step = lanes.next(lease, &claimed, &Ended::Done).await.unwrap();
    assert!(matches!(step, Step::Empty), "{step:?}");
    assert_eq!(backend.number("SELECT COUNT(*) FROM main.lanes").await, 0);
}

async fn promise_04_an_effect_and_its_completion_are_one(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1"]).await;
    let (store, lanes) = (&backend.store, backend.store.lanes());
    let (lease, claimed) = take(store, &a, &lane).await.unwrap();
    // Not committed: not done.
    let mut transaction = store.begin("test").await.unwrap();
    lanes.complete_in(&mut transaction, &claimed).await.unwrap();
    drop(transaction);
    assert!(!lanes.is_finished(&a, claimed.id).await.unwrap());
    let mut transaction = store.begin("test").await.unwrap();
    lanes.complete_in(&mut transaction, &claimed).await.unwrap();
    let twice = lanes.complete_in(&mut transaction, &claimed).await;
    twice.unwrap();
    transaction.commit().await.unwrap();
    assert!(lanes.is_finished(&a, claimed.id).await.unwrap());
    let step = lanes.next(lease, &claimed, &Ended::Done).await.unwrap();
    assert!(matches!(step, Step::Empty), "{step:?}");
}

async fn events_of_a_lane_never_overlap_and_keep_their_order(backend: Backend) {
    let (a, made, _) = one(&backend).await;
    let lanes: Vec<Lane> = (0..4)
        .map(|n| Lane::new(made.id, Some(&format!("contact:{n}"))))
        .collect();
    for number in 0..15 {
        for (at, lane) in lanes.iter().enumerate() {
            insert(&backend, &made, lane, &[&format!("{at}-{number:02}")]).await;
        }
    }
    let seen: Arc<Mutex<BTreeMap<usize, Vec<String>>>> = Arc::default();
    let mut workers = Vec::new();
    for _ in 0..6 {
        let (store, a, lanes) = (backend.another().await, a.clone(), lanes.clone());
        let seen = Arc::clone(&seen);
        workers.push(tokio::spawn(async move {
            for (at, lane) in lanes.iter().enumerate() {
                let kinds = drain(&store, &a, lane).await;
                seen.lock().unwrap().entry(at).or_default().extend(kinds);
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    // Whoever came while another was at it has left: what is there has been done by somebody.
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!((counts.done, counts.pending, counts.processing), (60, 0, 0));
    for (at, kinds) in seen.lock().unwrap().iter() {
        assert_eq!(kinds.len(), 15, "{at}");
        assert!(kinds.is_sorted(), "{kinds:?}");
    }
}

async fn an_event_to_be_tried_again_holds_up_its_lane_alone(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    let other = Lane::new(made.id, Some("contact:2"));
    insert(&backend, &made, &lane, &["1", "2"]).await;
    insert(&backend, &made, &other, &["3"]).await;
    let (store, lanes) = (&backend.store, backend.store.lanes());
    let (lease, claimed) = take(store, &a, &lane).await.unwrap();
    let retry = Ended::Retry {
        wait: LEASE,
        reason: "the provider was down".to_owned(),
    };
    let step = lanes.next(lease, &claimed, &retry).await.unwrap();
    let Step::Later(wait) = step else {
        panic!("{step:?}")
    };
    assert!(wait > LEASE / 2 && wait <= LEASE, "{wait:?}");
    assert!(take(store, &a, &lane).await.is_none(), "strictly in order");
    assert_eq!(drain(store, &a, &other).await, ["3"]);
    backend
        .raw("UPDATE main.webhook_events SET next_at = 0")
        .await
        .unwrap();
    assert_eq!(drain(store, &a, &lane).await, ["1", "2"]);
}

async fn an_event_that_kills_its_workers_is_given_up(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["poison", "2"]).await;
    let (store, lanes) = (&backend.store, backend.store.lanes());
    let death = Duration::from_millis(1);
    let mut deaths = 0;
    let (_, next) = loop {
        match lanes.enter(&a, &lane, death, 3).await.unwrap() {
            Step::Work(_, claimed) if claimed.event.kind() == "poison" => deaths += 1,
            Step::Work(lease, claimed) => break (lease, claimed),
            Step::Busy => tokio::time::sleep(death).await,
            step => panic!("{step:?}"),
        }
    };
    assert_eq!((deaths, next.event.kind()), (3, "2"));
    let failed = EventFilter::all().status(EventStatus::Failed);
    let failed = store.events().list(&a, &failed).await.unwrap();
    assert_eq!(failed.len(), 1);
    let letters = store.dead_letters();
    let letters = letters.list(&a, &DeadLetterFilter::open()).await.unwrap();
    assert_eq!(letters[0].source_id, failed[0].id.to_string());
    assert_eq!(letters[0].cause, "crashed");
}

async fn what_is_given_up_is_a_dead_letter_until_it_is_replayed(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1"]).await;
    let (store, lanes) = (&backend.store, backend.store.lanes());
    let (lease, claimed) = take(store, &a, &lane).await.unwrap();
    let failure = Failure::new("validation", "no such stage ".repeat(200));
    let failed = Ended::Failed(failure);
    lanes.next(lease, &claimed, &failed).await.unwrap();
    let stored = store.events().find(&a, claimed.id).await.unwrap().unwrap();
    assert_eq!(stored.status, EventStatus::Failed);
    assert!(stored.error_message.unwrap().len() <= 1000);
    let open = async || {
        let letters = store.dead_letters();
        letters.list(&a, &DeadLetterFilter::open()).await.unwrap()
    };
    let letter = open().await.remove(0);
    assert_eq!((letter.source, letter.attempts), (DeadSource::Event, 1));
    assert_eq!(letter.integration, Some(made.id));
    assert_eq!(letter.subject.as_deref(), Some(lane.as_str()));
    let mut transaction = store.begin("test").await.unwrap();
    let replayed = store
        .events()
        .replay_one_in(&mut transaction, &a, claimed.id)
        .await;
    assert_eq!(replayed.unwrap(), Some(Some(lane.clone())));
    transaction.commit().await.unwrap();
    assert!(open().await.is_empty());
    let (_, again) = take(store, &a, &lane).await.unwrap();
    assert_eq!((again.id, again.attempts), (claimed.id, 1));
}

async fn a_sweep_names_what_nobody_works_on_once(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1", "2"]).await;
    let store = &backend.store;
    assert!(sweep(store).await.is_empty(), "their job was just stored");
    let due = "UPDATE main.webhook_events SET knock_at = 0";
    backend.raw(due).await.unwrap();
    assert_eq!(sweep(store).await, [(a.clone(), lane.clone())]);
    assert!(sweep(store).await.is_empty(), "not again and again");
    let (lease, claimed) = take(store, &a, &lane).await.unwrap();
    backend.raw(due).await.unwrap();
    assert!(sweep(store).await.is_empty(), "somebody works on it");
    // That one dies: it is found when the lease ends.
    let wakes = "SELECT MIN(knock_at) FROM main.webhook_events";
    assert_eq!(backend.number(wakes).await, lease.until.as_microsecond());
    let lanes = store.lanes();
    lanes.next(lease, &claimed, &Ended::Released).await.unwrap();
    assert_eq!(sweep(store).await, [(a, lane)], "it was given back");
}

async fn a_replay_makes_finished_events_due_again(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1", "2", "3"]).await;
    let store = &backend.store;
    assert_eq!(drain(store, &a, &lane).await.len(), 3);
    let replay = async |filter: EventFilter| {
        let mut transaction = store.begin("test").await.unwrap();
        let replayed = store
            .events()
            .replay_in(&mut transaction, &a, &filter)
            .await;
        transaction.commit().await.unwrap();
        replayed.unwrap()
    };
    let none = EventFilter::all().status(EventStatus::Failed);
    assert!(replay(none).await.events.is_empty());
    let at = "2026-11-21T08:00:00Z".parse().unwrap();
    let before = EventFilter::all().received_before(at);
    assert!(replay(before).await.events.is_empty());
    let two = replay(EventFilter::all().kind("2").received_from(at)).await;
    assert_eq!((two.events.len(), two.lanes), (1, vec![lane.clone()]));
    assert_eq!(drain(store, &a, &lane).await, ["2"]);
    let first = replay(EventFilter::all().lane(lane.clone()).limit(2)).await;
    assert_eq!(
        (first.events.len(), first.after),
        (2, Some(first.events[1]))
    );
    let rest = replay(EventFilter::all().after(first.events[1]).limit(2)).await;
    assert_eq!((rest.events.len(), rest.after), (1, None));
    assert_eq!(drain(store, &a, &lane).await, ["1", "2", "3"]);
    // Of a connection that is down, for its recovery.
    let integrations = store.integrations();
    let down = Transition::new(Move::Failed, ACTOR);
    integrations.transition(&a, made.id, &down).await.unwrap();
    let kept = replay(EventFilter::all()).await;
    assert_eq!((kept.events.len(), kept.lanes.len()), (3, 0));
    assert_eq!(store.events().counts(&a, None).await.unwrap().kept, 3);
}

async fn an_event_in_work_while_its_connection_fails_is_kept(backend: Backend) {
    let (a, made, lane) = one(&backend).await;
    insert(&backend, &made, &lane, &["1", "2"]).await;
    let store = &backend.store;
    let short = Duration::from_millis(20);
    take_for(store, &a, &lane, short).await.unwrap();
    let integrations = store.integrations();
    let down = Transition::new(Move::Failed, ACTOR);
    integrations.transition(&a, made.id, &down).await.unwrap();
    // Its worker died; whoever comes next keeps it for the recovery.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while store.events().counts(&a, None).await.unwrap().kept < 2 {
        assert!(take(store, &a, &lane).await.is_none());
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let up = Transition::new(Move::Succeeded, ACTOR);
    integrations.transition(&a, made.id, &up).await.unwrap();
    assert_eq!(drain(store, &a, &lane).await, ["1", "2"]);
}
