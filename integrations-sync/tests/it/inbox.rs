//! The inbox on both engines.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use integrations_core::http::{CannedTransport, HttpContext};
use integrations_core::provider::Providers;
use integrations_core::status::Event as Move;
use integrations_core::vault::{KeyId, KeyRing, Vault, VaultKey};
use integrations_core::{Error, ErrorKind};
use integrations_store::{
    EventFilter, EventStatus, IntegrationManager, Transition, UnmatchedLimits,
};
use integrations_sync::inbox::{Inbox, LaneOutcome, Unmatched};

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};
use crate::support::inbox::{
    Do, Handler, Queue, event, eventually, incoming, incoming_in, insert_all, names,
};

on_both_engines!(
    promise_03_an_answer_comes_after_the_commit_of_event_and_job,
    promise_03_nothing_is_stored_when_its_job_cannot_be,
    promise_04_k_deliveries_have_one_effect,
    promise_04_an_effect_committed_with_its_event_happens_once,
    promise_04_a_crash_between_claim_and_completion_loses_nothing,
    promise_15_what_must_not_wait_is_written_with_its_event,
    promise_12_an_integration_of_another_tenant_gets_nothing,
    promise_14_kept_events_are_drained_in_order_by_the_recovery,
    many_senders_share_commits,
    one_bad_request_does_not_fail_its_neighbours,
    a_full_queue_refuses_at_once,
    lanes_are_parallel_and_each_is_in_order,
    a_failing_head_holds_up_its_lane_alone,
    a_stopping_worker_gives_the_lane_back,
    a_dropped_worker_gives_the_lane_back,
    a_long_lane_gives_way,
    sensitive_payloads_are_sealed_at_rest,
    a_rotation_of_keys_takes_the_payloads_along,
    what_is_nobodys_is_attributed_when_its_integration_appears,
    what_is_nobodys_is_bounded,
    replays_bring_events_back,
    what_is_old_is_purged,
    a_permanent_error_is_a_dead_letter,
);

async fn promise_03_an_answer_comes_after_the_commit_of_event_and_job(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue)).build();
    let other = backend.another().await;
    for n in 0..20 {
        let one = incoming_in(&made, &format!("e{n}"), "contact:1");
        let stored = inbox.store(vec![one]).await.unwrap();
        // Another process looks, and sees what is committed: the event and its job.
        let found = other.events().find(&a, stored[0].id()).await.unwrap();
        assert_eq!(found.unwrap().status, EventStatus::Pending);
        assert_eq!(queue.committed().await, n + 1);
    }
    // A repetition needs no job.
    let again = incoming_in(&made, "e0", "contact:1");
    assert!(inbox.store(vec![again]).await.unwrap()[0].is_duplicate());
    assert_eq!(queue.committed().await, 20);
}

