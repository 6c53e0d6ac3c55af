//! What is compared of a contact: its mapped fields, normalised, and their hashes.

use std::collections::BTreeMap;

use integrations_core::model::{Channel, Contact};
use integrations_store::Side;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::map::FieldMap;

/// The word that stands for every channel.
pub(crate) const ALL: &str = "all";

/// A medium, as it is written in the stored state: `all` is every one.
pub(crate) fn channel_word(channel: Option<&Channel>) -> &str {
    channel.map_or(ALL, Channel::as_str)
}

/// The mapped part of a contact, by the names of the flow's fields.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) fields: BTreeMap<String, Entry>,
    /// By field, the values by their hashes.
    pub(crate) sets: BTreeMap<String, BTreeMap<u64, String>>,
    /// By channel (`all` for every one), what the side says of it.
    pub(crate) opt_outs: BTreeMap<String, bool>,
}

/// One value and the hash that it is compared by.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) hash: u64,
}

impl Content {
    /// What a contact of a side says, in the flow's fields.
    pub(crate) fn of(contact: &Contact, side: Side, map: &FieldMap) -> Self {
        let mut content = Self::default();
        for rule in map.rules() {
            let field = rule.field.on(side);
            if field.is_set() {
                let values: BTreeMap<u64, String> = field
                    .read_set(contact)
                    .into_iter()
                    .filter(|value| !value.trim().is_empty())
                    .map(|value| (hash(&[&field.normalise(&value.as_str().into())]), value))
                    .collect();
                content.sets.insert(rule.name.clone(), values);
            } else if let Some(value) = field.read(contact) {
                let hash = hash(&[&field.normalise(&value)]);
                content
                    .fields
                    .insert(rule.name.clone(), Entry { value, hash });
            }
        }
        if map.opt_outs() {
            if let Some(all) = contact.opt_outs.all {
                content.opt_outs.insert(ALL.to_owned(), all);
            }
            for (channel, blocked) in &contact.opt_outs.channels {
                content
                    .opt_outs
                    .insert(channel.as_str().to_owned(), *blocked);
            }
        }
        content
    }

    /// One hash over everything.
    pub(crate) fn hash(&self) -> i64 {
        let mut hasher = Sha256::new();
        for (name, entry) in &self.fields {
            hasher.update(name.as_bytes());
            hasher.update([0]);
            hasher.update(entry.hash.to_be_bytes());
        }
        for (name, values) in self.sets.iter().filter(|(_, values)| !values.is_empty()) {
            hasher.update(name.as_bytes());
            hasher.update([1]);
            for hash in values.keys() {
                hasher.update(hash.to_be_bytes());
            }
        }
        for (channel, blocked) in &self.opt_outs {
            hasher.update(channel.as_bytes());
            hasher.update([2, u8::from(*blocked)]);
        }
        first_eight(&hasher.finalize()).cast_signed()
    }
}

impl std::fmt::Debug for Content {
    /// Names of fields, no values: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("fields", &self.fields.keys().collect::<Vec<_>>())
            .field("opt_outs", &self.opt_outs)
            .finish_non_exhaustive()
    }
}

/// The first eight bytes of the SHA-256 of some texts: the same in every version and on every machine.
pub(crate) fn hash(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    first_eight(&hasher.finalize())
}

fn first_eight(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .take(8)
        .fold(0, |all, byte| (all << 8) | u64::from(*byte))
}
