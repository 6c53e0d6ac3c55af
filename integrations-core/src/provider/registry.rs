use std::collections::BTreeMap;
use std::sync::Arc;

use super::Provider;
use crate::template::Template;
use crate::{Error, ErrorKind, Result};

/// The providers that an application knows, by slug. Registration is explicit.
#[derive(Debug, Clone, Default)]
pub struct Providers(BTreeMap<String, Arc<dyn Provider>>);

impl Providers {
    /// No providers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider, in place of one with the same slug.
    #[must_use]
    pub fn with(mut self, provider: impl Provider + 'static) -> Self {
        self.0
            .insert(provider.template().slug().to_owned(), Arc::new(provider));
        self
    }

    /// The provider with this slug.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] that lists the known slugs.
    pub fn get(&self, slug: &str) -> Result<&Arc<dyn Provider>> {
        self.0.get(slug).ok_or_else(|| {
            let known: Vec<_> = self.0.keys().map(String::as_str).collect();
            Error::new(
                ErrorKind::NotFound,
                format!(
                    "no such provider; this application has: {}",
                    known.join(", ")
                ),
            )
        })
    }

    /// All providers, by slug.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn Provider>)> {
        self.0
            .iter()
            .map(|(slug, provider)| (slug.as_str(), provider))
    }

    /// The templates of all providers, by slug.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.0.values().map(|provider| provider.template())
    }
}
