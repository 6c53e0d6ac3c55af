use std::borrow::Cow;

use super::Rejection;
use crate::WebhookSecret;

/// What one integration's webhooks are verified with: current secrets first, those being rotated out after them.
///
/// Most schemes use unnamed secrets. Schemes that need more (a user beside a password, an expected audience) look up
/// entries by name; each scheme's documentation lists its names.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<(Cow<'static, str>, WebhookSecret)>);

impl Secrets {
    /// No secrets: everything that needs one is refused.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// One secret.
    pub fn one(secret: impl Into<WebhookSecret>) -> Self {
        Self::none().with(secret)
    }

    /// Adds a secret; any of them may match.
    #[must_use]
    pub fn with(self, secret: impl Into<WebhookSecret>) -> Self {
        self.with_named("", secret)
    }

    /// Adds an entry under a name.
    #[must_use]
    pub fn with_named(
        mut self,
        name: impl Into<Cow<'static, str>>,
        secret: impl Into<WebhookSecret>,
    ) -> Self {
        self.0.push((name.into(), secret.into()));
        self
    }

    /// Whether nothing is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries of this name, in order.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a WebhookSecret> + 'a {
        self.0
            .iter()
            .filter(move |(entry, _)| entry == name)
            .map(|(_, secret)| secret)
    }

    /// The entries of this name that are not empty, each with its place among all entries of the name.
    pub(crate) fn usable<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (usize, &'a WebhookSecret)> + 'a {
        self.named(name)
            .enumerate()
            .filter(|(_, secret)| !secret.is_empty())
    }

    /// The unnamed secrets, checked to be usable.
    ///
    /// # Errors
    /// [`Rejection::NoSecret`] when there is none, or only empty ones.
    pub fn signing(&self) -> Result<Vec<&WebhookSecret>, Rejection> {
        self.required("")
    }

    /// The entries of this name, empty ones left out.
    ///
    /// # Errors
    /// [`Rejection::NoSecret`] when there is none, or only empty ones.
    pub fn required(&self, name: &str) -> Result<Vec<&WebhookSecret>, Rejection> {
        let usable: Vec<_> = self
            .0
            .iter()
            .filter(|(entry, secret)| entry == name && !secret.is_empty())
            .map(|(_, secret)| secret)
            .collect();
        if usable.is_empty() {
            Err(Rejection::NoSecret)
        } else {
            Ok(usable)
        }
    }
}
