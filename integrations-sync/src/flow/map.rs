//! The field map of a flow: contacts of either side to the flow's fields and back.

use std::fmt::Debug;
use std::sync::Arc;

use integrations_core::model::{Channel, Contact};
use integrations_core::provider::Integration;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::Side;
use serde_json::Value;

use super::agree::channel_of;
use super::config::{FieldRule, FlowConfig, Way};
use super::content::{ALL, Content};
use super::merge::Patch;

/// Rewrites contacts where names of fields alone do not do: codes, formats, computed values.
pub trait Transform: Debug + Send + Sync {
    /// Changes what a side shows, before it is compared.
    ///
    /// # Errors
    /// The contact goes to the manual queue.
    fn incoming(&self, side: Side, contact: &mut Contact) -> Result<()> {
        let _ = (side, contact);
        Ok(())
    }

    /// Changes what is written to a side: the fields that are set, which may be a few of them.
    ///
    /// # Errors
    /// The contact goes to the manual queue.
    fn outgoing(&self, side: Side, contact: &mut Contact) -> Result<()> {
        let _ = (side, contact);
        Ok(())
    }
}

/// One field under its name in the stored state.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) field: FieldRule,
    pub(crate) way: Way,
}

/// The field map of a flow.
#[derive(Debug)]
pub(crate) struct FieldMap {
    rules: Vec<Rule>,
    config: FlowConfig,
    transforms: Vec<Arc<dyn Transform>>,
    /// What is written to, when it is known.
    ends: Option<[Arc<dyn Integration>; 2]>,
}

impl FieldMap {
    pub(crate) fn new(config: &FlowConfig, transforms: Vec<Arc<dyn Transform>>) -> Result<Self> {
        let mut rules = Vec::with_capacity(config.fields.len());
        for field in &config.fields {
            if field.left.is_set() != field.right.is_set() {
                return Err(Error::new(
                    ErrorKind::Validation,
                    format!(
                        "{} holds many values and {} one: they cannot be the same field",
                        field.left.name(),
                        field.right.name()
                    ),
                ));
            }
            for side in Side::ALL {
                let place = field.on(side);
                if rules.iter().any(|rule: &Rule| rule.field.on(side) == place) {
                    return Err(Error::new(
                        ErrorKind::Validation,
                        format!("{} on the {side} is in two rules", place.name()),
                    ));
                }
            }
            rules.push(Rule {
                name: field.left.name(),
                way: config.way.and(field.way),
                field: field.clone(),
            });
        }
        Ok(Self {
            rules,
            config: config.clone(),
            transforms,
            ends: None,
        })
    }

    /// The same map, which knows what these take.
    pub(crate) fn between(self, left: Arc<dyn Integration>, right: Arc<dyn Integration>) -> Self {
        Self {
            ends: Some([left, right]),
            ..self
        }
    }

    /// Whether a side can be told that a channel, by its word in the stored state, is blocked or allowed.
    pub(crate) fn takes_opt_out(&self, side: Side, channel: &str, blocked: bool) -> bool {
        let Some([left, right]) = &self.ends else {
            return true;
        };
        let end = match side {
            Side::Left => left,
            Side::Right => right,
        };
        let channel = channel_of(channel);
        let contacts = end.contacts();
        contacts.is_none_or(|contacts| contacts.writes_opt_out(channel.as_ref(), blocked))
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn opt_outs(&self) -> bool {
        self.config.opt_outs
    }

    pub(crate) fn config(&self) -> &FlowConfig {
        &self.config
    }

    /// What a contact of a side says in the flow's fields.
    pub(crate) fn content(&self, side: Side, contact: &Contact) -> Result<Content> {
        if self.transforms.is_empty() {
            return Ok(Content::of(contact, side, self));
        }
        let mut contact = contact.clone();
        for transform in &self.transforms {
            transform.incoming(side, &mut contact)?;
        }
        Ok(Content::of(&contact, side, self))
    }

    /// The contact to write to a side: what the patch says and nothing else.
    pub(crate) fn contact(&self, side: Side, patch: &Patch) -> Result<Contact> {
        let mut contact = Contact::new();
        for rule in &self.rules {
            let field = rule.field.on(side);
            match patch.fields.get(&rule.name) {
                Some(Some(value)) => {
                    field.write(&mut contact, value);
                }
                Some(None) => {
                    field.write(&mut contact, &Value::String(String::new()));
                }
                None => {}
            }
            if let Some(set) = patch.sets.get(&rule.name) {
                let values: Vec<String> = set.now.values().cloned().collect();
                field.write_set(&mut contact, &values);
            }
        }
        for (channel, blocked) in &patch.opt_outs {
            if channel == ALL {
                contact.opt_outs.all = Some(*blocked);
            } else {
                contact
                    .opt_outs
                    .set(Channel::from(channel.as_str()), *blocked);
            }
        }
        for constant in self.config.constants.iter().filter(|one| one.side == side) {
            constant.field.write(&mut contact, &constant.value);
        }
        for transform in &self.transforms {
            transform.outgoing(side, &mut contact)?;
        }
        Ok(contact)
    }
}
