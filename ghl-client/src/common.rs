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

/// Reads a list of texts, or one text: numbers count as texts, and what is neither is left out.
pub(crate) fn texts<'de, D: Deserializer<'de>, T: From<String>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Text(Option<String>);
    impl<'de> Deserialize<'de> for Text {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            lenient::string_option(deserializer).map(Self)
        }
    }
    let list: Vec<Text> = lenient::one_or_many(deserializer)?;
    Ok(list
        .into_iter()
        .filter_map(|text| Some(text.0?.into()))
        .collect())
}

/// Reads a list of whole numbers, or one: numbers in texts count, and what is neither is left out.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    struct Number(Option<i64>);
    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            lenient::i64_option(deserializer).map(Self)
        }
    }
    let list: Vec<Number> = lenient::one_or_many(deserializer)?;
    Ok(list.into_iter().filter_map(|number| number.0).collect())
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