async fn promise_03_nothing_is_stored_when_its_job_cannot_be(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue)).build();
    queue.fail(true);
    let error = inbox.store(vec![incoming(&made, "e1")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!(counts.pending, 0);
    queue.fail(false);
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    assert_eq!(queue.committed().await, 1);
}

async fn promise_04_k_deliveries_have_one_effect(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::ok();
    let mut inboxes = Vec::new();
    for _ in 0..3 {
        let store = backend.another().await;
        let queue = Queue::new(&backend).await;
        inboxes.push(
            Inbox::builder(&store, queue)
                .handler(Arc::clone(&handler))
                .build(),
        );
    }
    let mut deliveries = Vec::new();
    for n in 0..20 {
        for inbox in &inboxes {
            let (inbox, one) = (inbox.clone(), incoming(&made, &format!("e{}", n % 5)));
            deliveries.push(tokio::spawn(async move { inbox.store(vec![one]).await }));
        }
    }
    for delivery in deliveries {
        delivery.await.unwrap().unwrap();
    }
    let drains = inboxes.iter().map(|inbox| {
        let inbox = inbox.clone();
        tokio::spawn(async move { inbox.drain().await.unwrap().done })
    });
    for drain in drains.collect::<Vec<_>>() {
        drain.await.unwrap();
    }
    inboxes[0].drain().await.unwrap();
    let mut seen = handler.names();
    seen.sort();
    assert_eq!(seen, ["e0", "e1", "e2", "e3", "e4"]);
}

async fn promise_04_an_effect_committed_with_its_event_happens_once(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    // The first attempt rolls back, the second commits and fails afterwards.
    let handler = Handler::new(|delivery| match delivery.attempt {
        1 => Do::EffectWithoutCommit,
        _ => Do::EffectThen(Err(Error::new(ErrorKind::Server, "after the commit"))),
    });
    handler.keeps(&backend.store);
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .handler(Arc::clone(&handler))
        .first_retry(Duration::ZERO)
        .build();
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    let drained = inbox.drain().await.unwrap();
    assert_eq!((drained.done, drained.retried), (1, 1), "{drained:?}");
    assert_eq!(queue.effects().await, 1);
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!((counts.done, counts.pending), (1, 0));
}

async fn promise_04_a_crash_between_claim_and_completion_loses_nothing(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    // As a killed process: nothing of it runs any more, and nothing is given back.
    let dying = Inbox::builder(&backend.another().await, Arc::clone(&queue))
        .handler(Handler::new(|_| Do::Hang))
        .lease(Duration::from_millis(300))
        .build();
    dying
        .store(vec![incoming(&made, "e1"), incoming(&made, "e2")])
        .await
        .unwrap();
    let (kill, killed) = std::sync::mpsc::channel::<()>();
    let process = std::thread::spawn({
        let dying = dying.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.spawn(async move { dying.drain().await });
            killed.recv().unwrap();
            runtime.shutdown_background();
        }
    });
    eventually("it is at it", async || {
        let counts = backend.store.events().counts(&a, None).await.unwrap();
        counts.processing == 1
    })
    .await;
    kill.send(()).unwrap();
    tokio::task::spawn_blocking(move || process.join().unwrap())
        .await
        .unwrap();
    let handler = Handler::ok();
    let next = Inbox::builder(&backend.store, queue)
        .handler(Arc::clone(&handler))
        .build();
    eventually("both are handled", async || {
        next.drain().await.unwrap();
        handler.names().len() == 2
    })
    .await;
    assert_eq!(handler.names(), ["e1", "e2"]);
}

async fn promise_12_an_integration_of_another_tenant_gets_nothing(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue).build();
    let mut foreign = made.clone();
    foreign.tenant = b.clone();
    let error = inbox.store(vec![incoming(&foreign, "e1")]).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
    let id = inbox.store(vec![incoming(&made, "e1")]).await.unwrap()[0].id();
    for error in [
        inbox.replay(&b, id).await.unwrap_err(),
        inbox.payload(&b, id).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let all = EventFilter::all();
    assert_eq!(inbox.replay_all(&b, &all).await.unwrap(), 0);
    let counts = backend.store.events().counts(&b, None).await.unwrap();
    assert_eq!(counts, Default::default());
}

async fn promise_14_kept_events_are_drained_in_order_by_the_recovery(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let handler = Handler::ok();
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .handler(Arc::clone(&handler))
        .build();
    inbox.store(vec![incoming(&made, "e0")]).await.unwrap();
    let integrations = backend.store.integrations();
    let moves = async |event| {
        let transition = Transition::new(event, ACTOR);
        integrations
            .transition(&a, made.id, &transition)
            .await
            .unwrap();
    };
    moves(Move::Failed).await;
    let jobs = queue.committed().await;
    for n in 1..5 {
        inbox
            .store(vec![incoming(&made, &format!("e{n}"))])
            .await
            .unwrap();
    }
    assert_eq!(queue.committed().await, jobs, "nobody is woken for nothing");
    assert_eq!(inbox.sweep().await.unwrap().lanes, 0);
    assert_eq!(inbox.drain().await.unwrap().done, 0);
    moves(Move::Succeeded).await;
    assert_eq!(inbox.sweep().await.unwrap().lanes, 1, "it is told");
    assert_eq!(queue.committed().await, jobs + 1);
    inbox.store(vec![incoming(&made, "e5")]).await.unwrap();
    inbox.drain().await.unwrap();
    assert_eq!(handler.names(), ["e0", "e1", "e2", "e3", "e4", "e5"]);
}

