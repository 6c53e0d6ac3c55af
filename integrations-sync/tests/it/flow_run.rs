//! Runs over many contacts: everything, what changed, and what a kill leaves behind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use integrations_core::{Error, ErrorKind};
use integrations_store::{MappingState, RunKind, RunStatus, Side};
use integrations_sync::flow::{DeletePolicy, RunReport, Step};

use crate::backend::{Backend, on_both_engines};
use crate::support::crm::{Crm, FLOW, Pair, When, person, quick};

on_both_engines!(
    a_full_run_makes_both_sides_equal,
    what_a_plan_says_is_what_a_run_does,
    promise_11_an_incremental_run_reads_what_changed_and_loses_nothing,
    promise_11_a_failed_contact_holds_the_cursor,
    promise_05_a_run_that_was_killed_anywhere_goes_on,
    promise_05_what_a_cut_off_creation_made_is_known_though_edited,
    a_full_run_finds_what_was_deleted,
    who_is_deleted_after_being_listed_is_not_brought_back,
    a_listing_that_shows_nobody_deletes_nobody,
    a_run_is_cancelled_and_two_never_run_at_once,
    a_reconcile_heals_what_webhooks_lost,
    a_right_that_is_not_listed_is_asked,
    a_left_that_is_not_listed_is_asked,
);

async fn run(pair: &Pair, kind: RunKind) -> RunReport {
    pair.flow.run(kind).keep_steps().execute().await.unwrap()
}

/// 30 of each side alone, 15 on both, in part with other fields.
fn fill(pair: &Pair) {
    for n in 0..30 {
        pair.left.add(person(n));
        pair.right.add(person(n + 100));
    }
    for n in 200..215 {
        pair.left.add(person(n).with_website("left.example"));
        let other = person(n);
        pair.right.add(if n % 2 == 0 {
            other
        } else {
            other.with_job_title("CEO")
        });
    }
    pair.left.changes();
    pair.right.changes();
}

async fn a_full_run_makes_both_sides_equal(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    pair.left.page_size(7);
    pair.right.page_size(10);
    fill(&pair);
    let told = Arc::new(AtomicU64::new(0));
    let watcher = Arc::clone(&told);
    let report = pair
        .flow
        .run(RunKind::Full)
        .started_by("user:42")
        .on_progress(move |progress| {
            watcher.fetch_max(progress.counts.read, Ordering::Relaxed);
        })
        .execute()
        .await
        .unwrap();
    pair.assert_equal();
    assert_eq!(pair.left.contacts().len(), 75);
    assert_eq!((report.counts.created, report.counts.linked), (60, 15));
    assert!(told.load(Ordering::Relaxed) >= 120);
    let logged = pair
        .store
        .runs()
        .get(&pair.tenant, report.id.unwrap())
        .await
        .unwrap();
    assert_eq!(logged.status, RunStatus::Done);
    assert_eq!(
        (logged.counts, logged.started_by.as_str()),
        (report.counts, "user:42")
    );
    // Again: nothing to do, and no contact is read one by one.
    let (writes, calls) = (pair.api_writes(), pair.left.calls() + pair.right.calls());
    let report = run(&pair, RunKind::Full).await;
    assert_eq!((report.drift(), pair.api_writes()), (0, writes));
    let pages = 75u64.div_ceil(7) + 2 * 75u64.div_ceil(10);
    assert_eq!(pair.left.calls() + pair.right.calls() - calls, pages);
    // The webhooks of all of that come late, and cause nothing.
    pair.deliver().await;
    assert_eq!(pair.api_writes(), writes);
    assert_eq!(pair.questions().await, [""; 0]);
}

fn told(steps: &[Step], created: bool) -> Vec<String> {
    let mut all: Vec<String> = steps
        .iter()
        .map(|step| {
            // The id of what is created is not known before.
            let id = step.id.clone().filter(|_| {
                created || !matches!(step.action, integrations_sync::flow::Action::Create)
            });
            format!(
                "{:?} {} {id:?} {:?} {:?}",
                step.action, step.side, step.source_id, step.fields
            )
        })
        .collect();
    all.sort();
    all
}

