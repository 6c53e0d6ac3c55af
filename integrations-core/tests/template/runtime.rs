use integrations_core::ExposeSecret as _;
use integrations_core::template::{Category, Origin, REDACTED, Template, TemplateSpec};
use serde_json::json;

use crate::{faults, ghl_schema, template};

#[test]
fn the_example_of_the_requirement_works_as_it_stands() {
    let spec = TemplateSpec::from_json(&json!({
        "name": "gohighlevel",
        "displayName": "GoHighLevel CRM",
        "category": "CRM",
        "configSchema": ghl_schema(),
        "setupInstructions": "# Setup Guide\n...",
        "webhookUrl": "/webhooks/gohighlevel",
        "apiVersion": "v1",
        "externalKey": "locationId",
        "env": {"apiKey": "GHL_API_KEY", "locationId": "GHL_LOCATION_ID"}
    }))
    .unwrap();
    let template = Template::from_spec(spec).unwrap();
    assert_eq!(template.slug(), "gohighlevel");
    assert_eq!(template.display_name(), "GoHighLevel CRM");
    assert_eq!(template.category(), &Category::Crm);
    assert_eq!(template.origin(), Origin::Runtime);
    assert!(template.is_active());
    // The requirement encrypts the client's secret, though its schema does not mark it.
    assert_eq!(
        template.secret_fields().collect::<Vec<_>>(),
        ["/apiKey", "/clientSecret"]
    );

    let valid = template
        .validate(&json!({"apiKey": "pit-1", "locationId": "loc_1", "clientSecret": "cs-1"}))
        .unwrap();
    assert_eq!(valid.external_account().as_deref(), Some("loc_1"));
    assert_eq!(
        valid.redacted(),
        json!({
            "apiKey": REDACTED, "clientSecret": REDACTED, "locationId": "loc_1",
            "apiVersion": "v1", "baseUrl": "https://rest.gohighlevel.com"
        })
    );
    let config = valid.into_config();
    assert_eq!(config.secret("/apiKey").unwrap().expose_secret(), "pit-1");
    assert_eq!(
        config.text("/baseUrl"),
        Some("https://rest.gohighlevel.com")
    );
    assert_eq!(config.text("/apiKey"), None);

    let error = template.validate(&json!({"surprise": 1})).unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/apiKey: is required",
            "/locationId: is required",
            "/surprise: is not a field of this template"
        ]
    );
}

#[test]
fn what_is_stored_of_a_template_makes_the_same_template() {
    let first = template(ghl_schema());
    let stored = serde_json::to_value(&first).unwrap();
    let second = Template::from_spec(TemplateSpec::from_json(&stored).unwrap()).unwrap();
    assert_eq!(first.spec(), second.spec());
    assert_eq!(first.form(), second.form());
}

#[test]
fn environment_variables_make_a_config() {
    let mut spec = TemplateSpec::new(
        "ghl",
        json!({
            "required": ["apiKey", "locationId"],
            "properties": {
                "apiKey": {"type": "string", "x-env": "GHL_API_KEY"},
                "locationId": {"type": "string"},
                "retries": {"type": "integer", "maximum": 9, "x-env": "GHL_RETRIES"}
            }
        }),
    );
    spec.env
        .insert("locationId".into(), "GHL_LOCATION_ID".into());
    let template = Template::from_spec(spec).unwrap();
    let read = |set: &[(&str, &str)]| {
        template.read_env(|name| {
            set.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    };
    let valid = read(&[
        ("GHL_API_KEY", "k"),
        ("GHL_LOCATION_ID", "l"),
        ("GHL_RETRIES", "3"),
    ])
    .unwrap();
    assert_eq!(valid.config().public()["retries"], 3);

    let error = read(&[("GHL_API_KEY", ""), ("GHL_RETRIES", "planted")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not usable as configured: set these environment variables: GHL_API_KEY: is required; \
         GHL_LOCATION_ID: is required; GHL_RETRIES: must be a whole number"
    );
}

#[test]
fn a_config_that_a_newer_template_refuses_is_named_when_restored() {
    let old =
        template(json!({"properties": {"a": {"type": "string"}, "note": {"type": "string"}}}));
    let new = template(json!({
        "required": ["b"],
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "note": {"type": "string", "format": "password"}}
    }));
    let stored = old
        .validate(&json!({"a": "1", "note": "n"}))
        .unwrap()
        .into_config();
    assert_eq!(
        faults(&new.restore(&stored).unwrap_err()),
        ["/b: is required"]
    );
    // What has become a secret is one from the next change on.
    let moved = new.merge(&stored, &json!({"b": "2"})).unwrap();
    assert_eq!(
        moved.redacted(),
        json!({"a": "1", "b": "2", "note": REDACTED})
    );
    assert!(old.restore(&stored).is_ok());
}
