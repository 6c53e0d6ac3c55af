use std::time::Duration;

use jiff::Timestamp;

use super::wire::{self, Candidates};
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const HEADER: &str = "x-hook0-signature";
const MAX_SIGNED_HEADERS: usize = 64;

/// Hook0, which Coinbase uses too: `X-Hook0-Signature: t=…,v0=…` over `{t}.{body}`, or
/// `t=…,h=name name,v1=…` over `{t}.{names}.{values}.{body}`.
///
/// When a v1 is there, only it counts. Secrets: unnamed.
#[derive(Debug, Clone, Copy)]
pub struct Hook0 {
    tolerance: Duration,
}

impl Hook0 {
    /// Five minutes of tolerance.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_tolerance(wire::TOLERANCE)
    }

    /// Another tolerance.
    #[must_use]
    pub const fn with_tolerance(tolerance: Duration) -> Self {
        Self { tolerance }
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        const MALFORMED: Rejection = Rejection::MalformedHeader(HEADER);
        wire::require_secret(secrets)?;
        let (mut time, mut names, mut has_v1) = (None, None, false);
        let (mut v0, mut v1) = (Candidates::<32>::new(), Candidates::<32>::new());
        for item in raw.header(HEADER)?.split(',') {
            let (key, value) = item.split_once('=').ok_or(MALFORMED)?;
            let (key, value) = (key.trim(), value.trim());
            match key {
                "t" | "h" => {
                    let place = if key == "t" { &mut time } else { &mut names };
                    if place.replace(value).is_some() {
                        return Err(MALFORMED);
                    }
                }
                "v0" => v0.push(wire::hex_digest(value)),
                "v1" => {
                    has_v1 = true;
                    v1.push(wire::hex_digest(value));
                }
                _ => {}
            }
        }
        let time = time.ok_or(MALFORMED)?;
        let signed_at = wire::seconds(time, HEADER)?;

        let mut parts = vec![time.as_bytes(), b"."];
        if has_v1 {
            let names = names.unwrap_or_default();
            parts.extend([names.as_bytes(), b"."]);
            signed_values(raw, names, &mut parts)?;
            parts.push(b".");
        }
        parts.push(&raw.body);
        let candidates = if has_v1 { &v1 } else { &v0 };
        let index = wire::matching_secret(secrets, candidates, |secret| {
            wire::hmac_sha256(secret.expose_secret().as_bytes(), &parts)
        })?;
        wire::check_window(signed_at, received_at, self.tolerance)?;
        let scheme = if has_v1 { "hook0_v1" } else { "hook0_v0" };
        Ok(Verified::new(raw, scheme, index, received_at).signed_at(signed_at))
    }
}

/// Adds the values of the named headers, joined with full stops.
fn signed_values<'a>(
    raw: &'a RawRequest,
    names: &str,
    parts: &mut Vec<&'a [u8]>,
) -> Result<(), Rejection> {
    const LISTED: &str = "listed in x-hook0-signature";
    for (i, name) in names.split(' ').filter(|name| !name.is_empty()).enumerate() {
        if i >= MAX_SIGNED_HEADERS {
            return Err(Rejection::MalformedHeader(HEADER));
        }
        let mut values = raw.headers.get_all(name).iter();
        let value = values.next().ok_or(Rejection::MissingHeader(LISTED))?;
        if values.next().is_some() {
            return Err(Rejection::DuplicateHeader(LISTED));
        }
        let value = value
            .to_str()
            .map_err(|_| Rejection::MalformedHeader(LISTED))?;
        if i > 0 {
            parts.push(b".");
        }
        parts.push(value.as_bytes());
    }
    Ok(())
}

impl Default for Hook0 {
    fn default() -> Self {
        Self::new()
    }
}

verifier!(Hook0);
