//! The three-way merge of one pair, field by field: pure, so that a table and random inputs can test all of it.

use std::collections::{BTreeMap, BTreeSet};

use integrations_store::Side;
use serde_json::Value;

use super::base::{Base, OptBase};
use super::config::{Clears, Way};
use super::content::{ALL, Content};
use super::map::FieldMap;

/// One side of one field: what it was when both were last equal, and what it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Then<T> {
    pub(crate) base: Option<T>,
    pub(crate) now: Option<T>,
}

/// What is to become of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Keep,
    /// This side gets the other's value.
    To(Side),
    /// Both changed it, differently.
    Both,
}

impl<T: PartialEq + Copy> Then<T> {
    fn changed(self, clears: Clears) -> bool {
        match self.now {
            None => clears == Clears::Propagate && self.base.is_some(),
            now => now != self.base,
        }
    }
}

/// One field that holds one value.
///
/// | changed on | both ways | to the right only |
/// |---|---|---|
/// | neither side | keep: a difference that is known is accepted | keep |
/// | the left | to the right | to the right |
/// | the right | to the left | to the right: a mirror is put straight |
/// | both, alike | keep | keep |
/// | both, differently | conflict | to the right |
pub(crate) fn scalar<T: PartialEq + Copy>(
    left: Then<T>,
    right: Then<T>,
    way: Way,
    clears: Clears,
) -> Verdict {
    if left.now == right.now {
        return Verdict::Keep;
    }
    let changed = (left.changed(clears), right.changed(clears));
    let mirror = |source: Then<T>, to: Side| {
        let speaks = source.now.is_some() || source.changed(clears);
        if changed != (false, false) && speaks {
            Verdict::To(to)
        } else {
            Verdict::Keep
        }
    };
    match way {
        Way::Off => Verdict::Keep,
        Way::ToRight => mirror(left, Side::Right),
        Way::ToLeft => mirror(right, Side::Left),
        Way::Both => match changed {
            (false, false) => Verdict::Keep,
            (true, false) => Verdict::To(Side::Right),
            (false, true) => Verdict::To(Side::Left),
            (true, true) => Verdict::Both,
        },
    }
}

/// One value of a field that holds many: whether it is to be there, on both sides; `None`: leave both alone.
///
/// `silent` sides show no value at all, and are not taken to have removed this one. When one side adds what the other
/// removes, it is there.
pub(crate) fn member(
    base: (bool, bool),
    now: (bool, bool),
    silent: (bool, bool),
    way: Way,
) -> Option<bool> {
    if now.0 == now.1 {
        return None;
    }
    let left = now.0 != base.0 && (now.0 || !silent.0);
    let right = now.1 != base.1 && (now.1 || !silent.1);
    match way {
        Way::Off => None,
        Way::ToRight => ((left || right) && !silent.0).then_some(now.0),
        Way::ToLeft => ((left || right) && !silent.1).then_some(now.1),
        Way::Both => match (left, right) {
            (false, false) => None,
            (true, false) => Some(now.0),
            (false, true) => Some(now.1),
            (true, true) => Some(true),
        },
    }
}

/// What else than the two sides there is to know of a channel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around {
    /// Somebody else than the two sides forbids it.
    pub(crate) others: bool,
    /// All channels are blocked, and this side can only be told of them one by one: left, right.
    pub(crate) all: (bool, bool),
}

