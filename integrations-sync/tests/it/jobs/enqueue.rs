use std::time::Duration;

use integrations_sync::jobs::{JobFilter, JobState, NewJob, Priority};

use super::support::{Note, jobs, texts};
use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    promise_12_jobs_are_listed_and_cancelled_by_their_tenant_alone,
    promise_03_an_enqueue_is_gone_with_its_transaction,
    a_unique_key_finds_the_job_that_is_there,
    a_batch_keeps_its_order,
    rows_are_those_of_the_documented_schema,
    migrators_take_turns,
    what_the_database_would_refuse_is_refused_before,
);

async fn promise_12_jobs_are_listed_and_cancelled_by_their_tenant_alone(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let (a, b) = (tenant("a"), tenant("b"));
    let first = jobs
        .insert(&NewJob::new(&a, &Note::new("x")).unwrap())
        .await
        .unwrap();
    let later = NewJob::new(&a, &Note::new("yy"))
        .unwrap()
        .delay(Duration::from_secs(3600));
    let second = jobs.insert(&later).await.unwrap();
    assert!(second > first);

    let all = jobs.list(&a, &JobFilter::all()).await.unwrap();
    assert_eq!(
        all.iter().map(|job| job.id).collect::<Vec<_>>(),
        [first, second]
    );
    assert_eq!(all[0].kind, "test.note");
    assert_eq!(all[0].subject.as_deref(), Some("note:1"));
    assert_eq!(all[0].max_attempts, 3);
    assert_eq!(
        (all[0].state, all[1].state),
        (JobState::Available, JobState::Scheduled)
    );
    let ahead = all[1].scheduled_at.duration_since(all[0].scheduled_at);
    assert!((3590..3700).contains(&ahead.as_secs()), "{ahead}");
    let waiting = JobFilter::all().state(JobState::Scheduled);
    assert_eq!(jobs.list(&a, &waiting).await.unwrap().len(), 1);
    let rest = JobFilter::all().after(first).limit(1);
    assert_eq!(jobs.list(&a, &rest).await.unwrap()[0].id, second);
    let counts = jobs.counts(&a).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 2);

    assert!(jobs.list(&b, &JobFilter::all()).await.unwrap().is_empty());
    assert!(jobs.counts(&b).await.unwrap().is_empty());
    assert!(jobs.find(&b, first).await.unwrap().is_none());
    assert!(!jobs.cancel(&b, first).await.unwrap());
    assert!(jobs.cancel(&a, first).await.unwrap());
    let state = jobs.find(&a, first).await.unwrap().unwrap().state;
    assert_eq!(state, JobState::Cancelled);
}

async fn promise_03_an_enqueue_is_gone_with_its_transaction(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let new = [NewJob::new(&a, &Note::new("x")).unwrap()];
    let mut transaction = backend.store.begin("test").await.unwrap();
    jobs.insert_in(&mut transaction, &new).await.unwrap();
    drop(transaction);
    assert!(jobs.list(&a, &JobFilter::all()).await.unwrap().is_empty());

    let mut transaction = backend.store.begin("test").await.unwrap();
    let ids = jobs.insert_in(&mut transaction, &new).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(jobs.find(&a, ids[0]).await.unwrap().is_some());
}

