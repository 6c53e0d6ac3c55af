use std::ops::Deref;

use integrations_core::lenient::{Field, Lenient};
use integrations_core::{object, open_enum};
use serde::{Deserialize, Deserializer, Serialize};

open_enum! {
    /// Which end of a list comes first.
    pub enum SortOrder {
        /// Smallest or oldest first.
        Ascending = "asc",
        /// Largest or newest first.
        Descending = "desc",
    }
}

/// An answer that is a list itself, and not an object that holds one.
///
/// Nothing at all is a list without items, and one item that stands alone is a list of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BareList<T>(pub Vec<T>);

impl<T> Deref for BareList<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> IntoIterator for BareList<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a BareList<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Lenient> Deserialize<'de> for BareList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::read_field(deserializer).map(Self)
    }
}

/// Whether a change was done. The provider spells it in three ways, and at times in two at once; all are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Succeeded {
    /// `true` when it was done; `None` when the answer does not say.
    pub succeeded: Option<bool>,
}

impl<'de> Deserialize<'de> for Succeeded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spellings = Spellings::deserialize(deserializer)?;
        let succeeded = spellings.succeeded.or(spellings.succeded);
        Ok(Self {
            succeeded: succeeded.or(spellings.success),
        })
    }
}

object! {
    struct Spellings {
        succeeded: Option<bool> = "succeeded",
        succeded: Option<bool> = "succeded",
        success: Option<bool> = "success",
    }
}