async fn many_senders_share_commits(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue)).build();
    let mut senders = Vec::new();
    for n in 0..400 {
        let (inbox, one) = (inbox.clone(), incoming(&made, &format!("e{n}")));
        senders.push(tokio::spawn(async move { inbox.store(vec![one]).await }));
    }
    let mut ids = HashSet::new();
    for sender in senders {
        ids.insert(sender.await.unwrap().unwrap()[0].id());
    }
    assert_eq!(ids.len(), 400);
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!(counts.pending, 400);
    let commits = queue.calls();
    assert!(commits < 100, "{commits} commits for 400 requests");
}

async fn one_bad_request_does_not_fail_its_neighbours(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    queue.refuses("poison");
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue)).build();
    let mut gone = made.clone();
    gone.id = integrations_core::IntegrationId::new();
    let mut senders = Vec::new();
    for n in 0..60 {
        // One names an integration that is gone, one breaks the transaction it is in.
        let one = match n {
            17 => incoming(&gone, "gone"),
            29 => incoming_in(&made, "bad", "poison"),
            _ => incoming(&made, &format!("e{n}")),
        };
        let inbox = inbox.clone();
        senders.push(tokio::spawn(async move { inbox.store(vec![one]).await }));
    }
    let mut failed = Vec::new();
    for (n, sender) in senders.into_iter().enumerate() {
        if let Err(error) = sender.await.unwrap() {
            failed.push((n, error.kind()));
        }
    }
    assert_eq!(
        failed,
        [(17, ErrorKind::NotFound), (29, ErrorKind::Other)],
        "only those two"
    );
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!(counts.pending, 58);
    let long = inbox.store(vec![incoming(&made, &"x".repeat(600))]).await;
    assert_eq!(long.unwrap_err().kind(), ErrorKind::Validation);
}

async fn a_full_queue_refuses_at_once(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .queued_events(3)
        .queued_bytes(4096)
        .build();
    queue.close_gate();
    let waiting: Vec<_> = (0..3)
        .map(|n| {
            let (inbox, one) = (inbox.clone(), incoming(&made, &format!("e{n}")));
            tokio::spawn(async move { inbox.store(vec![one]).await })
        })
        .collect();
    eventually("they wait", async || queue.calls() > 0).await;
    eventually("the next is refused", async || {
        let refused = tokio::time::timeout(
            Duration::from_millis(500),
            inbox.store(vec![incoming(&made, "e3")]),
        );
        // Not refused yet: it waits with the others, and was dropped.
        refused
            .await
            .is_ok_and(|refused| refused.unwrap_err().code() == Some("inbox_full"))
    })
    .await;
    queue.open_gate();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    let large = event("large", "x".repeat(5000));
    let large = integrations_sync::inbox::Incoming::new(a.clone(), made.id, large, "large".into());
    let error = inbox.store(vec![large]).await.unwrap_err();
    assert_eq!(error.code(), Some("inbox_full"));
    assert!(error.is_retryable());
    inbox.store(vec![incoming(&made, "e4")]).await.unwrap();
}

async fn lanes_are_parallel_and_each_is_in_order(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::new(|_| Do::Wait);
    let mut inboxes = Vec::new();
    for _ in 0..2 {
        let store = backend.another().await;
        let queue = Queue::new(&backend).await;
        let inbox = Inbox::builder(&store, queue).handler(Arc::clone(&handler));
        inboxes.push(inbox.build());
    }
    for n in 0..10 {
        let batch = (0..6)
            .map(|lane| incoming_in(&made, &format!("{lane}-{n:02}"), &format!("contact:{lane}")))
            .collect();
        inboxes[n % 2].store(batch).await.unwrap();
    }
    let drains = inboxes.iter().map(|inbox| {
        let inbox = inbox.clone();
        tokio::spawn(async move { inbox.drain().await.unwrap() })
    });
    let drains: Vec<_> = drains.collect();
    eventually("all lanes at once", async || handler.active() == 6).await;
    handler.gate.add_permits(60);
    for drain in drains {
        drain.await.unwrap();
    }
    inboxes[0].drain().await.unwrap();
    assert_eq!(handler.overlaps(), 0, "one at a time in a lane");
    let seen = handler.names();
    assert_eq!(seen.len(), 60);
    for lane in 0..6 {
        let own = names(&seen, &format!("{lane}-"));
        assert!(own.len() == 10 && own.is_sorted(), "{own:?}");
    }
}

