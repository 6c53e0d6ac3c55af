//! Keys and tokens that are made here.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clerk_client::{Jwks, KeySource, Reason, SessionVerifier, SessionVerifierBuilder};
use integrations_core::http::{CannedTransport, HttpContext};
use integrations_core::{ManualClock, Timestamp};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://clerk.example.com";
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const KID: &str = "ins_made_up";

pub(crate) static KEY: LazyLock<TestKey> = LazyLock::new(TestKey::new);
pub(crate) static OTHER: LazyLock<TestKey> = LazyLock::new(TestKey::new);

/// An RSA key.
pub(crate) struct TestKey(KeyPair);

impl TestKey {
    fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Modulus and exponent, from the DER of an `RSAPublicKey`.
    fn components(&self) -> (Vec<u8>, Vec<u8>) {
        let der = self.0.public_key().as_ref().to_vec();
        let (_, inner) = element(&der);
        let (rest, modulus) = element(inner);
        let (_, exponent) = element(rest);
        let positive = |bytes: &[u8]| bytes.strip_prefix(&[0]).unwrap_or(bytes).to_vec();
        (positive(modulus), positive(exponent))
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let (modulus, exponent) = self.components();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
            "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent),
        })
    }

    /// A SubjectPublicKeyInfo in PEM.
    pub(crate) fn pem(&self) -> String {
        let key = self.0.public_key().as_ref().to_vec();
        let mut bits = vec![0];
        bits.extend(key);
        let algorithm = [
            0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
        ];
        let content = [&algorithm[..], &wrap(3, &bits)].concat();
        let text = STANDARD.encode(wrap(0x30, &content));
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let algorithm: &'static dyn RsaEncoding = match header["alg"].as_str() {
            Some("RS384") => &RSA_PKCS1_SHA384,
            Some("RS512") => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let message = message(header, claims);
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                algorithm,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token with these claims in place of, or beside, the usual ones; null takes one away.
    pub(crate) fn token(&self, changes: &Value) -> String {
        self.sign(&header(), &changed(claims(), changes))
    }
}

fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let (start, length) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let length = der[2..2 + count]
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (2 + count, length)
        }
    };
    (&der[start + length..], &der[start..start + length])
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, content].concat()
}

pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) fn header() -> Value {
    json!({"alg": "RS256", "kid": KID, "typ": "JWT", "cat": "cl_B7d4PD111AAA"})
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "user_made_up", "sid": "sess_made_up", "azp": "https://app.example.com",
        "iat": NOW, "nbf": NOW - 10, "exp": NOW + 60, "v": 2,
    })
}

pub(crate) fn changed(mut value: Value, changes: &Value) -> Value {
    let fields = value.as_object_mut().unwrap();
    for (name, change) in changes.as_object().unwrap() {
        if change.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), change.clone());
        }
    }
    value
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()))
}

pub(crate) fn context(transport: &CannedTransport) -> HttpContext {
    HttpContext::builder()
        .transport(transport.clone())
        .build()
        .unwrap()
}

pub(crate) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(crate) fn jwks(transport: &CannedTransport) -> Jwks {
    let url = "https://clerk.example.com/.well-known/jwks.json";
    Jwks::at(url, &context(transport)).unwrap().build()
}

/// A verifier with a key on disk.
pub(crate) fn builder() -> SessionVerifierBuilder {
    SessionVerifier::builder(KeySource::pem(&KEY.pem()).unwrap())
        .issuer(ISSUER)
        .clock(clock())
}

pub(crate) async fn reason(verifier: &SessionVerifier, token: &str) -> Option<Reason> {
    let error = verifier.verify(token).await.err()?;
    assert!(
        token.len() < 9 || !format!("{error} {error:?}").contains(token),
        "a token is shown"
    );
    Some(Reason::of(&error).unwrap_or_else(|| panic!("no reason: {error}")))
}
