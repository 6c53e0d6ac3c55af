use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use integrations_core::lease::LeaseStore;
use integrations_store::Store;

use crate::backend::{Backend, on_both_engines, tenant};

const LONG: Duration = Duration::from_secs(60);

on_both_engines!(
    one_owner_at_a_time,
    the_clock_is_the_databases,
    only_the_owner_releases_and_renews,
    promise_06_a_lease_excludes_across_connections,
);

async fn one_owner_at_a_time(backend: Backend) {
    let (a, b) = (tenant("a"), tenant("b"));
    let store = &backend.store;
    let first = store
        .try_acquire(&a, "refresh", "one", LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.fence, 1);
    assert_eq!(
        store.try_acquire(&a, "refresh", "two", LONG).await.unwrap(),
        None
    );
    assert!(
        store
            .try_acquire(&b, "refresh", "two", LONG)
            .await
            .unwrap()
            .is_some(),
        "another tenant's"
    );
    assert!(
        store
            .try_acquire(&a, "other", "two", LONG)
            .await
            .unwrap()
            .is_some()
    );
    assert!(store.release(&first).await.unwrap());
    assert!(!store.release(&first).await.unwrap(), "once");
    let second = store
        .try_acquire(&a, "refresh", "two", LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.fence, 2, "the fence outlives a release");
}

/// The application's clock is far away and does not matter.
async fn the_clock_is_the_databases(backend: Backend) {
    let a = tenant("a");
    backend.clock.set("2001-01-01T00:00:00Z".parse().unwrap());
    let now = backend.database_now().await;
    let lease = backend
        .store
        .try_acquire(&a, "x", "one", LONG)
        .await
        .unwrap()
        .unwrap();
    let wait = lease.expires_at.duration_since(now);
    assert!((59..=65).contains(&wait.as_secs()), "{wait:?}");
    backend.clock.set("2101-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(
        backend
            .store
            .try_acquire(&a, "x", "two", LONG)
            .await
            .unwrap(),
        None
    );
    let short = backend
        .store
        .try_acquire(&a, "y", "one", Duration::from_millis(50))
        .await
        .unwrap()
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        backend.store.renew(&short, LONG).await.unwrap(),
        None,
        "lost"
    );
    let next = backend
        .store
        .try_acquire(&a, "y", "two", LONG)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.fence, short.fence + 1);
}

async fn only_the_owner_releases_and_renews(backend: Backend) {
    let a = tenant("a");
    let store = &backend.store;
    let lease = store
        .try_acquire(&a, "x", "one", LONG)
        .await
        .unwrap()
        .unwrap();
    let mut stolen = lease.clone();
    stolen.owner = "two".into();
    assert!(!store.release(&stolen).await.unwrap());
    assert_eq!(store.renew(&stolen, LONG).await.unwrap(), None);
    let mut old = lease.clone();
    old.fence = 0;
    assert!(!store.release(&old).await.unwrap());
    let mut foreign = lease.clone();
    foreign.tenant = tenant("b");
    assert!(!store.release(&foreign).await.unwrap());
    let renewed = store.renew(&lease, LONG * 2).await.unwrap().unwrap();
    assert!(renewed.expires_at > lease.expires_at);
    assert_eq!(renewed.fence, lease.fence);
    let error = store
        .try_acquire(&a, &"x".repeat(1_000_000), "one", LONG)
        .await
        .unwrap_err();
    assert_eq!(error.fields()[0].path, "/name");
}

/// Many tasks on several stores, each with its own connections: never two at a time, and the fence only grows.
async fn promise_06_a_lease_excludes_across_connections(backend: Backend) {
    let stores: Vec<Store> = vec![
        backend.store.clone(),
        backend.another().await,
        backend.another().await,
    ];
    let busy = Arc::new(AtomicBool::new(false));
    let fence = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for at in 0..24 {
        let store = stores[at % stores.len()].clone();
        let (busy, fence) = (Arc::clone(&busy), Arc::clone(&fence));
        tasks.push(tokio::spawn(async move {
            let a = tenant("a");
            let mut held = 0_u64;
            while held < 3 {
                let owner = format!("task {at} try {held}");
                let Some(lease) = store.try_acquire(&a, "x", &owner, LONG).await.unwrap() else {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    continue;
                };
                assert!(!busy.swap(true, Ordering::SeqCst), "two owners");
                let before = fence.swap(lease.fence, Ordering::SeqCst);
                assert_eq!(lease.fence, before + 1, "the fence grows by one");
                tokio::task::yield_now().await;
                busy.store(false, Ordering::SeqCst);
                assert!(store.release(&lease).await.unwrap());
                held += 1;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(fence.load(Ordering::SeqCst), 72);
}