/// One channel: who said STOP, and what each side is to show. Only its own word takes a side's STOP back.
///
/// `takes` says whether a side can be told that the channel is blocked, or allowed: what it cannot be told is not written,
/// and what it shows of that is its own. The answer is the new attribution and, per side, what to write.
pub(crate) fn channel(
    base: OptBase,
    now: (Option<bool>, Option<bool>),
    around: Around,
    way: Way,
    takes: impl Fn(Side, bool) -> bool,
) -> (OptBase, (Option<bool>, Option<bool>)) {
    let own = |side: Side, intended: bool, now: Option<bool>| match now {
        Some(true) if !takes(side, true) => true,
        Some(true) if base.shown(side) != Some(true) && !intended => true,
        Some(false) => false,
        _ => base.own(side),
    };
    let own_left = own(Side::Left, base.intended_left, now.0);
    let own_right = own(Side::Right, base.intended_right, now.1);
    let blocked = own_left || own_right || around.others;
    let write = |side: Side, now: Option<bool>, own: bool, all: bool| {
        let value = if blocked || all {
            (now != Some(true)).then_some(true)
        } else {
            // It shows a STOP that is not its own and that nobody stands by any more.
            (now == Some(true) && !own).then_some(false)
        };
        value.filter(|value| way.writes(side) && takes(side, *value))
    };
    let writes = (
        write(Side::Left, now.0, own_left, around.all.0),
        write(Side::Right, now.1, own_right, around.all.1),
    );
    let base = OptBase {
        left: now.0.or(base.left),
        right: now.1.or(base.right),
        own_left,
        own_right,
        intended_left: false,
        intended_right: false,
    };
    (base, writes)
}

/// What is written to one side.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Patch {
    /// By field, the new value; `None` empties it.
    pub(crate) fields: BTreeMap<String, Option<Value>>,
    /// By field, all values, and those that go.
    pub(crate) sets: BTreeMap<String, SetPatch>,
    /// By channel.
    pub(crate) opt_outs: BTreeMap<String, bool>,
}

/// The new values of a field that holds many.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct SetPatch {
    pub(crate) now: BTreeMap<u64, String>,
    pub(crate) removed: Vec<String>,
}

impl Patch {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.sets.is_empty() && self.opt_outs.is_empty()
    }

    /// The names of what changes.
    pub(crate) fn names(&self) -> Vec<String> {
        let channels = self
            .opt_outs
            .keys()
            .map(|channel| format!("optOuts.{channel}"));
        let fields = self.fields.keys().chain(self.sets.keys()).cloned();
        fields.chain(channels).collect()
    }
}

impl std::fmt::Debug for Patch {
    /// Names, no values: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Patch").field(&self.names()).finish()
    }
}

/// The outcome of a merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Merge {
    pub(crate) left: Patch,
    pub(crate) right: Patch,
    /// The fields that a person has to decide.
    pub(crate) conflicts: Vec<String>,
    /// Who said STOP, by channel.
    pub(crate) opt_outs: BTreeMap<String, OptBase>,
}

