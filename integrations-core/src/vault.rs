//! The vault: envelope encryption of configs and tokens at rest.
//!
//! Each record has its own data key. The data key is wrapped by the active key of a [`KeyRing`] (or of a KMS, through
//! [`KeyProvider`]) and stored beside the values it sealed. Every ciphertext is AES-256-GCM with a random 96-bit nonce,
//! carries a format version and the id of the key that wraps its data key, and is bound to its tenant, record and
//! field: moved to another place, it does not open.
//!
//! ```
//! use integrations_core::vault::{KeyRing, Scope, Vault};
//! use integrations_core::{ExposeSecret as _, TenantId};
//!
//! # fn main() -> integrations_core::Result<()> {
//! let vault = Vault::new(KeyRing::generate()?);
//! let tenant = TenantId::new("acme")?;
//! let scope = Scope::new(&tenant, "integration:42", "/apiKey");
//!
//! // In async code: `vault.seal(&scope, "pit-…").await?`. On a key ring nothing ever waits.
//! let sealed = Vault::now(vault.seal(&scope, "pit-0123"))?;
//! let stored = sealed.to_string(); // "v1.<key id>.<wrapped data key>.<ciphertext>"
//!
//! let opened = Vault::now(vault.open(&scope, &stored.parse()?))?;
//! assert_eq!(opened.expose_secret(), "pit-0123");
//!
//! let elsewhere = Scope::new(&tenant, "integration:42", "/clientSecret");
//! let error = Vault::now(vault.open(&elsewhere, &sealed)).unwrap_err();
//! assert_eq!(error.code(), Some("tampered"));
//! # Ok(())
//! # }
//! ```
//!
//! - One value in one column: [`Vault::seal`], [`Vault::open`].
//! - The secret fields of a config, under one data key: [`take_secrets`], [`Vault::seal_record`],
//!   [`Vault::update_record`], [`Vault::open_record`], [`put_secrets`].
//! - Many reads of one record: [`Vault::record_key`] unwraps the data key once.
//! - A new key: put it first in the ring, [`Vault::upgrade`] each row, then take the old key out.
//! - Values of older systems: `LegacyReader`, feature `legacy-formats`.
//!
//! # Errors
//! [`ErrorKind::Crypto`](crate::ErrorKind::Crypto) with [`Error::code`](crate::Error::code):
//!
//! | code | meaning |
//! |---|---|
//! | `unknown_key` | the wrapping key is not in the ring; the message names its id |
//! | `tampered` | changed, moved to another tenant, record or field, or sealed with another key of the same id |
//! | `malformed` | not the vault's format at all |
//! | `unsupported_version` | written by a newer version of this crate |
//! | `not_text` | opened, but the value is not UTF-8: ask for bytes |
//! | `unavailable` | the system's random source failed |
//! | `legacy_malformed`, `legacy_unreadable`, `legacy_no_key` | see `LegacyReader` |
//!
//! # Format
//! A ciphertext is `nonce (12) | AES-256-GCM ciphertext | tag (16)`, as text base64url without padding. Its associated
//! data is `integrations-vault`, the version byte 1, a purpose byte (1: data key, 2: field), then each part with its
//! length before it (8 bytes, big-endian): tenant, record, and the field's name, or for a data key the ring's key id. A
//! data key in the ring is sealed as 32 raw bytes. Stored forms: [`Sealed`], [`SealedRecord`].
//!
//! # Limits
//! What the vault does not see: a whole row put back to an older state of itself, and a field that was deleted from a
//! record. Wrapping keys use random nonces: change the active key before it has wrapped 2³² data keys.

mod aad;
mod cache;
mod cipher;
mod config;
mod encoding;
mod errors;
mod key;
#[cfg(feature = "legacy-formats")]
mod legacy;
mod open;
mod provider;
mod record;
mod record_key;
mod records;
mod ring;
mod ring_source;
mod rotation;
mod sealed;

pub use aad::{RecordScope, Scope};
pub use config::{put_secrets, take_secrets};
pub use key::{KeyId, VaultKey};
#[cfg(feature = "legacy-formats")]
pub use legacy::{LegacyFormat, LegacyKey, LegacyReader};
pub use open::{DEFAULT_CACHED_KEYS, Vault};
pub use provider::{KeyProvider, WrappedKey};
pub use record::SealedRecord;
pub use record_key::RecordKey;
pub use records::Secrets;
pub use ring::KeyRing;
pub use ring_source::{ENV_KEY, ENV_KEYS, ENV_KEYS_FILE};
pub use sealed::{Ciphertext, Sealed};

/// Bytes that are wiped on drop and never printed.
pub type SecretBytes = secrecy::SecretSlice<u8>;

/// The format that is written.
const VERSION: u8 = 1;
