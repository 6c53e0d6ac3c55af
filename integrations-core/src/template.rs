//! Templates: what a provider must be told before it can be connected, as a JSON Schema.
//!
//! A template comes from a provider's typed config ([`Template::builder`]) or, at run time, from an admin
//! ([`TemplateSpec`]). Either way it is checked once, compiled once, and then
//!
//! - judges a config and names every refused field by its path ([`Template::validate`]),
//! - splits it into public JSON and secrets, which never meet again in anything that is printed ([`Config`]),
//! - merges updates and reads back redacted ([`ValidConfig::merge`], [`Config::redacted`]),
//! - describes a form ([`Template::form`]).
//!
//! ```
//! use integrations_core::SecretString;
//! use integrations_core::template::{Category, REDACTED, SecretSchema, Template};
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! #[derive(Deserialize, schemars::JsonSchema)]
//! #[serde(rename_all = "camelCase")]
//! struct ExampleConfig {
//!     /// Private integration token.
//!     #[schemars(with = "SecretSchema", extend("x-env" = "EXAMPLE_API_KEY"))]
//!     api_key: SecretString,
//!     /// The account.
//!     location_id: String,
//! }
//!
//! let template = Template::builder("example")
//!     .display_name("Example CRM")
//!     .category(Category::Crm)
//!     .external_key("locationId")
//!     .config::<ExampleConfig>()
//!     .build()?;
//!
//! let config = template.validate(&json!({"apiKey": "s3cret", "locationId": "loc_1"}))?;
//! assert_eq!(config.redacted(), json!({"apiKey": REDACTED, "locationId": "loc_1"}));
//!
//! let config = config.merge(&json!({"apiKey": REDACTED, "locationId": "loc_2"}))?; // the secret stays
//! let typed: ExampleConfig = config.config().get()?;
//! assert_eq!(typed.location_id, "loc_2");
//!
//! let error = template.validate(&json!({"apiKey": 7})).unwrap_err();
//! assert_eq!(error.fields()[0].path, "/apiKey");
//! assert_eq!(error.fields()[1].message, "is required");
//! # Ok::<(), integrations_core::Error>(())
//! ```

mod builder;
mod catalogue;
mod category;
mod check;
mod config;
mod decode;
mod env;
mod fields;
mod form;
mod limits;
mod merge;
mod nameless;
mod normalise;
mod pointer;
mod schemas;
mod scrub;
mod spec;
mod validate;
mod walk;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub use builder::TemplateBuilder;
pub use catalogue::Catalogue;
pub use category::Category;
pub use config::{Config, ConfigChanges, ValidConfig};
pub use form::{Condition, FieldKind, FormField, FormModel, SelectOption};
pub use limits::{MAX_CONFIG_BYTES, MAX_DEPTH, MAX_STRING_BYTES};
pub use schemas::SecretSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;
pub use spec::TemplateSpec;

use crate::Result;

/// Stands in for a secret wherever a config is read back, and means "keep the stored secret" where one is sent.
pub const REDACTED: &str = "••••••";

/// Where a template comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Origin {
    /// A provider's code: it cannot be changed at run time.
    Builtin,
    /// An admin.
    Runtime,
}

/// A checked and compiled template. Cloning is cheap.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    spec: TemplateSpec,
    origin: Origin,
    form: FormModel,
    /// Every field and group that the schema names.
    declared: BTreeSet<String>,
    secrets: BTreeSet<String>,
    /// Names that sound secret, and of which the schema says that they are not.
    open: BTreeSet<String>,
    validator: jsonschema::Validator,
}

impl Template {
    /// Starts a built-in template; `slug` is its stable name, for example `gohighlevel`.
    pub fn builder(slug: impl Into<String>) -> TemplateBuilder {
        TemplateBuilder::new(slug.into())
    }

    /// Checks and compiles a template that an admin wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with every fault, each with its path in the JSON form of
    /// the spec, for example `/configSchema/properties/apiKey/type`.
    pub fn from_spec(spec: TemplateSpec) -> Result<Self> {
        Self::compile(spec, Origin::Runtime)
    }

    fn compile(mut spec: TemplateSpec, origin: Origin) -> Result<Self> {
        spec.prepare()?;
        check::keywords(&spec.config_schema)?;
        // Before and after: only a surveyed schema can be followed, and marking finds further secrets.
        check::survey(&spec.config_schema)?;
        let open = normalise::schema(&mut spec.config_schema);
        check::survey(&spec.config_schema)?;
        let validator = validate::compile(&spec.config_schema)?;
        let fields = fields::of(&spec.config_schema, &spec.env)?;
        spec.check_fields(&fields)?;
        spec.env = fields.env();
        let template = Self(Arc::new(Inner {
            origin,
            form: FormModel::of(&fields),
            declared: fields.declared(),
            secrets: fields.secrets(),
            open,
            validator,
            spec,
        }));
        template.check_defaults()?;
        Ok(template)
    }

    /// The stable name: lower-case letters, digits, `_` and `-`.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.0.spec.slug
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.spec.name
    }

    /// The name that people read.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.0.spec.display_name
    }

    /// What kind of system it is.
    #[must_use]
    pub fn category(&self) -> &Category {
        &self.0.spec.category
    }

    /// Its version: grows with each change.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.spec.version
    }

    /// Whether new integrations may be made from it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.spec.is_active
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// Everything an admin wrote, or a provider's code: description, icon, setup guide, links and the rest.
    #[must_use]
    pub fn spec(&self) -> &TemplateSpec {
        &self.0.spec
    }

    /// The schema that configs are judged by: the one that was given, with secrets marked and objects closed.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.0.spec.config_schema
    }

    /// The form to fill in, in order.
    #[must_use]
    pub fn form(&self) -> &FormModel {
        &self.0.form
    }

    /// JSON pointers of the secret fields.
    pub fn secret_fields(&self) -> impl Iterator<Item = &str> {
        self.0.secrets.iter().map(String::as_str)
    }

    /// JSON pointer of the field that names the account at the provider, for example `/locationId`: with it, a webhook
    /// finds its integration.
    #[must_use]
    pub fn external_key(&self) -> Option<&str> {
        self.0.spec.external_key.as_deref()
    }

    /// Whether the payloads of webhooks are sealed at rest.
    #[must_use]
    pub fn sensitive_payload(&self) -> bool {
        self.0.spec.sensitive_payload
    }

    /// The provider's own account that a config is for: the value of [`external_key`](Self::external_key).
    #[must_use]
    pub fn external_account(&self, config: &Config) -> Option<String> {
        match config.value(self.external_key()?)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Serialize for Template {
    /// Writes its [`TemplateSpec`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.spec.serialize(serializer)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("slug", &self.slug())
            .field("version", &self.version())
            .field("origin", &self.0.origin)
            .finish_non_exhaustive()
    }
}
