use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use integrations_core::Result;
use jsonwebtoken::DecodingKey;

use crate::jwks::{Jwks, Key};
use crate::reason::Reason;

/// Where the keys that verify tokens come from.
#[derive(Clone)]
#[non_exhaustive]
pub enum KeySource {
    /// The instance's key set.
    Jwks(Arc<Jwks>),
    /// The instance's public key, so that nothing is asked over the network.
    Pem(PublicKey),
}

/// A public key that was read from PEM.
#[derive(Clone)]
pub struct PublicKey(Arc<Key>);

impl KeySource {
    /// Reads the PEM public key of an instance (`CLERK_JWT_KEY`). Line breaks may be written as `\n`.
    ///
    /// # Errors
    /// [`Reason::LocalMissing`] when it is empty, [`Reason::FailedToResolve`] when it is no RSA public key.
    pub fn pem(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Reason::LocalMissing.into());
        }
        let base64: String = text
            .replace("\\n", "\n")
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let der = STANDARD.decode(base64).ok();
        // The identifier of RSA keys, in every SubjectPublicKeyInfo of one.
        const RSA: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
        let der = der.filter(|der| der.windows(RSA.len()).any(|part| part == RSA));
        let der = der.ok_or(Reason::FailedToResolve)?;
        Ok(Self::Pem(PublicKey(Arc::new(Key {
            decoding: DecodingKey::from_rsa_der(&der),
            algorithm: None,
        }))))
    }

    /// The key that a token names; a single key verifies whatever it is named.
    pub(crate) async fn key(&self, id: Option<&str>) -> Result<Arc<Key>> {
        match self {
            Self::Pem(PublicKey(key)) => Ok(Arc::clone(key)),
            Self::Jwks(keys) => keys.key(id.ok_or(Reason::TokenInvalid)?).await,
        }
    }
}

impl From<Jwks> for KeySource {
    fn from(keys: Jwks) -> Self {
        Self::Jwks(Arc::new(keys))
    }
}

impl From<Arc<Jwks>> for KeySource {
    fn from(keys: Arc<Jwks>) -> Self {
        Self::Jwks(keys)
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jwks(keys) => keys.fmt(f),
            Self::Pem(key) => key.fmt(f),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}
