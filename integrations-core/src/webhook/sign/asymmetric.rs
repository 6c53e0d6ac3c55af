use std::fmt;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{headers, hmac_sha256, standard};
use crate::webhook::schemes::keys::{decode_pem, unusable};
use crate::webhook::schemes::{Ed25519Key, GraphPrivateKey, Jwks, RsaKey, ghl};
use crate::{Error, Result};

/// Signs with an Ed25519 key: GoHighLevel, and Standard Webhooks v1a.
pub struct Ed25519Signer(Ed25519KeyPair);

impl Ed25519Signer {
    /// The key of this seed.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when the seed makes no key.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|_| unusable("not a seed"))
    }

    /// A Standard Webhooks signing key, `whsk_…`: the seed, then the public key.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when the halves do not belong together.
    pub fn from_whsk(key: &str) -> Result<Self> {
        const WRONG: &str = "not a whsk_ key";
        let bytes = STANDARD
            .decode(key.strip_prefix("whsk_").unwrap_or(key))
            .map_err(|_| unusable(WRONG))?;
        let (seed, public) = bytes.split_at_checked(32).ok_or_else(|| unusable(WRONG))?;
        Ed25519KeyPair::from_seed_and_public_key(seed, public)
            .map(Self)
            .map_err(|_| unusable(WRONG))
    }

    /// What verifies its signatures.
    ///
    /// # Errors
    /// Never for a key that was made.
    pub fn public_key(&self) -> Result<Ed25519Key> {
        Ed25519Key::from_bytes(self.0.public_key().as_ref())
    }

    /// GoHighLevel.
    #[must_use]
    pub fn ghl(&self, body: &[u8]) -> HeaderMap {
        headers([(ghl::ED25519, STANDARD.encode(self.0.sign(body)))])
    }

    /// Standard Webhooks v1a.
    #[must_use]
    pub fn standard_webhooks(&self, id: &str, body: &[u8], at: Timestamp) -> HeaderMap {
        let time = at.as_second().to_string();
        let signed = [format!("{id}.{time}.").as_bytes(), body].concat();
        let signature = STANDARD.encode(self.0.sign(&signed));
        headers([
            (standard::WEBHOOK.id, id.to_owned()),
            (standard::WEBHOOK.time, time),
            (standard::WEBHOOK.signature, format!("v1a,{signature}")),
        ])
    }
}

/// Signs and encrypts with an RSA key: tokens, GoHighLevel's legacy signature, Microsoft Graph's resource data.
pub struct RsaSigner {
    pair: RsaKeyPair,
    pkcs8: Vec<u8>,
}

impl RsaSigner {
    /// A new key of 2048 bits.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when there is no randomness.
    pub fn generate() -> Result<Self> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).map_err(failed)?;
        let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).map_err(failed)?;
        Self::from_pkcs8(der.as_ref())
    }

    /// A key in PEM, PKCS #8.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when it is none.
    pub fn from_pem(pem: &str) -> Result<Self> {
        Self::from_pkcs8(&decode_pem(pem).ok_or_else(|| unusable("not PEM"))?)
    }

    /// The same in DER.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when it is none.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(failed)?;
        Ok(Self {
            pair,
            pkcs8: der.to_vec(),
        })
    }

    /// What verifies its signatures.
    ///
    /// # Errors
    /// Never for a key that was made.
    pub fn public_key(&self) -> Result<RsaKey> {
        RsaKey::from_der(self.pair.public_key().as_ref())
    }

    /// The public half as a key set with this key id.
    ///
    /// # Errors
    /// Never for a key that was made.
    pub fn jwks(&self, key_id: &str) -> Result<Jwks> {
        let parts = RsaPublicKeyComponents::<Vec<u8>>::from(self.pair.public_key());
        let key = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id,
            "n": URL_SAFE_NO_PAD.encode(parts.n), "e": URL_SAFE_NO_PAD.encode(parts.e),
        });
        Jwks::from_json(json!({ "keys": [key] }).to_string().as_bytes())
    }

    /// The private half as Microsoft Graph's receiver holds it.
    ///
    /// # Errors
    /// Never for a key that was made.
    pub fn graph_private_key(&self, certificate_id: &str) -> Result<GraphPrivateKey> {
        GraphPrivateKey::from_pkcs8(certificate_id, &self.pkcs8)
    }

    /// GoHighLevel's legacy signature.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when there is no randomness.
    pub fn ghl(&self, body: &[u8]) -> Result<HeaderMap> {
        Ok(headers([(ghl::RSA, STANDARD.encode(self.sign(body)?))]))
    }

    /// A token with these claims, RS256.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when there is no randomness.
    pub fn token(&self, key_id: &str, claims: &Value) -> Result<String> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = URL_SAFE_NO_PAD.encode(self.sign(message.as_bytes())?);
        Ok(format!("{message}.{signature}"))
    }

    /// The headers of a Google Pub/Sub push with a token of these claims.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when there is no randomness.
    pub fn google_pubsub(&self, key_id: &str, claims: &Value) -> Result<HeaderMap> {
        let token = self.token(key_id, claims)?;
        Ok(headers([("authorization", format!("Bearer {token}"))]))
    }

    /// The `encryptedContent` of a Microsoft Graph notification, under this content key.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when the encryption fails.
    pub fn graph_content(
        &self,
        certificate_id: &str,
        key: &[u8; 32],
        resource: &[u8],
    ) -> Result<Value> {
        let mut data = resource.to_vec();
        let iv = FixedLength::from(key.first_chunk::<16>().unwrap_or(&[0; 16]));
        UnboundCipherKey::new(&AES_256, key)
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .and_then(|cipher| cipher.less_safe_encrypt(&mut data, EncryptionContext::Iv128(iv)))
            .map_err(failed)?;
        let public = PrivateDecryptingKey::from_pkcs8(&self.pkcs8)
            .map_err(failed)?
            .public_key();
        let public = OaepPublicEncryptingKey::new(public).map_err(failed)?;
        let mut wrapped = vec![0; public.ciphertext_size()];
        public
            .encrypt(&OAEP_SHA1_MGF1SHA1, key, &mut wrapped, None)
            .map_err(failed)?;
        Ok(json!({
            "data": STANDARD.encode(&data),
            "dataSignature": STANDARD.encode(hmac_sha256(key, &[&data])),
            "dataKey": STANDARD.encode(wrapped),
            "encryptionCertificateId": certificate_id,
        }))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(failed)?;
        Ok(signature)
    }
}

fn failed<E>(_: E) -> Error {
    unusable("the test key could not be made or used")
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519Signer")
    }
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSigner")
    }
}
