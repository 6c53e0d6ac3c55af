//! The one primitive: AES-256-GCM with a 96-bit nonce in front and the tag behind.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize as _;

use super::errors::{malformed, tampered, unavailable};
use crate::Result;

pub(super) const KEY_LEN: usize = 32;
pub(super) const NONCE_LEN: usize = 12;
pub(super) const TAG_LEN: usize = 16;
pub(super) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// An expanded key; the library wipes it on drop.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    pub(super) fn new(key: &[u8; KEY_LEN]) -> Result<Self> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| unavailable())
    }

    /// `nonce | ciphertext | tag`, with a fresh random nonce.
    pub(super) fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Result<Box<[u8]>> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| unavailable())?;
        self.seal_with(nonce, aad, plaintext)
    }

    fn seal_with(&self, nonce: [u8; NONCE_LEN], aad: &[u8], plaintext: &[u8]) -> Result<Box<[u8]>> {
        let mut out = vec![0; OVERHEAD + plaintext.len()];
        let (head, rest) = out.split_at_mut(NONCE_LEN);
        let (body, tag) = rest.split_at_mut(plaintext.len());
        head.copy_from_slice(&nonce);
        self.0
            .seal_out_of_place_scatter(
                Nonce::from(&nonce),
                Aad::from(aad),
                plaintext,
                body,
                &[],
                tag,
            )
            .map_err(|_| unavailable())?;
        Ok(out.into_boxed_slice())
    }

    /// Opens into a buffer of exactly the plaintext's length; on failure the buffer is wiped.
    pub(super) fn open_into(&self, aad: &[u8], sealed: &[u8], out: &mut [u8]) -> Result<()> {
        let (nonce, body, tag) = split(sealed)?;
        if body.len() != out.len() {
            return Err(malformed("a ciphertext of the wrong length"));
        }
        self.0
            .open_separate_gather(nonce, Aad::from(aad), body, tag, out)
            .map_err(|_| {
                out.zeroize();
                tampered()
            })
    }

    /// The plaintext, in a buffer without spare capacity: it can become a boxed slice without a stray copy.
    pub(super) fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let (_, body, _) = split(sealed)?;
        let mut out = vec![0; body.len()];
        self.open_into(aad, sealed, &mut out)?;
        Ok(out)
    }
}

fn split(sealed: &[u8]) -> Result<(Nonce, &[u8], &[u8])> {
    let too_short = || malformed("a ciphertext that is too short");
    let (nonce, rest) = sealed
        .split_first_chunk::<NONCE_LEN>()
        .ok_or_else(too_short)?;
    let (body, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or_else(too_short)?;
    Ok((Nonce::from(nonce), body, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    const KEY: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    const IV: &str = "cafebabefacedbaddecaf888";
    const TEXT: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    const SEALED: &str = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                          8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

    /// "The Galois/Counter Mode of Operation (GCM)", McGrew and Viega, appendix B, test cases 13 to 16: AES-256 with a
    /// 96-bit nonce. Key, nonce, associated data, plaintext, ciphertext, tag.
    #[test]
    fn published_vectors() {
        let zeros = "00".repeat(32);
        let cases = [
            (
                13,
                zeros.as_str(),
                "000000000000000000000000",
                "",
                "",
                "",
                "530f8afbc74536b9a963b4f1c4cb738b",
            ),
            (
                14,
                &zeros,
                "000000000000000000000000",
                "",
                "00000000000000000000000000000000",
                "cea7403d4d606b6e074ec5d3baf39d18",
                "d0d1c8a799996bf0265b98b5d48ab919",
            ),
            (
                15,
                KEY,
                IV,
                "",
                TEXT,
                SEALED,
                "b094dac5d93471bdec1a502270e3cc6c",
            ),
            (
                16,
                KEY,
                IV,
                "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                &TEXT[..120],
                &SEALED[..120],
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ];
        for (case, key, nonce, aad, text, ciphertext, tag) in cases {
            let key = bytes(key).try_into().unwrap();
            let cipher = Cipher::new(&key).unwrap();
            let (aad, text) = (bytes(aad), bytes(text));
            let expected = bytes(&[nonce, ciphertext, tag].concat());
            let sealed = cipher
                .seal_with(bytes(nonce).try_into().unwrap(), &aad, &text)
                .unwrap();
            assert_eq!(*sealed, *expected, "test case {case}");
            assert_eq!(
                cipher.open(&aad, &expected).unwrap(),
                text,
                "test case {case}"
            );
            for at in NONCE_LEN..expected.len() {
                let mut changed = expected.clone();
                changed[at] ^= 1;
                assert!(
                    cipher.open(&aad, &changed).is_err(),
                    "test case {case}, byte {at}"
                );
            }
        }
    }
}
