//! Hostile arguments.

use serde_json::json;

use crate::fixture::{call, text, usual};

#[tokio::test]
async fn a_value_stays_in_its_segment() {
    let (fixture, client) = usual(|builder| builder).await;
    for hostile in [
        "../../admin",
        "a/b?c=d#e",
        "%2e%2e/x",
        "..\\..",
        "\u{0}\r\nHost: x",
        ".",
    ] {
        let arguments = json!({"contactId": hostile, "body": {"firstName": "Jane"}});
        let result = call(&client, "contacts_update", arguments).await.unwrap();
        if hostile == "." {
            assert_eq!(result.is_error, Some(true));
            continue;
        }
        let path = result.structured_content.unwrap()["path"].clone();
        let path = path.as_str().unwrap();
        assert_eq!(path.matches('/').count(), 2, "{path}");
        assert!(!path.contains(['?', '#', '\\', '\r', '\n', '\0']), "{path}");
    }
    assert_eq!(fixture.calls().len(), 5);
}

#[tokio::test]
async fn what_does_not_fit_is_told_whole_and_nothing_is_sent() {
    let (fixture, client) = usual(|builder| builder).await;
    let arguments = json!({"limit": "hunter2", "tags": {"hunter2": 1}, "body": {"kind": "hunter2"}, "contact_id": "hunter2"});
    let result = call(&client, "contacts_update", arguments).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    let line = text(&result);
    for wanted in [
        "/contactId: is required",
        "/contact_id: is not an argument of this tool",
        "/limit: must be a whole number",
        "/tags: must be a list",
        "/body/firstName: is required",
        "/body/kind: must be one of lead, customer",
    ] {
        assert!(line.contains(wanted), "{wanted}: {line}");
    }
    let whole = serde_json::to_string(&result).unwrap();
    assert!(!whole.contains("hunter2"), "{whole}");
    assert!(fixture.calls().is_empty());
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_the_server_lives() {
    let (fixture, client) = usual(|builder| builder).await;
    let arguments = json!({"contactId": "1", "body": {"firstName": "x".repeat(10 << 20)}});
    let result = call(&client, "contacts_update", arguments).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    assert!(
        text(&result).contains("larger than"),
        "{}",
        text(&result).len()
    );
    let many: serde_json::Map<_, _> = (0..50_000)
        .map(|at| (format!("a{at}"), json!(at)))
        .collect();
    let result = call(&client, "contacts_update", many.into()).await.unwrap();
    assert!(text(&result).contains("and 2 more") || text(&result).contains("more"));
    assert!(serde_json::to_string(&result).unwrap().len() < 20_000);
    let good = json!({"contactId": "1", "tags": ["a,b", "c&d"], "body": {"firstName": "Jane"}});
    let result = call(&client, "contacts_update", good).await.unwrap();
    let seen = result.structured_content.unwrap();
    assert_eq!(seen["query"], json!([["tags[]", "a,b"], ["tags[]", "c&d"]]));
    assert_eq!(seen["body"], json!({"firstName": "Jane"}));
    assert_eq!(fixture.calls().len(), 1);
}
