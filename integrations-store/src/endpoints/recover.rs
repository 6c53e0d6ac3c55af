use integrations_core::{Result, TenantId, Timestamp};
use uuid::Uuid;

use super::row::patterns;
use super::{DeliveryId, EndpointId, Endpoints};
use crate::session::{execute, fetch_all, fetch_optional};
use crate::{Transaction, time};

/// How many deliveries one step starts at most.
const STEP: i64 = 500;

/// One step of [`Endpoints::recover_in`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// What is on its way again.
    pub deliveries: Vec<DeliveryId>,
    /// Of these, how many were never tried: published while the endpoint was not served.
    pub missed: u64,
    /// Whether that was all.
    pub complete: bool,
}

/// Where [`Endpoints::recover_in`] goes on: begin with the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecoverFrom(Option<Uuid>);

impl Endpoints {
    /// Sends again what an endpoint missed since a time: deliveries that failed, and messages that it wants and that
    /// were published while it was not served. In the caller's transaction, up to 500 at a time: call it until it is
    /// complete, with the same `cursor`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn recover_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        endpoint: EndpointId,
        since: Timestamp,
        cursor: &mut RecoverFrom,
    ) -> Result<Recovered> {
        let session = transaction.session();
        let wanted = fetch_optional!(
            session,
            (String,),
            "SELECT events FROM main.outgoing_endpoints WHERE tenant_id = $1 AND id = $2 /*pg FOR KEY SHARE */",
            tenant.as_str(),
            endpoint.as_uuid(),
        )?;
        let (events,) = wanted.ok_or_else(|| super::not_found(endpoint.as_uuid()))?;
        let wanted = patterns(&events)
            .ok_or_else(|| crate::error::corrupt("the events of an endpoint are not readable"))?;
        // By message, so that what fails again meanwhile does not come twice.
        let page = fetch_all!(
            session,
            (Uuid, String, Option<Uuid>, Option<String>),
            "SELECT m.id, m.kind, d.id, d.status FROM main.outgoing_messages m \
             LEFT JOIN main.outgoing_deliveries d ON d.tenant_id = m.tenant_id AND d.endpoint_id = $2 AND d.message = m.id \
             WHERE m.tenant_id = $1 AND m.created_at >= $3 AND m.id > $4 \
             AND (d.id IS NULL OR d.status = 'failed') ORDER BY m.id LIMIT $5",
            tenant.as_str(),
            endpoint.as_uuid(),
            time::to_micros(since),
            cursor.0.unwrap_or(Uuid::nil()),
            STEP,
        )?;
        let mut step = Recovered {
            deliveries: Vec::new(),
            missed: 0,
            complete: i64::try_from(page.len()).is_ok_and(|rows| rows < STEP),
        };
        for (message, kind, delivery, _) in page {
            cursor.0 = Some(message);
            if let Some(delivery) = delivery {
                if restart(session, tenant, delivery).await? {
                    step.deliveries.push(delivery.into());
                }
                continue;
            }
            if !wanted.iter().any(|pattern| pattern.matches(&kind)) {
                continue;
            }
            let delivery = DeliveryId::new();
            let rows = execute!(
                session,
                "INSERT INTO main.outgoing_deliveries (tenant_id, id, endpoint_id, message, status, attempts, next_at, \
                 created_at) SELECT $1, $2, $3, id, 'pending', 0, (SELECT us FROM main.clock), created_at \
                 FROM main.outgoing_messages WHERE tenant_id = $1 AND id = $4 \
                 ON CONFLICT (tenant_id, endpoint_id, message) DO NOTHING",
                tenant.as_str(),
                delivery.as_uuid(),
                endpoint.as_uuid(),
                message,
            )?;
            if rows == 1 {
                step.deliveries.push(delivery);
                step.missed += 1;
            }
        }
        Ok(step)
    }

    /// Sends one delivery again that arrived or failed; whether it was one.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn resend_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        delivery: DeliveryId,
    ) -> Result<bool> {
        restart(transaction.session(), tenant, delivery.as_uuid()).await
    }
}

async fn restart(
    session: &mut crate::session::Session,
    tenant: &TenantId,
    delivery: Uuid,
) -> Result<bool> {
    let rows = execute!(
        session,
        "UPDATE main.outgoing_deliveries SET status = 'pending', attempts = 0, claim = NULL, finished_at = NULL, \
         next_at = (SELECT us FROM main.clock) WHERE tenant_id = $1 AND id = $2 AND status <> 'pending'",
        tenant.as_str(),
        delivery,
    )?;
    Ok(rows == 1)
}
