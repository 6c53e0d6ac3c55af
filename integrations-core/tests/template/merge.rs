use integrations_core::template::{Config, REDACTED, Template};
use integrations_core::{ExposeSecret as _, SecretString};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bad_input::any_json;
use crate::{faults, template};

fn example() -> Template {
    template(json!({
        "required": ["apiKey"],
        "properties": {
            "apiKey": {"type": "string", "format": "password"},
            "signingSecret": {"type": "string", "writeOnly": true},
            "note": {"type": "string"},
            "region": {"type": "string", "default": "us"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "auth": {
                "type": "object",
                "properties": {
                    "clientId": {"type": "string"},
                    "clientSecret": {"type": "string"},
                    "scope": {"type": "string", "default": "read"}
                }
            }
        }
    }))
}

fn secret<'a>(config: &'a Config, pointer: &str) -> Option<&'a str> {
    config.secret(pointer).map(SecretString::expose_secret)
}

#[test]
fn absent_keeps_null_removes_the_marker_keeps() {
    let first = example()
        .validate(&json!({
            "apiKey": "k1", "signingSecret": "s1", "note": "n", "tags": ["a", "b"],
            "auth": {"clientId": "c", "clientSecret": "cs"}
        }))
        .unwrap();
    assert_eq!(
        first.config().text("/auth/scope"),
        Some("read"),
        "defaults reach inner objects"
    );

    let same = first.merge(&json!({})).unwrap();
    assert!(first.config().changes(same.config()).is_empty());
    // A form sends back what it was shown.
    let same = first.merge(&first.redacted()).unwrap();
    assert!(first.config().changes(same.config()).is_empty());
    let same = first
        .merge(&json!({"apiKey": "", "auth": {"clientSecret": ""}}))
        .unwrap();
    assert!(first.config().changes(same.config()).is_empty());

    let second = first
        .merge(&json!({
            "apiKey": "k2", "signingSecret": null, "note": null, "region": "eu", "tags": ["c"],
            "auth": {"clientId": "d", "clientSecret": REDACTED}
        }))
        .unwrap();
    let config = second.config();
    assert_eq!(secret(config, "/apiKey"), Some("k2"));
    assert_eq!(secret(config, "/signingSecret"), None);
    assert_eq!(secret(config, "/auth/clientSecret"), Some("cs"));
    assert_eq!(
        Value::Object(config.public().clone()),
        json!({"region": "eu", "tags": ["c"], "auth": {"clientId": "d", "scope": "read"}})
    );
    let changes = first.config().changes(config);
    assert!(changes.public);
    assert_eq!(changes.secrets_set, ["/apiKey"]);
    assert_eq!(changes.secrets_removed, ["/signingSecret"]);

    // A removed value goes back to its default; a removed object takes its secrets with it.
    let third = second
        .merge(&json!({"region": null, "auth": null}))
        .unwrap();
    assert_eq!(third.config().text("/region"), Some("us"));
    assert_eq!(secret(third.config(), "/auth/clientSecret"), None);
}

#[test]
fn the_merged_whole_is_judged_and_the_old_config_stays() {
    let first = example().validate(&json!({"apiKey": "k1"})).unwrap();
    let error = first
        .merge(&json!({"apiKey": null, "auth": {"clientId": 1}, "x": 1}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/apiKey: is required",
            "/auth/clientId: must be a text",
            "/x: is not a field of this template"
        ]
    );
    assert_eq!(secret(first.config(), "/apiKey"), Some("k1"));
}

#[test]
fn a_marker_for_a_secret_that_was_never_set_sets_nothing() {
    let first = example()
        .validate(&json!({"apiKey": "k1", "signingSecret": REDACTED}))
        .unwrap();
    assert_eq!(first.config().secrets().len(), 1);
    let second = first
        .merge(&json!({"auth": {"clientSecret": REDACTED}}))
        .unwrap();
    assert_eq!(second.config().secrets().len(), 1);
}

#[test]
fn parts_can_be_stored_and_put_together() {
    let first = example()
        .validate(&json!({"apiKey": "k1", "auth": {"clientSecret": "cs"}}))
        .unwrap();
    let (public, secrets) = first.clone().into_config().into_parts();
    let stored = serde_json::to_string(&public).unwrap();
    assert!(!stored.contains("k1"));
    let again = Config::from_parts(serde_json::from_str(&stored).unwrap(), secrets);
    let again = example().restore(&again).unwrap();
    assert!(first.config().changes(again.config()).is_empty());
}

proptest! {
    #[test]
    fn updates_that_do_not_name_a_secret_keep_it(update in any_json()) {
        let template = template(json!({
            "additionalProperties": true,
            "properties": {"apiKey": {"type": "string"}, "auth": {"additionalProperties": true, "properties": {"clientSecret": {"type": "string"}}}}
        }));
        let first = template.validate(&json!({"apiKey": "k1", "auth": {"clientSecret": "cs"}})).unwrap();
        if let Ok(second) = first.merge(&update) {
            if update.get("apiKey").is_none() {
                prop_assert_eq!(secret(second.config(), "/apiKey"), Some("k1"));
            }
            if update.get("auth").is_none_or(|auth| auth.is_object() && auth.get("clientSecret").is_none()) {
                prop_assert_eq!(secret(second.config(), "/auth/clientSecret"), Some("cs"));
            }
            // The result, sent back as it was shown, changes nothing but markers that were never secrets.
            let third = second.merge(&second.redacted()).unwrap();
            prop_assert!(second.config().changes(third.config()).is_empty());
        }
    }
}
