//! Signs webhooks as the providers do: for tests of code that receives them.
//!
//! Each function returns the headers that the provider would add to the body. A secret that no verifier would take
//! gives headers that no verifier accepts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use super::schemes::wire;
use super::schemes::{Hmac, Meta, Nango, Notion, SharedSecret, Slack, Verity};
use super::schemes::{
    hook0, hookdeck, hubspot, nango as nango_names, standard, stripe as stripe_name, twilio,
};

#[cfg(feature = "webhook-asymmetric")]
mod asymmetric;
#[cfg(feature = "webhook-asymmetric")]
pub use asymmetric::{Ed25519Signer, RsaSigner};

fn headers<'a>(all: impl IntoIterator<Item = (&'a str, String)>) -> HeaderMap {
    let pairs = all.into_iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(name).ok()?;
        Some((name, HeaderValue::try_from(value).ok()?))
    });
    pairs.collect()
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    wire::hmac_sha256(key, parts).unwrap_or_default()
}

/// Any [`Hmac`] scheme; the time is used by those that sign one.
#[must_use]
pub fn hmac(scheme: &Hmac, secret: &str, body: &[u8], at: Timestamp) -> HeaderMap {
    headers(scheme.sign(&secret.into(), body, at))
}

/// Slack v0.
#[must_use]
pub fn slack(signing_secret: &str, body: &[u8], at: Timestamp) -> HeaderMap {
    hmac(&Slack::new().0, signing_secret, body, at)
}

/// Notion, its handshake included.
#[must_use]
pub fn notion(verification_token: &str, body: &[u8]) -> HeaderMap {
    hmac(
        &Notion::SCHEME,
        verification_token,
        body,
        Timestamp::UNIX_EPOCH,
    )
}

/// Meta.
#[must_use]
pub fn meta(app_secret: &str, body: &[u8]) -> HeaderMap {
    hmac(&Meta::SCHEME, app_secret, body, Timestamp::UNIX_EPOCH)
}

/// Nango.
#[must_use]
pub fn nango(signing_key: &str, body: &[u8]) -> HeaderMap {
    hmac(&Nango::SCHEME, signing_key, body, Timestamp::UNIX_EPOCH)
}

/// Nango's legacy hash, which is refused unless allowed.
#[must_use]
pub fn nango_legacy(secret: &str, body: &[u8]) -> HeaderMap {
    let hash = wire::sha256(&[secret.as_bytes(), body]);
    headers([(nango_names::LEGACY, hex::encode(hash))])
}

/// Verity, with a signature.
#[must_use]
pub fn verity(scheme: &Verity, secret: &str, body: &[u8]) -> HeaderMap {
    hmac(&scheme.hmac, secret, body, Timestamp::UNIX_EPOCH)
}

/// Verity, with the plain secret.
#[must_use]
pub fn verity_plain(scheme: &Verity, secret: &str) -> HeaderMap {
    shared_secret(&scheme.plain, secret)
}

/// Stripe v1.
#[must_use]
pub fn stripe(secret: &str, body: &[u8], at: Timestamp) -> HeaderMap {
    let time = at.as_second();
    let code = hmac_sha256(
        secret.as_bytes(),
        &[time.to_string().as_bytes(), b".", body],
    );
    headers([(
        stripe_name::HEADER,
        format!("t={time},v1={}", hex::encode(code)),
    )])
}

/// Hook0 v0.
#[must_use]
pub fn hook0(secret: &str, body: &[u8], at: Timestamp) -> HeaderMap {
    let time = at.as_second();
    let code = hmac_sha256(
        secret.as_bytes(),
        &[time.to_string().as_bytes(), b".", body],
    );
    headers([(hook0::HEADER, format!("t={time},v0={}", hex::encode(code)))])
}

/// Hook0 v1, which signs these headers too and returns them with the signature.
#[must_use]
pub fn hook0_v1(secret: &str, signed: &[(&str, &str)], body: &[u8], at: Timestamp) -> HeaderMap {
    let time = at.as_second();
    let (names, values): (Vec<_>, Vec<_>) = signed.iter().copied().unzip();
    let names = names.join(" ");
    let head = format!("{time}.{names}.{}.", values.join("."));
    let code = hex::encode(hmac_sha256(secret.as_bytes(), &[head.as_bytes(), body]));
    let mut all = headers(signed.iter().map(|&(name, value)| (name, value.to_owned())));
    all.extend(headers([(
        hook0::HEADER,
        format!("t={time},h={names},v1={code}"),
    )]));
    all
}

