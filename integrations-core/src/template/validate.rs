//! Judging a config.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::config::{Config, ValidConfig};
use super::limits::{self, MAX_FAULTS};
use super::merge;
use super::scrub::Scrub;
use super::spec::refuse;
use super::{Template, nameless, pointer};
use crate::email::EmailAddress;
use crate::json_schema::{Schema, describe, options};
use crate::phone::PhoneNumber;
use crate::{Error, FieldError, Result};

/// What is said about a field that the schema does not name.
const EXTRA: &str = "is not a field of this template";

/// Compiles a schema. Formats are checked, unknown ones ignored; patterns run in linear time; nothing is fetched.
pub(super) fn compile(schema: &Value) -> Result<Validator> {
    let faults = Schema::check(schema);
    if !faults.is_empty() {
        return Err(unusable(faults));
    }
    options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_format("email", |text: &str| EmailAddress::parse(text).is_ok())
        .with_format("phone", |text: &str| PhoneNumber::from_e164(text).is_ok())
        .build(schema)
        .map_err(|error| {
            let mut faults = Vec::new();
            describe(&error, EXTRA, &mut faults);
            unusable(faults)
        })
}

fn unusable(mut faults: Vec<FieldError>) -> Error {
    for fault in &mut faults {
        fault.path.insert_str(0, "/configSchema");
    }
    Error::validation("this template cannot be used", faults)
}

impl Template {
    /// Judges a config as a person filled it in, and splits it into public values and secrets.
    ///
    /// Fields that are left out take the schema's `default`. `null` means "left out", and so do an empty secret and
    /// [`REDACTED`](super::REDACTED). Costs one pass over the config and the schema.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with every refused field at once: the path of the field,
    /// also of a missing or an extra one, and what is wrong, never the value. Too large an input is refused before it
    /// is read: see [`MAX_CONFIG_BYTES`](super::MAX_CONFIG_BYTES).
    pub fn validate(&self, input: &Value) -> Result<ValidConfig> {
        self.merge(&Config::default(), input)
    }

    /// Lays an update over a config, and judges the result: see [`ValidConfig::merge`].
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate).
    pub fn merge(&self, current: &Config, update: &Value) -> Result<ValidConfig> {
        limits::check(update, limits::MAX_CONFIG_BYTES, "the config")?;
        let Value::Object(update) = update else {
            return Err(refused(vec![FieldError::new("", "must be an object")]));
        };
        let mut whole = current.join();
        if let Value::Object(target) = &mut whole.0 {
            merge::apply(self, target, update, "");
        }
        self.judge(whole)
    }

    /// Judges a config as it was stored: a template may have changed since.
    ///
    /// # Errors
    /// Those of [`validate`](Self::validate).
    pub fn restore(&self, stored: &Config) -> Result<ValidConfig> {
        self.judge(stored.join())
    }

    fn judge(&self, mut whole: Scrub) -> Result<ValidConfig> {
        limits::check(&whole.0, limits::MAX_CONFIG_BYTES, "the config")?;
        merge::defaults(self.schema(), self.schema(), &mut whole.0);
        let mut faults = self.faults(&whole.0);
        nameless::refuse(self, &whole.0, &mut faults);
        if !faults.is_empty() {
            return Err(refused(faults));
        }
        Ok(ValidConfig::new(self.clone(), merge::split(self, whole)))
    }

    fn faults(&self, whole: &Value) -> Vec<FieldError> {
        if self.0.validator.is_valid(whole) {
            return Vec::new();
        }
        let mut all = Vec::new();
        for error in self.0.validator.iter_errors(whole) {
            describe(&error, EXTRA, &mut all);
            if all.len() > 8 * MAX_FAULTS {
                break;
            }
        }
        // A field that failed counts as unevaluated too: say only what it failed.
        let failed: BTreeSet<String> = all
            .iter()
            .filter(|fault| fault.message != EXTRA)
            .map(|fault| fault.path.clone())
            .collect();
        let below = |path: &str| {
            failed.iter().any(|failed| {
                failed == path
                    || failed
                        .strip_prefix(path)
                        .is_some_and(|rest| rest.starts_with('/'))
            })
        };
        all.retain(|fault| {
            fault.message != EXTRA || !(self.is_declared(&fault.path) && below(&fault.path))
        });
        all.sort_by(|a, b| (&a.path, &a.message).cmp(&(&b.path, &b.message)));
        all.dedup();
        all
    }

    /// A default that its own schema refuses would make every config invalid.
    pub(super) fn check_defaults(&self) -> Result<()> {
        let mut whole = Value::Object(Map::new());
        merge::defaults(self.schema(), self.schema(), &mut whole);
        let faults = self
            .faults(&whole)
            .into_iter()
            .filter(|fault| whole.pointer(&fault.path).is_some() && !fault.path.is_empty());
        refuse(
            faults
                .map(|fault| {
                    FieldError::new(
                        pointer::schema_of(&fault.path),
                        format!("has a default that {}", fault.message),
                    )
                })
                .collect(),
        )
    }

    pub(super) fn is_declared(&self, pointer: &str) -> bool {
        self.0.declared.contains(pointer)
    }

    pub(super) fn is_secret(&self, pointer: &str) -> bool {
        self.0.secrets.contains(pointer)
    }
}

fn refused(mut faults: Vec<FieldError>) -> Error {
    if faults.len() > MAX_FAULTS {
        let more = faults.len() - MAX_FAULTS;
        faults.truncate(MAX_FAULTS);
        faults.push(FieldError::new("", format!("and {more} more")));
    }
    Error::validation("the config was refused", faults)
}
