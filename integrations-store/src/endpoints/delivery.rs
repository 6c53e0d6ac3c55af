use std::time::Duration;

use integrations_core::{Result, TenantId, Timestamp};
use sqlx::Row as _;
use uuid::Uuid;

use super::{AttemptRow, DeliveryId, EndpointId, Endpoints, MessageId, Outcome, PAGE};
use crate::error::Corrupt;
use crate::session::{fetch_all, fetch_optional, from_row};
use crate::time;

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// It waits for its first or next attempt, or is being attempted.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up, or its endpoint is not served.
    Failed,
}

impl DeliveryStatus {
    /// The lowercase word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// One message on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The receiver.
    pub endpoint: EndpointId,
    /// The message.
    pub message: MessageId,
    /// The message's kind.
    pub kind: String,
    /// The message's own id: `webhook-id`.
    pub message_id: String,
    /// How far it is.
    pub status: DeliveryStatus,
    /// How many attempts began since it was last started.
    pub attempts: u32,
    /// When the next attempt is due, while it waits.
    pub next_at: Timestamp,
    /// When it was published.
    pub created_at: Timestamp,
    /// When it arrived or was given up.
    pub finished_at: Option<Timestamp>,
}

macro_rules! delivery_select {
    () => {
        "SELECT d.id, d.endpoint_id, d.message, m.kind, m.message_id, d.status, d.attempts, d.next_at, d.created_at, \
         d.finished_at FROM main.outgoing_deliveries d \
         JOIN main.outgoing_messages m ON m.tenant_id = d.tenant_id AND m.id = d.message "
    };
}

from_row!(Delivery, |row| {
    let id: Uuid = row.try_get("id")?;
    let broken = |column| {
        sqlx::Error::Decode(Box::new(Corrupt(format!(
            "outgoing_deliveries {id}: {column} is not readable"
        ))))
    };
    let at = |column, micros| time::from_micros(micros).map_err(|_| broken(column));
    let finished_at: Option<i64> = row.try_get("finished_at")?;
    Ok(Self {
        id: id.into(),
        endpoint: row.try_get::<Uuid, _>("endpoint_id")?.into(),
        message: row.try_get::<Uuid, _>("message")?.into(),
        kind: row.try_get("kind")?,
        message_id: row.try_get("message_id")?,
        status: match row.try_get::<String, _>("status")?.as_str() {
            "pending" => DeliveryStatus::Pending,
            "delivered" => DeliveryStatus::Delivered,
            "failed" => DeliveryStatus::Failed,
            _ => return Err(broken("status")),
        },
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?)
            .map_err(|_| broken("attempts"))?,
        next_at: at("next_at", row.try_get("next_at")?)?,
        created_at: at("created_at", row.try_get("created_at")?)?,
        finished_at: finished_at
            .map(|micros| at("finished_at", micros))
            .transpose()?,
    })
});

/// Which deliveries to list.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct DeliveryFilter {
    endpoint: Option<EndpointId>,
    status: Option<DeliveryStatus>,
}

impl DeliveryFilter {
    /// All.
    pub fn all() -> Self {
        Self::default()
    }

    /// To this endpoint.
    pub fn endpoint(mut self, endpoint: EndpointId) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// That are as far as this.
    pub fn status(mut self, status: DeliveryStatus) -> Self {
        self.status = Some(status);
        self
    }
}

impl Endpoints {
    /// The tenant's deliveries in order of publication, at most 500 at a time: those after the id `after`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn deliveries(
        &self,
        tenant: &TenantId,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        let mut session = self.store.read("endpoints.deliveries").await?;
        let rows = fetch_all!(
            &mut session,
            Delivery,
            concat!(
                delivery_select!(),
                "WHERE d.tenant_id = $1 AND d.id > $2 AND ($3 = 0 OR d.endpoint_id = $4) \
                 AND ($5 = '' OR d.status = $5) ORDER BY d.id LIMIT $6"
            ),
            tenant.as_str(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(filter.endpoint.is_some()),
            filter.endpoint.map(|id| id.as_uuid()),
            filter.status.map_or("", DeliveryStatus::as_str),
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Reads one delivery.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn delivery(&self, tenant: &TenantId, id: DeliveryId) -> Result<Delivery> {
        let mut session = self.store.read("endpoints.delivery").await?;
        let row = fetch_optional!(
            &mut session,
            Delivery,
            concat!(delivery_select!(), "WHERE d.tenant_id = $1 AND d.id = $2"),
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        row.ok_or_else(|| super::not_found(id.as_uuid()))
    }

    /// The attempts at a delivery, oldest first, at most 500.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn attempts(&self, tenant: &TenantId, id: DeliveryId) -> Result<Vec<AttemptRow>> {
        let mut session = self.store.read("endpoints.attempts").await?;
        let rows = fetch_all!(
            &mut session,
            (i64, i64, String, Option<i64>),
            "SELECT at, took, outcome, status FROM main.outgoing_attempts \
             WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY id LIMIT $3",
            tenant.as_str(),
            id.as_uuid(),
            i64::from(PAGE),
        )?;
        session.commit().await?;
        let broken =
            || crate::error::corrupt(format!("outgoing_attempts of {id} are not readable"));
        rows.into_iter()
            .map(|(at, took, outcome, status)| {
                Ok(AttemptRow {
                    at: time::from_micros(at)?,
                    took: Duration::from_micros(u64::try_from(took).map_err(|_| broken())?),
                    outcome: Outcome::parse(&outcome).ok_or_else(broken)?,
                    status: status
                        .map(u16::try_from)
                        .transpose()
                        .map_err(|_| broken())?,
                })
            })
            .collect()
    }
}
