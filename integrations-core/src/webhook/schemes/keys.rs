//! Public keys, parsed once.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{
    ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{Error, ErrorKind, Result};

/// An Ed25519 public key, parsed.
///
/// Reads PEM, the base64 of either form, 64 hex digits, and `whpk_…` of Standard Webhooks.
#[derive(Clone)]
pub struct Ed25519Key(ParsedPublicKey);

/// An RSA public key of 2048 to 8192 bits for PKCS #1 v1.5 with SHA-256, parsed.
///
/// Reads PEM and the base64 of it.
#[derive(Clone)]
pub struct RsaKey(ParsedPublicKey);

impl Ed25519Key {
    /// A key of 32 raw bytes, or a DER-encoded SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] when it is neither.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        ParsedPublicKey::new(&ED25519, bytes)
            .map(Self)
            .map_err(|_| unusable("not an Ed25519 public key"))
    }

    /// Whether the signature is right; one that is not canonical is not.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

impl FromStr for Ed25519Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let text = text.strip_prefix("whpk_").unwrap_or(text);
        let bytes = match hex::decode(text) {
            Ok(bytes) if bytes.len() == 32 => bytes,
            _ => decode_pem(text).ok_or_else(|| unusable("not an Ed25519 public key"))?,
        };
        Self::from_bytes(&bytes)
    }
}

impl RsaKey {
    /// A DER-encoded SubjectPublicKeyInfo or PKCS #1 key.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] when it is neither.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .map(Self)
            .map_err(|_| unusable("not an RSA public key"))
    }

    /// A key of its modulus and exponent, both big-endian.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`] when they make no key.
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self> {
        RsaPublicKeyComponents {
            n: modulus,
            e: exponent,
        }
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .map(Self)
        .map_err(|_| unusable("not an RSA public key"))
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

impl FromStr for RsaKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let der = decode_pem(text).ok_or_else(|| unusable("not an RSA public key"))?;
        Self::from_der(&der)
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519Key")
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

pub(crate) fn unusable(what: &'static str) -> Error {
    Error::new(ErrorKind::Crypto, what)
}

/// The bytes of a PEM file, or of its base64 alone.
pub(crate) fn decode_pem(text: &str) -> Option<Vec<u8>> {
    let base64: String = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "8b61d1d6cacbe28d7c3bc0516bb815258ec6edbba96cddc7f40c09ac708388e8";
    const SPKI: &str = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=";

    #[test]
    fn a_key_can_be_written_in_five_ways() {
        let pem = format!("-----BEGIN PUBLIC KEY-----\r\n{SPKI}\r\n-----END PUBLIC KEY-----\n");
        let raw = STANDARD.encode(hex::decode(RAW).unwrap());
        for text in [RAW, SPKI, &pem, &raw, &format!("whpk_{raw}")] {
            assert!(text.parse::<Ed25519Key>().is_ok(), "{text}");
        }
        for text in ["", "whpk_", "00", "-----BEGIN PUBLIC KEY-----", &SPKI[1..]] {
            assert!(text.parse::<Ed25519Key>().is_err(), "{text}");
            assert!(text.parse::<RsaKey>().is_err(), "{text}");
        }
        assert!(SPKI.parse::<RsaKey>().is_err());
    }
}
