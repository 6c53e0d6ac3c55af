use integrations_core::email::EmailAddress;
use integrations_core::template::{Category, FieldKind, Origin, SecretSchema, Template};
use integrations_core::{ClientSecret, SecretString};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::faults;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Example {
    /// Private integration token.
    #[schemars(with = "SecretSchema", length(min = 4), extend("x-env" = "EXAMPLE_API_KEY"))]
    api_key: SecretString,
    /// The account.
    location_id: String,
    #[schemars(with = "Option<SecretSchema>")]
    signing_secret: Option<SecretString>,
    client_secret: Option<ClientSecret>,
    #[serde(default)]
    auth_mode: AuthMode,
    #[serde(default = "timeout")]
    #[schemars(range(min = 1, max = 300))]
    timeout_secs: u32,
    owner: Option<EmailAddress>,
    nested: Option<Nested>,
}

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum AuthMode {
    /// A private integration token.
    #[default]
    Token,
    /// OAuth 2.0.
    Oauth,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Nested {
    webhook_token: ClientSecret,
    name: String,
}

fn timeout() -> u32 {
    30
}

fn example() -> Template {
    Template::builder("example")
        .name("Example")
        .display_name("Example CRM")
        .category(Category::Crm)
        .version(3)
        .setup_guide("# Set up")
        .docs_url("https://example.com/docs")
        .webhook_url("/webhooks/example")
        .external_key("locationId")
        .env("locationId", "EXAMPLE_LOCATION_ID")
        .order(["locationId", "apiKey"])
        .config::<Example>()
        .build()
        .unwrap()
}

#[test]
fn a_typed_config_becomes_a_template_and_comes_back_typed() {
    let template = example();
    assert_eq!(
        (template.origin(), template.version()),
        (Origin::Builtin, 3)
    );
    assert_eq!(
        template.secret_fields().collect::<Vec<_>>(),
        [
            "/apiKey",
            "/clientSecret",
            "/nested/webhookToken",
            "/signingSecret"
        ]
    );
    assert_eq!(template.schema()["properties"]["apiKey"]["writeOnly"], true);
    assert_eq!(
        template.schema()["properties"]["apiKey"]["format"],
        "password"
    );

    let valid = template
        .validate(&json!({
            "apiKey": "k123", "locationId": "loc_1", "owner": "jane@example.com",
            "nested": {"webhookToken": "w", "name": "n"}
        }))
        .unwrap();
    let typed: Example = valid.config().get().unwrap();
    assert_eq!(typed.location_id, "loc_1");
    assert_eq!(typed.timeout_secs, 30);
    assert_eq!(typed.auth_mode, AuthMode::Token);
    assert!(typed.signing_secret.is_none() && typed.client_secret.is_none());
    let nested = typed.nested.unwrap();
    assert_eq!(
        (nested.webhook_token.expose_secret(), nested.name.as_str()),
        ("w", "n")
    );
    assert_eq!(typed.owner.unwrap().domain(), "example.com");
    assert!(!format!("{:?}", typed.api_key).contains("k123"));

    let error = template
        .validate(&json!({
            "apiKey": "k", "authMode": "magic", "timeoutSecs": 0, "owner": "nobody", "nested": {"name": 1}, "extra": 1
        }))
        .unwrap_err();
    assert_eq!(
        faults(&error),
        [
            "/apiKey: must have at least 4 characters",
            "/authMode: must be token",
            "/extra: is not a field of this template",
            "/locationId: is required",
            "/nested/name: must be a text",
            "/nested/webhookToken: is required",
            "/owner: must be an e-mail address",
            "/timeoutSecs: must be at least 1",
        ]
    );
}

#[test]
fn the_form_of_a_typed_config() {
    let template = example();
    let form = template.form();
    let first: Vec<&str> = form
        .fields
        .iter()
        .take(2)
        .map(|field| field.pointer.as_str())
        .collect();
    assert_eq!(first, ["/locationId", "/apiKey"]);
    let key = form.field("/apiKey").unwrap();
    assert_eq!(key.kind, FieldKind::Password);
    assert_eq!(key.help.as_deref(), Some("Private integration token."));
    assert_eq!(key.env.as_deref(), Some("EXAMPLE_API_KEY"));
    assert_eq!(
        form.field("/locationId").unwrap().env.as_deref(),
        Some("EXAMPLE_LOCATION_ID")
    );
    let mode = form.field("/authMode").unwrap();
    assert_eq!(mode.kind, FieldKind::Select);
    assert_eq!(mode.options.len(), 2);
    assert_eq!(mode.default, Some(json!("token")));
    let timeout = form.field("/timeoutSecs").unwrap();
    assert_eq!(
        (timeout.kind, timeout.default.clone()),
        (FieldKind::Number, Some(json!(30)))
    );
    assert_eq!(form.field("/owner").unwrap().kind, FieldKind::Email);
    assert!(!form.field("/owner").unwrap().required);
}

#[test]
fn templates_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Template>();
    shared::<integrations_core::template::ValidConfig>();
    shared::<integrations_core::template::Config>();
}
