//! What the tests of this package share: an application over a database file, its web side, a detector for secrets.

pub(crate) mod app;
pub(crate) mod errors;
pub(crate) mod ghl;
pub(crate) mod handler;
pub(crate) mod leaks;
pub(crate) mod web;

use std::time::Duration;

use integrations_core::TenantId;
use tokio::time::Instant;

pub(crate) const ACTOR: &str = "user:1";

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("a tenant id")
}

/// Polls until it is so.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done().await {
        assert!(Instant::now() < deadline, "in 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
