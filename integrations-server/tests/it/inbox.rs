//! Order, parallel work, wake-ups and the end of the inbox.

use std::sync::Arc;
use std::time::Duration;

use integrations_core::webhook::Secrets;
use integrations_server::{Inbox, InboxHandle, Webhooks};
use integrations_store::EventStatus;

use crate::house::{Connected, House, SECRET_A, bodies, body, eventually, mounted, signed, status};
use crate::recorder::{Do, Recorder};

const HOUR: Duration = Duration::from_secs(3600);

/// `count` accounts, `A0` and so on, each with a tenant of its own.
async fn accounts(house: &House, count: usize) -> Vec<Connected> {
    let mut made = Vec::new();
    for n in 0..count {
        let (tenant, account) = (format!("tenant-{n}"), format!("A{n}"));
        let account = house.active(&tenant, "acme", &account).await;
        house.keys.set(&account, Secrets::one(SECRET_A));
        made.push(account);
    }
    made
}

async fn deliver(webhooks: &Webhooks, sent: &str) {
    let sent = signed("/hooks/acme", SECRET_A, sent);
    assert_eq!(status(&mounted(webhooks), sent).await, 200);
}

/// Looks by itself only once in an hour.
fn start(webhooks: &Webhooks, handler: &Arc<Recorder>) -> InboxHandle {
    let inbox = Inbox::builder(webhooks, Arc::clone(handler));
    inbox.poll_interval(HOUR).build().start()
}

async fn count(house: &House, of: &Connected, status: EventStatus) -> usize {
    let stored = house.events(of).await;
    stored.iter().filter(|one| one.status == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_integration_in_order_several_at_once() {
    let house = House::new().await;
    let accounts = accounts(&house, 6).await;
    let webhooks = house.webhooks();
    for batch in 0..5 {
        for n in 0..accounts.len() {
            let ids: Vec<_> = (0..8)
                .map(|i| format!("A{n}-{:02}", batch * 8 + i))
                .collect();
            let events: Vec<_> = ids.iter().map(|id| (id.as_str(), "x")).collect();
            deliver(&webhooks, &bodies(&format!("A{n}"), &events)).await;
        }
    }
    let handler = Recorder::new(|_| Do::Wait);
    let inbox = Inbox::builder(&webhooks, Arc::clone(&handler)).build();
    let open = async {
        eventually("four at once", async || handler.active() == 4).await;
        handler.gate.add_permits(1000);
    };
    let (drained, ()) = tokio::join!(inbox.drain(), open);
    assert_eq!(drained.unwrap().done, 240);
    assert_eq!(handler.overlaps(), 0);
    let names = handler.names();
    for n in 0..accounts.len() {
        let own: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with(&format!("A{n}-")))
            .collect();
        assert_eq!(own.len(), 40);
        assert!(own.is_sorted(), "{own:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrency_of_one_is_one_at_a_time() {
    let house = House::new().await;
    accounts(&house, 3).await;
    let webhooks = house.webhooks();
    let handler = Recorder::new(|_| Do::Wait);
    for n in 0..3 {
        deliver(&webhooks, &body(&format!("A{n}"), &format!("e{n}"))).await;
    }
    let inbox = Inbox::builder(&webhooks, Arc::clone(&handler)).concurrency(1);
    let handle = inbox.build().start();
    for n in 0..3 {
        eventually("the next", async || handler.active() == 1).await;
        assert_eq!(handler.begun().len(), n + 1);
        handler.gate.add_permits(1);
        eventually("it ends", async || handler.done() == n + 1).await;
    }
    handle.stop().await;
    assert_eq!(handler.names(), ["e0", "e1", "e2"], "the oldest first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wake_up_is_lost() {
    let house = House::new().await;
    house.acme().await;
    let webhooks = house.webhooks();
    let handler = Recorder::ok();
    let handle = start(&webhooks, &handler);
    for n in 0..200 {
        deliver(&webhooks, &body("A1", &format!("e{n}"))).await;
        if n % 3 == 0 {
            eventually("it is handled at once", async || handler.done() == n + 1).await;
        }
    }
    eventually("all are handled", async || handler.done() == 200).await;
    handle.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_integration_does_not_hold_up_the_others() {
    let house = House::new().await;
    let accounts = accounts(&house, 2).await;
    let webhooks = house.webhooks();
    let slow = accounts[0].id;
    let handler = Recorder::new(move |delivery| match delivery.integration == slow {
        true => Do::Wait,
        false => Do::Return(Ok(())),
    });
    let handle = start(&webhooks, &handler);
    // More than the inbox takes at once would fill it; this leaves room.
    for n in 0..10 {
        deliver(&webhooks, &body("A0", &format!("slow{n}"))).await;
    }
    eventually("the slow one runs", async || handler.active() == 1).await;
    for n in 0..50 {
        deliver(&webhooks, &body("A1", &format!("e{n}"))).await;
        eventually("the other is handled", async || handler.done() == n + 1).await;
    }
    assert_eq!(handler.active(), 1);
    handler.gate.add_permits(10);
    eventually("all are handled", async || handler.done() == 60).await;
    handle.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_what_runs_and_gives_back_the_rest() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    let handler = Recorder::new(|_| Do::Wait);
    for n in 0..5 {
        deliver(&webhooks, &body("A1", &format!("e{n}"))).await;
    }
    let handle = start(&webhooks, &handler);
    eventually("one runs", async || handler.active() == 1).await;
    let stopping = tokio::spawn(handle.stop());
    deliver(&webhooks, &body("A1", "e5")).await;
    assert!(!stopping.is_finished(), "it waits for what runs");
    handler.gate.add_permits(100);
    stopping.await.unwrap();
    let stored = house.events(&acme).await;
    let done = count(&house, &acme, EventStatus::Done).await;
    assert_eq!((done, handler.done()), (1, 1));
    for event in &stored[1..] {
        assert_eq!((event.status, event.attempts), (EventStatus::Pending, 0));
    }
    let next = Inbox::builder(&webhooks, Arc::clone(&handler)).build();
    assert_eq!(next.drain().await.unwrap().done, 5);
    assert_eq!(handler.names(), ["e0", "e1", "e2", "e3", "e4", "e5"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_handle_leaves_it_running() {
    let house = House::new().await;
    house.acme().await;
    let webhooks = house.webhooks();
    let handler = Recorder::ok();
    drop(start(&webhooks, &handler));
    for n in 1..=3 {
        deliver(&webhooks, &body("A1", &format!("e{n}"))).await;
        eventually("it is handled", async || handler.done() == n).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_larger_than_the_batch_is_drained() {
    let house = House::new().await;
    let accounts = accounts(&house, 3).await;
    let webhooks = house.webhooks();
    for n in 0..3 {
        let ids: Vec<_> = (0..100).map(|i| format!("A{n}-{i:03}")).collect();
        let events: Vec<_> = ids.iter().map(|id| (id.as_str(), "x")).collect();
        deliver(&webhooks, &bodies(&format!("A{n}"), &events)).await;
    }
    for batch in [1, 2, 7] {
        let handler = Recorder::ok();
        let inbox = Inbox::builder(&webhooks, Arc::clone(&handler)).batch(batch);
        let inbox = inbox.build();
        let drained = inbox.drain().await.unwrap();
        assert_eq!(drained.done, if batch == 1 { 300 } else { 0 });
        assert_eq!(inbox.drain().await.unwrap().done, 0);
    }
    for account in &accounts {
        assert_eq!(count(&house, account, EventStatus::Done).await, 100);
    }
}
