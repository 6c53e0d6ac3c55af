use http::{Method, header};
use jiff::Timestamp;

use super::twilio_url::{Variants, without_fragment};
use super::wire::{self, Candidates};
use crate::secret::constant_time_eq;
use crate::webhook::request::decode_form;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

pub(crate) const HEADER: &str = "x-twilio-signature";
pub(crate) const BODY_HASH: &str = "bodySHA256";

/// Twilio: base64 HMAC-SHA1 over the URL and, for forms, the sorted parameters; for other bodies the URL carries
/// `bodySHA256`. No timestamp: deduplicate by the Sid and its status.
///
/// [`RawRequest::url`] must be the public URL as Twilio calls it, with the query. As Twilio's own libraries do, four
/// spellings of it are tried: with and without the port, as given and with the query encoded anew.
/// Secrets: the account's primary auth token, unnamed, and the one it replaced or will be replaced by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Twilio;

impl Twilio {
    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        wire::require_secret(secrets)?;
        let signature =
            wire::base64_digest(raw.header(HEADER)?).ok_or(Rejection::MalformedHeader(HEADER))?;
        let (scheme, parameters) = Self::signed_body(raw)?;
        let candidates = Candidates::<20>::one(signature);
        let mut outcome = Rejection::BadSignature;
        for url in Variants::of(without_fragment(&raw.url)).distinct() {
            let found = wire::matching_secret(secrets, &candidates, |secret| {
                let key = secret.expose_secret().as_bytes();
                wire::hmac_sha1(key, &[url.as_bytes(), &parameters])
            });
            match found {
                Ok(index) => return Ok(Verified::new(raw, scheme, index, received_at)),
                Err(rejection) => outcome = rejection,
            }
        }
        Err(outcome)
    }

    /// How the body is bound: by its hash in the URL, or by the text that follows the URL.
    fn signed_body(raw: &RawRequest) -> Result<(&'static str, Vec<u8>), Rejection> {
        if let Some(hash) = raw.query_value(BODY_HASH) {
            let expected = wire::hex_digest::<32>(&hash).ok_or(Rejection::MalformedPayload)?;
            return if constant_time_eq(&expected, &wire::sha256(&[&raw.body])) {
                Ok(("twilio_body_sha256", Vec::new()))
            } else {
                Err(Rejection::BadSignature)
            };
        }
        if raw.body.is_empty() {
            return Ok(("twilio_form", Vec::new()));
        }
        let is_form = raw
            .optional_header(header::CONTENT_TYPE.as_str())?
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                kind.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        // Nothing else would cover the body.
        if raw.method == Method::GET || !is_form {
            return Err(Rejection::MalformedPayload);
        }
        Ok(("twilio_form", form_text(&raw.body)))
    }
}

verifier!(Twilio);

/// Name and value of each parameter, sorted by name and then by value, a repeated pair once.
pub(crate) fn form_text(body: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = body
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let mut half = || decode_form(halves.next().unwrap_or_default());
            (half(), half())
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut text = Vec::with_capacity(body.len());
    for (name, value) in &pairs {
        text.extend_from_slice(name);
        text.extend_from_slice(value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::form_text;

    #[test]
    fn parameters_are_sorted_and_told_once() {
        assert_eq!(form_text(b"b=2&a=z&a=y&a=y&&c"), b"ayazb2c");
        assert_eq!(form_text(b"a=%2B+1&%zz=%ff"), b"%zz\xffa+ 1");
    }
}
