//! Configs from environment variables.

use super::Template;
use super::config::ValidConfig;
use super::scrub::Scrub;
use crate::{Error, FieldError, Result};

impl Template {
    /// Reads and judges a config from the environment variables that the template names. `lookup` is usually
    /// `|name| std::env::var(name).ok()`. Unset and empty variables are left out.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): one line that names each missing or wrong variable.
    pub fn read_env(&self, lookup: impl Fn(&str) -> Option<String>) -> Result<ValidConfig> {
        let env = &self.spec().env;
        let set = env.iter().filter_map(|(field, variable)| {
            let text = lookup(variable).filter(|text| !text.trim().is_empty())?;
            Some((field.as_str(), text))
        });
        let input = Scrub(self.form().read(set));
        self.validate(&input.0).map_err(|error| {
            let faults = error
                .fields()
                .iter()
                .map(|fault| match env.get(&fault.path) {
                    Some(variable) => FieldError::new(variable.clone(), fault.message.clone()),
                    None => fault.clone(),
                });
            Error::config("set these environment variables").with_fields(faults.collect())
        })
    }
}