impl Merge {
    pub(crate) fn patch(&self, side: Side) -> &Patch {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    fn patch_mut(&mut self, side: Side) -> &mut Patch {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}

/// Merges a pair. `winner` settles what both sides changed; without one those fields are conflicts. `blocked` are the
/// channels that sources other than the two sides forbid.
pub(crate) fn merge(
    map: &FieldMap,
    base: &Base,
    left: &Content,
    right: &Content,
    winner: Option<Side>,
    blocked: &BTreeSet<String>,
) -> Merge {
    let clears = map.config().clears;
    let mut merged = Merge::default();
    for rule in map.rules() {
        if rule.field.left.is_set() {
            set(&mut merged, &rule.name, rule.way, base, left, right, clears);
            continue;
        }
        let then = |content: &Content, side| Then {
            base: base.field(&rule.name, side),
            now: content.fields.get(&rule.name).map(|entry| entry.hash),
        };
        let (old, new) = (then(left, Side::Left), then(right, Side::Right));
        let to = match (scalar(old, new, rule.way, clears), winner) {
            (Verdict::Keep, _) => continue,
            (Verdict::To(side), _) => side,
            (Verdict::Both, Some(winner)) => winner.other(),
            (Verdict::Both, None) => {
                merged.conflicts.push(rule.name.clone());
                continue;
            }
        };
        let source = match to {
            Side::Left => right,
            Side::Right => left,
        };
        let value = source
            .fields
            .get(&rule.name)
            .map(|entry| entry.value.clone());
        merged.patch_mut(to).fields.insert(rule.name.clone(), value);
    }
    opt_outs(&mut merged, map, base, left, right, blocked);
    merged
}

fn set(
    merged: &mut Merge,
    name: &str,
    way: Way,
    base: &Base,
    left: &Content,
    right: &Content,
    clears: Clears,
) {
    let none = BTreeMap::new();
    let (l, r) = (
        left.sets.get(name).unwrap_or(&none),
        right.sets.get(name).unwrap_or(&none),
    );
    let quiet = |values: &BTreeMap<u64, String>| values.is_empty() && clears == Clears::Keep;
    let silent = (quiet(l), quiet(r));
    let (mut to_left, mut to_right) = (l.clone(), r.clone());
    for hash in l.keys().chain(r.keys()) {
        let now = (l.contains_key(hash), r.contains_key(hash));
        let was = (
            base.has(name, *hash, Side::Left),
            base.has(name, *hash, Side::Right),
        );
        match member(was, now, silent, way) {
            Some(true) => {
                if let Some(value) = l.get(hash).or_else(|| r.get(hash)) {
                    to_left.insert(*hash, value.clone());
                    to_right.insert(*hash, value.clone());
                }
            }
            Some(false) => {
                to_left.remove(hash);
                to_right.remove(hash);
            }
            None => {}
        }
    }
    for (side, before, now) in [(Side::Left, l, to_left), (Side::Right, r, to_right)] {
        if way.writes(side) && !before.keys().eq(now.keys()) {
            let removed = before
                .iter()
                .filter(|(hash, _)| !now.contains_key(hash))
                .map(|(_, value)| value.clone())
                .collect();
            let patch = SetPatch { now, removed };
            merged.patch_mut(side).sets.insert(name.to_owned(), patch);
        }
    }
}

/// What a contact that is not synced otherwise says of being contacted, and what it is to be shown of what others say.
pub(crate) fn apart(
    map: &FieldMap,
    base: &Base,
    side: Side,
    content: &Content,
    blocked: &BTreeSet<String>,
) -> (BTreeMap<String, OptBase>, Patch) {
    let mut merged = Merge::default();
    let silent = Content::default();
    let (left, right) = match side {
        Side::Left => (content, &silent),
        Side::Right => (&silent, content),
    };
    opt_outs(&mut merged, map, base, left, right, blocked);
    let patch = std::mem::take(merged.patch_mut(side));
    (merged.opt_outs, patch)
}

fn opt_outs(
    merged: &mut Merge,
    map: &FieldMap,
    base: &Base,
    left: &Content,
    right: &Content,
    blocked: &BTreeSet<String>,
) {
    let mut all = (false, false);
    let channels: BTreeSet<&String> = left
        .opt_outs
        .keys()
        .chain(right.opt_outs.keys())
        .chain(base.opt_outs.keys())
        .chain(blocked)
        .collect();
    // What is blocked altogether comes first: it counts for each channel.
    let (whole, single): (Vec<_>, Vec<_>) =
        channels.into_iter().partition(|name| name.as_str() == ALL);
    for name in whole.into_iter().chain(single) {
        let now = (
            left.opt_outs.get(name).copied(),
            right.opt_outs.get(name).copied(),
        );
        let was = base.opt_outs.get(name).copied().unwrap_or_default();
        let around = Around {
            others: blocked.contains(name),
            all,
        };
        let takes = |side, value| map.takes_opt_out(side, name, value);
        let (attributed, writes) = channel(was, now, around, map.config().way, takes);
        if name.as_str() == ALL && (around.others || attributed.own_left || attributed.own_right) {
            all = (!takes(Side::Left, true), !takes(Side::Right, true));
        }
        if let Some(value) = writes.0 {
            merged.left.opt_outs.insert(name.clone(), value);
        }
        if let Some(value) = writes.1 {
            merged.right.opt_outs.insert(name.clone(), value);
        }
        merged.opt_outs.insert(name.clone(), attributed);
    }
}

#[cfg(test)]
mod tests;