async fn a_failing_head_holds_up_its_lane_alone(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let first = AtomicBool::new(true);
    let handler = Handler::new(move |delivery| match delivery.event.id() {
        Some("1-a") if first.swap(false, Ordering::SeqCst) => {
            let later = Error::new(ErrorKind::RateLimited, "later");
            Do::Return(Err(later.with_retry_after(Duration::from_secs(100))))
        }
        _ => Do::Return(Ok(())),
    });
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue)
        .handler(Arc::clone(&handler))
        .build();
    let batch = ["1-a", "1-b", "2-a"]
        .map(|id| incoming_in(&made, id, &format!("contact:{}", &id[..1])))
        .into();
    let stored = inbox.store(batch).await.unwrap();
    let first = backend.store.events().find(&a, stored[0].id()).await;
    let lane = first.unwrap().unwrap().lane;
    let outcome = inbox.work_lane(&a, &lane, std::future::pending()).await;
    let LaneOutcome::Again(wait) = outcome.unwrap() else {
        panic!("it wants to come back");
    };
    assert!(wait > Duration::from_secs(90), "{wait:?}");
    // Whoever else comes has nothing to wait for.
    let outcome = inbox.work_lane(&a, &lane, std::future::pending()).await;
    assert_eq!(outcome.unwrap(), LaneOutcome::Done);
    inbox.drain().await.unwrap();
    assert_eq!(handler.names(), ["1-a", "2-a"]);
    let waiting = EventFilter::all().status(EventStatus::Pending);
    assert_eq!(inbox.replay_all(&a, &waiting).await.unwrap(), 2, "now");
    inbox.drain().await.unwrap();
    assert_eq!(
        handler.names(),
        ["1-a", "2-a", "1-a", "1-b"].map(String::from)
    );
}

async fn a_stopping_worker_gives_the_lane_back(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::new(|_| Do::Wait);
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue)
        .handler(Arc::clone(&handler))
        .build();
    let batch = ["e1", "e2"].map(|id| incoming(&made, id)).into();
    let stored = inbox.store(batch).await.unwrap();
    let first = backend.store.events().find(&a, stored[0].id()).await;
    let lane = first.unwrap().unwrap().lane;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn({
        let (inbox, a, lane) = (inbox.clone(), a.clone(), lane.clone());
        async move {
            let stopped = async { drop(stopped.await) };
            inbox.work_lane(&a, &lane, stopped).await
        }
    });
    eventually("one runs", async || handler.active() == 1).await;
    stop.send(()).unwrap();
    handler.gate.add_permits(10);
    let outcome = working.await.unwrap().unwrap();
    assert_eq!(outcome, LaneOutcome::Again(Duration::ZERO));
    assert_eq!(handler.names(), ["e1"], "what runs is finished, no more");
    inbox.drain().await.unwrap();
    assert_eq!(handler.names(), ["e1", "e2"]);
    assert!(handler.attempts().iter().all(|attempt| *attempt == 1));
}

async fn a_dropped_worker_gives_the_lane_back(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::new(|_| Do::Wait);
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue)
        .handler(Arc::clone(&handler))
        .build();
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    let working = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.drain().await }
    });
    eventually("one runs", async || handler.active() == 1).await;
    working.abort();
    eventually("it is dropped", async || handler.active() == 0).await;
    eventually("the event waits again", async || {
        let counts = backend.store.events().counts(&a, None).await.unwrap();
        counts.pending == 1
    })
    .await;
    handler.gate.add_permits(1);
    eventually("somebody else has it", async || {
        inbox.drain().await.unwrap().done == 1
    })
    .await;
    assert_eq!(handler.attempts(), [1, 1], "an interruption is no attempt");
}

