use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::wire::{self, Candidates};
use crate::WebhookSecret;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

/// An HMAC of the raw body in a header: the scheme of most providers, and of anything that has none of its own.
///
/// Built at compile time; what it does not say is "SHA-256, hex of any case, no prefix, no timestamp":
///
/// ```
/// use integrations_core::webhook::schemes::{Hmac, SignedTime};
///
/// const ACME: Hmac = Hmac::sha256(&["x-acme-signature"])
///     .named("acme")
///     .base64()
///     .with_time(SignedTime::seconds("x-acme-timestamp"));
/// ```
///
/// Without a timestamp nothing stops a replay but deduplication. Secrets: unnamed ones, any may match.
#[derive(Debug, Clone, Copy)]
pub struct Hmac {
    name: &'static str,
    headers: &'static [&'static str],
    digest: Digest,
    base64: bool,
    prefix: Prefix,
    key: KeyForm,
    time: Option<SignedTime>,
}

#[derive(Debug, Clone, Copy)]
enum Digest {
    Sha1,
    Sha256,
}

#[derive(Debug, Clone, Copy)]
enum Prefix {
    None,
    Optional(&'static str),
    Required(&'static str),
}

/// How the text of a secret becomes the bytes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyForm {
    /// The text's own bytes.
    Text,
    /// Hex of any case.
    Hex,
    /// Standard base64.
    Base64,
}

impl KeyForm {
    fn with<T>(
        self,
        secret: &WebhookSecret,
        use_key: impl FnOnce(&[u8]) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let text = secret.expose_secret();
        match self {
            Self::Text => use_key(text.as_bytes()),
            Self::Hex => {
                let key = hex::decode(text)
                    .map(Zeroizing::new)
                    .map_err(|_| Rejection::UnusableSecret)?;
                use_key(&key)
            }
            Self::Base64 => use_key(&wire::base64_key(text)?),
        }
    }
}

/// A timestamp in a header of its own that is signed together with the body: `{lead}{time}{separator}{body}`.
#[derive(Debug, Clone, Copy)]
pub struct SignedTime {
    header: &'static str,
    milliseconds: bool,
    lead: &'static str,
    separator: &'static str,
    tolerance: Duration,
}

impl SignedTime {
    /// UNIX seconds, joined to the body with a full stop, five minutes of tolerance both ways.
    #[must_use]
    pub const fn seconds(header: &'static str) -> Self {
        Self {
            header,
            milliseconds: false,
            lead: "",
            separator: ".",
            tolerance: wire::TOLERANCE,
        }
    }

    /// The same in UNIX milliseconds.
    #[must_use]
    pub const fn milliseconds(header: &'static str) -> Self {
        let mut time = Self::seconds(header);
        time.milliseconds = true;
        time
    }

    /// What stands before and after the time in the signed text.
    #[must_use]
    pub const fn between(mut self, lead: &'static str, separator: &'static str) -> Self {
        self.lead = lead;
        self.separator = separator;
        self
    }

    /// How far the time may lie from the arrival, both ways.
    #[must_use]
    pub const fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }
}

impl Hmac {
    /// GitHub: `X-Hub-Signature-256`. Meta signs the same way: see [`Meta`](super::Meta).
    pub const GITHUB: Self = Self::sha256(&["x-hub-signature-256"])
        .named("github")
        .with_prefix("sha256=");
    /// Our own default for senders without a scheme: `X-Webhook-Signature`, `sha256=` allowed.
    pub const GENERIC: Self =
        Self::sha256(&["x-webhook-signature"]).with_optional_prefix("sha256=");

