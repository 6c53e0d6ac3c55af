//! Schedules on both databases, by a held clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{MissedRuns, NewSchedule, SqlxTransaction, Transaction};
use integrations_sync::schedule::{Schedule, Scheduler, Tick, TickQueue};
use serde_json::json;

use crate::backend::{Backend, on_both_engines, raw, tenant, texts};

on_both_engines!(
    a_schedule_comes_when_it_is_due,
    missed_runs_are_made_up_for_by_one_or_none,
    a_declaration_keeps_its_beat,
    pause_resume_run_now_and_delete,
    one_that_cannot_be_started_holds_up_no_other,
    promise_05_no_tick_is_doubled_or_lost,
    promise_12_schedules_of_others_do_not_exist,
    a_running_scheduler_finds_new_schedules,
);

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Remembers ticks of committed transactions, in a table of its own; refuses those named `bad`, and some at random.
#[derive(Clone, Default)]
struct Queue {
    schema: String,
    faults: Arc<Mutex<f64>>,
}

impl Queue {
    async fn new(backend: &Backend) -> Self {
        raw(
            &backend.store,
            "CREATE TABLE ticks (name TEXT NOT NULL, due TEXT NOT NULL, missed TEXT NOT NULL)",
            "CREATE TABLE main.ticks (name TEXT NOT NULL, due TEXT NOT NULL, missed TEXT NOT NULL)",
        )
        .await;
        Self {
            schema: backend.store.schema_name().to_owned(),
            faults: Arc::default(),
        }
    }
}

#[async_trait]
impl TickQueue for Queue {
    async fn insert_in(&self, transaction: &mut Transaction, ticks: &[Tick]) -> Result<()> {
        for tick in ticks {
            let (name, due) = (
                format!("{}/{}", tick.tenant, tick.name),
                tick.due_at.to_string(),
            );
            let missed = tick.missed.to_string();
            match transaction.sqlx() {
                SqlxTransaction::Sqlite(tx) => {
                    sqlx::query("INSERT INTO ticks VALUES ($1, $2, $3)")
                        .bind(name)
                        .bind(due)
                        .bind(missed)
                        .execute(&mut **tx)
                        .await
                        .unwrap();
                }
                SqlxTransaction::Postgres(tx) => {
                    let sql = format!("INSERT INTO {}.ticks VALUES ($1, $2, $3)", self.schema);
                    sqlx::query(sqlx::AssertSqlSafe(sql))
                        .bind(name)
                        .bind(due)
                        .bind(missed)
                        .execute(&mut **tx)
                        .await
                        .unwrap();
                }
                _ => unreachable!(),
            }
            let faults = *self.faults.lock().unwrap();
            if tick.name.starts_with("bad") || fastrand::f64() < faults {
                return Err(Error::new(ErrorKind::Other, "the queue is full"));
            }
        }
        Ok(())
    }
}

fn every(name: &str, interval: Duration) -> NewSchedule {
    let spec = Schedule::every(interval).unwrap().spec().clone();
    NewSchedule::new(name, "sync.run", spec).payload(json!({ "flow": 1 }))
}

async fn started(backend: &Backend) -> Vec<String> {
    texts(
        &backend.store,
        "SELECT name || ' ' || missed FROM main.ticks ORDER BY due, name",
    )
    .await
}

