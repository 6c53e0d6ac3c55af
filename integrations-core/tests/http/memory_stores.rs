//! The stores in memory keep the contracts of their traits.

use std::time::Duration;

use integrations_core::lease::LeaseStore;
use integrations_core::oauth::{
    MemoryLeaseStore, MemoryStateStore, MemoryTokenStore, PendingAuthorization, StateStore,
    TokenKey, TokenSet, TokenStore,
};
use integrations_core::{Clock, IntegrationId, TenantId};
use jiff::SignedDuration;

use crate::support::RuntimeClock;

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_lease_has_one_owner_and_its_fence_grows() {
    let leases = MemoryLeaseStore::with_clock(RuntimeClock::start());
    let (acme, ttl) = (tenant("acme"), Duration::from_secs(10));
    let acquire = |owner: &'static str| leases.try_acquire(&acme, "job", owner, ttl);
    let first = acquire("a").await.unwrap().unwrap();
    assert_eq!(acquire("b").await.unwrap(), None);
    assert_eq!(acquire("a").await.unwrap(), None, "not even for its owner");
    let other = leases.try_acquire(&tenant("other"), "job", "b", ttl).await;
    assert!(
        other.unwrap().is_some(),
        "another tenant's is another lease"
    );

    tokio::time::sleep(Duration::from_secs(9)).await;
    let renewed = leases.renew(&first, ttl).await.unwrap().unwrap();
    assert!(renewed.expires_at > first.expires_at);
    assert_eq!(renewed.fence, first.fence);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(
        leases.renew(&renewed, ttl).await.unwrap(),
        None,
        "it has run out"
    );

    let second = acquire("b").await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    assert!(
        !leases.release(&first).await.unwrap(),
        "it is somebody else's"
    );
    assert_eq!(leases.renew(&first, ttl).await.unwrap(), None);
    assert!(leases.release(&second).await.unwrap());
    assert!(!leases.release(&second).await.unwrap());
    let third = acquire("a").await.unwrap().unwrap();
    assert!(third.fence > second.fence);
}

#[tokio::test]
async fn promise_12_tokens_have_a_tenant_a_generation_and_a_fence() {
    let store = MemoryTokenStore::new();
    let integration = IntegrationId::new();
    let key = TokenKey::new(tenant("acme"), integration);
    let foreign = TokenKey::new(tenant("other"), integration);
    let tokens = TokenSet::new("at");
    assert_eq!(store.save(&key, &tokens, Some(5)).await.unwrap(), 1);
    assert_eq!(store.save(&key, &tokens, Some(5)).await.unwrap(), 2);
    let late = store.save(&key, &tokens, Some(4)).await.unwrap_err();
    assert_eq!(late.code(), Some("fenced"));
    assert_eq!(store.save(&key, &tokens, None).await.unwrap(), 3);
    assert!(store.load(&foreign).await.unwrap().is_none());
    assert!(store.load(&key.slot("location:1")).await.unwrap().is_none());

    store
        .save(&key.slot("location:1"), &tokens, None)
        .await
        .unwrap();
    store.delete(&foreign.tenant, integration).await.unwrap();
    assert_eq!(store.load(&key).await.unwrap().unwrap().generation, 3);
    store.delete(&key.tenant, integration).await.unwrap();
    for key in [key.clone(), key.slot("location:1")] {
        assert!(store.load(&key).await.unwrap().is_none());
    }
    assert_eq!(store.save(&key, &tokens, Some(6)).await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn states_that_have_ended_are_forgotten() {
    let clock = RuntimeClock::start();
    let store = MemoryStateStore::with_clock(clock);
    let pending = |state: String| {
        let until = clock.now() + SignedDuration::from_secs(60);
        PendingAuthorization::new(
            state.into(),
            tenant("acme"),
            IntegrationId::new(),
            "https://a",
            until,
        )
    };
    for i in 0..100 {
        store.put(&pending(format!("state-{i}"))).await.unwrap();
    }
    assert_eq!(format!("{store:?}"), "MemoryStateStore(100 waiting)");
    tokio::time::sleep(Duration::from_secs(61)).await;
    let taken = store
        .take(&tenant("acme"), &"state-1".into())
        .await
        .unwrap();
    assert!(taken.is_none());
    store.put(&pending("new".to_owned())).await.unwrap();
    assert_eq!(format!("{store:?}"), "MemoryStateStore(1 waiting)");
}