    /// HMAC-SHA256 in hex. The first of these headers that a request has is the one that counts: when it fails,
    /// the others are not looked at.
    #[must_use]
    pub const fn sha256(headers: &'static [&'static str]) -> Self {
        Self {
            name: "hmac_sha256",
            headers,
            digest: Digest::Sha256,
            base64: false,
            prefix: Prefix::None,
            key: KeyForm::Text,
            time: None,
        }
    }

    /// HMAC-SHA1 in hex, for senders that have nothing better.
    #[must_use]
    pub const fn sha1(headers: &'static [&'static str]) -> Self {
        let mut scheme = Self::sha256(headers);
        scheme.name = "hmac_sha1";
        scheme.digest = Digest::Sha1;
        scheme
    }

    /// The name that [`Verified::scheme`] reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The signature is standard, padded base64 instead of hex.
    #[must_use]
    pub const fn base64(mut self) -> Self {
        self.base64 = true;
        self
    }

    /// The signature must start with this, for example `sha256=`.
    #[must_use]
    pub const fn with_prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = Prefix::Required(prefix);
        self
    }

    /// The signature may start with this.
    #[must_use]
    pub const fn with_optional_prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = Prefix::Optional(prefix);
        self
    }

    /// How secrets are written.
    #[must_use]
    pub const fn with_key_form(mut self, form: KeyForm) -> Self {
        self.key = form;
        self
    }

    /// A timestamp is signed too.
    #[must_use]
    pub const fn with_time(mut self, time: SignedTime) -> Self {
        self.time = Some(time);
        self
    }

    pub(super) fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        let (verified, tolerance) = self.check_signature(raw, secrets, received_at)?;
        if let (Some(at), Some(tolerance)) = (verified.timestamp(), tolerance) {
            wire::check_window(at, received_at, tolerance)?;
        }
        Ok(verified)
    }

    /// Everything but the age of the timestamp.
    pub(super) fn check_signature<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<(Verified<'a>, Option<Duration>), Rejection> {
        wire::require_secret(secrets)?;
        let (header, text) = self.find(raw)?;
        let signature = match self.prefix {
            Prefix::None => Some(text),
            Prefix::Optional(prefix) => Some(text.strip_prefix(prefix).unwrap_or(text)),
            Prefix::Required(prefix) => text.strip_prefix(prefix),
        }
        .ok_or(Rejection::MalformedHeader(header))?;

        let (mut lead, mut separator, mut time, mut signed_at) = ("", "", "", None);
        if let Some(signed) = self.time {
            time = raw.header(signed.header)?;
            (lead, separator) = (signed.lead, signed.separator);
            signed_at = Some(if signed.milliseconds {
                wire::milliseconds(time, signed.header)?
            } else {
                wire::seconds(time, signed.header)?
            });
        }
        let parts = [
            lead.as_bytes(),
            time.as_bytes(),
            separator.as_bytes(),
            &raw.body,
        ];

        let malformed = Rejection::MalformedHeader(header);
        let index = match self.digest {
            Digest::Sha256 => {
                let candidates = Candidates::one(self.decode(signature).ok_or(malformed)?);
                wire::matching_secret(secrets, &candidates, |secret| {
                    self.key.with(secret, |key| wire::hmac_sha256(key, &parts))
                })?
            }
            Digest::Sha1 => {
                let candidates = Candidates::one(self.decode(signature).ok_or(malformed)?);
                wire::matching_secret(secrets, &candidates, |secret| {
                    self.key.with(secret, |key| wire::hmac_sha1(key, &parts))
                })?
            }
        };
        let verified = Verified::new(raw, self.name, index, received_at);
        Ok(match signed_at {
            Some(at) => (verified.signed_at(at), self.time.map(|time| time.tolerance)),
            None => (verified, None),
        })
    }

    fn find<'a>(&self, raw: &'a RawRequest) -> Result<(&'static str, &'a str), Rejection> {
        for &header in self.headers {
            if let Some(text) = raw.optional_header(header)? {
                return Ok((header, text));
            }
        }
        let first = self.headers.first().copied().unwrap_or("of the signature");
        Err(Rejection::MissingHeader(first))
    }

    fn decode<const N: usize>(&self, text: &str) -> Option<[u8; N]> {
        if self.base64 {
            wire::base64_digest(text)
        } else {
            wire::hex_digest(text)
        }
    }
}

verifier!(Hmac);

#[cfg(feature = "test-util")]
impl Hmac {
    /// The headers that a sender would add: for tests.
    pub(crate) fn sign(
        &self,
        secret: &WebhookSecret,
        body: &[u8],
        at: Timestamp,
    ) -> Vec<(&'static str, String)> {
        use base64::Engine;
        let (mut lead, mut separator, mut time) = ("", "", String::new());
        let mut headers = Vec::new();
        if let Some(signed) = self.time {
            (lead, separator) = (signed.lead, signed.separator);
            time = if signed.milliseconds {
                at.as_millisecond().to_string()
            } else {
                at.as_second().to_string()
            };
            headers.push((signed.header, time.clone()));
        }
        let parts = [lead.as_bytes(), time.as_bytes(), separator.as_bytes(), body];
        let code = self.key.with(secret, |key| match self.digest {
            Digest::Sha256 => wire::hmac_sha256(key, &parts).map(Vec::from),
            Digest::Sha1 => wire::hmac_sha1(key, &parts).map(Vec::from),
        });
        let code = code.unwrap_or_default();
        let prefix = match self.prefix {
            Prefix::None | Prefix::Optional(_) => "",
            Prefix::Required(prefix) => prefix,
        };
        let code = if self.base64 {
            base64::engine::general_purpose::STANDARD.encode(code)
        } else {
            hex::encode(code)
        };
        let header = self.headers.first().copied().unwrap_or("x-signature");
        headers.push((header, format!("{prefix}{code}")));
        headers
    }
}