async fn a_long_lane_gives_way(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::ok();
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue)
        .handler(Arc::clone(&handler))
        .slice(Duration::ZERO)
        .build();
    let stored = insert_all(&inbox, &made, &["e1", "e2", "e3"]).await;
    let first = backend.store.events().find(&a, stored[0]).await;
    let lane = first.unwrap().unwrap().lane;
    let outcome = inbox.work_lane(&a, &lane, std::future::pending()).await;
    assert_eq!(outcome.unwrap(), LaneOutcome::Again(Duration::ZERO));
    assert!(handler.names().len() < 3);
}

async fn sensitive_payloads_are_sealed_at_rest(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::ok();
    let vault = Vault::new(KeyRing::generate().unwrap());
    let queue = Queue::new(&backend).await;
    let build = |vault: Option<&Vault>| {
        let inbox = Inbox::builder(&backend.store, Arc::clone(&queue));
        let inbox = match vault {
            Some(vault) => inbox.vault(vault),
            None => inbox,
        };
        inbox
            .handler(Arc::clone(&handler))
            .first_retry(Duration::ZERO)
            .max_attempts(2)
            .build()
    };
    let secret = || incoming(&made, "e1").sensitive(true);
    let error = build(None).store(vec![secret()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "never in the clear");
    let inbox = build(Some(&vault));
    let id = inbox.store(vec![secret()]).await.unwrap()[0].id();
    let stored = backend.store.events().find(&a, id).await.unwrap().unwrap();
    assert!(stored.sealed);
    let text = String::from_utf8_lossy(stored.event.payload()).into_owned();
    assert!(
        text.starts_with("v1.") && !text.contains("\"id\""),
        "{text}"
    );
    assert_eq!(inbox.payload(&a, id).await.unwrap(), "{\"id\":\"e1\"}");
    // Another key does not open it: nobody is handed the sealed text.
    let stranger = Vault::new(KeyRing::generate().unwrap());
    let drained = build(Some(&stranger)).drain().await.unwrap();
    assert_eq!((drained.done, drained.failed), (0, 1));
    assert!(handler.names().is_empty());
    inbox.replay(&a, id).await.unwrap();
    assert_eq!(inbox.drain().await.unwrap().done, 1);
    assert_eq!(handler.payloads(), ["{\"id\":\"e1\"}"]);
}

async fn a_rotation_of_keys_takes_the_payloads_along(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::ok();
    let (old, new) = (VaultKey::generate().unwrap(), VaultKey::generate().unwrap());
    let ids: [KeyId; 2] = ["old", "new"].map(|id| id.parse().unwrap());
    let ring = |keys: &[(usize, &VaultKey)]| {
        let copy = |key: &VaultKey| VaultKey::from_bytes(key.expose_bytes()).unwrap();
        let keys = keys.iter().map(|(at, key)| (ids[*at].clone(), copy(key)));
        Vault::new(KeyRing::new(keys).unwrap())
    };
    let queue = Queue::new(&backend).await;
    let build = |vault: &Vault| {
        let inbox = Inbox::builder(&backend.store, Arc::clone(&queue)).vault(vault);
        inbox.handler(Arc::clone(&handler)).build()
    };
    let before = build(&ring(&[(0, &old)]));
    let one = incoming(&made, "e1").sensitive(true);
    before.store(vec![one]).await.unwrap();
    let one = nobodys("L2", "e2").sensitive(true);
    before.keep_unmatched(vec![one]).await.unwrap();
    let manager = IntegrationManager::builder(
        backend.store.clone(),
        ring(&[(1, &new), (0, &old)]),
        Providers::new(),
        HttpContext::builder()
            .transport(CannedTransport::new())
            .build()
            .unwrap(),
    );
    let rotated = manager.build().rotate_keys().await.unwrap();
    assert_eq!((rotated.rewrapped, rotated.failed.len()), (2, 0));
    // The old key leaves the ring.
    let after = build(&ring(&[(1, &new)]));
    backend.active(&tenant("b"), "L2").await;
    assert_eq!(after.sweep().await.unwrap().attributed, 1);
    assert_eq!(after.drain().await.unwrap().done, 2);
    let mut seen = handler.payloads();
    seen.sort();
    assert_eq!(seen, ["{\"id\":\"e1\"}", "{\"id\":\"e2\"}"]);
}

fn nobodys(key: &str, id: &str) -> Unmatched {
    let one = event(id, format!("{{\"id\":\"{id}\"}}"));
    Unmatched::new(key.into(), one, id.into()).order_key(Some("contact:1".to_owned()))
}

async fn what_is_nobodys_is_attributed_when_its_integration_appears(backend: Backend) {
    let vault = Vault::new(KeyRing::generate().unwrap());
    let handler = Handler::ok();
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .vault(&vault)
        .handler(Arc::clone(&handler))
        .build();
    for id in ["e1", "e2", "e1"] {
        let one = nobodys("L1", id).sensitive(true);
        inbox.keep_unmatched(vec![one]).await.unwrap();
    }
    inbox
        .keep_unmatched(vec![nobodys("L2", "e3")])
        .await
        .unwrap();
    assert_eq!(inbox.sweep().await.unwrap().attributed, 0);
    let counts = backend.store.deployment().unmatched_counts().await;
    let counts: Vec<u64> = counts.unwrap().into_iter().map(|one| one.2).collect();
    assert_eq!(counts, [2, 1], "once each");
    // Two tenants have the account: each gets its own.
    let (a, b) = (tenant("a"), tenant("b"));
    backend.active(&a, "L1").await;
    backend.active(&b, "L1").await;
    let swept = inbox.sweep().await.unwrap();
    assert_eq!(swept.attributed, 4);
    assert_eq!(queue.committed().await, 2, "one lane each");
    inbox.drain().await.unwrap();
    assert_eq!(handler.names().len(), 4);
    for of in [&a, &b] {
        let all = backend.store.events().list(of, &EventFilter::all()).await;
        let all = all.unwrap();
        let ids: Vec<_> = all.iter().map(|one| one.event.id().unwrap()).collect();
        assert_eq!(ids, ["e1", "e2"], "in order of arrival");
        assert!(all.iter().all(|one| one.sealed), "sealed for its tenant");
    }
    assert!(
        handler
            .payloads()
            .iter()
            .all(|one| one.starts_with("{\"id\""))
    );
    assert_eq!(inbox.sweep().await.unwrap().attributed, 0);
}

async fn what_is_nobodys_is_bounded(backend: Backend) {
    let mut limits = UnmatchedLimits::default();
    (limits.per_key, limits.total) = (3, 5);
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue)
        .unmatched(limits)
        .build();
    for key in ["L1", "L2"] {
        for n in 0..2 {
            let batch = (0..5).map(|m| nobodys(key, &format!("{key}-{n}-{m}")));
            inbox.keep_unmatched(batch.collect()).await.unwrap();
        }
    }
    let counts = backend.store.deployment().unmatched_counts().await;
    let counts: Vec<u64> = counts.unwrap().into_iter().map(|one| one.2).collect();
    assert_eq!(counts, [3, 2]);
}