async fn what_a_plan_says_is_what_a_run_does(backend: Backend) {
    let config = quick()
        .with_deletes(DeletePolicy::Propagate)
        .with_max_deletes(100);
    let pair = Pair::new(&backend, config).await;
    fill(&pair);
    // Twins among those that are to be created, and a person who is there twice.
    pair.left.add(person(3).with_first_name("Twice"));
    pair.left.add(person(500));
    pair.left.add(person(500));
    for round in 0..2 {
        let plan = pair.flow.run(RunKind::Full).plan().await.unwrap();
        let writes = pair.api_writes();
        assert_eq!(pair.api_writes(), writes);
        let done = run(&pair, RunKind::Full).await;
        assert_eq!(
            told(&plan.steps, false),
            told(&done.steps, false),
            "round {round}"
        );
        let written: usize = plan.steps.iter().filter(|step| step.writes()).count();
        assert_eq!(pair.api_writes() - writes, written);
        for (n, id) in pair.left.ids().into_iter().enumerate().take(12) {
            match n % 3 {
                0 => pair.left.remove(&id),
                1 => pair
                    .left
                    .edit(&id, |contact| contact.first_name = Some("New".into())),
                _ => {}
            }
        }
    }
}

async fn promise_11_an_incremental_run_reads_what_changed_and_loses_nothing(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_lookback(Duration::ZERO)).await;
    pair.left.page_size(4);
    pair.right.page_size(4);
    fill(&pair);
    let first = run(&pair, RunKind::Incremental).await;
    assert_eq!(
        first.counts.created, 60,
        "without a cursor everything is read"
    );
    pair.assert_equal();
    run(&pair, RunKind::Incremental).await;
    for round in 0..4 {
        let ids = pair.left.ids();
        for id in ids.iter().skip(round).step_by(9) {
            pair.left.edit(id, |contact| {
                contact.website = Some(format!("{round}.example"));
            });
        }
        pair.right.add(person(600 + u32::try_from(round).unwrap()));
        let report = run(&pair, RunKind::Incremental).await;
        pair.assert_equal();
        assert!(report.counts.read < 40, "{:?}", report.counts);
        let quiet = run(&pair, RunKind::Incremental).await;
        assert_eq!(quiet.drift(), 0, "{:?}", quiet.steps);
        assert!(quiet.counts.read < 30, "{:?}", quiet.counts);
    }
}

async fn promise_11_a_failed_contact_holds_the_cursor(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_lookback(Duration::ZERO)).await;
    pair.left.page_size(2);
    fill(&pair);
    run(&pair, RunKind::Full).await;
    run(&pair, RunKind::Incremental).await;
    let ids = pair.left.ids();
    for id in &ids[..10] {
        pair.left
            .edit(id, |contact| contact.first_name = Some("Late".into()));
    }
    for _ in 0..4 {
        let down = Error::new(ErrorKind::Permission, "the token was revoked");
        pair.right.fail("update", When::Before, down);
    }
    let error = pair
        .flow
        .run(RunKind::Incremental)
        .execute()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    let failed = &pair
        .store
        .runs()
        .list(&pair.tenant, Some(FLOW), None, 1)
        .await
        .unwrap()[0];
    assert_eq!(failed.status, RunStatus::Failed);
    assert_eq!(failed.error_kind.as_deref(), Some("permission"));
    pair.right.fail("nothing", When::Before, error);
    while pair.flow.run(RunKind::Incremental).execute().await.is_err() {}
    pair.assert_equal();
}

