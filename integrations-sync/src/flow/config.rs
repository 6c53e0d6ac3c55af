//! How a flow works: what is stored of it, and what a form can set.

use std::time::Duration;

use integrations_core::model::Contact;
use integrations_store::Side;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Field;

/// Which way changes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "there is no fifth way")]
pub enum Way {
    /// Both ways.
    #[default]
    Both,
    /// From the left to the right: the right is a mirror.
    ToRight,
    /// From the right to the left: the left is a mirror.
    ToLeft,
    /// Neither way.
    Off,
}

impl Way {
    /// Whether a side may be written to.
    #[must_use]
    pub fn writes(self, side: Side) -> bool {
        matches!(
            (self, side),
            (Self::Both, _) | (Self::ToRight, Side::Right) | (Self::ToLeft, Side::Left)
        )
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Both, way) | (way, Self::Both) => way,
            (a, b) if a == b => a,
            _ => Self::Off,
        }
    }
}

/// One field of the flow: where it lives on each side, and which way it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldRule {
    /// Where it is on the left.
    pub left: Field,
    /// Where it is on the right.
    pub right: Field,
    /// Which way it goes.
    #[serde(default)]
    pub way: Way,
}

impl FieldRule {
    /// The same field on both sides, both ways.
    #[must_use]
    pub fn same(field: Field) -> Self {
        Self {
            left: field.clone(),
            right: field,
            way: Way::Both,
        }
    }

    /// A field with another name on each side, both ways.
    #[must_use]
    pub fn renamed(left: Field, right: Field) -> Self {
        Self {
            left,
            right,
            way: Way::Both,
        }
    }

    /// Goes this way only.
    #[must_use]
    pub fn way(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// Where it is on a side.
    #[must_use]
    pub fn on(&self, side: Side) -> &Field {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }
}

/// A value that each contact of a side is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Constant {
    /// Which side.
    pub side: Side,
    /// Where.
    pub field: Field,
    /// What.
    pub value: Value,
}

/// Who wins when both sides changed the same field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// The side whose contact was changed last, by the sides' own clocks; the left when that cannot be told.
    #[default]
    LastWriteWins,
    /// Always this side.
    Prefer(Side),
    /// A person decides.
    Ask,
}

/// What happens to a contact when the other side deletes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeletePolicy {
    /// It is deleted too, unless it was changed meanwhile: then the conflict policy decides.
    Propagate,
    /// It stays, and is left alone from then on.
    #[default]
    Unlink,
    /// It stays, and its next change creates it again on the side that deleted it.
    Ignore,
}

/// What happens when a side empties a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Clears {
    /// Nothing: an absent value says nothing. Right where a provider leaves fields out of some answers.
    #[default]
    Keep,
    /// It is emptied on the other side too, where the field can be emptied.
    Propagate,
}

/// By what two contacts are taken for the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MatchKey {
    /// An e-mail address in common.
    Email,
    /// A phone number in common.
    Phone,
}

/// How a flow works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FlowConfig {
    /// Which way contacts go.
    pub way: Way,
    /// The fields; what is not here is not synced.
    pub fields: Vec<FieldRule>,
    /// Values that each contact of a side is given when it is written.
    pub constants: Vec<Constant>,
    /// Who wins.
    pub conflicts: ConflictPolicy,
    /// What a deletion does.
    pub deletes: DeletePolicy,
    /// What an emptied field does.
    pub clears: Clears,
    /// By what twins are found; empty: never, each contact is created.
    pub match_by: Vec<MatchKey>,
    /// What a contact must have to be created on a side; one that lacks it is none of that side's, and nobody is asked.
    pub required: Vec<(Side, MatchKey)>,
    /// Whether "do not disturb" is carried over.
    pub opt_outs: bool,
    /// How often the sides may overwrite each other in turns within [`flip_window`](Self::flip_window) before a person
    /// has to look.
    pub max_flips: u32,
    /// See [`max_flips`](Self::max_flips), in seconds.
    pub flip_window: u64,
    /// How long a write of ours is known again, in seconds.
    pub echo_ttl: u64,
    /// How far an incremental run reads back behind its cursor, in seconds: rows that appear late, clocks that differ.
    pub lookback: u64,
    /// How long after a creation a search at the provider may still miss it, in milliseconds: so long after a crash
    /// nothing is created again.
    pub search_lag: u64,
    /// How long one contact is held for a worker that does not answer any more, in milliseconds.
    pub claim: u64,
    /// Contacts in work at once in a run.
    pub concurrency: usize,
    /// A full run that would delete more than this share of the contacts, in percent, and more than 20, stops instead.
    pub max_deletes: u32,
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self {
            way: Way::Both,
            fields: Field::SHARED.into_iter().map(FieldRule::same).collect(),
            constants: Vec::new(),
            conflicts: ConflictPolicy::default(),
            deletes: DeletePolicy::default(),
            clears: Clears::default(),
            match_by: vec![MatchKey::Email, MatchKey::Phone],
            required: Vec::new(),
            opt_outs: true,
            max_flips: 8,
            flip_window: 600,
            echo_ttl: 24 * 3600,
            lookback: 120,
            search_lag: 5_000,
            claim: 15_000,
            concurrency: 96,
            max_deletes: 25,
        }
    }
}