async fn a_unique_key_finds_the_job_that_is_there(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let (a, b) = (tenant("a"), tenant("b"));
    let new = |tenant, text: &str| {
        NewJob::new(tenant, &Note::new(text))
            .unwrap()
            .unique("contact:1")
    };
    let racing = (0..16).map(|at| {
        let (jobs, job) = (jobs.clone(), new(&a, &format!("t{at}")));
        tokio::spawn(async move { jobs.insert(&job).await.unwrap() })
    });
    let mut ids = Vec::new();
    for one in racing.collect::<Vec<_>>() {
        ids.push(one.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one job, and everybody is told its id");
    assert_ne!(jobs.insert(&new(&b, "x")).await.unwrap(), ids[0]);
    // Twice in one batch, beside one without a key.
    let plain = NewJob::new(&a, &Note::new("x")).unwrap();
    let batch = [new(&a, "1"), plain, new(&a, "2")];
    let inserted = jobs.insert_many(&batch).await.unwrap();
    assert_eq!((inserted[0], inserted[2]), (ids[0], ids[0]));
    assert_ne!(inserted[1], ids[0]);
    // The key is free again once the job has ended.
    assert!(jobs.cancel(&a, ids[0]).await.unwrap());
    assert_ne!(jobs.insert(&new(&a, "x")).await.unwrap(), ids[0]);
}

async fn a_batch_keeps_its_order(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    let batch: Vec<_> = (0..300)
        .map(|at| {
            let job = NewJob::new(&a, &Note::new(&format!("{at}"))).unwrap();
            if at % 3 == 0 {
                job.unique(format!("k{}", at % 30))
            } else {
                job.priority(Priority::Bulk)
            }
        })
        .collect();
    let ids = jobs.insert_many(&batch).await.unwrap();
    assert_eq!(ids.len(), batch.len());
    for (at, id) in ids.iter().enumerate() {
        let job = jobs.find(&a, *id).await.unwrap().unwrap();
        let first = if at % 3 == 0 { at % 30 } else { at };
        assert_eq!(
            job.args,
            format!("{{\"text\":\"{first}\"}}")
                .replace(':', if job.args.contains(": ") { ": " } else { ":" })
        );
    }
    assert!(jobs.insert_many(&[]).await.unwrap().is_empty());
}

async fn rows_are_those_of_the_documented_schema(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let job = NewJob::new(&tenant("acme"), &Note::new("Grüße \"\\ 1e400"))
        .unwrap()
        .priority(Priority::Urgent)
        .queue("lanes")
        .max_attempts(7);
    jobs.insert(&job).await.unwrap();
    let rows = texts(
        &backend,
        "SELECT kind || '|' || queue || '|' || state || '|' || priority || '|' || max_attempts || '|' || attempt \
         || '|' || json_extract(args, '$.text') || '|' || json_extract(metadata, '$.tenant') \
         || '|' || (scheduled_at <= datetime('now', 'subsec')) FROM river_job",
        "SELECT kind || '|' || queue || '|' || state || '|' || priority || '|' || max_attempts || '|' || attempt \
         || '|' || (args ->> 'text') || '|' || (metadata ->> 'tenant') || '|' || (scheduled_at <= now())::int \
         FROM {s}river_job",
    )
    .await;
    assert_eq!(
        rows,
        ["test.note|lanes|available|1|7|0|Grüße \"\\ 1e400|acme|1"]
    );
}

async fn migrators_take_turns(backend: Backend) {
    let mut migrators = Vec::new();
    for _ in 0..4 {
        let store = backend.another().await;
        migrators.push(tokio::spawn(async move { jobs(&store).await }));
    }
    for migrator in migrators {
        let jobs = migrator.await.unwrap();
        let job = NewJob::new(&tenant("a"), &Note::new("x")).unwrap();
        jobs.insert(&job).await.unwrap();
    }
}

async fn what_the_database_would_refuse_is_refused_before(backend: Backend) {
    let jobs = jobs(&backend.store).await;
    let a = tenant("a");
    assert!(NewJob::new(&a, &Note::new("a\0b")).is_err());
    assert!(NewJob::new(&a, &Note::new(&"x".repeat(2_000_000))).is_err());
    let error = jobs
        .insert(
            &NewJob::new(&a, &Note::new("planted-name"))
                .unwrap()
                .queue("No Such"),
        )
        .await
        .unwrap_err();
    assert!(!error.is_retryable());
    assert!(!format!("{error} {error:?}").contains("planted"));
    let new = NewJob::new(&a, &Note::new("planted-name")).unwrap();
    assert!(!format!("{new:?}").contains("planted"));
}
