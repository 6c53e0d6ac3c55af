use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const V3: &str = "x-hubspot-signature-v3";
pub(crate) const TIME: &str = "x-hubspot-request-timestamp";
pub(crate) const LEGACY: &str = "x-hubspot-signature";
pub(crate) const VERSION: &str = "x-hubspot-signature-version";

/// HubSpot's signatures: v3 always, v1 and v2 only when allowed, because they are plain hashes without a time.
///
/// v2 and v3 sign the URL: [`RawRequest::url`] must be the one configured at HubSpot. When the v3 header is there,
/// only it counts. Secrets: the app's client secret, unnamed.
#[derive(Debug, Clone, Copy)]
pub struct HubSpot {
    tolerance: Duration,
    v1: bool,
    v2: bool,
}

impl HubSpot {
    /// v3 only, five minutes of tolerance.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tolerance: wire::TOLERANCE,
            v1: false,
            v2: false,
        }
    }

    /// Another tolerance.
    #[must_use]
    pub const fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Also accepts v1, `sha256(secret ‖ body)`, from requests without a v3 signature.
    #[must_use]
    pub const fn allow_v1(mut self) -> Self {
        self.v1 = true;
        self
    }

    /// Also accepts v2, `sha256(secret ‖ method ‖ url ‖ body)`, from requests without a v3 signature.
    #[must_use]
    pub const fn allow_v2(mut self) -> Self {
        self.v2 = true;
        self
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        wire::require_secret(secrets)?;
        if let Some(signature) = raw.optional_header(V3)? {
            return self.check_v3(signature, raw, secrets, received_at);
        }
        if !self.v1 && !self.v2 {
            return Err(Rejection::MissingHeader(V3));
        }
        let signature = raw.header(LEGACY)?;
        let scheme = match raw.header(VERSION)? {
            "v1" if self.v1 => "hubspot_v1",
            "v2" if self.v2 => "hubspot_v2",
            _ => return Err(Rejection::MalformedHeader(VERSION)),
        };
        let signature = wire::hex_digest(signature).ok_or(Rejection::MalformedHeader(LEGACY))?;
        let index = wire::matching_secret(secrets, &Candidates::<32>::one(signature), |secret| {
            let secret = secret.expose_secret().as_bytes();
            Ok(if scheme == "hubspot_v1" {
                wire::sha256(&[secret, &raw.body])
            } else {
                let method = raw.method.as_str().as_bytes();
                wire::sha256(&[secret, method, raw.url.as_bytes(), &raw.body])
            })
        })?;
        Ok(Verified::new(raw, scheme, index, received_at))
    }

    fn check_v3<'a>(
        &self,
        signature: &str,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        let signature = wire::base64_digest(signature).ok_or(Rejection::MalformedHeader(V3))?;
        let time = raw.header(TIME)?;
        let signed_at = wire::milliseconds(time, TIME)?;
        let url = decode_url(&raw.url);
        let parts = [
            raw.method.as_str().as_bytes(),
            url.as_bytes(),
            &raw.body,
            time.as_bytes(),
        ];
        let index = wire::matching_secret(secrets, &Candidates::<32>::one(signature), |secret| {
            wire::hmac_sha256(secret.expose_secret().as_bytes(), &parts)
        })?;
        wire::check_window(signed_at, received_at, self.tolerance)?;
        Ok(Verified::new(raw, "hubspot_v3", index, received_at).signed_at(signed_at))
    }
}

impl Default for HubSpot {
    fn default() -> Self {
        Self::new()
    }
}

verifier!(HubSpot);

/// Undoes the twelve escapes that HubSpot undoes before it signs; all others, such as `%20`, stay.
pub(crate) fn decode_url(url: &str) -> Cow<'_, str> {
    const DECODED: &[u8] = b":/?@!$'()*,;";
    if !url.contains('%') {
        return Cow::Borrowed(url);
    }
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let byte = escape
            .get(1..3)
            .and_then(wire::hex_digest::<1>)
            .map(|[byte]| byte)
            .filter(|byte| DECODED.contains(byte));
        rest = if let Some(byte) = byte {
            out.push(char::from(byte));
            escape.get(3..).unwrap_or_default()
        } else {
            out.push('%');
            escape.get(1..).unwrap_or_default()
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::decode_url;

    #[test]
    fn exactly_twelve_escapes_are_undone() {
        assert_eq!(
            decode_url("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B"),
            ":/?@!$'()*,;"
        );
        for kept in ["%20%26%3D%25", "%", "%3", "%zz", "ü%é", "%253A", "plain"] {
            assert_eq!(decode_url(kept), kept);
        }
    }
}