/// Hookdeck, under the current secret and, during a rotation, the one before.
#[must_use]
pub fn hookdeck(secrets: &[&str], body: &[u8]) -> HeaderMap {
    headers(
        hookdeck::HEADERS
            .into_iter()
            .zip(secrets)
            .map(|(name, secret)| {
                (
                    name,
                    STANDARD.encode(hmac_sha256(secret.as_bytes(), &[body])),
                )
            }),
    )
}

/// HubSpot v1.
#[must_use]
pub fn hubspot_v1(client_secret: &str, body: &[u8]) -> HeaderMap {
    let hash = wire::sha256(&[client_secret.as_bytes(), body]);
    headers([
        (hubspot::LEGACY, hex::encode(hash)),
        (hubspot::VERSION, "v1".to_owned()),
    ])
}

/// HubSpot v2.
#[must_use]
pub fn hubspot_v2(client_secret: &str, method: &Method, url: &str, body: &[u8]) -> HeaderMap {
    let head = format!("{client_secret}{method}{url}");
    let hash = wire::sha256(&[head.as_bytes(), body]);
    headers([
        (hubspot::LEGACY, hex::encode(hash)),
        (hubspot::VERSION, "v2".to_owned()),
    ])
}

/// HubSpot v3.
#[must_use]
pub fn hubspot_v3(
    client_secret: &str,
    method: &Method,
    url: &str,
    body: &[u8],
    at: Timestamp,
) -> HeaderMap {
    let time = at.as_millisecond().to_string();
    let head = format!("{method}{}", hubspot::decode_url(url));
    let code = hmac_sha256(
        client_secret.as_bytes(),
        &[head.as_bytes(), body, time.as_bytes()],
    );
    headers([(hubspot::V3, STANDARD.encode(code)), (hubspot::TIME, time)])
}

/// Twilio, for a form: the URL as it is configured, the body as it is sent.
#[must_use]
pub fn twilio_form(auth_token: &str, url: &str, body: &[u8]) -> HeaderMap {
    let text = twilio::form_text(body);
    let url = url.split('#').next().unwrap_or_default();
    let code = wire::hmac_sha1(auth_token.as_bytes(), &[url.as_bytes(), &text]);
    headers([
        (twilio::HEADER, STANDARD.encode(code.unwrap_or_default())),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
        ),
    ])
}

/// Twilio, for any other body: also returns the URL with its hash.
#[must_use]
pub fn twilio_body(auth_token: &str, url: &str, body: &[u8]) -> (String, HeaderMap) {
    let joint = if url.contains('?') { '&' } else { '?' };
    let hash = hex::encode(wire::sha256(&[body]));
    let url = format!("{url}{joint}{}={hash}", twilio::BODY_HASH);
    let code = wire::hmac_sha1(auth_token.as_bytes(), &[url.as_bytes()]);
    let headers = headers([
        (twilio::HEADER, STANDARD.encode(code.unwrap_or_default())),
        ("content-type", "application/json".to_owned()),
    ]);
    (url, headers)
}

/// Standard Webhooks v1, with the headers of Svix when `svix` is set.
#[must_use]
pub fn standard_webhooks(
    secret: &str,
    id: &str,
    body: &[u8],
    at: Timestamp,
    svix: bool,
) -> HeaderMap {
    let names = if svix {
        standard::SVIX
    } else {
        standard::WEBHOOK
    };
    let time = at.as_second().to_string();
    let head = format!("{id}.{time}.");
    let key = standard::key(secret).unwrap_or_default();
    let code = STANDARD.encode(hmac_sha256(&key, &[head.as_bytes(), body]));
    headers([
        (names.id, id.to_owned()),
        (names.time, time),
        (names.signature, format!("v1,{code}")),
    ])
}

/// HTTP Basic.
#[must_use]
pub fn basic(user: &str, password: &str) -> HeaderMap {
    let pair = STANDARD.encode(format!("{user}:{password}"));
    headers([("authorization", format!("Basic {pair}"))])
}

/// A shared secret.
#[must_use]
pub fn shared_secret(scheme: &SharedSecret, secret: &str) -> HeaderMap {
    headers([scheme.sign(secret)])
}

/// A message of a Google push channel.
#[must_use]
pub fn google_channel(
    token: &str,
    channel_id: &str,
    resource_id: &str,
    state: &str,
    number: u64,
) -> HeaderMap {
    headers([
        ("x-goog-channel-token", token.to_owned()),
        ("x-goog-channel-id", channel_id.to_owned()),
        ("x-goog-resource-id", resource_id.to_owned()),
        ("x-goog-resource-state", state.to_owned()),
        ("x-goog-message-number", number.to_string()),
    ])
}
