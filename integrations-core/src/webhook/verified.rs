use jiff::Timestamp;

use super::RawRequest;

/// A request whose sender is proven: the only thing that events are made from.
///
/// Made by the schemes of [`super::schemes`], and by [`Verified::vouched_for`] for transports that prove the sender in
/// another way.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a> {
    raw: &'a RawRequest,
    scheme: &'static str,
    secret: usize,
    received_at: Timestamp,
    signed_at: Option<Timestamp>,
    id: Option<&'a str>,
}

impl<'a> Verified<'a> {
    pub(crate) fn new(
        raw: &'a RawRequest,
        scheme: &'static str,
        secret: usize,
        received_at: Timestamp,
    ) -> Self {
        Self {
            raw,
            scheme,
            secret,
            received_at,
            signed_at: None,
            id: None,
        }
    }

    pub(crate) fn signed_at(mut self, at: Timestamp) -> Self {
        self.signed_at = Some(at);
        self
    }

    pub(crate) fn with_id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Vouches for a request that was proven outside this crate: a client certificate, a private network, an own scheme.
    ///
    /// The caller takes the whole responsibility: everything behind this point trusts the request.
    #[must_use]
    pub fn vouched_for(raw: &'a RawRequest, scheme: &'static str, received_at: Timestamp) -> Self {
        Self::new(raw, scheme, 0, received_at)
    }

    /// The request.
    #[must_use]
    pub fn raw(&self) -> &'a RawRequest {
        self.raw
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &'a bytes::Bytes {
        &self.raw.body
    }

    /// The scheme that proved it, for example `ghl_ed25519`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Which configured secret matched, counted from 0: a value above 0 means that the sender still uses an old one.
    #[must_use]
    pub fn secret_index(&self) -> usize {
        self.secret
    }

    /// When it arrived.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// When it was signed, for schemes that sign a timestamp.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// The signed message id, for schemes that have one.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.id
    }
}
