use integrations_core::webhook::{DedupeKey, Event, EventParts, TenantKey};
use integrations_core::{Result, TenantId};
use sqlx::Row as _;
use uuid::Uuid;

use super::StoredEvent;
use crate::session::from_row;
use crate::{error, time};

/// A row as it is stored.
pub(super) struct RawEvent {
    pub(super) tenant: String,
    pub(super) id: Uuid,
    pub(super) integration: Uuid,
    provider: String,
    dedupe_key: String,
    kind: String,
    event_id: Option<String>,
    tenant_key: Option<String>,
    scheme: String,
    occurred_at: Option<i64>,
    received_at: i64,
    payload: Vec<u8>,
    sealed_key: Option<String>,
    lane: String,
    status: String,
    attempts: i64,
    next_at: i64,
    error_message: Option<String>,
    created_at: i64,
    finished_at: Option<i64>,
}

from_row!(RawEvent, |row| Ok(Self {
    tenant: row.try_get("tenant_id")?,
    id: row.try_get("id")?,
    integration: row.try_get("integration_id")?,
    provider: row.try_get("provider")?,
    dedupe_key: row.try_get("dedupe_key")?,
    kind: row.try_get("kind")?,
    event_id: row.try_get("event_id")?,
    tenant_key: row.try_get("tenant_key")?,
    scheme: row.try_get("scheme")?,
    occurred_at: row.try_get("occurred_at")?,
    received_at: row.try_get("received_at")?,
    payload: row.try_get("payload")?,
    sealed_key: row.try_get("sealed_key")?,
    lane: row.try_get("lane")?,
    status: row.try_get("status")?,
    attempts: row.try_get("attempts")?,
    next_at: row.try_get("next_at")?,
    error_message: row.try_get("error_message")?,
    created_at: row.try_get("created_at")?,
    finished_at: row.try_get("finished_at")?,
}));

impl RawEvent {
    pub(super) fn read(self) -> Result<StoredEvent> {
        let place = format!("webhook_events {}/{}", self.tenant, self.id);
        let at = |micros, column| {
            time::from_micros(micros)
                .map_err(|_| error::corrupt(format!("{place}: {column} is not readable")))
        };
        let maybe_at =
            |micros: Option<i64>, column| micros.map(|micros| at(micros, column)).transpose();
        let mut parts = EventParts::new(
            self.provider,
            self.kind,
            self.scheme,
            at(self.received_at, "received_at")?,
            self.payload,
        );
        parts.id = self.event_id;
        parts.tenant_key = self.tenant_key.map(TenantKey::from);
        parts.occurred_at = maybe_at(self.occurred_at, "occurred_at")?;
        Ok(StoredEvent {
            tenant: TenantId::new(&self.tenant).map_err(|_| {
                error::corrupt(format!(
                    "webhook_events {}: tenant_id is not readable",
                    self.id
                ))
            })?,
            id: self.id.into(),
            integration: self.integration.into(),
            dedupe_key: DedupeKey::from(self.dedupe_key),
            event: Event::restore(parts),
            sealed: self.sealed_key.is_some(),
            lane: self.lane.into(),
            status: self
                .status
                .parse()
                .map_err(|_| error::corrupt(format!("{place}: status is not readable")))?,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            next_at: at(self.next_at, "next_at")?,
            error_message: self.error_message,
            created_at: at(self.created_at, "created_at")?,
            finished_at: maybe_at(self.finished_at, "finished_at")?,
        })
    }
}
