use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

/// Signs with an RSA key of 2048 bits. Each is another: such keys come from no seed. `Debug` shows nothing of it.
pub struct RsaSigner {
    pair: KeyPair,
    id: String,
}

impl RsaSigner {
    /// A new key with this id.
    ///
    /// # Panics
    ///
    /// If the machine has no randomness.
    #[must_use]
    pub fn generate(id: impl Into<String>) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("randomness");
        Self {
            pair,
            id: id.into(),
        }
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A JWT with this header and these claims, signed with RS256 whatever the header says.
    ///
    /// # Panics
    ///
    /// If the machine has no randomness.
    #[must_use]
    pub fn jwt(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                message.as_bytes(),
                &mut signature,
            )
            .expect("randomness");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a JWT that this key signed with RS256.
    pub(crate) fn claims(&self, jwt: &str) -> Option<Value> {
        let (message, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        if header["alg"] != "RS256" || header["kid"] != self.id.as_str() {
            return None;
        }
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref())
            .verify(message.as_bytes(), &decode(signature)?)
            .ok()?;
        serde_json::from_slice(&decode(claims)?).ok()
    }

    /// The public key as a JSON Web Key.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (modulus, exponent) = self.components();
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(modulus), "e": URL_SAFE_NO_PAD.encode(exponent),
        })
    }

    /// The public key in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        // The identifier of RSA keys, and no parameters.
        const RSA: [u8; 15] = [
            0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0,
        ];
        let bits = [&[0], self.pair.public_key().as_ref()].concat();
        let key = STANDARD.encode(wrapped(0x30, &[&RSA[..], &wrapped(3, &bits)].concat()));
        let lines: Vec<&str> = key
            .as_bytes()
            .chunks(64)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// Modulus and exponent, from the DER of the key.
    fn components(&self) -> (Vec<u8>, Vec<u8>) {
        let (inner, _) = element(self.pair.public_key().as_ref());
        let (modulus, rest) = element(inner);
        let (exponent, _) = element(rest);
        let positive = |bytes: &[u8]| bytes.strip_prefix(&[0]).unwrap_or(bytes).to_vec();
        (positive(modulus), positive(exponent))
    }
}

/// The content of the first element of this DER, and what stands behind it.
fn element(der: &[u8]) -> (&[u8], &[u8]) {
    let count = usize::from(der[1] & 0x7f);
    let (start, length) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        _ => {
            let digits = &der[2..2 + count];
            let length = digits
                .iter()
                .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
            (2 + count, length)
        }
    };
    der[start..].split_at(length)
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    [&[tag, 0x82][..], &length, content].concat()
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaSigner")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
