use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::Fields;
use super::{Category, decode, limits, pointer};
use crate::{Error, FieldError, Result};

/// A template as an admin writes it, and as it is stored and served: plain data, not checked yet.
///
/// In JSON the names are camel case: `displayName`, `configSchema`, `setupInstructions`. An unknown name is refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TemplateSpec {
    /// The stable name: 1 to 64 lower-case letters, digits, `_` and `-`. Empty: made from the name.
    pub slug: String,
    /// The name. Empty: the slug.
    pub name: String,
    /// The name that people read. Empty: the name.
    pub display_name: String,
    /// What kind of system it is.
    pub category: Category,
    /// One paragraph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// An icon's identifier or its `https` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Its version, from 1.
    #[serde(default = "one")]
    pub version: u32,
    /// Whether new integrations may be made from it.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// What a config must look like: JSON Schema 2020-12, with an object at its root.
    #[serde(alias = "schema")]
    pub config_schema: Value,
    /// How to set it up, in Markdown.
    #[serde(alias = "setupGuide", skip_serializing_if = "Option::is_none")]
    pub setup_instructions: Option<String>,
    /// The provider's own documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
    /// Where its webhooks arrive unless a config says otherwise: a path of ours or a whole address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// The provider's API version that it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// JSON pointer of the field that names the account at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_key: Option<String>,
    /// Whether webhooks carry what must not be stored in the clear: then their payloads are sealed at rest.
    #[serde(skip_serializing_if = "is_false")]
    pub sensitive_payload: bool,
    /// The environment variable of a field, by the field's JSON pointer. The same as `x-env` in the schema.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn yes() -> bool {
    true
}

impl TemplateSpec {
    /// A spec with a slug and a schema; everything else can be set field by field.
    #[must_use]
    pub fn new(slug: impl Into<String>, config_schema: Value) -> Self {
        Self {
            slug: slug.into(),
            config_schema,
            version: 1,
            is_active: true,
            ..Self::default()
        }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) that names the path of the first fault.
    pub fn from_json(json: &Value) -> Result<Self> {
        limits::check(json, limits::MAX_SPEC_BYTES, "the template")?;
        if !json.is_object() {
            let fault = FieldError::new("", "must be an object");
            return Err(Error::validation("this is not a template", vec![fault]));
        }
        serde_path_to_error::deserialize(json).map_err(|error| {
            let at = decode::pointer_of(error.path());
            let what = error.into_inner().to_string();
            Error::validation("this is not a template", vec![FieldError::new(at, what)])
        })
    }

    /// Fills what is derived and checks everything but the schema.
    pub(super) fn prepare(&mut self) -> Result<()> {
        if self.slug.is_empty() {
            self.slug = slug_of(&self.name);
        }
        if self.name.is_empty() {
            self.name.clone_from(&self.slug);
        }
        if self.display_name.is_empty() {
            self.display_name.clone_from(&self.name);
        }
        self.external_key = self.external_key.take().map(pointer::from_name);
        self.env = std::mem::take(&mut self.env)
            .into_iter()
            .map(|(field, name)| (pointer::from_name(field), name))
            .collect();

        let mut faults = Vec::new();
        let mut fault = |path: &str, message: &str| faults.push(FieldError::new(path, message));
        if !is_slug(&self.slug) {
            fault(
                "/slug",
                "must be 1 to 64 lower-case letters, digits, `_` or `-`, and start with a letter or digit",
            );
        }
        if self.version == 0 {
            fault("/version", "must be at least 1");
        }
        for (path, text, limit) in [
            ("/name", Some(&self.name), 100),
            ("/displayName", Some(&self.display_name), 200),
            ("/description", self.description.as_ref(), 4096),
            ("/icon", self.icon.as_ref(), 2048),
            ("/docsUrl", self.docs_url.as_ref(), 2048),
            ("/webhookUrl", self.webhook_url.as_ref(), 2048),
            ("/apiVersion", self.api_version.as_ref(), 64),
        ] {
            if text.is_some_and(|text| text.len() > limit) {
                fault(path, &format!("is too long: at most {limit} bytes"));
            }
        }
        if self.docs_url.as_deref().is_some_and(|url| !is_web(url)) {
            fault("/docsUrl", "must be an http or https address");
        }
        if self
            .icon
            .as_deref()
            .is_some_and(|icon| icon.contains(':') && !is_web(icon))
        {
            fault("/icon", "must be an identifier or an http or https address");
        }
        if self
            .webhook_url
            .as_deref()
            .is_some_and(|url| !is_web(url) && !is_path(url))
        {
            fault(
                "/webhookUrl",
                "must be a path that starts with one `/`, or an http or https address",
            );
        }
        for (field, name) in &self.env {
            if !is_env(name) {
                fault(
                    &pointer::push("/env", field),
                    "must be upper-case letters, digits and `_`, and start with a letter",
                );
            }
        }
        refuse(faults)
    }

    /// Checks what points into the schema.
    pub(super) fn check_fields(&self, fields: &Fields) -> Result<()> {
        let mut faults = Vec::new();
        for field in self.env.keys() {
            if fields.get(field).is_none() {
                faults.push(FieldError::new(
                    pointer::push("/env", field),
                    "names no field of the schema",
                ));
            }
        }
        if let Some(key) = &self.external_key {
            match fields.get(key) {
                Some(field) if field.secret => {
                    faults.push(FieldError::new("/externalKey", "must not name a secret"));
                }
                Some(_) => {}
                None => faults.push(FieldError::new(
                    "/externalKey",
                    "names no field of the schema",
                )),
            }
        }
        refuse(faults)
    }
}

/// An error with these faults, when there are any.
pub(super) fn refuse(faults: Vec<FieldError>) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::validation("this template cannot be used", faults))
}

fn is_slug(slug: &str) -> bool {
    (1..=64).contains(&slug.len())
        && slug
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
        && slug.as_bytes()[0].is_ascii_alphanumeric()
}

fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.trim().chars() {
        match c {
            c if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
            '_' => slug.push('_'),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches('-').into()
}

fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '?', '#'])
        && !path.contains("..")
}

fn is_env(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
