use integrations_core::vault::{RecordScope, Scope, SealedRecord};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId};

use super::{IntegrationManager, seal};
use crate::deployment::{Sealed, SealedPayload};
use crate::{PAYLOAD_FIELD, error, tokens};

/// How many rows are read at a time.
const BATCH: u32 = 100;

/// What [`IntegrationManager::rotate_keys`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// Rows whose data key is wrapped by the active key now.
    pub rewrapped: u64,
    /// Rows that were changed while they were rotated; the change has wrapped them with the active key.
    pub changed_meanwhile: u64,
    /// Rows that could not be rotated, and why; the reason names the row.
    pub failed: Vec<String>,
}

impl IntegrationManager {
    /// Wraps every data key again that another key than the vault's active one wraps: configs, OAuth tokens, outgoing
    /// endpoints and sealed payloads of all tenants, row by row, while everything works. It can be stopped at any time; the next call goes on where it
    /// was. When it reports nothing failed, the old keys can leave the ring, ten minutes later: pending OAuth
    /// authorizations are not rotated, they end by themselves.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store). A row that does not open is no error but reported.
    pub async fn rotate_keys(&self) -> Result<Rotation> {
        self.rotate_keys_with(|_| {}).await
    }

    /// [`rotate_keys`](Self::rotate_keys) that says after every hundred rows how far it is.
    ///
    /// # Errors
    /// As [`rotate_keys`](Self::rotate_keys).
    pub async fn rotate_keys_with(
        &self,
        mut watch: impl FnMut(&Rotation) + Send,
    ) -> Result<Rotation> {
        let mut report = Rotation::default();
        let active = self.0.vault.active_id();
        let deployment = self.0.store.deployment();
        for kind in [Kind::Integrations, Kind::Tokens] {
            let mut after = None;
            loop {
                let rows = match kind {
                    Kind::Integrations => {
                        deployment
                            .stale_integrations(active.as_str(), after.as_ref(), BATCH)
                            .await?
                    }
                    Kind::Tokens => {
                        deployment
                            .stale_tokens(active.as_str(), after.as_ref(), BATCH)
                            .await?
                    }
                };
                let Some(last) = rows.last() else { break };
                after = Some(last.clone());
                for row in &rows {
                    match self.rotate_one(row).await {
                        Ok(true) => report.rewrapped += 1,
                        Ok(false) => report.changed_meanwhile += 1,
                        Err(error) if is_own(&error) => {
                            report.failed.push(format!("{}: {error}", row.place()));
                        }
                        Err(error) => return Err(error),
                    }
                }
                watch(&report);
            }
        }
        let endpoints = self.0.store.endpoints(&self.0.vault).rotate_keys().await?;
        report.rewrapped += endpoints.rewrapped;
        report.changed_meanwhile += endpoints.changed_meanwhile;
        report.failed.extend(endpoints.failed);
        watch(&report);
        for unmatched in [false, true] {
            self.rotate_payloads(unmatched, &mut report, &mut watch)
                .await?;
        }
        Ok(report)
    }

    /// The payloads of webhook events that are sealed at rest.
    async fn rotate_payloads(
        &self,
        unmatched: bool,
        report: &mut Rotation,
        watch: &mut (dyn FnMut(&Rotation) + Send),
    ) -> Result<()> {
        let active = self.0.vault.active_id();
        let deployment = self.0.store.deployment();
        let mut after = None;
        loop {
            let rows = deployment
                .stale_payloads(active.as_str(), unmatched, after.as_ref(), BATCH)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            for row in &rows {
                let (tenant, record) = row.place()?;
                match self.rotate_payload(row, &tenant, &record).await {
                    Ok(true) => report.rewrapped += 1,
                    Ok(false) => report.changed_meanwhile += 1,
                    Err(error) if is_own(&error) => {
                        report.failed.push(format!("{record} of {tenant}: {error}"));
                    }
                    Err(error) => return Err(error),
                }
            }
            watch(report);
        }
    }

    async fn rotate_payload(
        &self,
        row: &SealedPayload,
        tenant: &TenantId,
        record: &str,
    ) -> Result<bool> {
        let text = std::str::from_utf8(&row.sealed);
        let text = text.map_err(|_| Error::new(ErrorKind::Crypto, "not a sealed text"))?;
        let scope = Scope::new(tenant, record, PAYLOAD_FIELD);
        let sealed = self.0.vault.rewrap_value(&scope, &text.parse()?).await?;
        let new = (&*sealed.to_string(), sealed.key_id().as_str());
        self.0.store.deployment().replace_payload(row, new).await
    }

    /// Whether the row still was what was read.
    async fn rotate_one(&self, row: &Sealed) -> Result<bool> {
        let record = SealedRecord::parse(&row.sealed)?;
        let name = match &row.slot {
            None => seal::record_name(row.integration),
            Some(slot) => tokens::record_name(row.integration, slot),
        };
        let scope = RecordScope::new(&row.tenant, &name);
        let (text, key) = seal::stored(&self.0.vault.rewrap(&scope, &record).await?);
        self.0
            .store
            .deployment()
            .replace_sealed(row, (&text, &key))
            .await
    }

    /// Encrypts an integration's secrets again under a new data key: after the old one may have leaked.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `version` when it was changed
    /// meanwhile, [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto), [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn reencrypt(&self, tenant: &TenantId, id: IntegrationId) -> Result<()> {
        let row = self.0.store.integrations().get(tenant, id).await?;
        let (Some(record), Some(old)) = (seal::record(&row)?, &row.secrets) else {
            return Ok(());
        };
        let name = seal::record_name(id);
        let scope = RecordScope::new(tenant, &name);
        let again = self.0.vault.reencrypt(&scope, &record).await;
        let again = again.map_err(|source| error::in_row(seal::place(&row), &source))?;
        let (text, key) = seal::stored(&again);
        let replaced = self
            .0
            .store
            .integrations()
            .replace_sealed(tenant, id, old, (&text, &key))
            .await?;
        if replaced {
            Ok(())
        } else {
            Err(crate::integrations::changed_meanwhile())
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Integrations,
    Tokens,
}

/// The row's own trouble, not the database's.
fn is_own(error: &Error) -> bool {
    error.kind() == ErrorKind::Crypto
}
