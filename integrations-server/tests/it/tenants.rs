//! Several tenants claim one account.

use integrations_core::status::Event as Move;
use integrations_core::webhook::Secrets;

use crate::acme::GLOBAL_SECRET;
use crate::house::{House, SECRET_A, SECRET_B, body, signed, status};

#[tokio::test]
async fn only_the_one_whose_secret_verifies_gets_it() {
    let house = House::new().await;
    let a = house.acme().await;
    let b = house.active("tenant-b", "acme", "A1").await;
    house.keys.set(&b, Secrets::one(SECRET_B));
    let router = house.router();
    let count = async |of| house.events(of).await.len();
    let to_b = signed("/hooks/acme", SECRET_B, body("A1", "e1"));
    assert_eq!(status(&router, to_b).await, 200);
    assert_eq!((count(&a).await, count(&b).await), (0, 1));
    let to_a = signed("/hooks/acme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&router, to_a).await, 200);
    assert_eq!((count(&a).await, count(&b).await), (1, 1), "each its own");
    let to_none = signed("/hooks/acme", GLOBAL_SECRET, body("A1", "e2"));
    assert_eq!(status(&router, to_none).await, 401);
    house.keys.set(&b, Secrets::one(SECRET_A));
    let to_both = signed("/hooks/acme", SECRET_A, body("A1", "e3"));
    assert_eq!(status(&router, to_both).await, 200);
    assert_eq!((count(&a).await, count(&b).await), (2, 2));
}

#[tokio::test]
async fn a_claim_that_is_not_proved_gets_nothing() {
    let house = House::new().await;
    let owner = house.active("tenant-a", "everywhere", "A1").await;
    let also = house.active("tenant-b", "everywhere", "A1").await;
    let claim = house.pending("tenant-c", "everywhere", Some("A1")).await;
    let failed = house.pending("tenant-d", "everywhere", Some("A1")).await;
    house.transition(&failed, Move::Failed).await;
    let router = house.router();
    let sent = signed("/hooks/everywhere", GLOBAL_SECRET, body("A1", "e1"));
    assert_eq!(status(&router, sent).await, 200);
    for (of, events) in [(&owner, 1), (&also, 1), (&claim, 0), (&failed, 0)] {
        assert_eq!(house.events(of).await.len(), events, "{}", of.tenant);
    }
    // Nor with a secret of its own.
    let claim = house.pending("tenant-c", "acme", Some("A1")).await;
    house.keys.set(&claim, Secrets::one(SECRET_B));
    let sent = signed("/hooks/acme", SECRET_B, body("A1", "e2"));
    assert_eq!(status(&router, sent).await, 401);
    assert!(house.events(&claim).await.is_empty());
}

#[tokio::test]
async fn one_tenants_unreadable_secrets_are_not_anothers_loss() {
    let house = House::new().await;
    let a = house.acme().await;
    let b = house.active("tenant-b", "acme", "A1").await;
    house.keys.set(&b, Secrets::one(SECRET_A));
    house.keys.break_for(&a);
    let router = house.router();
    let sent = || signed("/hooks/acme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&router, sent()).await, 429, "one could not take it");
    assert_eq!(house.events(&a).await.len(), 0);
    assert_eq!(house.events(&b).await.len(), 1, "the other has it");
    house.keys.repair();
    assert_eq!(status(&router, sent()).await, 200, "it came back");
    assert_eq!(house.events(&a).await.len(), 1);
    assert_eq!(house.events(&b).await.len(), 1);
}
