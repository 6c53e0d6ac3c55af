//! Sensitive payloads at rest.

use bytes::Bytes;
use integrations_core::vault::{Scope, Sealed, Vault};
use integrations_core::{Error, ErrorKind, ExposeSecret as _, Result, TenantId};
use integrations_store::PAYLOAD_FIELD;

pub(super) use integrations_store::{event_record as event, nobody, unmatched_record as unmatched};

/// The sealed text and the id of the key that wraps its data key.
pub(super) async fn seal(
    vault: &Vault,
    tenant: &TenantId,
    record: &str,
    payload: &[u8],
) -> Result<(Vec<u8>, String)> {
    let sealed = vault
        .seal(&Scope::new(tenant, record, PAYLOAD_FIELD), payload)
        .await?;
    let key = sealed.key_id().as_str().to_owned();
    Ok((sealed.to_string().into_bytes(), key))
}

pub(super) async fn open(
    vault: &Vault,
    tenant: &TenantId,
    record: &str,
    sealed: &[u8],
) -> Result<Bytes> {
    let text = std::str::from_utf8(sealed)
        .map_err(|_| Error::new(ErrorKind::Crypto, format!("{record}: not a sealed text")))?;
    let sealed: Sealed = text.parse()?;
    let opened = vault
        .open_bytes(&Scope::new(tenant, record, PAYLOAD_FIELD), &sealed)
        .await?;
    Ok(Bytes::copy_from_slice(opened.expose_secret()))
}
