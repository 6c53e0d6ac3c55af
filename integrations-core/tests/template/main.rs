//! Templates, configs, phone numbers, e-mail addresses, time zones and the shared model.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod bad_input;
mod catalogue;
mod email;
mod errors;
mod form;
mod merge;
mod model;
mod phone;
mod redaction;
mod runtime;
mod spec;
mod timezone;
mod typed;

use integrations_core::Error;
use integrations_core::template::{Template, TemplateSpec};
use serde_json::{Value, json};

/// A run-time template with this schema.
fn template(schema: Value) -> Template {
    Template::from_spec(TemplateSpec::new("example", schema)).unwrap()
}

/// The schema that the requirement gives for `GoHighLevel`, word for word.
fn ghl_schema() -> Value {
    json!({
      "type": "object",
      "required": ["apiKey", "locationId"],
      "properties": {
        "apiKey": {
          "type": "string",
          "title": "API Key",
          "description": "GoHighLevel Private Integration Token",
          "format": "password"
        },
        "locationId": {"type": "string", "title": "Location ID", "description": "GHL Subaccount/Location ID"},
        "calendarId": {"type": "string", "title": "Calendar ID", "description": "Optional calendar ID for bookings"},
        "webhookUrl": {"type": "string", "title": "Webhook URL", "description": "Webhook endpoint URL"},
        "apiVersion": {"type": "string", "title": "API Version", "default": "v1"},
        "baseUrl": {"type": "string", "title": "Base URL", "default": "https://rest.gohighlevel.com"},
        "clientId": {"type": "string", "title": "OAuth Client ID", "description": "For OAuth-based integrations"},
        "clientSecret": {
          "type": "string",
          "title": "OAuth Client Secret",
          "description": "For OAuth-based integrations"
        }
      }
    })
}

/// The refused fields as `path: message`, in order.
fn faults(error: &Error) -> Vec<String> {
    error
        .fields()
        .iter()
        .map(|field| format!("{}: {}", field.path, field.message))
        .collect()
}

/// Everything that an error can print.
fn printed(error: &Error) -> String {
    let mut all = format!("{error} {error:?} {error:#?} {:?}", error.fields());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    all
}
