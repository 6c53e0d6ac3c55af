//! Challenges, and secrets that come with them.

use axum::body::Body;
use http::Request;
use integrations_core::IntegrationId;
use integrations_core::webhook::Secrets;
use serde_json::json;

use crate::house::{
    Connected, House, SECRET_A, SECRET_B, TOKEN, body, eventually, request, send, signed, status,
    unsigned,
};

fn shake(path: &str, token: &str) -> Request<Body> {
    let body = json!({ "account": "A1", "verification_token": token });
    unsigned(path, body.to_string())
}

fn path(of: &Connected) -> String {
    format!("/hooks/acme/{}", of.id)
}

#[tokio::test]
async fn a_challenge_is_answered_as_plain_text() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let nobody = format!("/hooks/acme/{}", IntegrationId::new());
    for path in ["/hooks/acme", &path(&acme), &nobody] {
        let asked = format!("{path}?challenge=%3Cscript%3E");
        let answer = send(&router, request("GET", &asked)).await;
        assert_eq!(answer.status.as_u16(), 200);
        assert!(answer.body.starts_with("<script>"));
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    assert!(house.events(&acme).await.is_empty());
}

#[tokio::test]
async fn a_secret_is_kept_before_the_answer_and_used_after_it() {
    let house = House::new().await;
    let made = house.pending("tenant-a", "acme", None).await;
    let (router, path) = (house.router(), path(&made));
    let early = signed(&path, TOKEN, body("A1", "e1"));
    assert_eq!(status(&router, early).await, 401);
    assert_eq!(status(&router, shake(&path, TOKEN)).await, 200);
    assert_eq!(house.keys.get(&made).signing().unwrap().len(), 1);
    let event = signed(&path, TOKEN, body("A1", "e1"));
    assert_eq!(status(&router, event).await, 200);
    assert_eq!(house.events(&made).await.len(), 1);
    // It is repeated, and nobody puts another in its place.
    assert_eq!(status(&router, shake(&path, TOKEN)).await, 200);
    assert_eq!(status(&router, shake(&path, SECRET_B)).await, 401);
    let forged = signed(&path, SECRET_B, body("A1", "e2"));
    assert_eq!(status(&router, forged).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_handshakes_at_once_one_counts() {
    let house = House::new().await;
    let made = house.pending("tenant-a", "acme", None).await;
    let (router, path) = (house.router(), path(&made));
    house.keys.close_gate();
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            let (router, path) = (router.clone(), path.clone());
            tokio::spawn(async move {
                let secret = format!("{TOKEN}-{n}");
                status(&router, shake(&path, &secret)).await
            })
        })
        .collect();
    // All have seen that there is no secret before one is kept.
    eventually("all look", async || house.keys.asked() == 10).await;
    house.keys.gate.add_permits(10);
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers[0], 200);
    assert!(
        answers[1..]
            .iter()
            .all(|answer| [401, 429].contains(answer))
    );
    assert_eq!(house.keys.get(&made).signing().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_is_learned_only_where_the_url_names_the_integration() {
    let house = House::new().await;
    let made = house.active("tenant-a", "acme", "A1").await;
    let router = house.router();
    // The account is public: whoever knows it must not choose the secret.
    assert_eq!(status(&router, shake("/hooks/acme", TOKEN)).await, 401);
    assert!(house.keys.get(&made).is_empty());
    let nobody = format!("/hooks/acme/{}", IntegrationId::new());
    assert_eq!(status(&router, shake(&nobody, TOKEN)).await, 401);
    assert_eq!(status(&router, shake(&path(&made), TOKEN)).await, 200);
    assert!(!house.keys.get(&made).is_empty());
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_answered_with_yes() {
    use integrations_core::provider::Providers;
    use integrations_core::{Result, TenantId};
    use integrations_server::{SecretSource, Webhooks};

    #[derive(Debug)]
    struct KeepsNothing;
    #[async_trait::async_trait]
    impl SecretSource for KeepsNothing {
        async fn webhook_secrets(&self, _: &TenantId, _: IntegrationId) -> Result<Secrets> {
            Ok(Secrets::none())
        }
    }
    let house = House::new().await;
    let made = house.pending("tenant-a", "acme", None).await;
    let providers = Providers::new().with(crate::acme::Acme::own_secrets());
    let webhooks = Webhooks::builder(&house.inbox().build(), &providers, KeepsNothing).build();
    let router = crate::house::mounted(&webhooks);
    assert_eq!(status(&router, shake(&path(&made), TOKEN)).await, 429);
    // Nor are secrets learned that could not be read.
    house.keys.break_for(&made);
    let router = house.router();
    assert_eq!(status(&router, shake(&path(&made), SECRET_A)).await, 429);
    house.keys.repair();
    assert!(house.keys.get(&made).is_empty());
}

#[tokio::test]
async fn what_all_have_in_common_answers_for_nobody() {
    let house = House::new().await;
    let acme = house.acme().await;
    house.keys.set_common(Secrets::one(TOKEN));
    let router = house.router();
    let nobody = format!("/hooks/acme/{}", IntegrationId::new());
    let other = json!({ "account": "A2", "verification_token": TOKEN }).to_string();
    assert_eq!(status(&router, unsigned("/hooks/acme", other)).await, 200);
    for path in ["/hooks/acme", &nobody] {
        let genuine = signed(path, TOKEN, body("A2", "e1"));
        assert_eq!(status(&router, genuine).await, 200, "not wanted");
        let forged = signed(path, SECRET_B, body("A2", "e1"));
        assert_eq!(status(&router, forged).await, 401);
    }
    // An integration has its own.
    let wrong = signed("/hooks/acme", TOKEN, body("A1", "e1"));
    assert_eq!(status(&router, wrong).await, 401);
    assert!(house.events(&acme).await.is_empty());
}

#[tokio::test]
async fn the_manager_keeps_the_first_secret_that_is_handed_over() {
    use integrations_core::http::HttpContext;
    use integrations_core::provider::Providers;
    use integrations_core::vault::{KeyRing, Vault};
    use integrations_core::{ErrorKind, WebhookSecret};
    use integrations_server::{SecretSource, Webhooks};
    use integrations_store::IntegrationManager;

    let house = House::new().await;
    let made = house.pending("tenant-a", "acme", None).await;
    let providers = Providers::new().with(crate::acme::Acme::own_secrets());
    let vault = Vault::new(KeyRing::generate().unwrap());
    let http = HttpContext::builder().build().unwrap();
    let manager = IntegrationManager::builder(house.store.clone(), vault, providers.clone(), http)
        .webhook_secret("acme", "app", SECRET_A)
        .build();
    let router = crate::house::mounted(
        &Webhooks::builder(&house.inbox().build(), &providers, manager.clone()).build(),
    );
    assert_eq!(status(&router, shake(&path(&made), TOKEN)).await, 200);
    assert_eq!(status(&router, shake(&path(&made), TOKEN)).await, 200);
    assert_eq!(status(&router, shake(&path(&made), SECRET_B)).await, 401);
    let source: &dyn SecretSource = &manager;
    let keep = async |secret: &str| {
        let secret = WebhookSecret::from(secret);
        source
            .keep_webhook_secret(&made.tenant, made.id, &secret)
            .await
    };
    keep(TOKEN).await.unwrap();
    assert_eq!(
        keep(SECRET_B).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let secrets = source.webhook_secrets(&made.tenant, made.id).await.unwrap();
    assert_eq!(secrets.signing().unwrap().len(), 1);
    let common = source.application_secrets("acme").await.unwrap();
    assert_eq!(common.named("app").count(), 1);
    let event = signed(&path(&made), TOKEN, body("A1", "e1"));
    assert_eq!(status(&router, event).await, 200);
    assert_eq!(house.events(&made).await.len(), 1);
}
