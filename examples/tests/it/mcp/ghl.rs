//! `ghl-mcp` over stdio, with a simulated GoHighLevel.

use std::time::Duration;

use integrations_testkit::ghl::SCOPES;
use integrations_testkit::{LeakDetector, SimulatedGhl, plan};
use serde_json::json;

use super::stdio::{Server, ended_well, run, text};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ghl-mcp");
const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";

async fn simulated(test: &str) -> (SimulatedGhl, String) {
    let ghl = SimulatedGhl::builder()
        .seed(plan::seed_of(test))
        .rate_limit(10_000, Duration::from_secs(1))
        .search_lag(Duration::ZERO)
        .location(LOCATION, COMPANY)
        .start()
        .await
        .expect("a free port");
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    LeakDetector::of_process().plant("a private integration token", &token);
    (ghl, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_made_read_and_removed() {
    let (ghl, token) = simulated("contacts_are_made_read_and_removed").await;
    let env = [
        ("GHL_BASE_URL", ghl.base_url()),
        ("GHL_API_KEY", token.as_str()),
        ("GHL_LOCATION_ID", LOCATION),
        ("RUST_LOG", "debug"),
    ];
    let mut server = Server::start(PROGRAM, &env, &["--allow", "contacts"]).await;
    let (tools, _) = server.tools().await;
    assert!(tools.len() > 10);
    for tool in &tools {
        assert!(
            tool["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("contacts_")),
            "{tool}"
        );
    }
    let create = tools
        .iter()
        .find(|tool| tool["name"] == "contacts_create_contact");
    let create = create.expect("the tool");
    assert_eq!(
        create["_meta"]["io.github.integrations-rs/scopes"],
        json!(["contacts.write"])
    );
    assert!(
        create["description"]
            .as_str()
            .is_some_and(|text| text.contains("contacts.write"))
    );
    let fields = &create["inputSchema"]["properties"]["body"]["properties"];
    assert!(
        fields["firstName"].is_object() && fields["locationId"].is_null(),
        "{create}"
    );

    let made = server
        .call(
            "contacts_create_contact",
            json!({"body": {"firstName": "Planted-Ada", "email": "planted.ada@example.com"}}),
        )
        .await;
    assert_eq!(made["isError"], false, "{made}");
    let id = made["structuredContent"]["contact"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let read = server
        .call("contacts_get_contact", json!({"contactId": id}))
        .await;
    assert_eq!(read["structuredContent"]["contact"]["id"], id.as_str());
    let other = server
        .call(
            "contacts_create_contact",
            json!({"body": {"firstName": "Eve", "locationId": "another"}}),
        )
        .await;
    assert_eq!(
        other["isError"], true,
        "no other location can be named: {other}"
    );
    let climbs = server
        .call("contacts_get_contact", json!({"contactId": "../users"}))
        .await;
    assert_eq!(climbs["isError"], true, "{climbs}");
    let gone = server
        .call("contacts_delete_contact", json!({"contactId": id}))
        .await;
    assert_eq!(gone["isError"], false, "{gone}");
    let missing = server
        .call("contacts_get_contact", json!({"contactId": id}))
        .await;
    assert_eq!(missing["isError"], true);
    assert!(
        text(&missing).contains("not found") || text(&missing).contains("40"),
        "{missing}"
    );
    assert!(ghl.contacts(LOCATION).is_empty());
    let errors = ended_well(server).await;
    assert!(
        errors.contains("contacts_create_contact"),
        "calls are in the log: {errors}"
    );
    for personal in ["Planted-Ada", "planted.ada@example.com"] {
        assert!(
            !errors.contains(personal),
            "{personal} in the log:\n{errors}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_offers_what_its_scopes_allow() {
    let (ghl, token) = simulated("a_token_offers_what_its_scopes_allow").await;
    let env = [
        ("GHL_BASE_URL", ghl.base_url()),
        ("GHL_API_KEY", token.as_str()),
        ("GHL_LOCATION_ID", LOCATION),
        ("GHL_SCOPES", "contacts.readonly, calendars.readonly"),
    ];
    let mut server = Server::start(PROGRAM, &env, &["--allow", "contacts,calendars"]).await;
    let (tools, _) = server.tools().await;
    let has = |name: &str| tools.iter().any(|tool| tool["name"] == name);
    assert!(has("contacts_get_contact") && !has("contacts_create_contact"));
    ended_well(server).await;

    let check = run(PROGRAM, &[], &["--allow", "contacts", "--check"]).await;
    assert_eq!(check.code, Some(0), "{}", check.err);
    let lines: Vec<_> = check.out.lines().collect();
    assert!(
        lines.contains(&"contacts.write") && lines.contains(&"contacts.readonly"),
        "{}",
        check.out
    );
    let all = run(PROGRAM, &[], &["--list"]).await;
    assert_eq!(all.code, Some(0), "{}", all.err);
    assert!(all.out.lines().count() > 400, "{}", all.out.lines().count());
    let newest = run(PROGRAM, &[], &["--list", "--v3"]).await;
    assert!(newest.out.lines().count() > 100, "{}", newest.err);
    assert!(newest.out.lines().all(|line| line.starts_with("v3_")));
}

/// A marketplace app's token of a location, for which private tokens are refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let (ghl, token) = simulated("what_is_missing_is_named").await;
    let base = ("GHL_BASE_URL", ghl.base_url());
    let none = run(PROGRAM, &[base], &[]).await;
    assert_eq!((none.code, none.out.as_str()), (Some(1), ""));
    assert!(
        none.err.contains("GHL_API_KEY") && none.err.contains("GHL_LOCATION_TOKEN"),
        "{}",
        none.err
    );
    let both = [
        base,
        ("GHL_API_KEY", token.as_str()),
        ("GHL_LOCATION_TOKEN", token.as_str()),
    ];
    let both = run(PROGRAM, &both, &[]).await;
    assert!(
        both.code == Some(1) && both.err.contains("both"),
        "{}",
        both.err
    );
    let location = [
        base,
        ("GHL_LOCATION_TOKEN", token.as_str()),
        ("GHL_LOCATION_ID", LOCATION),
    ];
    let mut server = Server::start(PROGRAM, &location, &["--allow", "contacts_get_contact"]).await;
    let (tools, pages) = server.tools().await;
    assert_eq!((tools.len(), pages), (1, 1));
    ended_well(server).await;
    let help = run(PROGRAM, &[], &["--help"]).await;
    for word in ["GHL_API_KEY", "GHL_LOCATION_ID", "--scopes", "MCP_API_KEY"] {
        assert!(help.out.contains(word), "{word}");
    }
    LeakDetector::of_process().assert_clean();
}
