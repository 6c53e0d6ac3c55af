use integrations_core::SecretString;
use integrations_core::template::{Config, REDACTED, Template, TemplateSpec};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{printed, template};

const PLANTED: &str = "sk-planted-secret-4242";

/// Schemas that refuse the planted secret each in another way.
fn refusing() -> Vec<Value> {
    let with = |words: Value| json!({"required": ["apiKey"], "properties": {"apiKey": words}});
    vec![
        with(json!({"type": "string", "format": "password", "maxLength": 3})),
        with(json!({"type": "string", "format": "password", "minLength": 300})),
        with(json!({"type": "string", "format": "password", "pattern": "^pit-"})),
        with(json!({"type": "string", "writeOnly": true, "not": {"pattern": "planted"}})),
        with(
            json!({"type": "string", "x-secret": true, "anyOf": [{"maxLength": 1}, {"minLength": 999}]}),
        ),
        with(
            json!({"type": "string", "x-secret": true, "oneOf": [{"minLength": 1}, {"minLength": 2}]}),
        ),
        with(json!({"type": "string", "x-secret": true, "allOf": [{"maxLength": 1}]})),
        json!({"oneOf": [{"required": ["x"]}, {"required": ["y"]}], "properties": {"apiKey": {"type": "string"}}}),
        json!({"not": {"required": ["apiKey"]}, "properties": {"apiKey": {"type": "string"}}}),
        json!({"maxProperties": 0, "properties": {"apiKey": {"type": "string"}}}),
        json!({"propertyNames": {"maxLength": 1}, "properties": {"apiKey": {"type": "string"}}}),
        json!({"dependentRequired": {"apiKey": ["other"]}, "properties": {"apiKey": {"type": "string"}}}),
        json!({"const": {"a": 1}, "properties": {"apiKey": {"type": "string"}}}),
        json!({"enum": [{"a": 1}], "properties": {"apiKey": {"type": "string"}}}),
        json!({"properties": {"other": {"type": "integer"}}}),
    ]
}

#[test]
fn promise_07_no_refusal_repeats_a_secret() {
    for schema in refusing() {
        let template = template(schema.clone());
        let error = template.validate(&json!({"apiKey": PLANTED})).unwrap_err();
        assert!(!error.fields().is_empty());
        assert!(!printed(&error).contains("planted"), "{schema}: {error:?}");
        // Of the wrong type, in the wrong place.
        for input in [
            json!({"apiKey": [PLANTED]}),
            json!({"apiKey": {"x": PLANTED}}),
            json!({"x": PLANTED}),
            json!([PLANTED]),
        ] {
            if let Err(error) = template.validate(&input) {
                assert!(!printed(&error).contains("planted"), "{schema}: {error:?}");
            }
        }
    }
}

#[test]
fn promise_07_a_secret_pasted_as_a_name_is_not_repeated_by_a_rule_about_names() {
    let template =
        template(json!({"additionalProperties": true, "propertyNames": {"maxLength": 5}}));
    let error = template.validate(&json!({PLANTED: true})).unwrap_err();
    assert!(!printed(&error).contains("planted"), "{error:?}");
}

#[test]
fn promise_07_configs_print_no_value() {
    let template = template(json!({
        "properties": {"apiKey": {"type": "string"}, "note": {"type": "string"}, "auth": {
            "type": "object", "properties": {"clientSecret": {"type": "string"}}
        }}
    }));
    let valid = template
        .validate(&json!({"apiKey": PLANTED, "note": "planted by mistake", "auth": {"clientSecret": PLANTED}}))
        .unwrap();
    let printed = format!(
        "{valid:?} {:?} {:#?} {template:?}",
        valid.config(),
        valid.clone().into_config()
    );
    assert!(!printed.contains("planted"), "{printed}");
    assert!(
        printed.contains("/auth/clientSecret"),
        "names are shown: {printed}"
    );
    let back = valid.redacted();
    assert_eq!(
        back,
        json!({"apiKey": REDACTED, "note": "planted by mistake", "auth": {"clientSecret": REDACTED}})
    );
    assert_eq!(
        serde_json::to_string(valid.config().public()).unwrap(),
        r#"{"auth":{},"note":"planted by mistake"}"#
    );
}

#[test]
fn promise_07_a_config_that_does_not_decode_names_the_field_only() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "never built")]
    struct Wrong {
        api_key: u32,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "never built")]
    struct Choice {
        api_key: Mode,
    }
    #[derive(Debug, Deserialize)]
    enum Mode {
        A,
    }
    let config = Config::from_parts(
        serde_json::Map::new(),
        [("/api_key".to_owned(), SecretString::from(PLANTED))].into(),
    );
    for error in [
        config.get::<Wrong>().unwrap_err(),
        config.get::<Choice>().unwrap_err(),
    ] {
        assert_eq!(error.fields()[0].path, "/api_key");
        assert!(!printed(&error).contains("planted"), "{error:?}");
    }
    let _ = Mode::A;
    let error = Config::default().get::<Wrong>().unwrap_err();
    assert!(
        error.to_string().contains("missing field `api_key`"),
        "{error}"
    );
}

#[test]
fn promise_07_secrets_reach_typed_fields_and_stay_unprinted() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        api_key: SecretString,
        auth: Auth,
        note: Option<String>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Auth {
        client_secret: integrations_core::ClientSecret,
    }
    let config = Config::from_parts(
        serde_json::Map::new(),
        [
            ("/apiKey".to_owned(), SecretString::from(PLANTED)),
            ("/auth/clientSecret".to_owned(), SecretString::from(PLANTED)),
        ]
        .into(),
    );
    let typed: Typed = config.get().unwrap();
    assert_eq!(
        integrations_core::ExposeSecret::expose_secret(&typed.api_key),
        PLANTED
    );
    assert_eq!(typed.auth.client_secret.expose_secret(), PLANTED);
    assert_eq!(typed.note, None);
    assert!(!format!("{typed:?}").contains("planted"));
}

#[test]
fn promise_07_a_template_cannot_carry_a_secret() {
    for words in [
        json!({"type": "string", "format": "password", "default": PLANTED}),
        json!({"type": "string", "format": "password", "examples": [PLANTED]}),
        json!({"type": "string", "writeOnly": true, "const": PLANTED}),
        json!({"type": "string", "default": PLANTED}),
    ] {
        let spec = TemplateSpec::new("x", json!({"properties": {"apiKey": words}}));
        let error = Template::from_spec(spec).unwrap_err();
        assert!(
            error.fields()[0].message.contains("would show a secret"),
            "{error}"
        );
        assert!(!printed(&error).contains("planted"));
    }
}