async fn a_schedule_comes_when_it_is_due(backend: Backend) {
    let clock = backend.hold_clock().await;
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let acme = tenant("acme");
    let nightly = Schedule::cron("30 2 * * *", "Europe/Berlin").unwrap();
    let new = NewSchedule::new("nightly", "sync.full", nightly.spec().clone());
    let declared = scheduler.declare(&acme, &new).await.unwrap();
    scheduler
        .declare(&acme, &every("often", 10 * MINUTE))
        .await
        .unwrap();
    assert_eq!(declared.next_at, nightly.after(clock.now().await));
    assert_eq!(scheduler.tick().await.unwrap().started, 0);
    clock.advance(10 * MINUTE).await;
    let first = scheduler.tick().await.unwrap().started;
    assert!(first >= 1);
    assert_eq!(scheduler.tick().await.unwrap().started, 0);
    for _ in 0..143 {
        clock.advance(10 * MINUTE).await;
        scheduler.tick().await.unwrap();
    }
    let all = started(&backend).await;
    assert_eq!(
        all.iter().filter(|tick| *tick == "acme/often 1").count(),
        144
    );
    assert_eq!(
        all.iter().filter(|tick| *tick == "acme/nightly 1").count(),
        1
    );
    let often = scheduler.schedules().get(&acme, "often").await.unwrap();
    assert_eq!((often.ticks, often.payload), (144, json!({ "flow": 1 })));
    let bad = NewSchedule::new(
        "x",
        "y",
        integrations_store::ScheduleSpec::Every(Duration::ZERO),
    );
    let error = scheduler.declare(&acme, &bad).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
}

async fn missed_runs_are_made_up_for_by_one_or_none(backend: Backend) {
    let clock = backend.hold_clock().await;
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let acme = tenant("acme");
    let beat = scheduler
        .declare(&acme, &every("once", HOUR))
        .await
        .unwrap()
        .next_at
        .unwrap();
    let skip = every("skip", HOUR).missed(MissedRuns::Skip);
    scheduler.declare(&acme, &skip).await.unwrap();
    clock.advance(5 * HOUR + 30 * MINUTE).await;
    let done = scheduler.tick().await.unwrap();
    assert_eq!((done.started, done.skipped, done.failed), (1, 1, 0));
    assert_eq!(started(&backend).await, ["acme/once 5"]);
    for name in ["once", "skip"] {
        let next = scheduler
            .schedules()
            .get(&acme, name)
            .await
            .unwrap()
            .next_at;
        assert_eq!(next, Some(beat + 5 * HOUR), "{name} keeps its beat");
    }
    clock.advance(30 * MINUTE).await;
    assert_eq!(scheduler.tick().await.unwrap().started, 2);
}

async fn a_declaration_keeps_its_beat(backend: Backend) {
    let clock = backend.hold_clock().await;
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let acme = tenant("acme");
    let first = scheduler.declare(&acme, &every("a", HOUR)).await.unwrap();
    clock.advance(40 * MINUTE).await;
    let changed = every("a", HOUR).payload(json!(2));
    let again = scheduler.declare(&acme, &changed).await.unwrap();
    assert_eq!(
        again.next_at, first.next_at,
        "each start of the program declares it"
    );
    assert_eq!(again.payload, json!(2));
    let other = scheduler
        .declare(&acme, &every("a", 2 * HOUR))
        .await
        .unwrap();
    assert_eq!(other.next_at, Some(clock.now().await + 2 * HOUR));
}

