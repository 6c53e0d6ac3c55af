use integrations_core::ErrorKind;
use serde_json::{Value, json};

use crate::{faults, template};

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["name", "auth"],
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 5},
            "mail": {"type": "string", "format": "email"},
            "site": {"type": "string", "format": "uri"},
            "phone": {"type": "string", "format": "phone"},
            "since": {"type": "string", "format": "date"},
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "ratio": {"type": "number", "exclusiveMinimum": 0},
            "mode": {"enum": ["fast", "safe"]},
            "slug": {"type": "string", "pattern": "^[a-z]+$"},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "maxItems": 2},
            "limit": {"type": ["integer", "null"]},
            "either": {"anyOf": [{"type": "string", "minLength": 3}, {"type": "null"}]},
            "odd/name~": {"type": "string"},
            "auth": {
                "type": "object",
                "required": ["clientId"],
                "properties": {"clientId": {"type": "string"}, "clientSecret": {"type": "string"}}
            }
        }
    })
}

#[test]
fn every_failure_names_its_path() {
    let template = template(schema());
    let good = json!({"name": "abc", "auth": {"clientId": "c"}});
    template.validate(&good).unwrap();
    for (patch, expected) in [
        (json!({"name": 7}), "/name: must be a text"),
        (
            json!({"name": "a"}),
            "/name: must have at least 2 characters",
        ),
        (
            json!({"name": "abcdef"}),
            "/name: must have at most 5 characters",
        ),
        (json!({"mail": "a@b"}), "/mail: must be an e-mail address"),
        (
            json!({"site": "not a url"}),
            "/site: must be a whole address such as https://example.com",
        ),
        (
            json!({"phone": "555"}),
            "/phone: must be a phone number such as +12025550123",
        ),
        (
            json!({"since": "yesterday"}),
            "/since: must be a date such as 2026-01-31",
        ),
        (json!({"port": 0}), "/port: must be at least 1"),
        (json!({"port": 70000}), "/port: must be at most 65535"),
        (json!({"port": 1.5}), "/port: must be a whole number"),
        (json!({"port": "80"}), "/port: must be a whole number"),
        (json!({"ratio": 0}), "/ratio: must be more than 0"),
        (json!({"mode": "wild"}), "/mode: must be one of fast, safe"),
        (
            json!({"slug": "A1"}),
            "/slug: must match the pattern ^[a-z]+$",
        ),
        (json!({"tags": "a"}), "/tags: must be a list"),
        (json!({"tags": ["a", 7]}), "/tags/1: must be a text"),
        (
            json!({"tags": ["a", "a"]}),
            "/tags: must not repeat an entry",
        ),
        (
            json!({"tags": ["a", "b", "c"]}),
            "/tags: must have at most 2 entries",
        ),
        (
            json!({"limit": "x"}),
            "/limit: must be a whole number or null",
        ),
        (
            json!({"either": "x"}),
            "/either: must have at least 3 characters",
        ),
        (json!({"odd/name~": 1}), "/odd~1name~0: must be a text"),
        (json!({"auth": []}), "/auth: must be an object"),
        (
            json!({"auth": {"clientId": null}}),
            "/auth/clientId: is required",
        ),
        (
            json!({"auth": {"clientId": 1}}),
            "/auth/clientId: must be a text",
        ),
        (
            json!({"auth": {"extra": 1}}),
            "/auth/extra: is not a field of this template",
        ),
        (
            json!({"extra": 1}),
            "/extra: is not a field of this template",
        ),
        (
            json!({"ex/tra": {"deep": 1}}),
            "/ex~1tra: is not a field of this template",
        ),
        (json!({"name": null}), "/name: is required"),
    ] {
        let valid = template.validate(&good).unwrap();
        let error = valid.merge(&patch).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert_eq!(faults(&error), [expected], "{patch}");
    }
}

#[test]
fn all_failures_are_reported_at_once() {
    let error = template(schema())
        .validate(&json!({
            "name": 1, "mail": "x", "port": "x", "extra": 1, "auth": {"clientId": 1, "more": 1}
        }))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/auth/clientId: must be a text",
            "/auth/more: is not a field of this template",
            "/extra: is not a field of this template",
            "/mail: must be an e-mail address",
            "/name: must be a text",
            "/port: must be a whole number",
        ]
    );
    assert_eq!(
        error.to_string().lines().count(),
        1,
        "an error is one line: {error}"
    );
}

#[test]
fn branches_add_fields_and_requirements() {
    let template = template(json!({
        "required": ["mode"],
        "properties": {"mode": {"enum": ["token", "oauth"]}},
        "if": {"properties": {"mode": {"const": "oauth"}}},
        "then": {
            "required": ["clientId", "clientSecret"],
            "properties": {"clientId": {"type": "string"}, "clientSecret": {"type": "string"}}
        },
        "else": {"required": ["apiKey"], "properties": {"apiKey": {"type": "string"}}}
    }));
    assert_eq!(
        template.secret_fields().collect::<Vec<_>>(),
        ["/apiKey", "/clientSecret"]
    );
    let valid = template
        .validate(&json!({"mode": "oauth", "clientId": "c", "clientSecret": "s"}))
        .unwrap();
    assert_eq!(valid.config().secrets().len(), 1);
    let error = template
        .validate(&json!({"mode": "oauth", "apiKey": "k"}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/apiKey: is not a field of this template",
            "/clientId: is required",
            "/clientSecret: is required"
        ]
    );
}

#[test]
fn extra_fields_pass_only_where_the_schema_says_so() {
    let open =
        template(json!({"additionalProperties": true, "properties": {"a": {"type": "string"}}}));
    let valid = open
        .validate(&json!({"a": "1", "b": {"c": 2}, "otherToken": "t", "d": {"password": "p"}}))
        .unwrap();
    // Names that only a secret has are kept apart even here.
    assert_eq!(
        valid.config().secrets().keys().collect::<Vec<_>>(),
        ["/d/password", "/otherToken"]
    );
    let error = open
        .validate(&json!({"list": [{"password": "p"}]}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        ["/list/0/password: a secret cannot be inside a list"]
    );
    let error = open
        .validate(&json!({"apiKey": 7, "b": {"secret": ["p"]}, "isSecret": true}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/apiKey: a secret must be a text",
            "/b/secret: a secret must be a text"
        ]
    );
    let closed = template(json!({"properties": {"a": {"type": "string"}}}));
    assert!(closed.validate(&json!({"b": 1})).is_err());
    let typed = template(json!({"additionalProperties": {"type": "string"}, "properties": {}}));
    assert!(typed.validate(&json!({"b": "x"})).is_ok());
    assert_eq!(
        faults(&typed.validate(&json!({"b": 1})).unwrap_err()),
        ["/b: must be a text"]
    );
}

#[test]
fn references_inside_the_schema_are_followed() {
    let template = template(json!({
        "$defs": {
            "Key": {"type": "string", "format": "password", "minLength": 3},
            "Auth": {"type": "object", "required": ["key"], "properties": {"key": {"$ref": "#/$defs/Key"}}}
        },
        "properties": {"auth": {"$ref": "#/$defs/Auth"}}
    }));
    assert_eq!(template.secret_fields().collect::<Vec<_>>(), ["/auth/key"]);
    let error = template
        .validate(&json!({"auth": {"key": "k", "x": 1}}))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/auth/key: must have at least 3 characters",
            "/auth/x: is not a field of this template"
        ]
    );
}