macro_rules! setters {
    ($($(#[$meta:meta])* $name:ident($field:ident: $type:ty),)+) => {$(
        $(#[$meta])*
        #[must_use]
        pub fn $name(mut self, $field: $type) -> Self {
            self.$field = $field;
            self
        }
    )+};
}

impl FlowConfig {
    /// Both ways, all fields of the shared vocabulary, the last write wins, deletions unlink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets [`way`](Self::way).
        with_way(way: Way),
        /// Sets [`conflicts`](Self::conflicts).
        with_conflicts(conflicts: ConflictPolicy),
        /// Sets [`deletes`](Self::deletes).
        with_deletes(deletes: DeletePolicy),
        /// Sets [`clears`](Self::clears).
        with_clears(clears: Clears),
        /// Sets [`match_by`](Self::match_by).
        with_match_by(match_by: Vec<MatchKey>),
        /// Sets [`fields`](Self::fields).
        with_fields(fields: Vec<FieldRule>),
        /// Sets [`opt_outs`](Self::opt_outs).
        with_opt_outs(opt_outs: bool),
        /// Sets [`max_flips`](Self::max_flips).
        with_max_flips(max_flips: u32),
        /// Sets [`concurrency`](Self::concurrency).
        with_concurrency(concurrency: usize),
        /// Sets [`max_deletes`](Self::max_deletes), in percent.
        with_max_deletes(max_deletes: u32),
    }

    /// Adds a rule, in place of the rules that use one of its fields on the same side.
    #[must_use]
    pub fn with_field(mut self, rule: FieldRule) -> Self {
        self.fields
            .retain(|old| old.left != rule.left && old.right != rule.right);
        self.fields.push(rule);
        self
    }

    /// Leaves a field out, wherever it is.
    #[must_use]
    pub fn without_field(mut self, field: &Field) -> Self {
        self.fields
            .retain(|rule| rule.left != *field && rule.right != *field);
        self
    }

    /// Creates contacts on a side only when they have this: where the provider knows people by it.
    #[must_use]
    pub fn with_required(mut self, side: Side, key: MatchKey) -> Self {
        self.required.push((side, key));
        self
    }

    /// Whether a contact has what it must have to be created on a side.
    pub(crate) fn may_be_on(&self, side: Side, contact: &Contact) -> bool {
        let has = |key: &MatchKey| match key {
            MatchKey::Email => contact.email.is_some(),
            MatchKey::Phone => contact.phone.is_some(),
        };
        self.required
            .iter()
            .filter(|(on, _)| *on == side)
            .all(|(_, key)| has(key))
    }

    /// Gives each contact of a side a value; the field is not synced any more.
    #[must_use]
    pub fn with_constant(mut self, side: Side, field: Field, value: impl Into<Value>) -> Self {
        self.fields.retain(|rule| *rule.on(side) != field);
        self.constants.push(Constant {
            side,
            field,
            value: value.into(),
        });
        self
    }

    /// How far an incremental run reads back.
    #[must_use]
    pub fn with_lookback(mut self, lookback: Duration) -> Self {
        self.lookback = lookback.as_secs();
        self
    }

    /// How long a search may miss what was just created.
    #[must_use]
    pub fn with_search_lag(mut self, lag: Duration) -> Self {
        self.search_lag = millis(lag);
        self
    }

    /// How long a contact is held for a worker that ended.
    #[must_use]
    pub fn with_claim(mut self, claim: Duration) -> Self {
        self.claim = millis(claim);
        self
    }

    /// How long a write of ours is known again.
    #[must_use]
    pub fn with_echo_ttl(mut self, ttl: Duration) -> Self {
        self.echo_ttl = ttl.as_secs();
        self
    }

    /// Within which time the sides may overwrite each other so often.
    #[must_use]
    pub fn with_flip_window(mut self, window: Duration) -> Self {
        self.flip_window = window.as_secs();
        self
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_survives_its_json_and_old_ones_are_read() {
        let config = FlowConfig::new()
            .with_field(
                FieldRule::renamed(Field::JobTitle, Field::extra("title")).way(Way::ToRight),
            )
            .with_constant(Side::Right, Field::Source, "sync")
            .with_conflicts(ConflictPolicy::Prefer(Side::Right))
            .with_required(Side::Right, MatchKey::Phone);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<FlowConfig>(&json).unwrap(), config);
        assert_eq!(
            serde_json::from_str::<FlowConfig>("{}").unwrap(),
            FlowConfig::new()
        );
    }

    #[test]
    fn a_rule_takes_the_place_of_others() {
        let config = FlowConfig::new()
            .with_field(FieldRule::renamed(Field::JobTitle, Field::extra("title")));
        assert_eq!(config.fields.len(), Field::SHARED.len());
        let config = config.without_field(&Field::extra("title"));
        assert_eq!(config.fields.len(), Field::SHARED.len() - 1);
    }

    #[test]
    fn ways_combine() {
        assert_eq!(Way::Both.and(Way::ToLeft), Way::ToLeft);
        assert_eq!(Way::ToRight.and(Way::ToLeft), Way::Off);
        assert!(Way::ToRight.writes(Side::Right) && !Way::ToRight.writes(Side::Left));
    }
}
