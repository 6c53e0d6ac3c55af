//! Which sequence a contact belongs in by its status: the settings `ENABLE_ALOWARE_SEQUENCES` and
//! `ALOWARE_STATUS_TO_SEQUENCE`, and what they say to do. Doing it is the application's.
//!
//! ```
//! use aloware_client::rules::{SequenceRules, Step, Verdict};
//!
//! # fn main() -> aloware_client::Result<()> {
//! let rules = SequenceRules::parse(Some("true"), Some(r#"{"New lead": 12, "Closed": {"sequence_id": "7", "optional": true}}"#))?;
//! let Verdict::Enroll(rule) = rules.decide("new lead") else { unreachable!() };
//! assert_eq!(rule.sequence.as_str(), "12");
//! assert!(matches!(rule.steps()[0], Step::RemoveFromAllLists));
//! assert_eq!(rules.decide("Unheard of"), Verdict::NotMapped);
//! assert_eq!(SequenceRules::off().decide("new lead"), Verdict::Off);
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;

use integrations_core::{Error, FieldError, Result};
use serde_json::Value;

use crate::ids::SequenceId;

/// The switch: `true` or `false`; off when it is not set.
pub const ENABLE_VARIABLE: &str = "ENABLE_ALOWARE_SEQUENCES";
/// The mapping, as JSON: `{"status": "sequence"}` or `{"status": {"sequence_id": "sequence", "optional": true}}`.
pub const MAPPING_VARIABLE: &str = "ALOWARE_STATUS_TO_SEQUENCE";

/// Which sequence belongs to which status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SequenceRules {
    enabled: bool,
    /// By the status as it is compared.
    rules: BTreeMap<String, SequenceRule>,
}

/// What a status leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SequenceRule {
    /// The sequence.
    pub sequence: SequenceId,
    /// Whether it is no failure when the contact cannot be enrolled.
    pub optional: bool,
}

/// What a status says to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict<'a> {
    /// Nothing: sequences are switched off.
    Off,
    /// Nothing: the mapping does not name the status. The contact stays in the sequences that it is in.
    NotMapped,
    /// Enrol it: see [`SequenceRule::steps`].
    Enroll(&'a SequenceRule),
}

/// One thing to do, in order. See [`Step::may_fail`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// [`remove_from_all_lists`](crate::power_dialer::PowerDialer::remove_from_all_lists).
    RemoveFromAllLists,
    /// [`disenroll_from_all_sequences`](crate::sequences::Sequences::disenroll_from_all_sequences).
    DisenrollFromAllSequences,
    /// [`enroll`](crate::sequences::Sequences::enroll), forced.
    Enroll {
        /// The sequence.
        sequence: SequenceId,
        /// Whether it is no failure when the contact cannot be enrolled.
        optional: bool,
    },
}

impl Step {
    /// Whether the next step is taken although the provider refused this one: a contact that is in no list and no
    /// sequence is what the first two are for. What may have happened, or can be tried again, is not a refusal.
    #[must_use]
    pub fn may_fail(&self) -> bool {
        match self {
            Self::RemoveFromAllLists | Self::DisenrollFromAllSequences => true,
            Self::Enroll { optional, .. } => *optional,
        }
    }
}

impl SequenceRule {
    /// What to do, in order. Before any of it, ask whether the person has opted out.
    #[must_use]
    pub fn steps(&self) -> [Step; 3] {
        [
            Step::RemoveFromAllLists,
            Step::DisenrollFromAllSequences,
            Step::Enroll {
                sequence: self.sequence.clone(),
                optional: self.optional,
            },
        ]
    }
}

impl SequenceRules {
    /// Nothing is done.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// The settings of the environment.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_env() -> Result<Self> {
        let read = |name: &str| std::env::var(name).ok();
        Self::parse(
            read(ENABLE_VARIABLE).as_deref(),
            read(MAPPING_VARIABLE).as_deref(),
        )
    }

    /// Reads both settings; the mapping only when the switch is on.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the variable, and every status whose entry is unusable.
    pub fn parse(enabled: Option<&str>, mapping: Option<&str>) -> Result<Self> {
        if !switch(enabled)? {
            return Ok(Self::off());
        }
        let unusable = |what: &str| Error::config(format!("{MAPPING_VARIABLE} {what}"));
        let text = mapping.map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| {
            unusable(&format!(
                "is missing: {ENABLE_VARIABLE} is on, so say which status leads to which sequence"
            ))
        })?;
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(unusable("must be a JSON object of statuses")),
            Err(error) => {
                return Err(unusable(&format!(
                    "is not JSON, at column {}",
                    error.column()
                )));
            }
        };
        let mut rules = BTreeMap::new();
        let mut faults = Vec::new();
        for (status, entry) in object {
            let path = format!("/{}", status.replace('~', "~0").replace('/', "~1"));
            match rule(&entry) {
                Ok(_) if compared(&status).is_empty() => {
                    faults.push(FieldError::new(path, "is no status"));
                }
                Ok(rule) => {
                    if rules.insert(compared(&status), rule).is_some() {
                        faults.push(FieldError::new(
                            path,
                            "is there twice: case and spaces do not count",
                        ));
                    }
                }
                Err(what) => faults.push(FieldError::new(path, what)),
            }
        }
        if !faults.is_empty() {
            return Err(unusable("has unusable entries").with_fields(faults));
        }
        Ok(Self {
            enabled: true,
            rules,
        })
    }

    /// Whether anything is done at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What a status says to do. Case, and spaces around it, do not count.
    #[must_use]
    pub fn decide(&self, status: &str) -> Verdict<'_> {
        match self.rules.get(&compared(status)) {
            _ if !self.enabled => Verdict::Off,
            Some(rule) => Verdict::Enroll(rule),
            None => Verdict::NotMapped,
        }
    }
}

