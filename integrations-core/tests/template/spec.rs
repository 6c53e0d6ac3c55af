use integrations_core::ErrorKind;
use integrations_core::template::{Template, TemplateSpec};
use serde_json::{Value, json};

use crate::faults;

fn refused(schema: Value) -> Vec<String> {
    let error =
        Template::from_spec(TemplateSpec::new("x", schema.clone())).expect_err(&schema.to_string());
    assert_eq!(error.kind(), ErrorKind::Validation);
    faults(&error)
}

#[test]
fn schemas_outside_the_subset_are_refused_with_their_path() {
    for (schema, expected) in [
        (json!(null), "/configSchema: must be a JSON Schema object"),
        (json!(true), "/configSchema: must be a JSON Schema object"),
        (json!([]), "/configSchema: must be a JSON Schema object"),
        (
            json!({"type": "string"}),
            "/configSchema/type: must be \"object\"",
        ),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            "/configSchema/$schema: must be JSON Schema 2020-12",
        ),
        (
            json!({"propertes": {}}),
            "/configSchema/propertes: is not a keyword",
        ),
        (
            json!({"$id": "https://example.com/x"}),
            "/configSchema/$id: is not a keyword",
        ),
        (
            json!({"$dynamicRef": "#x"}),
            "/configSchema/$dynamicRef: is not a keyword",
        ),
        (
            json!({"properties": {"a": {"$ref": "https://example.com/a.json"}}}),
            "/configSchema/properties/a/$ref: must point into this schema",
        ),
        (
            json!({"properties": {"a": {"$ref": "file:///etc/passwd"}}}),
            "/configSchema/properties/a/$ref: must point into this schema",
        ),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/A"}}}),
            "/configSchema/properties/a/$ref: points to nothing",
        ),
        (
            json!({"properties": {"a": {"type": "text"}}}),
            "/configSchema/properties/a/type",
        ),
        (
            json!({"properties": {"a": 7}}),
            "/configSchema/properties/a: must be a schema",
        ),
        (
            json!({"required": "a"}),
            "/configSchema/required: must be a list",
        ),
        (
            json!({"properties": {"a": {"type": "string", "pattern": "("}}}),
            "/configSchema/properties/a/pattern",
        ),
        (
            json!({"properties": {"a": {"type": "string", "pattern": "(?=x)"}}}),
            "/configSchema/properties/a/pattern",
        ),
        (
            json!({"properties": {"port": {"type": "integer", "default": "x"}}}),
            "/configSchema/properties/port: has a default that must be a whole number",
        ),
        (
            json!({"properties": {"k": {"type": "integer", "format": "password"}}}),
            "/configSchema/properties/k/type: a secret must be a string",
        ),
        (
            json!({"properties": {"keys": {"type": "array", "items": {"type": "string", "format": "password"}}}}),
            "/configSchema/properties/keys/items: a secret must be a named field",
        ),
        (
            json!({"properties": {"l": {"type": "array", "items": {"properties": {"token": {"type": "string"}}}}}}),
            "/configSchema/properties/l/items/properties/token: a secret must be a named field",
        ),
        (
            json!({"additionalProperties": {"type": "string", "writeOnly": true}}),
            "/configSchema/additionalProperties: a secret must be a named field",
        ),
    ] {
        let found = refused(schema.clone());
        assert!(
            found.iter().any(|fault| fault.starts_with(expected)),
            "{schema}: {found:?}"
        );
    }
}

#[test]
fn circles_and_explosions_are_refused() {
    for schema in [
        json!({"allOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"$ref": "#/$defs/A"}}}),
        json!({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"properties": {"b": {"$ref": "#/$defs/A"}}}}}),
        json!({"properties": {"a": {"$ref": "#/properties/a"}}}),
    ] {
        let found = refused(schema.clone());
        assert!(
            found
                .iter()
                .any(|fault| fault.contains("goes round in a circle")),
            "{schema}: {found:?}"
        );
    }
    let mut defs = serde_json::Map::new();
    for i in 0..20 {
        let next = json!({"$ref": format!("#/$defs/D{}", i + 1)});
        defs.insert(format!("D{i}"), json!({"allOf": [next, next, next]}));
    }
    defs.insert("D20".into(), json!({}));
    let found = refused(json!({"allOf": [{"$ref": "#/$defs/D0"}], "$defs": defs}));
    assert!(
        found[0].contains("too large when its references are followed"),
        "{found:?}"
    );

    let deep = (0..40).fold(json!({}), |inner, _| json!({"properties": {"a": inner}}));
    assert!(refused(deep)[0].contains("nested too deeply"));
    let long = "x".repeat(1 << 20);
    assert!(refused(json!({"description": long}))[0].contains("is too long"));
    let many: serde_json::Map<String, Value> = (0..300)
        .map(|i| (format!("f{i}"), json!({"type": "string"})))
        .collect();
    assert!(refused(json!({"properties": many}))[0].contains("too many fields"));
}

