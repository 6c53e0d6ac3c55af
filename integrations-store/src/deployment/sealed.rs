//! Sealed values of all tenants: for the rotation of keys.

use integrations_core::{IntegrationId, Result, TenantId};
use uuid::Uuid;

use super::Deployment;
use crate::session::{execute, fetch_all};

/// One row's sealed text.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) tenant: TenantId,
    pub(crate) integration: IntegrationId,
    /// Of tokens; `None`: it is the config.
    pub(crate) slot: Option<String>,
    pub(crate) sealed: String,
}

impl Sealed {
    /// Names the row.
    pub(crate) fn place(&self) -> String {
        match &self.slot {
            None => format!("integrations {}/{}", self.tenant, self.integration),
            Some(slot) => format!("oauth_tokens {}/{}/{slot}", self.tenant, self.integration),
        }
    }
}

impl Deployment {
    /// Configs that another key than this one wraps, after a row, in the order of their keys.
    pub(crate) async fn stale_integrations(
        &self,
        active: &str,
        after: Option<&Sealed>,
        limit: u32,
    ) -> Result<Vec<Sealed>> {
        let mut session = self.0.read("deployment.stale_integrations").await?;
        let rows = fetch_all!(
            &mut session,
            (String, Uuid, String),
            "SELECT tenant_id, id, secrets FROM main.integrations WHERE secrets IS NOT NULL \
             AND (secrets_key IS NULL OR secrets_key <> $1) AND (tenant_id, id) > ($2, $3) \
             ORDER BY tenant_id, id LIMIT $4",
            active,
            after.map_or("", |row| row.tenant.as_str()),
            after.map_or(Uuid::nil(), |row| row.integration.as_uuid()),
            i64::from(limit),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(tenant, id, sealed)| row(&tenant, id, None, sealed))
            .collect()
    }

    /// Tokens that another key than this one wraps, after a row, in the order of their keys.
    pub(crate) async fn stale_tokens(
        &self,
        active: &str,
        after: Option<&Sealed>,
        limit: u32,
    ) -> Result<Vec<Sealed>> {
        let mut session = self.0.read("deployment.stale_tokens").await?;
        let rows = fetch_all!(
            &mut session,
            (String, Uuid, String, String),
            "SELECT tenant_id, integration_id, slot, sealed FROM main.oauth_tokens WHERE sealed IS NOT NULL \
             AND (sealed_key IS NULL OR sealed_key <> $1) AND (tenant_id, integration_id, slot) > ($2, $3, $4) \
             ORDER BY tenant_id, integration_id, slot LIMIT $5",
            active,
            after.map_or("", |row| row.tenant.as_str()),
            after.map_or(Uuid::nil(), |row| row.integration.as_uuid()),
            after
                .and_then(|row| row.slot.as_deref())
                .unwrap_or_default(),
            i64::from(limit),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(tenant, id, slot, sealed)| row(&tenant, id, Some(slot), sealed))
            .collect()
    }

    /// Replaces a sealed text by an equivalent one, when the row still holds what was read; whether it did.
    pub(crate) async fn replace_sealed(&self, row: &Sealed, new: (&str, &str)) -> Result<bool> {
        let Some(slot) = &row.slot else {
            let integrations = self.0.integrations();
            return integrations
                .replace_sealed(&row.tenant, row.integration, &row.sealed, new)
                .await;
        };
        let mut session = self.0.write("deployment.replace_sealed").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.oauth_tokens SET sealed = $5, sealed_key = $6 \
             WHERE tenant_id = $1 AND integration_id = $2 AND slot = $3 AND sealed = $4",
            row.tenant.as_str(),
            row.integration.as_uuid(),
            slot.as_str(),
            row.sealed.as_str(),
            new.0,
            new.1,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }
}

fn row(tenant: &str, integration: Uuid, slot: Option<String>, sealed: String) -> Result<Sealed> {
    Ok(Sealed {
        tenant: TenantId::new(tenant)?,
        integration: integration.into(),
        slot,
        sealed,
    })
}