fn compared(status: &str) -> String {
    status.trim().to_lowercase()
}

fn switch(enabled: Option<&str>) -> Result<bool> {
    let text = enabled.unwrap_or_default().trim().to_ascii_lowercase();
    match text.as_str() {
        "true" | "1" | "yes" => Ok(true),
        "" | "false" | "0" | "no" => Ok(false),
        _ => Err(Error::config(format!(
            "{ENABLE_VARIABLE} is `true` or `false`"
        ))),
    }
}

fn rule(entry: &Value) -> Result<SequenceRule, &'static str> {
    let (id, optional) = match entry {
        Value::Object(entry) => {
            let optional = match entry.get("optional") {
                None | Some(Value::Null) => false,
                Some(Value::Bool(optional)) => *optional,
                Some(_) => return Err("has an `optional` that is neither true nor false"),
            };
            (entry.get("sequence_id"), optional)
        }
        entry => (Some(entry), false),
    };
    let id = match id {
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(Value::Number(id)) if id.is_u64() => id.to_string(),
        _ => return Err("names no sequence: give its id, or an object with `sequence_id`"),
    };
    if id.is_empty() {
        return Err("names no sequence: the id is empty");
    }
    Ok(SequenceRule {
        sequence: id.into(),
        optional,
    })
}

#[cfg(test)]
mod tests {
    use integrations_core::ErrorKind;

    use super::*;

    fn refused(enabled: &str, mapping: Option<&str>) -> Error {
        let error = SequenceRules::parse(Some(enabled), mapping).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        error
    }

    #[test]
    fn off_is_the_default_and_reads_no_mapping() {
        for off in [
            None,
            Some(""),
            Some("false"),
            Some("FALSE"),
            Some("0"),
            Some(" no "),
        ] {
            let rules = SequenceRules::parse(off, Some("not JSON")).unwrap();
            assert!(!rules.is_enabled());
            assert_eq!(rules.decide("a"), Verdict::Off);
        }
    }

    #[test]
    fn both_forms_of_an_entry() {
        let mapping = r#"{"A": "1", "b": 2, "C": {"sequence_id": 3}, "D": {"sequence_id": " 4 ", "optional": true}}"#;
        let rules = SequenceRules::parse(Some("1"), Some(mapping)).unwrap();
        for (status, id, optional) in [
            ("a", "1", false),
            (" B ", "2", false),
            ("c", "3", false),
            ("d", "4", true),
        ] {
            let expected = SequenceRule {
                sequence: id.into(),
                optional,
            };
            assert_eq!(rules.decide(status), Verdict::Enroll(&expected), "{status}");
        }
    }

    #[test]
    fn the_contact_leaves_everything_before_it_is_enrolled() {
        let rule = SequenceRule {
            sequence: "12".into(),
            optional: false,
        };
        let may_fail = rule.steps().map(|step| step.may_fail());
        assert_eq!(may_fail, [true, true, false]);
        assert_eq!(
            rule.steps()[2],
            Step::Enroll {
                sequence: "12".into(),
                optional: false
            }
        );
    }

    #[test]
    fn what_is_unusable_is_named_and_not_quoted() {
        for (mapping, path) in [
            (r#"{"a": ""}"#, "/a"),
            (r#"{"a": null}"#, "/a"),
            (r#"{"a/b": [7]}"#, "/a~1b"),
            (r#"{"a": -1}"#, "/a"),
            (r#"{"a": {"sequence": 1}}"#, "/a"),
            (r#"{"a": {"sequence_id": 1, "optional": "secret"}}"#, "/a"),
            (r#"{"a": 1, "A ": 2}"#, "/a"),
            (r#"{" ": 1}"#, "/ "),
        ] {
            let error = refused("true", Some(mapping));
            assert_eq!(error.fields()[0].path, path, "{mapping}: {error}");
            assert!(!error.to_string().contains("secret"));
        }
        for mapping in [None, Some(""), Some("[]"), Some("{"), Some("12")] {
            assert!(
                refused("true", mapping)
                    .to_string()
                    .contains(MAPPING_VARIABLE)
            );
        }
        assert!(refused("maybe", None).to_string().contains(ENABLE_VARIABLE));
    }
}
