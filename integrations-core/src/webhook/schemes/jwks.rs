use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::keys::RsaKey;
use crate::{Error, ErrorKind, Result};

/// Where the keys of signed tokens come from, by key id.
///
/// Looking up never waits. When a token names a key that is not there, verification fails with the code `unknown_key`:
/// fetch the key set again, once and not more often than every few minutes, replace it, and verify again.
pub trait KeySource: Debug + Send + Sync {
    /// The key of this id.
    fn key(&self, id: &str) -> Option<Arc<RsaKey>>;
}

/// A JSON Web Key Set: the RSA keys of it that may verify RS256 signatures.
#[derive(Debug, Clone, Default)]
pub struct Jwks(HashMap<String, Arc<RsaKey>>);

impl Jwks {
    /// Where Google publishes the keys of its tokens.
    pub const GOOGLE_URL: &'static str = "https://www.googleapis.com/oauth2/v3/certs";
    /// Where Microsoft publishes the keys of its tokens.
    pub const MICROSOFT_URL: &'static str =
        "https://login.microsoftonline.com/common/discovery/v2.0/keys";

    /// Reads a key set; keys of other kinds and uses are left out.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is no key set, or none of its keys can be used.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(json)
            .map_err(|_| Error::new(ErrorKind::Decode, "not a JSON Web Key Set"))?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(Error::new(
                ErrorKind::Decode,
                "the JSON Web Key Set has no RSA key for RS256",
            ));
        }
        Ok(Self(keys))
    }
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
}

fn usable(key: serde_json::Value) -> Option<(String, Arc<RsaKey>)> {
    let key = Key::deserialize(key).ok()?;
    let fits = key.kty == "RSA"
        && key.alg.is_none_or(|alg| alg == "RS256")
        && key.purpose.is_none_or(|purpose| purpose == "sig");
    let modulus = URL_SAFE_NO_PAD.decode(key.n).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(key.e).ok()?;
    let parsed = RsaKey::from_components(&modulus, &exponent).ok()?;
    fits.then(|| (key.kid, Arc::new(parsed)))
}

impl KeySource for Jwks {
    fn key(&self, id: &str) -> Option<Arc<RsaKey>> {
        self.0.get(id).cloned()
    }
}

/// A key set that is replaced when it has been fetched again.
#[derive(Debug, Default)]
pub struct SharedJwks(RwLock<Jwks>);

impl SharedJwks {
    /// Starts with these keys; with none, until the first [`replace`](Self::replace), every token is `unknown_key`.
    #[must_use]
    pub fn new(keys: Jwks) -> Self {
        Self(RwLock::new(keys))
    }

    /// Puts newly fetched keys in the place of the old ones.
    pub fn replace(&self, keys: Jwks) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

impl KeySource for SharedJwks {
    fn key(&self, id: &str) -> Option<Arc<RsaKey>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .key(id)
    }
}

impl<K: KeySource + ?Sized> KeySource for Arc<K> {
    fn key(&self, id: &str) -> Option<Arc<RsaKey>> {
        (**self).key(id)
    }
}
