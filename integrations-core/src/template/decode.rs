//! A config as the provider's own type.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::config::Config;
use super::pointer;
use crate::{Error, FieldError, Result};

impl Config {
    /// The whole config, secrets included, as the provider's type. Secrets reach only the fields that hold them: give
    /// those a secret type.
    ///
    /// The joined JSON lives for this call only and is overwritten afterwards.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the field which does not fit, never its value. It
    /// means that the template's schema allows what the type does not.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T> {
        let whole = self.join();
        serde_path_to_error::deserialize(&whole.0).map_err(|error| {
            let at = pointer_of(error.path());
            let text = error.into_inner().to_string();
            // Only these words come from the type alone; all others may repeat the value.
            let why = if text.starts_with("missing field `") {
                text
            } else {
                "is not what the provider's config type takes".into()
            };
            Error::config("the stored config does not fit the provider")
                .with_fields(vec![FieldError::new(at, why)])
        })
    }
}

/// A path of the decoder as a JSON pointer.
pub(super) fn pointer_of(path: &Path) -> String {
    path.iter()
        .fold(String::new(), |at, segment| match segment {
            Segment::Map { key } => pointer::push(&at, key),
            Segment::Seq { index } => format!("{at}/{index}"),
            Segment::Enum { .. } | Segment::Unknown => at,
        })
}
