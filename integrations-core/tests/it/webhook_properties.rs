//! What must hold for any input.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::Timestamp;
use integrations_core::webhook::schemes::{
    Ghl, Graph, Hmac, Hook0, Hookdeck, HubSpot, Meta, Notion, Slack, StandardWebhooks, Stripe,
    Twilio,
};
use integrations_core::webhook::{RawRequest, Secrets, sign};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::webhook_promises::{Case, at, cases};

/// Building them makes RSA keys, so once is enough.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases);

/// Header values that come close: the schemes' own words, mixed.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("sha256=".to_owned()),
        Just("v0=".to_owned()),
        Just("v1=".to_owned()),
        Just("v1,".to_owned()),
        Just("t=".to_owned()),
        Just("h=".to_owned()),
        Just(",".to_owned()),
        Just(" ".to_owned()),
        Just("Basic ".to_owned()),
        Just("Bearer ".to_owned()),
        Just("N/A".to_owned()),
        "[0-9]{1,25}",
        "[0-9a-fA-F]{64}",
        "[A-Za-z0-9+/]{43}=",
        "[A-Za-z0-9+/]{86}==",
        "[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{1,40}\\.[A-Za-z0-9_-]{1,40}",
    ];
    let text = vec(word, 0..6).prop_map(|words| words.concat().into_bytes());
    prop_oneof![text, vec(any::<u8>(), 0..40)]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        "[a-z%+&=0-9A-F]{0,80}".prop_map(String::into_bytes),
        Just(br#"{"value":[{"clientState":"x"}],"validationTokens":["a.b.c"]}"#.to_vec()),
        Just(br#"{"verification_token":"x","type":"url_verification","challenge":1}"#.to_vec()),
        Just(b"[[[[[[".repeat(100)),
    ]
}

fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(https?)?(://)?[a-z@:%/?#&=+\\[\\]0-9é]{0,40}",
        "https://e\\.com/\\?(validationToken|bodySHA256|hub\\.mode)=[%a-zA-Z0-9+é]{0,40}",
    ]
}

fn request(headers: HeaderMap, body: &[u8]) -> RawRequest {
    RawRequest::new(
        Method::POST,
        "https://example.com/in",
        headers,
        body.to_vec(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_scheme_panics(
        values in vec(value(), 1..4),
        body in body(),
        url in url(),
        secret in any::<String>(),
        seconds in -377_705_023_201_i64..=253_402_207_200,
        get in any::<bool>(),
    ) {
        let now = Timestamp::from_second(seconds).unwrap();
        for case in CASES.iter() {
            let mut headers = HeaderMap::new();
            let names = case.raw.headers.keys().cloned();
            for (name, value) in names.chain([HeaderName::from_static("content-type")]).zip(values.iter().cycle()) {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    headers.insert(name, value);
                }
            }
            let method = if get { Method::GET } else { Method::POST };
            let raw = RawRequest::new(method, url.clone(), headers, body.clone());
            for secrets in [&Secrets::one(secret.as_str()), &case.secrets] {
                // Nothing that is made up is accepted.
                let outcome = case.scheme.verify(&raw, secrets, now);
                prop_assert!(outcome.is_err(), "{}: {outcome:?}", case.name);
                let _ = Slack::new().handshake(&raw, secrets);
                let _ = Meta.handshake(&raw, secrets);
                let _ = Notion.handshake(&raw, secrets);
            }
            let _ = Graph.handshake(&raw);
            let _ = format!("{raw:?}");
        }
    }

    #[test]
    fn a_signed_body_verifies_until_a_byte_changes(
        body in vec(any::<u8>(), 1..300),
        secret in "[ -~]{1,80}",
        id in "[a-zA-Z0-9_-]{1,30}",
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let secrets = Secrets::one(secret.as_str());
        let whsec = format!("whsec_{}", base64(secret.as_bytes()));
        let wrapped = Secrets::one(whsec.as_str());
        let signer = sign::Ed25519Signer::from_seed(&[4; 32]).unwrap();
        let ghl = Ghl::with_keys(signer.public_key());
        let twilio = sign::twilio_body(&secret, "https://example.com/in", &body);
        let mut changed = body.clone();
        changed[place.index(body.len())] ^= 1 << bit;

        let hubspot = sign::hubspot_v3(&secret, &Method::POST, "https://example.com/in", &body, at());
        let all: [(&dyn integrations_core::webhook::schemes::Scheme, HeaderMap, &Secrets); 11] = [
            (&Hmac::GITHUB, sign::hmac(&Hmac::GITHUB, &secret, &body, at()), &secrets),
            (&Meta, sign::meta(&secret, &body), &secrets),
            (&Notion, sign::notion(&secret, &body), &secrets),
            (&Slack::new(), sign::slack(&secret, &body, at()), &secrets),
            (&Stripe::new(), sign::stripe(&secret, &body, at()), &secrets),
            (&Hook0::new(), sign::hook0_v1(&secret, &[("x-id", &id)], &body, at()), &secrets),
            (&Hookdeck, sign::hookdeck(&["other", &secret], &body), &secrets),
            (&HubSpot::new(), hubspot, &secrets),
            (&StandardWebhooks::new(), sign::standard_webhooks(&whsec, &id, &body, at(), false), &wrapped),
            (&Twilio, twilio.1, &secrets),
            (&ghl, signer.ghl(&body), &secrets),
        ];
        for (scheme, headers, secrets) in all {
            let mut raw = request(headers, &body);
            if headers_of_twilio(&raw) {
                raw.url.clone_from(&twilio.0);
            }
            let outcome = scheme.verify(&raw, secrets, at());
            prop_assert!(outcome.is_ok(), "{scheme:?}: {outcome:?}");
            raw.body = changed.clone().into();
            prop_assert!(scheme.verify(&raw, secrets, at()).is_err(), "{scheme:?} accepted a changed body");
        }
    }

    #[test]
    fn a_signed_form_verifies_in_any_order(
        mut pairs in vec(("[a-zA-Z]{1,8}", any::<String>()), 0..12),
        rotation in any::<prop::sample::Index>(),
    ) {
        let encode = |pairs: &[(String, String)]| {
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        let form = encode(&pairs);
        let headers = sign::twilio_form("token", "https://example.com/in", form.as_bytes());
        if !pairs.is_empty() {
            let by = rotation.index(pairs.len());
            pairs.rotate_left(by);
        }
        let raw = request(headers.clone(), encode(&pairs).as_bytes());
        let secrets = Secrets::one("token");
        prop_assert!(Twilio.verify(&raw, &secrets, at()).is_ok());
        let more = request(headers, format!("{form}&Added=1").as_bytes());
        prop_assert!(Twilio.verify(&more, &secrets, at()).is_err());
    }
}

fn headers_of_twilio(raw: &RawRequest) -> bool {
    raw.headers.contains_key("x-twilio-signature")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