async fn pause_resume_run_now_and_delete(backend: Backend) {
    let clock = backend.hold_clock().await;
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let schedules = scheduler.schedules();
    let acme = tenant("acme");
    scheduler.declare(&acme, &every("a", HOUR)).await.unwrap();
    schedules.pause(&acme, "a").await.unwrap();
    clock.advance(3 * HOUR).await;
    assert_eq!(scheduler.tick().await.unwrap().started, 0);
    scheduler.resume(&acme, "a").await.unwrap();
    assert_eq!(
        scheduler.tick().await.unwrap().started,
        0,
        "the pause is not made up for"
    );
    clock.advance(HOUR).await;
    assert_eq!(scheduler.tick().await.unwrap().started, 1);
    schedules.run_now(&acme, "a").await.unwrap();
    assert_eq!(scheduler.tick().await.unwrap().started, 1);
    assert_eq!(schedules.list(&acme, "", 10).await.unwrap().len(), 1);
    schedules.delete(&acme, "a").await.unwrap();
    clock.advance(3 * HOUR).await;
    assert_eq!(scheduler.tick().await.unwrap().started, 0);
    assert_eq!(
        schedules.delete(&acme, "a").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

async fn one_that_cannot_be_started_holds_up_no_other(backend: Backend) {
    let clock = backend.hold_clock().await;
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let acme = tenant("acme");
    for name in ["a", "bad", "c", "unreadable"] {
        scheduler.declare(&acme, &every(name, HOUR)).await.unwrap();
    }
    // What an older program would find of a newer one.
    raw(
        &backend.store,
        "UPDATE main.schedules SET spec = 'cron every other day', time_zone = 'UTC' WHERE name = 'unreadable'",
        "UPDATE main.schedules SET spec = 'cron every other day', time_zone = 'UTC' WHERE name = 'unreadable'",
    )
    .await;
    clock.advance(HOUR).await;
    let done = scheduler.tick().await.unwrap();
    assert_eq!((done.started, done.failed), (2, 2));
    assert_eq!(started(&backend).await, ["acme/a 1", "acme/c 1"]);
    let bad = scheduler.schedules().get(&acme, "bad").await.unwrap();
    assert_eq!(bad.ticks, 0);
    assert!(bad.next_at.unwrap() <= clock.now().await, "it is due still");
    // More of them than one transaction takes, and all first in line.
    for number in 0..150 {
        let bad = every(&format!("bad{number}"), 10 * MINUTE);
        scheduler.declare(&acme, &bad).await.unwrap();
    }
    clock.advance(HOUR).await;
    let done = scheduler.tick().await.unwrap();
    assert_eq!((done.started, done.failed), (2, 152));
}

async fn promise_05_no_tick_is_doubled_or_lost(backend: Backend) {
    let clock = backend.hold_clock().await;
    let queue = Queue::new(&backend).await;
    let acme = tenant("acme");
    let first = Scheduler::new(&backend.store, queue.clone());
    for number in 0..30 {
        let name = format!("s{number}");
        first
            .declare(&acme, &every(&name, 10 * MINUTE))
            .await
            .unwrap();
    }
    let mut schedulers = vec![first];
    for _ in 0..3 {
        schedulers.push(Scheduler::new(&backend.another().await, queue.clone()));
    }
    *queue.faults.lock().unwrap() = 0.05;
    for _ in 0..8 {
        clock.advance(10 * MINUTE).await;
        let all = schedulers.iter().map(|scheduler| async {
            // Until nothing is due: what failed is tried again, as each next call would.
            while scheduler.tick().await.unwrap().failed > 0 {}
        });
        futures_util::future::join_all(all).await;
    }
    let ticks = texts(&backend.store, "SELECT name || ' ' || due FROM main.ticks").await;
    assert_eq!(ticks.len(), 30 * 8);
    let distinct: std::collections::BTreeSet<_> = ticks.iter().collect();
    assert_eq!(distinct.len(), ticks.len());
}

async fn promise_12_schedules_of_others_do_not_exist(backend: Backend) {
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let (acme, other) = (tenant("acme"), tenant("other"));
    scheduler.declare(&acme, &every("a", HOUR)).await.unwrap();
    let schedules = scheduler.schedules();
    for error in [
        schedules.get(&other, "a").await.err(),
        schedules.pause(&other, "a").await.err(),
        schedules.run_now(&other, "a").await.err(),
        schedules.delete(&other, "a").await.err(),
        scheduler.resume(&other, "a").await.err(),
    ] {
        assert_eq!(error.unwrap().kind(), ErrorKind::NotFound);
    }
    assert!(schedules.list(&other, "", 10).await.unwrap().is_empty());
    scheduler
        .declare(&other, &every("a", 2 * HOUR))
        .await
        .unwrap();
    let mine = schedules.get(&acme, "a").await.unwrap();
    assert_eq!(mine.spec, *Schedule::every(HOUR).unwrap().spec());
}

async fn a_running_scheduler_finds_new_schedules(backend: Backend) {
    let queue = Queue::new(&backend).await;
    let scheduler = Scheduler::new(&backend.store, queue);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let scheduler = scheduler.clone();
        async move {
            scheduler
                .run(Duration::from_millis(100), async { drop(stopped.await) })
                .await;
        }
    });
    let acme = tenant("acme");
    scheduler
        .declare(&acme, &every("a", Duration::from_secs(1)))
        .await
        .unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while started(&backend).await.len() < 2 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(stop);
    running.await.unwrap();
}
