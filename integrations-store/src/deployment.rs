//! The few calls that work for the whole deployment, not for one tenant.

use integrations_core::webhook::TenantKey;
use integrations_core::{IntegrationId, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::columns::integration_columns;
use crate::session::{execute, fetch_all};
use crate::{EventStatus, Store, StoredIntegration, time};

/// How many integrations may share one external key.
const CLAIMS: i64 = 100;

/// Calls without a tenant: for the webhook router and for workers, never for a handler that acts for a user.
///
/// They are apart because every other call of the store names its tenant. What they return names the tenant of each
/// row, and whatever is done with it afterwards names that tenant.
#[derive(Debug, Clone)]
pub struct Deployment(pub(crate) Store);

impl Store {
    /// The calls that see all tenants.
    #[must_use]
    pub fn deployment(&self) -> Deployment {
        Deployment(self.clone())
    }
}

mod generation;
mod lanes;
mod outgoing;
mod overview;
mod payloads;
mod purge;
mod schedules;
mod sealed;
mod subscriptions;

pub use overview::WaitingEvents;
pub(crate) use payloads::SealedPayload;
pub(crate) use sealed::Sealed;

impl Deployment {
    /// The integrations that a webhook may be for, by what names them in it, for example a location id: before its
    /// signature is verified, nobody knows the tenant.
    ///
    /// Two tenants may claim the same key, so there may be several (at most 100, in order of creation). Only those are
    /// returned whose credential was seen to belong to the key, by a successful test after it was set: with providers
    /// that sign all webhooks with one key, the signature says nothing about who may read them. The caller verifies
    /// with each one's own secrets and delivers to every one that passes.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn integrations_by_key(
        &self,
        provider: &str,
        key: &TenantKey,
    ) -> Result<Vec<StoredIntegration>> {
        let mut session = self.0.read("deployment.integrations_by_key").await?;
        let rows = fetch_all!(
            &mut session,
            StoredIntegration,
            concat!(
                "SELECT ",
                integration_columns!(),
                " FROM main.integrations WHERE provider = $1 AND external_key = $2 AND external_proved = $3 \
             ORDER BY id LIMIT $4"
            ),
            provider,
            key.as_str(),
            true,
            CLAIMS,
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// The integration with this id, for a webhook whose URL names it; `None` when there is none of this provider.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn integration(
        &self,
        provider: &str,
        id: IntegrationId,
    ) -> Result<Option<StoredIntegration>> {
        let mut session = self.0.read("deployment.integration").await?;
        let rows = fetch_all!(
            &mut session,
            StoredIntegration,
            concat!(
                "SELECT ",
                integration_columns!(),
                " FROM main.integrations WHERE provider = $1 AND id = $2 "
            ),
            provider,
            id.as_uuid(),
        )?;
        session.commit().await?;
        Ok(rows.into_iter().next())
    }

    /// The integrations whose health probe is due, the longest overdue first. Disconnected ones are not probed.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn probes_due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, IntegrationId)>> {
        let mut session = self.0.read("deployment.probes_due").await?;
        let rows = fetch_all!(
            &mut session,
            (String, Uuid),
            "SELECT tenant_id, id FROM main.integrations WHERE probe_due_at IS NOT NULL AND probe_due_at <= $1 \
             AND status IN ('active', 'error') ORDER BY probe_due_at LIMIT $2",
            time::to_micros(now),
            i64::from(limit),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(tenant, id)| Ok((TenantId::new(tenant)?, id.into())))
            .collect()
    }

    /// Forgets events that were done, or those that were given up, before this time, at most `limit` of them; how many.
    /// Their dedupe keys go with them, so keep them longer than any provider repeats a delivery.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_events(
        &self,
        status: EventStatus,
        finished_before: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_events").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.webhook_events WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM main.webhook_events \
             WHERE finished_at IS NOT NULL AND finished_at < $1 AND status = $2 ORDER BY finished_at LIMIT $3)",
            time::to_micros(finished_before),
            status.as_str(),
            i64::from(limit),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Forgets authorizations that nobody came back for; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_states(&self) -> Result<u64> {
        let now = self.0.now();
        let mut session = self.0.write("deployment.purge_states").await?;
        let sql = "DELETE FROM main.oauth_states WHERE expires_at <= $1";
        let rows = execute!(&mut session, sql, time::to_micros(now))?;
        session.commit().await?;
        Ok(rows)
    }
}
