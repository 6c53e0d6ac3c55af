use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::scrub::Scrub;
use super::{REDACTED, Template, pointer};
use crate::{ExposeSecret as _, Result, SecretString};

/// A config in two parts: public values as JSON, and secrets by the JSON pointer of their field.
///
/// This is what a store keeps (the secrets sealed one by one) and what a provider connects with. `Debug` shows the
/// names of fields, no values.
#[derive(Clone, Default)]
pub struct Config {
    pub(super) public: Map<String, Value>,
    pub(super) secrets: BTreeMap<String, SecretString>,
}

impl Config {
    /// Puts a config together again from what was stored. It is not judged: see [`Template::restore`].
    #[must_use]
    pub fn from_parts(public: Map<String, Value>, secrets: BTreeMap<String, SecretString>) -> Self {
        Self { public, secrets }
    }

    /// Takes it apart, to be stored.
    #[must_use]
    pub fn into_parts(self) -> (Map<String, Value>, BTreeMap<String, SecretString>) {
        (self.public, self.secrets)
    }

    /// The public values.
    #[must_use]
    pub fn public(&self) -> &Map<String, Value> {
        &self.public
    }

    /// The secrets, by JSON pointer.
    #[must_use]
    pub fn secrets(&self) -> &BTreeMap<String, SecretString> {
        &self.secrets
    }

    /// The secret at a JSON pointer, for example `/apiKey`.
    #[must_use]
    pub fn secret(&self, pointer: &str) -> Option<&SecretString> {
        self.secrets.get(pointer)
    }

    /// The public value at a JSON pointer.
    #[must_use]
    pub fn value(&self, pointer: &str) -> Option<&Value> {
        pointer::get(&self.public, pointer)
    }

    /// The public text at a JSON pointer.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.value(pointer)?.as_str()
    }

    /// The whole as JSON for reading back: [`REDACTED`] stands for each secret that is set.
    #[must_use]
    pub fn redacted(&self) -> Value {
        let mut whole = self.public.clone();
        for pointer in self.secrets.keys() {
            pointer::insert(&mut whole, pointer, Value::from(REDACTED));
        }
        Value::Object(whole)
    }

    /// What differs in a newer config: only that need be sealed and stored again.
    #[must_use]
    pub fn changes(&self, newer: &Self) -> ConfigChanges {
        let same = |pointer: &str, secret: &SecretString| {
            self.secrets.get(pointer).is_some_and(|old| {
                let (old, new) = (
                    old.expose_secret().as_bytes(),
                    secret.expose_secret().as_bytes(),
                );
                crate::secret::constant_time_eq(old, new)
            })
        };
        let set = newer
            .secrets
            .iter()
            .filter(|(pointer, secret)| !same(pointer, secret));
        let gone = self
            .secrets
            .keys()
            .filter(|pointer| !newer.secrets.contains_key(*pointer));
        ConfigChanges {
            public: self.public != newer.public,
            secrets_set: set.map(|(pointer, _)| pointer.clone()).collect(),
            secrets_removed: gone.cloned().collect(),
        }
    }

    /// Both parts in one, for as long as it takes.
    pub(super) fn join(&self) -> Scrub {
        let mut whole = self.public.clone();
        for (pointer, secret) in &self.secrets {
            pointer::insert(&mut whole, pointer, Value::from(secret.expose_secret()));
        }
        Scrub(Value::Object(whole))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("public", &self.public.keys().collect::<Vec<_>>())
            .field("secrets", &self.secrets.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What an update changed: see [`Config::changes`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigChanges {
    /// Whether the public part differs.
    pub public: bool,
    /// JSON pointers of secrets that are new or different.
    pub secrets_set: Vec<String>,
    /// JSON pointers of secrets that are gone.
    pub secrets_removed: Vec<String>,
}

impl ConfigChanges {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A config that its template has judged. Only [`Template::validate`], [`Template::merge`] and [`Template::restore`]
/// make one.
#[derive(Clone)]
pub struct ValidConfig {
    template: Template,
    config: Config,
}

impl ValidConfig {
    pub(super) fn new(template: Template, config: Config) -> Self {
        Self { template, config }
    }

    /// Lays an update over it and judges the result.
    ///
    /// A field that the update leaves out stays; `null` removes it, and its default comes back; objects are merged
    /// field by field, lists are replaced. A secret sent as [`REDACTED`] or empty stays: a form can send back what it
    /// was given.
    ///
    /// # Errors
    /// Those of [`Template::validate`], about the merged whole.
    pub fn merge(&self, update: &Value) -> Result<Self> {
        self.template.merge(&self.config, update)
    }

    /// The template that judged it.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The config.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The config, to be stored or connected with.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// See [`Config::redacted`].
    #[must_use]
    pub fn redacted(&self) -> Value {
        self.config.redacted()
    }

    /// See [`Template::external_account`].
    #[must_use]
    pub fn external_account(&self) -> Option<String> {
        self.template.external_account(&self.config)
    }
}

impl fmt::Debug for ValidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValidConfig")
            .field("template", &self.template.slug())
            .field("config", &self.config)
            .finish()
    }
}

impl From<ValidConfig> for Config {
    fn from(valid: ValidConfig) -> Self {
        valid.config
    }
}
