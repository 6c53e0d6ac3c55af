//! What the router remembers, and when it notices that it is not so any more.

use std::time::Duration;

use integrations_core::status::Event as Move;
use integrations_core::webhook::Secrets;
use integrations_server::Webhooks;
use integrations_store::Changes;

use crate::acme::GLOBAL_SECRET;
use crate::house::{
    House, SECRET_A, SECRET_B, body, eventually, mounted, providers, signed, status,
};

const LONG: Duration = Duration::from_secs(3600);

fn remembering(house: &House) -> Webhooks {
    let inbox = house.inbox().build();
    let builder = house.builder_of(&inbox, &providers());
    builder.cache_for(LONG).build()
}

#[tokio::test]
async fn a_burst_asks_for_its_secrets_once() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = mounted(&remembering(&house));
    for n in 0..20 {
        let sent = signed("/hooks/acme", SECRET_A, body("A1", &format!("e{n}")));
        assert_eq!(status(&router, sent).await, 200);
        let unknown = signed("/hooks/acme", SECRET_A, body("A2", &format!("e{n}")));
        assert_eq!(status(&router, unknown).await, 401);
    }
    assert_eq!(house.keys.asked(), 1);
    assert_eq!(house.events(&acme).await.len(), 20);
}

#[tokio::test]
async fn a_change_in_another_process_is_noticed_soon() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = mounted(&remembering(&house));
    let send = async |secret: &str, account: &str, id: &str| {
        let sent = signed("/hooks/acme", secret, body(account, id));
        status(&router, sent).await
    };
    assert_eq!(send(SECRET_A, "A1", "e1").await, 200);
    assert_eq!(
        send(SECRET_B, "A2", "e1").await,
        401,
        "nobody's, remembered"
    );
    // Another process rotates the secret.
    let other = house.another_store("").await;
    house.keys.set(&acme, Secrets::one(SECRET_B));
    let row = other.integrations().get(&acme.tenant, acme.id).await;
    let sealed = Changes::new().secrets(Some(("sealed".to_owned(), "key".to_owned())));
    let version = row.unwrap().version;
    other
        .integrations()
        .update(&acme.tenant, acme.id, version, &sealed, "test")
        .await
        .unwrap();
    let since = tokio::time::Instant::now();
    eventually("the old secret is refused", async || {
        send(SECRET_A, "A1", "e2").await == 401
    })
    .await;
    assert!(since.elapsed() < Duration::from_secs(5), "soon");
    assert_eq!(send(SECRET_B, "A1", "e3").await, 200);
    // An integration that appears, one whose claim is proved, one that goes.
    let new = house.pending("tenant-b", "acme", Some("A2")).await;
    house.keys.set(&new, Secrets::one(SECRET_B));
    assert_eq!(send(SECRET_B, "A2", "e1").await, 401, "not proved");
    house.transition(&new, Move::Succeeded).await;
    eventually("it gets its events", async || {
        send(SECRET_B, "A2", "e1").await == 200
    })
    .await;
    let integrations = house.store.integrations();
    integrations
        .delete(&new.tenant, new.id, "test")
        .await
        .unwrap();
    eventually("it gets none any more", async || {
        send(SECRET_B, "A2", "e4").await == 401
    })
    .await;
}

#[tokio::test]
async fn broken_secrets_are_not_remembered() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = mounted(&remembering(&house));
    house.keys.break_for(&acme);
    let sent = || signed("/hooks/acme", SECRET_A, body("A1", "e1"));
    assert_eq!(status(&router, sent()).await, 429);
    house.keys.repair();
    assert_eq!(status(&router, sent()).await, 200, "at once");
}

#[tokio::test]
async fn what_is_nobodys_waits_for_its_integration() {
    let house = House::new().await;
    let inbox = house.inbox().build();
    let router = mounted(&house.builder_of(&inbox, &providers()).build());
    for id in ["e1", "e2", "e1"] {
        let sent = signed("/hooks/everywhere", GLOBAL_SECRET, body("A9", id));
        assert_eq!(status(&router, sent).await, 200);
    }
    let forged = signed("/hooks/everywhere", SECRET_A, body("A9", "e3"));
    assert_eq!(status(&router, forged).await, 401, "only what is genuine");
    let owner = house.active("tenant-a", "everywhere", "A9").await;
    assert_eq!(inbox.sweep().await.unwrap().attributed, 2);
    assert_eq!(house.events(&owner).await.len(), 2);
    let sent = signed("/hooks/everywhere", GLOBAL_SECRET, body("A9", "e2"));
    assert_eq!(status(&router, sent).await, 200);
    assert_eq!(house.events(&owner).await.len(), 2, "it was there already");
}
