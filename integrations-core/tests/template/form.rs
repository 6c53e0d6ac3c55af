use integrations_core::template::FieldKind;
use serde_json::{Value, json};

use crate::{ghl_schema, template};

#[test]
fn the_example_of_the_requirement_as_a_form() {
    let template = template(ghl_schema());
    let form = template.form();
    let order: Vec<&str> = form
        .fields
        .iter()
        .map(|field| field.pointer.as_str())
        .collect();
    assert_eq!(
        order,
        [
            "/apiKey",
            "/locationId",
            "/apiVersion",
            "/baseUrl",
            "/calendarId",
            "/clientId",
            "/clientSecret",
            "/webhookUrl"
        ],
        "required fields first"
    );
    let field = form.field("/apiKey").unwrap();
    assert_eq!(
        (
            field.kind,
            field.required,
            field.secret,
            field.label.as_str()
        ),
        (FieldKind::Password, true, true, "API Key")
    );
    assert_eq!(
        field.help.as_deref(),
        Some("GoHighLevel Private Integration Token")
    );
    assert_eq!(
        form.field("/baseUrl").unwrap().default,
        Some(json!("https://rest.gohighlevel.com"))
    );
    assert_eq!(
        serde_json::to_value(&form.fields[1]).unwrap(),
        json!({
            "pointer": "/locationId", "label": "Location ID", "help": "GHL Subaccount/Location ID", "kind": "text",
            "required": true, "secret": false
        })
    );
}

fn rich() -> Value {
    json!({
        "required": ["mode"],
        "properties": {
            "mode": {
                "x-order": 1,
                "oneOf": [{"const": "token", "title": "Private token"}, {"const": "oauth"}]
            },
            "size": {"enum": [1, 2, null], "x-order": 2},
            "clientId": {"type": "string", "x-order": 3, "x-visible-when": {"mode": "oauth"}, "x-env": "CLIENT_ID"},
            "site": {"type": ["string", "null"], "format": "uri", "examples": ["https://example.com"]},
            "mail": {"type": "string", "format": "email"},
            "about": {"type": "string", "x-multiline": true, "maxLength": 500},
            "port": {"type": "integer", "minimum": 1, "maximum": 65535},
            "on": {"type": "boolean", "default": false},
            "tags": {"type": "array", "items": {"type": "string"}},
            "maybe": {"anyOf": [{"type": "number", "title": "Maybe"}, {"type": "null"}]},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "auth": {
                "title": "Sign-in",
                "x-order": 4,
                "required": ["secret"],
                "properties": {
                    "secret": {"type": "string"},
                    "scope": {"type": "string", "x-visible-when": {"/mode": ["oauth", "token"]}}
                }
            }
        }
    })
}

#[test]
fn kinds_choices_groups_and_conditions() {
    let template = template(rich());
    let form = template.form();
    let kind = |pointer: &str| form.field(pointer).unwrap().kind;
    for (pointer, expected) in [
        ("/mode", FieldKind::Select),
        ("/size", FieldKind::Select),
        ("/clientId", FieldKind::Text),
        ("/site", FieldKind::Url),
        ("/mail", FieldKind::Email),
        ("/about", FieldKind::Textarea),
        ("/port", FieldKind::Number),
        ("/on", FieldKind::Checkbox),
        ("/tags", FieldKind::List),
        ("/maybe", FieldKind::Number),
        ("/headers", FieldKind::Json),
        ("/auth/secret", FieldKind::Password),
        ("/auth/scope", FieldKind::Text),
    ] {
        assert_eq!(kind(pointer), expected, "{pointer}");
    }
    let order: Vec<&str> = form
        .fields
        .iter()
        .take(5)
        .map(|field| field.pointer.as_str())
        .collect();
    assert_eq!(
        order,
        ["/mode", "/size", "/clientId", "/auth/secret", "/auth/scope"]
    );

    let labels: Vec<&str> = form
        .field("/mode")
        .unwrap()
        .options
        .iter()
        .map(|o| o.label.as_str())
        .collect();
    assert_eq!(labels, ["Private token", "OAuth"]);
    assert_eq!(form.field("/size").unwrap().options.len(), 2);
    let client = form.field("/clientId").unwrap();
    assert_eq!(client.env.as_deref(), Some("CLIENT_ID"));
    assert_eq!(client.visible_when[0].pointer, "/mode");
    assert_eq!(client.visible_when[0].any_of, [json!("oauth")]);
    let scope = form.field("/auth/scope").unwrap();
    assert_eq!(
        (scope.group.as_deref(), scope.required),
        (Some("Sign-in"), false)
    );
    assert_eq!(scope.visible_when[0].any_of.len(), 2);
    assert!(
        !form.field("/auth/secret").unwrap().required,
        "only when there is sign-in at all"
    );
    assert_eq!(
        form.field("/site").unwrap().placeholder.as_deref(),
        Some("https://example.com")
    );
    assert_eq!(form.field("/port").unwrap().maximum, Some(65535.0));
    assert_eq!(form.field("/maybe").unwrap().label, "Maybe");
}

#[test]
fn filled_in_texts_become_values() {
    let template = template(rich());
    let input = template.form().read([
        ("/mode", "oauth"),
        ("/size", "2"),
        ("/port", " 8080 "),
        ("/on", "on"),
        ("/tags", "a\n\n b \n"),
        ("/maybe", "1.5"),
        ("/mail", " jane@example.com "),
        ("/site", ""),
        ("/about", "two\nlines"),
        ("/headers", r#"{"x": "y"}"#),
        ("/auth/secret", ""),
    ]);
    assert_eq!(
        input,
        json!({
            "mode": "oauth", "size": 2, "port": 8080, "on": true, "tags": ["a", "b"], "maybe": 1.5,
            "mail": "jane@example.com", "site": null, "about": "two\nlines", "headers": {"x": "y"},
            "auth": {"secret": ""}
        })
    );
    let input = template.form().read([
        ("/mode", "wild"),
        ("/port", "x"),
        ("/unknown", "y"),
        ("/auth/secret", "s"),
    ]);
    let error = template.validate(&input).unwrap_err();
    let paths: Vec<&str> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert!(
        paths.contains(&"/mode") && paths.contains(&"/port") && paths.contains(&"/unknown"),
        "{error}"
    );
}