async fn replays_bring_events_back(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::ok();
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .handler(Arc::clone(&handler))
        .build();
    let ids = insert_all(&inbox, &made, &["e1", "e2", "e3"]).await;
    inbox.drain().await.unwrap();
    let jobs = queue.committed().await;
    inbox.replay(&a, ids[1]).await.unwrap();
    assert_eq!(queue.committed().await, jobs + 1);
    inbox.drain().await.unwrap();
    assert_eq!(inbox.replay_all(&a, &EventFilter::all()).await.unwrap(), 3);
    inbox.drain().await.unwrap();
    let seen = handler.names();
    assert_eq!(seen[3..], ["e2", "e1", "e2", "e3"].map(String::from));
}

async fn what_is_old_is_purged(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let build = |keep: Duration| {
        Inbox::builder(&backend.store, Arc::clone(&queue))
            .handler(Handler::ok())
            .retention(keep)
            .unmatched_retention(keep)
            .build()
    };
    let inbox = build(Duration::from_secs(3600));
    insert_all(&inbox, &made, &["e1", "e2"]).await;
    inbox
        .keep_unmatched(vec![nobodys("L2", "e3")])
        .await
        .unwrap();
    inbox.drain().await.unwrap();
    insert_all(&inbox, &made, &["e4"]).await;
    assert_eq!(inbox.purge().await.unwrap(), Default::default());
    let purged = build(Duration::ZERO).purge().await.unwrap();
    assert_eq!((purged.events, purged.unmatched), (2, 1));
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert_eq!((counts.pending, counts.done), (1, 0), "only what is done");
}