/// Kills the process at each call in turn, before and after it took effect; another one goes on.
async fn promise_05_a_run_that_was_killed_anywhere_goes_on(backend: Backend) {
    let config = || {
        quick()
            .with_claim(Duration::from_millis(150))
            .with_concurrency(4)
    };
    let pair = Pair::new(&backend, config()).await;
    pair.left.page_size(3);
    pair.right.page_size(3);
    for n in 0..6 {
        pair.left.add(person(n));
        pair.right.add(person(n + 20));
    }
    for n in 40..44 {
        pair.left.add(person(n).with_website("l.example"));
        pair.right.add(person(n).with_job_title("CEO"));
    }
    let mut kills = 0;
    for step in 0.. {
        let when = if step % 2 == 0 {
            When::Before
        } else {
            When::After
        };
        let crm: &Crm = if step % 4 < 2 {
            &pair.right
        } else {
            &pair.left
        };
        crm.halt(step / 4, when);
        let flow = pair.again(&backend.another().await, config());
        let run = flow.run(RunKind::Full);
        let ended = tokio::select! {
            ended = run.execute() => Some(ended),
            () = crm.halted() => None,
        };
        pair.left.unhalt();
        pair.right.unhalt();
        match ended {
            None => kills += 1,
            // A busy machine may let it miss its short claim: as good as killed, and no more than that.
            Some(Err(error)) => assert_eq!(error.code(), Some("running"), "{error}"),
            // Only when the whole run needs fewer calls than that.
            Some(Ok(_)) if step > 40 => break,
            Some(Ok(_)) => {}
        }
    }
    assert!(kills > 20, "{kills}");
    let report = run(&pair, RunKind::Full).await;
    pair.assert_equal();
    assert_eq!(report.drift(), 0, "{:?}", report.steps);
    assert_eq!(pair.left.contacts().len(), 16);
    // Each once, although killed so often.
    assert_eq!(
        (pair.left.count("create"), pair.right.count("create")),
        (6, 6)
    );
    assert_eq!(pair.questions().await, [""; 0]);
    let left: BTreeSet<String> = pair.left.ids().into_iter().collect();
    let rows = pair
        .store
        .mappings()
        .list(&pair.tenant, FLOW, Some(MappingState::Linked), None, 100)
        .await
        .unwrap();
    let linked: BTreeSet<String> = rows.into_iter().filter_map(|row| row.left_id).collect();
    assert_eq!(left, linked);
}

/// The left is looked at first, and nobody has gone on with the right's contact yet.
async fn promise_05_what_a_cut_off_creation_made_is_known_though_edited(backend: Backend) {
    let config = || quick().with_claim(Duration::from_millis(150));
    let pair = Pair::new(&backend, config()).await;
    pair.right.add(person(1));
    for call in 0..20 {
        pair.left.halt(call, When::After);
        let flow = pair.again(&backend.another().await, config());
        let run = flow.run(RunKind::Full);
        tokio::select! {
            ended = run.execute() => panic!("{ended:?}"),
            () = pair.left.halted() => {}
        }
        pair.left.unhalt();
        if !pair.left.ids().is_empty() {
            break;
        }
    }
    let id = pair.left.ids().remove(0);
    pair.left
        .edit(&id, |contact| contact.website = Some("late.example".into()));
    let limit = Duration::from_secs(8);
    let ended = tokio::time::timeout(limit, run(&pair, RunKind::Full)).await;
    ended.expect("the run does not wait for somebody who is gone");
    pair.assert_equal();
    assert_eq!(run(&pair, RunKind::Full).await.drift(), 0);
    assert_eq!(
        (pair.left.count("create"), pair.right.count("create")),
        (1, 0)
    );
    assert_eq!(pair.questions().await, [""; 0]);
}

async fn a_full_run_finds_what_was_deleted(backend: Backend) {
    let config = quick().with_deletes(DeletePolicy::Propagate);
    let pair = Pair::new(&backend, config).await;
    fill(&pair);
    run(&pair, RunKind::Full).await;
    let (left, right) = (pair.left.ids(), pair.right.ids());
    for id in &left[..3] {
        pair.left.remove(id);
    }
    for id in &right[..3] {
        pair.right.remove(id);
    }
    let report = run(&pair, RunKind::Full).await;
    assert_eq!(report.counts.deleted, 6);
    pair.assert_equal();
    assert_eq!(run(&pair, RunKind::Full).await.drift(), 0);
}

async fn who_is_deleted_after_being_listed_is_not_brought_back(backend: Backend) {
    let config = quick().with_deletes(DeletePolicy::Propagate);
    let pair = Pair::new(&backend, config).await;
    let ids = [1, 2, 3].map(|n| pair.left.add(person(n)));
    pair.deliver().await;
    for (kind, id) in [(RunKind::Full, &ids[0]), (RunKind::Reconcile, &ids[1])] {
        pair.left.pause();
        let running = tokio::spawn({
            let flow = pair.flow.clone();
            async move { flow.run(kind).execute().await }
        });
        pair.left.halted().await;
        pair.left.remove(id);
        pair.deliver().await;
        pair.assert_equal();
        pair.left.resume();
        running.await.unwrap().unwrap();
        pair.deliver().await;
        pair.assert_equal();
        assert_eq!(pair.right.count("create"), 3, "{kind:?}");
        assert_eq!(pair.left.count("create"), 0, "{kind:?}");
    }
    assert_eq!(pair.left.contacts().len(), 1);
}

