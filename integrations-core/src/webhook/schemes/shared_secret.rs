use jiff::Timestamp;

use super::wire;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

/// A secret that comes as it is in a header: proves the sender, not the body. Use it only over TLS, and only for
/// senders that cannot sign.
///
/// Secrets: unnamed, any may match.
#[derive(Debug, Clone, Copy)]
pub struct SharedSecret {
    name: &'static str,
    header: &'static str,
    prefix: &'static str,
}

impl SharedSecret {
    /// The secret alone in this header.
    #[must_use]
    pub const fn new(header: &'static str) -> Self {
        Self {
            name: "shared_secret",
            header,
            prefix: "",
        }
    }

    /// `Authorization: Bearer …`.
    #[must_use]
    pub const fn bearer() -> Self {
        let mut scheme = Self::new("authorization");
        scheme.prefix = "Bearer ";
        scheme
    }

    /// The name that [`Verified::scheme`] reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(super) fn is_present(&self, raw: &RawRequest) -> bool {
        raw.headers.contains_key(self.header)
    }

    pub(super) fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        wire::require_secret(secrets)?;
        let given = raw
            .header(self.header)?
            .strip_prefix(self.prefix)
            .ok_or(Rejection::MalformedHeader(self.header))?;
        let index = wire::matching_token(secrets, "", given.as_bytes())?;
        Ok(Verified::new(raw, self.name, index, received_at))
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn sign(&self, secret: &str) -> (&'static str, String) {
        (self.header, format!("{}{secret}", self.prefix))
    }
}

verifier!(SharedSecret);