async fn a_permanent_error_is_a_dead_letter(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let handler = Handler::new(|delivery| match delivery.attempt {
        1 if delivery.event.id() == Some("e1") => Do::Return(Err(Error::new(
            ErrorKind::Validation,
            "the stage does not exist",
        ))),
        _ => Do::Return(Ok(())),
    });
    let queue = Queue::new(&backend).await;
    let inbox = Inbox::builder(&backend.store, queue)
        .handler(Arc::clone(&handler))
        .build();
    insert_all(&inbox, &made, &["e1", "e2"]).await;
    let drained = inbox.drain().await.unwrap();
    assert_eq!((drained.done, drained.failed), (1, 1), "the lane goes on");
    let letters = backend.store.dead_letters();
    let open = integrations_store::DeadLetterFilter::open();
    let letter = letters.list(&a, &open).await.unwrap().remove(0);
    assert_eq!(letter.cause, "validation");
    assert!(letter.message.ends_with("the stage does not exist"));
    let foreign = inbox.replay_letter(&tenant("b"), letter.id).await;
    assert_eq!(foreign.unwrap_err().kind(), ErrorKind::NotFound);
    letters.drop_letter(&a, letter.id).await.unwrap();
    let closed = inbox.replay_letter(&a, letter.id).await;
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Takes each event for a STOP, and counts them.
#[derive(Debug)]
struct Stops {
    store: integrations_store::Store,
    fail: AtomicBool,
    told: std::sync::atomic::AtomicU64,
}

#[async_trait::async_trait]
impl integrations_sync::inbox::Arrival for Stops {
    async fn arrived(
        &self,
        transaction: &mut integrations_store::Transaction,
        tenant: &integrations_core::TenantId,
        _: integrations_core::IntegrationId,
        event: &integrations_core::webhook::Event,
    ) -> integrations_core::Result<()> {
        assert!(!event.payload().is_empty());
        self.told.fetch_add(1, Ordering::SeqCst);
        let phone = integrations_core::phone::PhoneNumber::from_e164("+12025550123")?;
        let source = integrations_store::OptOutSource::new("test");
        let word = integrations_store::OptOutWord::stop(&phone, None, source);
        let opt_outs = self.store.opt_outs();
        opt_outs.note_in(transaction, tenant, &[word]).await?;
        if self.fail.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Store, "not now").with_retryable(true));
        }
        Ok(())
    }
}

async fn promise_15_what_must_not_wait_is_written_with_its_event(backend: Backend) {
    let a = tenant("a");
    let made = backend.active(&a, "L1").await;
    let queue = Queue::new(&backend).await;
    let stops = Arc::new(Stops {
        store: backend.store.clone(),
        fail: AtomicBool::new(true),
        told: std::sync::atomic::AtomicU64::new(0),
    });
    // Nobody handles anything here.
    let inbox = Inbox::builder(&backend.store, Arc::clone(&queue))
        .at_arrival(Arc::clone(&stops))
        .build();
    let other = backend.another().await;
    let blocked = async || {
        let phone = integrations_core::phone::PhoneNumber::from_e164("+12025550123").unwrap();
        let sms = integrations_core::model::Channel::Sms;
        other.opt_outs().blocks(&a, &sms, &phone).await.unwrap()
    };
    // Both or neither.
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap_err();
    let counts = backend.store.events().counts(&a, None).await.unwrap();
    assert!(counts.pending == 0 && !blocked().await);
    stops.fail.store(false, Ordering::SeqCst);
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    assert!(blocked().await, "from the moment of the answer");
    assert_eq!(stops.told.load(Ordering::SeqCst), 2);
    // A repetition says nothing new.
    inbox.store(vec![incoming(&made, "e1")]).await.unwrap();
    assert_eq!(stops.told.load(Ordering::SeqCst), 2);
}
