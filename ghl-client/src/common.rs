use integrations_core::lenient;
use serde::{Deserialize, Serialize};

/// Whether a change was done. The provider spells it in three ways; all are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Succeeded {
    /// `true` when it was done; `None` when the answer does not say.
    #[serde(
        default,
        rename = "succeeded",
        alias = "succeded",
        alias = "success",
        deserialize_with = "lenient::bool_option"
    )]
    pub succeeded: Option<bool>,
}
