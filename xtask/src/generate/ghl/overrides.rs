//! `overrides.toml`: what the documents get wrong or leave out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::json::Json;
use super::model::Generation;

/// The corrections.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overrides {
    /// Groups whose module, feature or handle is called otherwise than their document.
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Naming>,
    /// Hand-written requests by operation: the generator leaves these out of the dated contract.
    #[serde(default, rename = "hand")]
    dated_hand: BTreeMap<String, String>,
    /// Those that stand for the operation of the contract `v3` too.
    #[serde(default)]
    both_hand: BTreeMap<String, String>,
    /// Names of numbers that are whole; `*Count` stands for all that end so.
    whole_numbers: Vec<String>,
    /// Documents in which `total` is whole.
    whole_totals: Vec<String>,
    /// Names of texts that are times.
    pub(super) times: Vec<String>,
    /// Names of texts that are secrets.
    pub(super) secrets: Vec<String>,
    /// Names of texts that are ids, and the type of each.
    pub(super) ids: BTreeMap<String, String>,
    /// Names of enums, by values that only they have together.
    pub(super) enums: BTreeMap<String, Vec<String>>,
    /// POSTs that only read.
    pub(super) safe_posts: Vec<String>,
    /// Corrections of a property wherever it stands in its documents.
    #[serde(default)]
    pub(super) property: Vec<Property>,
    /// Single operations.
    #[serde(default)]
    pub(super) operations: BTreeMap<String, Change>,
    /// Corrections of the documents themselves.
    #[serde(default)]
    pub(super) patch: Vec<Patch>,
}

/// How a group is called.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Naming {
    pub(super) module: Option<String>,
    pub(super) feature: Option<String>,
    pub(super) title: Option<String>,
    /// The type of what its paths call only `id`.
    pub(super) id: Option<String>,
    /// The hand-written handle for a location, which gets the generated methods as well.
    pub(super) handle: Option<String>,
    /// The hand-written handle for a company.
    pub(super) company_handle: Option<String>,
    /// What the generated handle for a location is called, when not like the module.
    pub(super) name: Option<String>,
    /// The method of `Location` that gives it.
    pub(super) accessor: Option<String>,
}

/// What is different with one operation.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// For the reader of the file.
    #[serde(rename = "why")]
    pub(super) _why: String,
    /// Another name than the document's `operationId`.
    pub(super) id: Option<String>,
    pub(super) idempotency: Option<String>,
    /// Other scopes than the document's.
    pub(super) scopes: Option<Vec<String>>,
    /// It takes no token, and none is sent.
    #[serde(default)]
    pub(super) without_token: bool,
    /// `download`, or nothing.
    pub(super) response: Option<String>,
    /// Fields that the document calls required and the provider does not.
    #[serde(default)]
    pub(super) optional: Vec<String>,
    /// The member of the answer that may hold all of it.
    pub(super) envelope: Option<String>,
    /// How it pages: the style and the macro's arguments.
    pub(super) paging: Option<PagingChange>,
}

/// How an operation pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PagingChange {
    pub(super) style: String,
    #[serde(default)]
    pub(super) arguments: String,
    #[serde(default)]
    pub(super) items: Option<String>,
}

/// A correction of a property wherever it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Property {
    pub(super) documents: Vec<String>,
    pub(super) name: String,
    /// For the reader of the file.
    #[serde(rename = "why")]
    pub(super) _why: String,
    /// What stands there instead.
    pub(super) schema: Json,
}

/// A correction of documents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patch {
    /// The documents, by name; of both generations when they have it there.
    pub(super) documents: Vec<String>,
    /// The place, as a JSON pointer.
    pub(super) at: String,
    /// For the reader of the file.
    #[serde(rename = "why")]
    pub(super) _why: String,
    /// What is merged there, member by member.
    #[serde(default)]
    pub(super) merge: Json,
    /// Members that are removed there.
    #[serde(default)]
    pub(super) remove: Vec<String>,
}

impl Overrides {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| format!("overrides.toml: {error}"))
    }

    /// Forgets what is written by hand: a catalogue has it from the documents. Only files stay, which are no JSON, and what
    /// takes the application's own secret.
    pub(super) fn forget_hand(&mut self) {
        let stays = |request: &String| request.contains("::Upload") || request == "oauth::profile";
        self.dated_hand.retain(|_, request| stays(request));
        self.both_hand.retain(|_, request| stays(request));
    }

    /// The operations that are named here and that no document has.
    pub(super) fn unknown<'o>(&'o self, known: &BTreeSet<&str>) -> Vec<&'o str> {
        let named = self.dated_hand.keys().chain(self.both_hand.keys());
        let named = named.chain(self.operations.keys()).chain(&self.safe_posts);
        named
            .map(String::as_str)
            .filter(|key| !known.contains(key))
            .collect()
    }

    /// The hand-written request of an operation.
    pub(super) fn hand(&self, key: &str, generation: Generation) -> Option<&str> {
        let dated = self
            .dated_hand
            .get(key)
            .filter(|_| generation == Generation::Dated);
        dated
            .or_else(|| self.both_hand.get(key))
            .map(String::as_str)
    }

    /// The name of an enum that has all the values that one is told by.
    pub(super) fn enum_name(&self, values: &[String]) -> Option<&str> {
        let told = self
            .enums
            .iter()
            .find(|(_, sign)| sign.iter().all(|value| values.contains(value)));
        told.map(|(name, _)| name.as_str())
    }

    pub(super) fn is_whole(&self, document: &str, name: &str) -> bool {
        let is_count = name == "total" && self.whole_totals.iter().any(|known| known == document);
        is_count || matches(&self.whole_numbers, name)
    }

    pub(super) fn is_time(&self, name: &str) -> bool {
        matches(&self.times, name)
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        matches(&self.secrets, name)
    }
}

fn matches(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == pattern,
        })
}
