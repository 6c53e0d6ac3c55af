//! A form for a template, ready to be drawn.

mod of;
mod read;

use serde::Serialize;
use serde_json::Value;

/// The fields of a template in the order to show them.
///
/// Order: `x-order` of the schema, then required fields, then names. In JSON the names are camel case.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FormModel {
    /// The fields.
    pub fields: Vec<FormField>,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FormField {
    /// Where its value goes in the config, for example `/apiKey`.
    pub pointer: String,
    /// What to write before it: the schema's `title`, or the name in words.
    pub label: String,
    /// What to write below it: the schema's `description`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The group it belongs to, for fields of an inner object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How to draw it.
    pub kind: FieldKind,
    /// Whether a config must have it.
    pub required: bool,
    /// Whether its value is never shown again.
    pub secret: bool,
    /// Its value when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What to show in it while it is empty: `x-placeholder`, or the first of `examples`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// Regular expression that its text must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Least count of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Greatest count of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// What can be chosen, for [`FieldKind::Select`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<SelectOption>,
    /// Show it only while all of these hold: `x-visible-when`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub visible_when: Vec<Condition>,
    /// The environment variable that examples and servers read it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
}

/// How a field is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Several lines of text.
    Textarea,
    /// A secret: hidden, and empty when the form is shown again.
    Password,
    /// An address of the web.
    Url,
    /// An e-mail address.
    Email,
    /// A number.
    Number,
    /// Yes or no.
    Checkbox,
    /// One of the options.
    Select,
    /// A list of texts, one per line.
    List,
    /// Anything else, as JSON.
    Json,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SelectOption {
    /// The value.
    pub value: Value,
    /// What to show for it.
    pub label: String,
}

/// Another field has one of these values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Condition {
    /// The other field.
    pub pointer: String,
    /// The values.
    pub any_of: Vec<Value>,
}

impl FormModel {
    /// The field at a JSON pointer.
    #[must_use]
    pub fn field(&self, pointer: &str) -> Option<&FormField> {
        self.fields.iter().find(|field| field.pointer == pointer)
    }
}
