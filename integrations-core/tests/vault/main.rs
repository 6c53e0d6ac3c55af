//! The vault from outside: bad input, properties, rotation, key rings, legacy values, planted secrets.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests to us, not to the lint"
)]

mod bad_input;
mod legacy;
mod planted;
mod properties;
mod provider;
mod records;
mod ring;
mod rotation;

use integrations_core::vault::{KeyId, KeyRing, RecordScope, Scope, Sealed, Vault, VaultKey};
use integrations_core::{Error, ErrorKind, ExposeSecret as _, Result, SecretString, TenantId};

const RECORD: &str = "integration:0192f0c1-2222-7000-8000-000000000001";

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

fn key(byte: u8) -> VaultKey {
    VaultKey::from_bytes(&[byte; 32]).unwrap()
}

/// A vault whose ring has keys of these bytes, named `k<byte>`; the first is active.
fn vault(keys: &[u8]) -> Vault {
    let named = keys
        .iter()
        .map(|byte| (KeyId::new(format!("k{byte}")).unwrap(), key(*byte)));
    Vault::new(KeyRing::new(named).unwrap())
}

fn seal(vault: &Vault, scope: &Scope<'_>, text: impl AsRef<[u8]>) -> Sealed {
    Vault::now(vault.seal(scope, text)).unwrap()
}

fn open(vault: &Vault, scope: &Scope<'_>, sealed: &Sealed) -> Result<String> {
    Vault::now(vault.open(scope, sealed)).map(|text| text.expose_secret().to_owned())
}

fn secrets<const N: usize>(fields: [(&str, &str); N]) -> integrations_core::vault::Secrets {
    let fields = fields.into_iter();
    fields
        .map(|(field, value)| (field.to_owned(), SecretString::from(value)))
        .collect()
}

fn exposed(secrets: &integrations_core::vault::Secrets) -> Vec<(&str, &str)> {
    let fields = secrets.iter();
    fields
        .map(|(field, value)| (field.as_str(), value.expose_secret()))
        .collect()
}

#[track_caller]
fn assert_code<T>(result: Result<T>, code: &str) -> Error {
    let Err(error) = result else {
        panic!("expected {code}, got a value");
    };
    assert_eq!(error.kind(), ErrorKind::Crypto, "{error}");
    assert_eq!(error.code(), Some(code), "{error}");
    error
}

fn scope_of<'a>(tenant: &'a TenantId, field: &'a str) -> Scope<'a> {
    RecordScope::new(tenant, RECORD).field(field)
}
