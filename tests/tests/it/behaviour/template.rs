//! What a provider says that it needs.

use std::collections::{BTreeSet, HashMap};

use integrations_core::ErrorKind;
use integrations_core::template::FieldKind;
use serde_json::Value;

use super::fixture::Fixture;
use crate::support::errors::refused;

pub(crate) async fn the_template_is_sound<F: Fixture>(fixture: &F) {
    let provider = fixture.provider();
    let template = provider.template();
    assert_eq!(template.slug(), F::SLUG);
    assert!(template.is_active() && template.version() >= 1);
    let spec = template.spec();
    assert!(
        spec.description
            .as_deref()
            .is_some_and(|text| text.len() > 20)
    );
    assert!(
        spec.setup_instructions
            .as_deref()
            .is_some_and(|text| text.len() > 100)
    );
    assert!(
        spec.docs_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    );

    // By a validator of its own, against the meta-schema of 2020-12.
    let schema = template.schema();
    let dialect = schema["$schema"].as_str();
    assert!(
        dialect.is_none_or(|dialect| dialect.contains("2020-12")),
        "{dialect:?}"
    );
    jsonschema::draft202012::meta::validate(schema).expect("a schema of 2020-12");
    let judge = jsonschema::draft202012::new(schema).expect("a schema that compiles");
    assert!(judge.is_valid(&fixture.config()), "the good config is good");

    let properties = schema["properties"].as_object().expect("properties");
    for (name, property) in properties {
        let secret = F::FIELDS
            .iter()
            .any(|field| field.secret && field.pointer == format!("/{name}"));
        let marked = (
            property["format"] == "password",
            property["writeOnly"] == true,
        );
        assert_eq!(marked, (secret, secret), "the marks of {name}");
    }
    let secrets: BTreeSet<&str> = template.secret_fields().collect();
    let expected: BTreeSet<&str> = F::FIELDS
        .iter()
        .filter(|field| field.secret)
        .map(|field| field.pointer)
        .collect();
    assert_eq!(secrets, expected);
    assert_eq!(template.external_key(), F::EXTERNAL_KEY);
    let valid = template.validate(&fixture.config()).expect("good");
    assert_eq!(
        valid.external_account().is_some(),
        F::EXTERNAL_KEY.is_some()
    );
    assert_eq!(provider.oauth().is_some(), F::CAPABILITIES.oauth);
    assert_eq!(provider.webhooks().is_some(), F::CAPABILITIES.webhooks);
}

pub(crate) async fn the_form_is_complete<F: Fixture>(fixture: &F) {
    let provider = fixture.provider();
    let form = provider.template().form();
    let shown: Vec<&str> = form
        .fields
        .iter()
        .map(|field| field.pointer.as_str())
        .collect();
    let expected: Vec<&str> = F::FIELDS.iter().map(|field| field.pointer).collect();
    assert_eq!(shown, expected, "every field once, in order");
    for (shown, expected) in form.fields.iter().zip(F::FIELDS) {
        let at = expected.pointer;
        assert_eq!(
            (shown.required, shown.secret, shown.env.as_deref()),
            (expected.required, expected.secret, expected.env),
            "{at}"
        );
        assert_eq!(shown.secret, shown.kind == FieldKind::Password, "{at}");
        assert!(!shown.label.is_empty(), "{at} has a label");
        assert!(
            shown.help.as_deref().is_some_and(|help| help.len() > 10),
            "{at} says what it is"
        );
        assert!(!shown.secret || shown.default.is_none(), "{at}");
    }
}

pub(crate) async fn configs_are_read_from_the_environment<F: Fixture>(fixture: &F) {
    let provider = fixture.provider();
    let template = provider.template();
    let config = fixture.config();
    let mut variables: HashMap<&str, String> = HashMap::new();
    for field in F::FIELDS {
        if let (Some(name), Some(Value::String(text))) = (field.env, config.pointer(field.pointer))
        {
            variables.insert(name, text.clone());
        }
    }
    let read = template
        .read_env(|name| variables.get(name).cloned())
        .expect("all is set");
    assert_eq!(
        read.redacted(),
        template.validate(&config).expect("good").redacted()
    );
    let error = refused(template.read_env(|_| None), ErrorKind::Config);
    for field in F::FIELDS.iter().filter(|field| field.required) {
        let name = field.env.expect("a required field has a variable");
        assert!(
            error.to_string().contains(name),
            "{error} does not name {name}"
        );
    }
}
