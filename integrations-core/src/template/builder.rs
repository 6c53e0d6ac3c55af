use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{Category, Origin, Template, TemplateSpec, pointer};
use crate::Result;

/// Builds a provider's own template: see [`Template::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct TemplateBuilder {
    spec: TemplateSpec,
    order: Vec<String>,
}

impl TemplateBuilder {
    pub(super) fn new(slug: String) -> Self {
        Self {
            spec: TemplateSpec::new(slug, json!({"type": "object"})),
            order: Vec::new(),
        }
    }

    /// The name; without it, the slug.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        self
    }

    /// The name that people read; without it, the name.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.spec.display_name = name.into();
        self
    }

    /// What kind of system it is.
    pub fn category(mut self, category: Category) -> Self {
        self.spec.category = category;
        self
    }

    /// One paragraph.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.spec.description = Some(text.into());
        self
    }

    /// An icon's identifier or its address.
    pub fn icon(mut self, icon: impl Into<String>) -> Self {
        self.spec.icon = Some(icon.into());
        self
    }

    /// Its version, from 1: raise it when the schema changes.
    pub fn version(mut self, version: u32) -> Self {
        self.spec.version = version;
        self
    }

    /// How to set it up, in Markdown.
    pub fn setup_guide(mut self, markdown: impl Into<String>) -> Self {
        self.spec.setup_instructions = Some(markdown.into());
        self
    }

    /// The provider's own documentation.
    pub fn docs_url(mut self, url: impl Into<String>) -> Self {
        self.spec.docs_url = Some(url.into());
        self
    }

    /// Where its webhooks arrive: a path of ours or a whole address.
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.spec.webhook_url = Some(url.into());
        self
    }

    /// The provider's API version that it speaks.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.spec.api_version = Some(version.into());
        self
    }

    /// The field, by name or JSON pointer, that names the account at the provider.
    pub fn external_key(mut self, field: impl Into<String>) -> Self {
        self.spec.external_key = Some(field.into());
        self
    }

    /// Marks that webhooks carry what must not be stored in the clear: their payloads are sealed at rest.
    pub fn sensitive_payload(mut self) -> Self {
        self.spec.sensitive_payload = true;
        self
    }

    /// The environment variable of a field, by name or JSON pointer: `.env("apiKey", "GHL_API_KEY")`.
    pub fn env(mut self, field: impl Into<String>, variable: impl Into<String>) -> Self {
        self.spec.env.insert(field.into(), variable.into());
        self
    }

    /// The order of the form, by name or JSON pointer. Fields that are not named come after, required ones first.
    pub fn order<I: IntoIterator<Item = S>, S: Into<String>>(mut self, fields: I) -> Self {
        self.order = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Takes the schema of a config type. Doc comments become descriptions; secrets need `SecretSchema` or one of this
    /// crate's secret types.
    pub fn config<T: JsonSchema>(self) -> Self {
        let settings =
            SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        self.schema(settings.into_generator().into_root_schema_for::<T>().into())
    }

    /// Takes a schema written by hand: JSON Schema 2020-12.
    pub fn schema(mut self, schema: Value) -> Self {
        self.spec.config_schema = schema;
        self
    }

    /// Checks and compiles it.
    ///
    /// # Errors
    /// Those of [`Template::from_spec`]; a test that builds the template catches them.
    pub fn build(mut self) -> Result<Template> {
        let ranks: BTreeMap<String, usize> = self
            .order
            .drain(..)
            .map(pointer::from_name)
            .zip(1..)
            .collect();
        for (field, rank) in ranks {
            let place = field.replace('/', "/properties/");
            if let Some(Value::Object(words)) = self.spec.config_schema.pointer_mut(&place) {
                words.insert("x-order".into(), rank.into());
            }
        }
        Template::compile(self.spec, Origin::Builtin)
    }
}
