//! What both sides were when they were last equal: hashes, field by field.

use std::collections::BTreeMap;

use integrations_core::{Error, ErrorKind, Result};
use integrations_store::Side;
use serde::{Deserialize, Serialize};

use super::config::Clears;
use super::content::Content;
use super::merge::Patch;

/// The last agreed state of a pair. Each side has its own hash of each field: a side that keeps less than it is given
/// (a shorter text, no company) is not taken for one that changed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Base {
    /// By field, the hashes of left and right.
    #[serde(rename = "f", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: BTreeMap<String, (Option<u64>, Option<u64>)>,
    /// By field, which values were where: 1 left, 2 right.
    #[serde(rename = "s", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sets: BTreeMap<String, BTreeMap<u64, u8>>,
    /// By channel, who said what.
    #[serde(rename = "o", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) opt_outs: BTreeMap<String, OptBase>,
    /// By field, what was about to be written: when the side shows it, it was.
    #[serde(rename = "i", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) writes: BTreeMap<String, Intent>,
    /// Whether a question about a refused write is open.
    #[serde(rename = "q", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) asked: bool,
    /// A person decided that this side is right, and it has not been carried out yet.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    pub(crate) keep: Option<Side>,
    /// A person decided that this is somebody of their own, and it has not been carried out yet.
    #[serde(rename = "a", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) alone: bool,
}

/// A write of a field, before anybody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// The side that is written to.
    #[serde(rename = "t")]
    to: Side,
    /// The hashes of left and right once it is written.
    #[serde(rename = "h")]
    after: (Option<u64>, Option<u64>),
}

/// The last agreed state of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OptBase {
    /// What the left showed.
    #[serde(rename = "l")]
    pub(crate) left: Option<bool>,
    /// What the right showed.
    #[serde(rename = "r")]
    pub(crate) right: Option<bool>,
    /// Whether the STOP on the left came from the left, not from us.
    #[serde(rename = "ol")]
    pub(crate) own_left: bool,
    /// Whether the STOP on the right came from the right, not from us.
    #[serde(rename = "or")]
    pub(crate) own_right: bool,
    /// Whether we are about to show a STOP on the left: seen there, it is ours, though nobody told us that it arrived.
    #[serde(rename = "il", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) intended_left: bool,
    /// The same of the right.
    #[serde(rename = "ir", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) intended_right: bool,
}

impl OptBase {
    pub(crate) fn shown(&self, side: Side) -> Option<bool> {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    /// Whether nothing was agreed on yet.
    fn is_blank(&self) -> bool {
        (self.left, self.right) == (None, None) && !self.own_left && !self.own_right
    }

    pub(crate) fn show(&mut self, side: Side, blocked: bool) {
        match side {
            Side::Left => self.left = Some(blocked),
            Side::Right => self.right = Some(blocked),
        }
    }

    /// The same without what a side said.
    pub(crate) fn without(self, side: Side) -> Self {
        match side {
            Side::Left => Self {
                left: None,
                own_left: false,
                intended_left: false,
                ..self
            },
            Side::Right => Self {
                right: None,
                own_right: false,
                intended_right: false,
                ..self
            },
        }
    }

    pub(crate) fn own(&self, side: Side) -> bool {
        match side {
            Side::Left => self.own_left,
            Side::Right => self.own_right,
        }
    }
}

pub(crate) fn bit(side: Side) -> u8 {
    match side {
        Side::Left => 1,
        Side::Right => 2,
    }
}

fn hash_of(pair: &(Option<u64>, Option<u64>), side: Side) -> Option<u64> {
    match side {
        Side::Left => pair.0,
        Side::Right => pair.1,
    }
}

impl Base {
    pub(crate) fn read(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|_| {
            Error::new(ErrorKind::Store, "a mapping's base is not readable").with_code("corrupt")
        })
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Whether the sides have never been equal.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
            && self.sets.is_empty()
            && self.opt_outs.values().all(OptBase::is_blank)
    }

    /// Notes which fields a side is about to be written, and what they will say; `across` is what the other side says.
    pub(crate) fn intend_fields(
        &mut self,
        to: Side,
        patch: &Patch,
        expected: &Content,
        across: &Content,
    ) {
        let hash = |content: &Content, name: &String| content.fields.get(name).map(|one| one.hash);
        for name in patch.fields.keys() {
            let mut after = (None, None);
            set(&mut after, to, hash(expected, name));
            set(&mut after, to.other(), hash(across, name));
            self.writes.insert(name.clone(), Intent { to, after });
        }
    }

