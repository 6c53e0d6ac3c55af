//! GoHighLevel by a marketplace app: allowed by its page, used from then on, refreshed when its tokens end.

use integrations_testkit::LeakDetector;
use integrations_testkit::ghl::TokenClass;

use super::house::{Credential, Engine, House, LOCATION, OURS};

const CALLBACK: &str = "/api/oauth/ghl/callback";
const ELSEWHERE: &str = "Qx7AbC12dEf34GhI56jK";

/// Where the page that `middleware authorize` prints sends its user back to.
async fn allowed(house: &House, location: &str) -> String {
    let run = house.run(&["authorize"]).await;
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    let page = String::from_utf8(run.stdout).expect("text");
    let back = house.ghl.authorize(page.trim(), location);
    let back = back.unwrap_or_else(|refused| panic!("{refused:?}"));
    let leaks = LeakDetector::of_process();
    for (name, value) in back.query_pairs() {
        if name == "code" {
            leaks.plant("an authorization code", value.as_bytes());
        }
    }
    assert_eq!(back.path(), CALLBACK);
    format!("{CALLBACK}?{}", back.query().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_marketplace_app_is_allowed_used_and_refreshed() {
    let house = House::of(Engine::Sqlite, Credential::App, &[], |ghl, _| {
        ghl.add_location(ELSEWHERE, "5DP4iH6HLkQsiKESj6rh");
        let earlier = serde_json::json!({"firstName": "Early", "phone": "+12065550101"});
        ghl.add_contact(LOCATION, earlier);
    })
    .await;
    let before = house.ghl.requests().len();
    assert_eq!(before, 0, "there is nothing to ask with");

    // Nobody but who asked comes in.
    for query in [
        "",
        "?code=made-up",
        "?code=made-up&state=made-up",
        "?error=access_denied&state=x",
    ] {
        let reply = house.get(&format!("{CALLBACK}{query}"), &[]).await;
        assert_eq!(reply.status, 400, "{query}: {reply:?}");
        assert!(!reply.body.contains("made-up"), "{reply:?}");
    }
    assert_eq!(house.post(CALLBACK, &[], b"").await.status, 405);

    // The owner chose another location, and then the right one.
    let wrong = allowed(&house, ELSEWHERE).await;
    let reply = house.get(&wrong, &[]).await;
    assert_eq!(reply.status, 409, "{reply:?}");
    let back = allowed(&house, LOCATION).await;
    let reply = house.get(&back, &[]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(house.get(&back, &[]).await.status, 400, "once");

    // What was there before is looked through, and what comes is filed, with the app's tokens alone.
    house
        .until("the contact goes over", |house| {
            house.in_aloware("+12065550101").is_some()
        })
        .await;
    house.person("+12065550102", "late@example.com");
    let _ = house.verity.receive_text("+12065550102", OURS, "Hello");
    house
        .until("the text is filed", |house| {
            house.filed("texting:").len() == 1
        })
        .await;
    house.quiet().await;
    for request in house.ghl.requests() {
        if request.path.starts_with("/oauth/") {
            continue;
        }
        assert_eq!(request.token, TokenClass::OAuthLocation, "{request:?}");
    }

    // A day later: one refresh for everybody.
    let refreshes = house.ghl.stats().refreshes;
    house.ghl.expire_access_tokens();
    for text in ["One", "Two", "Three"] {
        let _ = house.verity.receive_text("+12065550102", OURS, text);
    }
    house
        .until("they are filed", |house| house.filed("texting:").len() == 4)
        .await;
    house.quiet().await;
    let stats = house.ghl.stats();
    assert_eq!(stats.refreshes - refreshes, 1);
    assert_eq!(stats.reused_refresh_tokens, 0);
    house.end().await;
}
