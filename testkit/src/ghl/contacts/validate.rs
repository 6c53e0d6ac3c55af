use serde_json::Value;

use crate::ghl::{error::Refusal, route::Call};

const DATE_CHANNELS: [&str; 6] = ["Call", "Email", "SMS", "WhatsApp", "GMB", "FB"];
const NAMED_CHANNELS: [&str; 6] = ["call", "email", "sms", "whatsApp", "gmb", "fb"];

/// Checks the nested parts of a contact body, whose property names depend on the version.
pub(super) fn contact(call: &Call) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    custom_fields(call, &mut problems);
    dnd_settings(call, &mut problems);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Refusal::unprocessable(&problems))
    }
}

fn custom_fields(call: &Call, problems: &mut Vec<String>) {
    let value_name = if call.named_version {
        "fieldValue"
    } else {
        "field_value"
    };
    let fields = call.body.get("customFields").and_then(Value::as_array);
    for (at, field) in fields.into_iter().flatten().enumerate() {
        let Some(field) = field.as_object() else {
            problems.push(format!("customFields.{at} must be an object"));
            continue;
        };
        for name in field.keys() {
            if !["id", "key", value_name].contains(&name.as_str()) {
                problems.push(format!(
                    "customFields.{at}.property {name} should not exist"
                ));
            }
        }
        let is_named = |name| field.get(name).is_some_and(Value::is_string);
        if !is_named("id") && !is_named("key") {
            problems.push(format!("customFields.{at}.id must be a string"));
        }
    }
}

fn dnd_settings(call: &Call, problems: &mut Vec<String>) {
    let channels = if call.named_version {
        NAMED_CHANNELS
    } else {
        DATE_CHANNELS
    };
    let settings = call.body.get("dndSettings").and_then(Value::as_object);
    for (channel, setting) in settings.into_iter().flatten() {
        if !channels.contains(&channel.as_str()) {
            problems.push(format!("dndSettings.property {channel} should not exist"));
        } else if !matches!(
            setting.get("status").and_then(Value::as_str),
            Some("active" | "inactive" | "permanent")
        ) {
            problems.push(format!(
                "dndSettings.{channel}.status must be one of the following values: \
                 active, inactive, permanent"
            ));
        }
    }
}
