//! Leases by the database's clock, with a fence that never goes back.

use std::time::Duration;

use async_trait::async_trait;
use integrations_core::lease::{Lease, LeaseStore};
use integrations_core::{Result, TenantId};

use crate::check::{Check, KEY, SHORT};
use crate::session::{execute, fetch_optional};
use crate::{Store, error, time};

/// A released lease keeps its row, and with it the fence.
#[async_trait]
impl LeaseStore for Store {
    async fn try_acquire(
        &self,
        tenant: &TenantId,
        name: &str,
        owner: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>> {
        Check::default()
            .text("/name", name, KEY)
            .text("/owner", owner, SHORT)
            .done()?;
        let mut session = self.write("leases.try_acquire").await?;
        let granted = fetch_optional!(
            &mut session,
            (i64, i64),
            "INSERT INTO main.leases (tenant_id, name, owner, fence, expires_at) \
             VALUES ($1, $2, $3, 1, (SELECT us FROM main.clock) + $4) \
             ON CONFLICT (tenant_id, name) DO UPDATE SET owner = excluded.owner, fence = leases.fence + 1, \
             expires_at = excluded.expires_at WHERE leases.expires_at <= (SELECT us FROM main.clock) \
             RETURNING fence, expires_at",
            tenant.as_str(),
            name,
            owner,
            time::span(ttl),
        )?;
        session.commit().await?;
        let Some((fence, expires_at)) = granted else {
            return Ok(None);
        };
        Ok(Some(Lease::new(
            tenant.clone(),
            name.to_owned(),
            owner.to_owned(),
            fence_of(fence)?,
            time::from_micros(expires_at)?,
        )))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<Option<Lease>> {
        let Ok(fence) = i64::try_from(lease.fence) else {
            return Ok(None);
        };
        let mut session = self.write("leases.renew").await?;
        let renewed = fetch_optional!(
            &mut session,
            (i64,),
            "UPDATE main.leases SET expires_at = (SELECT us FROM main.clock) + $5 \
             WHERE tenant_id = $1 AND name = $2 AND owner = $3 AND fence = $4 \
             AND expires_at > (SELECT us FROM main.clock) RETURNING expires_at",
            lease.tenant.as_str(),
            lease.name.as_str(),
            lease.owner.as_str(),
            fence,
            time::span(ttl),
        )?;
        session.commit().await?;
        let Some((expires_at,)) = renewed else {
            return Ok(None);
        };
        let mut lease = lease.clone();
        lease.expires_at = time::from_micros(expires_at)?;
        Ok(Some(lease))
    }

    async fn release(&self, lease: &Lease) -> Result<bool> {
        let Ok(fence) = i64::try_from(lease.fence) else {
            return Ok(false);
        };
        let mut session = self.write("leases.release").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.leases SET expires_at = 0, owner = '' \
             WHERE tenant_id = $1 AND name = $2 AND owner = $3 AND fence = $4 \
             AND expires_at > (SELECT us FROM main.clock)",
            lease.tenant.as_str(),
            lease.name.as_str(),
            lease.owner.as_str(),
            fence,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }
}

fn fence_of(fence: i64) -> Result<u64> {
    u64::try_from(fence).map_err(|_| error::corrupt("a stored fence is negative"))
}