    /// What was agreed on, with what was about to be written and is there now. Otherwise our own write would look like a
    /// change by the side, and could win over a later one.
    pub(crate) fn settled(mut self, left: &Content, right: &Content) -> Self {
        for (name, intent) in std::mem::take(&mut self.writes) {
            let content = match intent.to {
                Side::Left => left,
                Side::Right => right,
            };
            let now = content.fields.get(&name).map(|one| one.hash);
            if now == hash_of(&intent.after, intent.to) {
                self.fields.insert(name, intent.after);
            }
        }
        self
    }

    /// Notes which STOPs a side is about to be shown.
    pub(crate) fn intend(&mut self, side: Side, patch: &Patch) {
        let stops = patch.opt_outs.iter().filter(|(_, blocked)| **blocked);
        for (channel, _) in stops {
            let base = self.opt_outs.entry(channel.clone()).or_default();
            match side {
                Side::Left => base.intended_left = true,
                Side::Right => base.intended_right = true,
            }
        }
    }

    /// Nothing but which STOPs the sides were about to be shown.
    pub(crate) fn intended(&self) -> Self {
        let intended = |base: &OptBase| OptBase {
            intended_left: base.intended_left,
            intended_right: base.intended_right,
            ..OptBase::default()
        };
        let channels = self.opt_outs.iter();
        Self {
            opt_outs: channels
                .map(|(channel, base)| (channel.clone(), intended(base)))
                .collect(),
            ..Self::default()
        }
    }

    pub(crate) fn field(&self, name: &str, side: Side) -> Option<u64> {
        self.fields.get(name).and_then(|pair| hash_of(pair, side))
    }

    pub(crate) fn has(&self, set: &str, value: u64, side: Side) -> bool {
        let bits = self.sets.get(set).and_then(|values| values.get(&value));
        bits.is_some_and(|bits| bits & bit(side) != 0)
    }

    /// Whether a side says what it said when the sides were last equal, and nothing was about to be written since.
    pub(crate) fn unchanged(&self, side: Side, content: &Content, clears: Clears) -> bool {
        if !self.writes.is_empty() {
            return false;
        }
        let same_fields = content
            .fields
            .iter()
            .all(|(name, entry)| self.field(name, side) == Some(entry.hash));
        let none_cleared = clears == Clears::Keep
            || self.fields.iter().all(|(name, pair)| {
                hash_of(pair, side).is_none() || content.fields.contains_key(name)
            });
        let same_sets = content.sets.iter().all(|(name, values)| {
            if values.is_empty() && clears == Clears::Keep {
                return true;
            }
            let before = self.sets.get(name).map_or(0, |known| {
                known.values().filter(|bits| *bits & bit(side) != 0).count()
            });
            before == values.len() && values.keys().all(|hash| self.has(name, *hash, side))
        });
        let same_opt_outs = content.opt_outs.iter().all(|(channel, blocked)| {
            let shown = self.opt_outs.get(channel).and_then(|base| base.shown(side));
            shown == Some(*blocked)
        });
        same_fields && none_cleared && same_sets && same_opt_outs
    }

    /// Takes what a side says as agreed. What it does not say keeps its old hash unless silence counts.
    pub(crate) fn agree(&mut self, side: Side, content: &Content, clears: Clears) {
        if clears == Clears::Propagate {
            for pair in self.fields.values_mut() {
                set(pair, side, None);
            }
        }
        for (name, entry) in &content.fields {
            let pair = self.fields.entry(name.clone()).or_default();
            set(pair, side, Some(entry.hash));
        }
        self.fields.retain(|_, pair| *pair != (None, None));
        for (name, values) in &content.sets {
            if values.is_empty() && clears == Clears::Keep {
                continue;
            }
            let known = self.sets.entry(name.clone()).or_default();
            for bits in known.values_mut() {
                *bits &= !bit(side);
            }
            for hash in values.keys() {
                *known.entry(*hash).or_default() |= bit(side);
            }
            known.retain(|_, bits| *bits != 0);
        }
        self.sets.retain(|_, values| !values.is_empty());
        for (channel, blocked) in &content.opt_outs {
            let base = self.opt_outs.entry(channel.clone()).or_default();
            match side {
                Side::Left => base.left = Some(*blocked),
                Side::Right => base.right = Some(*blocked),
            }
        }
    }
}

fn set(pair: &mut (Option<u64>, Option<u64>), side: Side, hash: Option<u64>) {
    match side {
        Side::Left => pair.0 = hash,
        Side::Right => pair.1 = hash,
    }
}
