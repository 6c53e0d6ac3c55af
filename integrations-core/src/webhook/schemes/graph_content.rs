//! Decrypting the resource data of Microsoft Graph notifications.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use zeroize::Zeroizing;

use super::graph::EncryptedContent;
use super::keys::{decode_pem, unusable};
use super::wire;
use crate::Result;
use crate::secret::constant_time_eq;
use crate::webhook::Rejection;

/// The private key of a certificate that was given to a subscription.
#[derive(Clone)]
pub struct GraphPrivateKey {
    id: String,
    key: Arc<OaepPrivateDecryptingKey>,
}

impl GraphPrivateKey {
    /// The key, as PKCS #8 in PEM, of the certificate with this `encryptionCertificateId`.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when it is not an RSA key of 2048 to 8192 bits.
    pub fn from_pem(certificate_id: impl Into<String>, pem: &str) -> Result<Self> {
        let der = decode_pem(pem)
            .map(Zeroizing::new)
            .ok_or_else(|| unusable("not a private key in PEM"))?;
        Self::from_pkcs8(certificate_id, &der)
    }

    /// The same in DER.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) when it is not an RSA key of 2048 to 8192 bits.
    pub fn from_pkcs8(certificate_id: impl Into<String>, der: &[u8]) -> Result<Self> {
        const WRONG: &str = "not an RSA private key in PKCS #8";
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| unusable(WRONG))?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| unusable(WRONG))?;
        Ok(Self {
            id: certificate_id.into(),
            key: Arc::new(key),
        })
    }

    /// The id that the certificate was given.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Decrypts the key of one notification's content, `dataKey`.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook) when it was not encrypted for this certificate.
    pub fn unwrap(&self, data_key: &str) -> Result<GraphContentKey> {
        let wrapped = STANDARD
            .decode(data_key)
            .map_err(|_| Rejection::MalformedPayload)?;
        let mut buffer = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let key = self
            .key
            .decrypt(&OAEP_SHA1_MGF1SHA1, &wrapped, &mut buffer, None)
            .map_err(|_| Rejection::BadSignature)?;
        let key: &[u8; 32] = (&*key).try_into().map_err(|_| Rejection::BadSignature)?;
        Ok(GraphContentKey::new(*key))
    }
}

impl fmt::Debug for GraphPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphPrivateKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The symmetric key of one notification's content: from [`GraphPrivateKey::unwrap`], or from a key service that holds
/// the private key.
#[expect(missing_debug_implementations, reason = "a key is never printed")]
pub struct GraphContentKey(Zeroizing<[u8; 32]>);

impl GraphContentKey {
    /// The key as it was unwrapped.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// Checks the signature of the content, then decrypts it.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`](crate::ErrorKind::Webhook) when the signature does not match or the content is cut.
    pub fn open(&self, content: &EncryptedContent) -> Result<Bytes> {
        Ok(self.decrypt(content)?)
    }

    fn decrypt(&self, content: &EncryptedContent) -> Result<Bytes, Rejection> {
        let mut data = STANDARD
            .decode(&content.data)
            .map_err(|_| Rejection::MalformedPayload)?;
        let signature = wire::base64_digest::<32>(&content.data_signature)
            .ok_or(Rejection::MalformedPayload)?;
        let key = self.0.as_slice();
        if !constant_time_eq(&wire::hmac_sha256(key, &[&data])?, &signature) {
            return Err(Rejection::BadSignature);
        }
        let iv = self
            .0
            .first_chunk::<16>()
            .ok_or(Rejection::UnusableSecret)?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let opened = UnboundCipherKey::new(&AES_256, key)
            .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
            .and_then(|cipher| cipher.decrypt(&mut data, context).map(|plain| plain.len()));
        let length = opened.map_err(|_| Rejection::MalformedPayload)?;
        data.truncate(length);
        Ok(Bytes::from(data))
    }
}
