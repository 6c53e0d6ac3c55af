//! Signs webhooks as providers do: Ed25519, and the HMAC family.

use std::fmt;

use aws_lc_rs::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The DER prefix of an Ed25519 `SubjectPublicKeyInfo`.
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Signs with an Ed25519 key. `Debug` shows nothing of the private key.
///
/// ```
/// use integrations_testkit::signer::Ed25519Signer;
///
/// let signer = Ed25519Signer::from_seed([7; 32]);
/// assert_eq!(signer.sign_base64(b"body").len(), 88);
/// ```
pub struct Ed25519Signer(Ed25519KeyPair);

impl Ed25519Signer {
    /// The key of this seed.
    ///
    /// # Panics
    ///
    /// Never: every 32 bytes are a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes are an Ed25519 seed"))
    }

    /// The 64 bytes of the signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// The signature in base64, as GHL sends it in `X-GHL-Signature`.
    #[must_use]
    pub fn sign_base64(&self, message: &[u8]) -> String {
        STANDARD.encode(self.sign(message))
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut raw = [0; 32];
        raw.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(raw)
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ed25519Signer")
            .field(&self.public_key())
            .finish()
    }
}

/// An Ed25519 public key in the forms that configurations want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The 32 bytes.
    #[must_use]
    pub fn raw(&self) -> [u8; 32] {
        self.0
    }

    /// The DER `SubjectPublicKeyInfo` in base64: the lines between the PEM markers.
    #[must_use]
    pub fn spki_base64(&self) -> String {
        STANDARD.encode([&SPKI[..], &self.0].concat())
    }

    /// PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let key = self.spki_base64();
        format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")
    }
}

/// Signs with an HMAC. `Debug` shows nothing of the secret.
///
/// What is signed differs per provider (Slack: `v0:{timestamp}:{body}`, Stripe:
/// `{timestamp}.{body}`), so the caller puts the message together.
///
/// ```
/// use integrations_testkit::signer::HmacSigner;
///
/// let signature = HmacSigner::sha256("secret").hex(b"1700000000.{}");
/// let header = format!("t=1700000000,v1={signature}");
/// ```
pub struct HmacSigner(hmac::Key);

impl HmacSigner {
    /// HMAC-SHA-1, which Twilio still uses.
    #[must_use]
    pub fn sha1(secret: impl AsRef<[u8]>) -> Self {
        let algorithm = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        Self(hmac::Key::new(algorithm, secret.as_ref()))
    }

    /// HMAC-SHA-256.
    #[must_use]
    pub fn sha256(secret: impl AsRef<[u8]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()))
    }

    /// HMAC-SHA-512.
    #[must_use]
    pub fn sha512(secret: impl AsRef<[u8]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA512, secret.as_ref()))
    }

    /// The signature in lower-case hex.
    #[must_use]
    pub fn hex(&self, message: &[u8]) -> String {
        hex::encode(hmac::sign(&self.0, message))
    }

    /// The signature in base64.
    #[must_use]
    pub fn base64(&self, message: &[u8]) -> String {
        STANDARD.encode(hmac::sign(&self.0, message))
    }
}

impl fmt::Debug for HmacSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSigner(..)")
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn ed25519_vector() {
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
        let signer = Ed25519Signer::from_seed(seed);
        assert_eq!(
            hex::encode(signer.public_key().raw()),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        assert_eq!(
            hex::encode(signer.sign(&[0x72])),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
    }

    #[test]
    fn ed25519_verifies_only_what_was_signed() {
        let signer = Ed25519Signer::from_seed([9; 32]);
        let signature = STANDARD.decode(signer.sign_base64(b"body")).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, signer.public_key().raw());
        assert!(key.verify(b"body", &signature).is_ok());
        assert!(key.verify(b"bodY", &signature).is_err());
    }

    #[test]
    fn spki_has_the_documented_start() {
        let key = Ed25519Signer::from_seed([1; 32]).public_key();
        assert!(key.spki_base64().starts_with("MCowBQYDK2VwAyEA"));
        assert!(key.pem().contains(&key.spki_base64()));
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_vectors() {
        let message = b"what do ya want for nothing?";
        assert_eq!(
            HmacSigner::sha256("Jefe").hex(message),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            HmacSigner::sha1("Jefe").hex(message),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert!(
            HmacSigner::sha512("Jefe")
                .hex(message)
                .starts_with("164b7a7bfcf819e2")
        );
    }

    #[test]
    fn debug_hides_the_secret() {
        assert_eq!(
            format!("{:?}", HmacSigner::sha256("hush")),
            "HmacSigner(..)"
        );
        let shown = format!("{:?}", Ed25519Signer::from_seed([3; 32]));
        assert!(!shown.contains("3, 3, 3"), "{shown}");
    }
}
