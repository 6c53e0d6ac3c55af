use integrations_core::{lenient, open_enum};
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

/// Whether a change was done. The provider spells it in three ways, and at times in two at once; all are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Succeeded {
    /// `true` when it was done; `None` when the answer does not say.
    pub succeeded: Option<bool>,
}

impl<'de> Deserialize<'de> for Succeeded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Spellings {
            #[serde(default, deserialize_with = "lenient::bool_option")]
            succeeded: Option<bool>,
            #[serde(default, deserialize_with = "lenient::bool_option")]
            succeded: Option<bool>,
            #[serde(default, deserialize_with = "lenient::bool_option")]
            success: Option<bool>,
        }
        // An answer without a body, for example 204, counts as null.
        let spellings = Option::<Spellings>::deserialize(deserializer)?;
        Ok(Self {
            succeeded: spellings.and_then(|s| s.succeeded.or(s.succeded).or(s.success)),
        })
    }
}