#[test]
fn a_catastrophic_pattern_is_harmless() {
    let template =
        crate::template(json!({"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}));
    let text = format!("{}!", "a".repeat(60_000));
    assert!(template.validate(&json!({"a": text})).is_err());
}

#[test]
fn what_surrounds_the_schema_is_checked_too() {
    let mut spec = TemplateSpec::new(
        "Not A Slug",
        json!({"properties": {"apiKey": {"type": "string"}, "id": {"type": "string"}}}),
    );
    spec.version = 0;
    spec.docs_url = Some("javascript:alert(1)".into());
    spec.icon = Some("data:text/html,x".into());
    spec.webhook_url = Some("//evil.example/x".into());
    spec.env.insert("id".into(), "lower".into());
    let error = Template::from_spec(spec.clone()).unwrap_err();
    let paths: Vec<&str> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/slug",
            "/version",
            "/docsUrl",
            "/icon",
            "/webhookUrl",
            "/env/~1id"
        ]
    );

    for (key, expected) in [
        ("apiKey", "must not name a secret"),
        ("nothing", "names no field"),
    ] {
        let mut spec = TemplateSpec::new("x", spec.config_schema.clone());
        spec.external_key = Some(key.into());
        let error = Template::from_spec(spec).unwrap_err();
        assert!(faults(&error)[0].starts_with("/externalKey: "), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn json_of_a_spec_is_read_strictly() {
    for (json, path) in [
        (json!({"slug": "x", "isActive": "yes"}), "/isActive"),
        (json!({"slug": 7}), "/slug"),
        (json!({"slug": "x", "env": {"a": 1}}), "/env/a"),
        (
            json!({"slug": "x", "setupInstruction": "typo"}),
            "/setupInstruction",
        ),
    ] {
        let error = TemplateSpec::from_json(&json).unwrap_err();
        assert_eq!(error.fields()[0].path, path, "{json}: {error}");
    }
    let spec =
        TemplateSpec::from_json(&json!({"name": "Facebook Ads (EU)", "schema": {}})).unwrap();
    let template = Template::from_spec(spec).unwrap();
    assert_eq!(template.slug(), "facebook-ads-eu");
    assert_eq!(template.name(), "Facebook Ads (EU)");
    assert!(TemplateSpec::from_json(&json!([])).is_err());
}

#[test]
fn a_field_that_only_sounds_secret_can_say_so() {
    let template = crate::template(
        json!({"properties": {"pageToken": {"type": "string", "x-secret": false}}}),
    );
    assert_eq!(template.secret_fields().count(), 0);
    let valid = template.validate(&json!({"pageToken": "p"})).unwrap();
    assert_eq!(valid.config().text("/pageToken"), Some("p"));
}

#[test]
fn a_field_that_sounds_secret_is_one_however_its_schema_is_written() {
    for words in [
        json!(true),
        json!({}),
        json!({"minLength": 1}),
        json!({"type": ["string", "null"]}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"$ref": "#/$defs/Text"}),
        json!({"allOf": [{"type": "string"}]}),
    ] {
        let template = crate::template(
            json!({"$defs": {"Text": {"type": "string"}}, "properties": {"apiKey": words}}),
        );
        assert_eq!(
            template.secret_fields().collect::<Vec<_>>(),
            ["/apiKey"],
            "{words}"
        );
        let valid = template.validate(&json!({"apiKey": "k"})).unwrap();
        assert!(valid.config().public().is_empty(), "{words}");
    }
    // A number or a choice is none, whatever its name.
    let template = crate::template(
        json!({"properties": {"maxToken": {"type": "integer"}, "hasSecret": {"enum": ["yes", "no"]}}}),
    );
    assert_eq!(template.secret_fields().count(), 0);
}
