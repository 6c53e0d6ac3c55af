use std::time::Duration;

use integrations_core::http::{LimitClass, LimitKey};
use integrations_store::{Report, Store};
use uuid::Uuid;

use crate::backend::{Backend, on_both_engines};

on_both_engines!(
    places_are_given_out_once,
    budgets_that_need_a_look_are_found,
    idle_budgets_are_forgotten,
    bad_keys_are_refused,
);

const CLASS: LimitClass = LimitClass {
    name: "burst",
    max: 100,
    per: Duration::from_secs(60),
};

fn key(subject: &str) -> LimitKey {
    LimitKey::new("gohighlevel", subject, CLASS.name)
}

fn ask(subject: &str, want: u32) -> Report {
    let mut report = Report::new(key(subject), CLASS, Uuid::now_v7());
    report.want = [0, want, 0];
    report
}

/// Many at once, over several stores and keys, each in an order of its own: no place twice, and no deadlock.
async fn places_are_given_out_once(backend: Backend) {
    let stores: Vec<Store> = vec![
        backend.store.clone(),
        backend.another().await,
        backend.another().await,
    ];
    let tasks: Vec<_> = (0..24)
        .map(|at| {
            let store = stores[at % stores.len()].clone();
            tokio::spawn(async move {
                let mut reports = [ask("a", 10), ask("b", 3)];
                if at % 2 == 0 {
                    reports.reverse();
                }
                let granted = store.budgets().exchange(&reports).await.unwrap();
                let mut got = granted.iter().zip(&reports).map(|(granted, report)| {
                    let count: u32 = granted.places.iter().map(|(count, _)| count).sum();
                    (report.key.subject.to_string(), count)
                });
                let mut got: Vec<_> = [got.next().unwrap(), got.next().unwrap()].into();
                got.sort();
                (got[0].1, got[1].1)
            })
        })
        .collect();
    let (mut of_a, mut of_b) = (0, 0);
    for task in tasks {
        let (a, b) = task.await.unwrap();
        of_a += a;
        of_b += b;
    }
    assert!(of_a <= 100 && of_b <= 100, "{of_a} {of_b}");
    for (subject, out) in [("a", of_a), ("b", of_b)] {
        let stored = backend.store.budgets().get(&key(subject)).await.unwrap();
        let budget = stored.unwrap().budget;
        assert_eq!(budget.places(), 100);
        assert_eq!(budget.pool(), u64::from(100 - out));
    }
}

async fn budgets_that_need_a_look_are_found(backend: Backend) {
    let budgets = backend.store.budgets();
    let exchange = async |report: Report| budgets.exchange(&[report]).await.unwrap().remove(0);
    let mut first = ask("a", 100);
    let granted = exchange(first.clone()).await;
    assert_eq!(granted.places, [(100, Duration::ZERO)]);
    assert!(budgets.wanted().await.unwrap().is_empty(), "all is well");
    assert!(exchange(ask("a", 100)).await.places.is_empty());
    let wanted = backend.another().await.budgets().wanted().await.unwrap();
    assert_eq!(wanted.len(), 1);
    assert_eq!(
        (&*wanted[0].provider, &*wanted[0].subject, &*wanted[0].class),
        ("gohighlevel", "a", "burst")
    );
    let shares = wanted[0].budget.shares(wanted[0].now);
    assert_eq!((shares.due, shares.missing), (vec![50, 50], 50));
    // A refusal is news for all.
    first.key = key("b");
    first.blocked = Some(Duration::from_secs(5));
    exchange(first).await;
    assert_eq!(budgets.wanted().await.unwrap().len(), 2);
}

async fn idle_budgets_are_forgotten(backend: Backend) {
    let budgets = backend.store.budgets();
    let mut held = ask("held", 1);
    held.lease = Duration::from_secs(60);
    budgets.exchange(&[ask("idle", 0), held]).await.unwrap();
    assert_eq!(budgets.purge(Duration::from_secs(60)).await.unwrap(), 0);
    // The database may tell whole milliseconds.
    tokio::time::sleep(Duration::from_millis(3)).await;
    assert_eq!(budgets.purge(Duration::ZERO).await.unwrap(), 1);
    assert!(budgets.get(&key("idle")).await.unwrap().is_none());
    assert!(budgets.get(&key("held")).await.unwrap().is_some());
}

async fn bad_keys_are_refused(backend: Backend) {
    let error = backend
        .store
        .budgets()
        .exchange(&[ask("good", 1), ask("a\0b", 1)])
        .await
        .unwrap_err();
    assert_eq!(error.fields()[0].path, "/subject");
    let budgets = backend.store.budgets();
    assert!(
        budgets.get(&key("good")).await.unwrap().is_none(),
        "all or nothing"
    );
}