async fn a_listing_that_shows_nobody_deletes_nobody(backend: Backend) {
    let config = quick().with_deletes(DeletePolicy::Propagate);
    let pair = Pair::new(&backend, config).await;
    for n in 0..40 {
        pair.left.add(person(n));
    }
    run(&pair, RunKind::Full).await;
    // Somebody put in another account's token.
    for id in pair.left.ids() {
        pair.left.remove(&id);
    }
    let error = pair.flow.run(RunKind::Full).execute().await.unwrap_err();
    assert_eq!(error.code(), Some("mass_delete"), "{error}");
    assert_eq!(pair.right.contacts().len(), 40);
}

async fn a_run_is_cancelled_and_two_never_run_at_once(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_concurrency(1)).await;
    pair.left.page_size(2);
    pair.left.latency(Duration::from_millis(2));
    pair.right.latency(Duration::from_millis(2));
    fill(&pair);
    let flow = pair.flow.clone();
    let running = tokio::spawn(async move { flow.run(RunKind::Full).execute().await });
    let runs = pair.store.runs();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let row = loop {
        let rows = runs.list(&pair.tenant, Some(FLOW), None, 1).await.unwrap();
        if let Some(row) = rows.first().filter(|row| row.counts.created > 0) {
            break row.clone();
        }
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let second = pair.flow.run(RunKind::Incremental).execute();
    let (error, cancelled) = tokio::join!(second, async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        runs.cancel(&pair.tenant, row.id).await.unwrap()
    });
    assert!(cancelled);
    let report = running.await.unwrap().unwrap();
    assert!(report.cancelled);
    let logged = runs.get(&pair.tenant, row.id).await.unwrap();
    assert_eq!(logged.status, RunStatus::Cancelled);
    // It either waited for the end of the first or was told to come back.
    if let Err(error) = error {
        assert_eq!(error.code(), Some("running"));
    }
    pair.flow.run(RunKind::Full).execute().await.unwrap();
    pair.assert_equal();
}

async fn a_reconcile_heals_what_webhooks_lost(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    fill(&pair);
    run(&pair, RunKind::Full).await;
    let ids = pair.left.ids();
    for id in &ids[..5] {
        pair.left
            .edit(id, |contact| contact.first_name = Some("Lost".into()));
    }
    let drift = pair.flow.run(RunKind::Reconcile).plan().await.unwrap();
    assert_eq!(drift.drift(), 5);
    let healed = run(&pair, RunKind::Reconcile).await;
    assert_eq!(healed.steps, drift.steps);
    assert!(healed.steps.iter().all(|step| step.side == Side::Right));
    pair.assert_equal();
}

async fn a_right_that_is_not_listed_is_asked(backend: Backend) {
    not_listed(&backend, Side::Right).await;
}

async fn a_left_that_is_not_listed_is_asked(backend: Backend) {
    not_listed(&backend, Side::Left).await;
}

async fn not_listed(backend: &Backend, unlisted: Side) {
    let config = quick().with_deletes(DeletePolicy::Propagate);
    let pair = Pair::new(backend, config).await;
    let (here, there) = match unlisted {
        Side::Right => (&pair.left, &pair.right),
        Side::Left => (&pair.right, &pair.left),
    };
    there.lists(false);
    for n in 0..12 {
        here.add(person(n));
    }
    there.add(person(3));
    let stranger = there.add(person(50));
    here.changes();
    there.changes();
    let report = run(&pair, RunKind::Full).await;
    assert_eq!((report.counts.created, report.counts.linked), (11, 1));
    assert!(there.get(&stranger).is_some(), "not seen is not gone");
    // What one side deleted is noticed; the other is not looked through.
    let gone = here.ids()[0].clone();
    here.remove(&gone);
    let report = run(&pair, RunKind::Reconcile).await;
    assert_eq!((report.counts.deleted, report.counts.read), (1, 11));
    let id = here.ids()[1].clone();
    here.edit(&id, |contact| contact.first_name = Some("New".into()));
    let report = run(&pair, RunKind::Incremental).await;
    assert_eq!(report.counts.updated, 1);
    // Events of it go the other way all the same.
    there.changes();
    there.edit(&stranger, |contact| {
        contact.first_name = Some("Heard".into());
    });
    pair.deliver().await;
    assert_eq!(here.contacts().len(), 12);
    here.lists(false);
    let error = pair.flow.run(RunKind::Full).execute().await.unwrap_err();
    assert_eq!(error.code(), Some("unsupported"));
}
