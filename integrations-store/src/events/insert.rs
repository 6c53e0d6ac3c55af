use integrations_core::status::Status;
use integrations_core::webhook::{DedupeKey, Event};
use integrations_core::{EventId, IntegrationId, Result, TenantId};

use super::{EventStatus, Events, is_down, status_held};
use crate::check::{Check, KEY, PAYLOAD, SHORT};
use crate::integrations::missing;
use crate::session::{Session, execute, fetch_one};
use crate::time;

/// A verified event and where it goes.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct NewEvent<'a> {
    tenant: &'a TenantId,
    integration: IntegrationId,
    event: &'a Event,
    dedupe_key: &'a DedupeKey,
}

impl<'a> NewEvent<'a> {
    /// This event, for this integration.
    pub fn new(
        tenant: &'a TenantId,
        integration: IntegrationId,
        event: &'a Event,
        dedupe_key: &'a DedupeKey,
    ) -> Self {
        Self {
            tenant,
            integration,
            event,
            dedupe_key,
        }
    }

    fn check(&self) -> Result<()> {
        let parts = self.event.parts();
        Check::default()
            .text("/provider", &parts.provider, SHORT)
            .text("/dedupeKey", self.dedupe_key.as_str(), SHORT)
            .optional("/kind", Some(&parts.kind), SHORT)
            .optional("/id", parts.id.as_deref(), KEY)
            .optional(
                "/tenantKey",
                parts.tenant_key.as_ref().map(|key| key.as_str()),
                KEY,
            )
            .optional("/scheme", Some(&parts.scheme), SHORT)
            .size("/payload", parts.payload.len(), PAYLOAD)
            .done()
    }

    /// Everybody inserts in this order, so that two batches with the same events never wait for each other.
    fn order(&self) -> (&str, &str, &str) {
        (
            self.tenant.as_str(),
            self.event.provider(),
            self.dedupe_key.as_str(),
        )
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inserted {
    /// It is new and stored; it survives a crash.
    Accepted {
        /// Its id.
        id: EventId,
        /// Whether it waits for its connection to recover.
        kept: bool,
    },
    /// It was stored before.
    Duplicate {
        /// The id of the first delivery.
        id: EventId,
    },
}

impl Inserted {
    /// The stored event's id.
    #[must_use]
    pub fn id(&self) -> EventId {
        match self {
            Self::Accepted { id, .. } | Self::Duplicate { id } => *id,
        }
    }

    /// Whether it was stored before.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate { .. })
    }
}

impl Events {
    /// Stores one event, once per tenant, provider and dedupe key. See [`insert_all`](Self::insert_all).
    ///
    /// # Errors
    /// As [`insert_all`](Self::insert_all).
    pub async fn insert(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        event: &Event,
        dedupe_key: &DedupeKey,
    ) -> Result<Inserted> {
        let new = NewEvent::new(tenant, integration, event, dedupe_key);
        let mut session = self.0.write("events.insert").await?;
        new.check()?;
        let inserted = self.insert_one(&mut session, &new).await?;
        session.commit().await?;
        Ok(inserted)
    }

    /// Stores the events of one request in one transaction: all of them or none. The results are in the order of
    /// `events`. When it returns, they are on the disk: the webhook may be answered.
    ///
    /// An event of an integration in `error` or `disconnected` is kept, and is due when it recovers.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound) when an integration does not exist,
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when a text or payload is too long,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn insert_all(&self, events: &[NewEvent<'_>]) -> Result<Vec<Inserted>> {
        for event in events {
            event.check()?;
        }
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|at| events[*at].order());
        let mut session = self.0.write("events.insert").await?;
        let mut inserted = Vec::with_capacity(events.len());
        for at in order {
            inserted.push((at, self.insert_one(&mut session, &events[at]).await?));
        }
        session.commit().await?;
        inserted.sort_by_key(|(at, _)| *at);
        Ok(inserted.into_iter().map(|(_, one)| one).collect())
    }

    async fn insert_one(&self, session: &mut Session, new: &NewEvent<'_>) -> Result<Inserted> {
        let status = status_held(session, new.tenant, new.integration).await?;
        let status: Status = status.ok_or_else(|| missing(new.integration))?;
        let status = if is_down(status) {
            EventStatus::Kept
        } else {
            EventStatus::Pending
        };
        let id = EventId::new();
        let parts = new.event.parts();
        let rows = execute!(
            session,
            "INSERT INTO main.webhook_events (tenant_id, id, integration_id, provider, dedupe_key, kind, event_id, \
             tenant_key, scheme, occurred_at, received_at, payload, status, attempts, next_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, (SELECT us FROM main.clock), $14) \
             ON CONFLICT (tenant_id, provider, dedupe_key) DO NOTHING",
            new.tenant.as_str(),
            id.as_uuid(),
            new.integration.as_uuid(),
            parts.provider.as_str(),
            new.dedupe_key.as_str(),
            parts.kind.as_str(),
            parts.id.as_deref(),
            parts.tenant_key.as_ref().map(|key| key.as_str()),
            parts.scheme.as_str(),
            parts.occurred_at.map(time::to_micros),
            time::to_micros(parts.received_at),
            parts.payload.as_ref(),
            status.as_str(),
            time::to_micros(self.0.now()),
        )?;
        if rows == 1 {
            return Ok(Inserted::Accepted {
                id,
                kept: status == EventStatus::Kept,
            });
        }
        let (first,) = fetch_one!(
            session,
            (uuid::Uuid,),
            "SELECT id FROM main.webhook_events WHERE tenant_id = $1 AND provider = $2 AND dedupe_key = $3",
            new.tenant.as_str(),
            parts.provider.as_str(),
            new.dedupe_key.as_str()
        )?;
        Ok(Inserted::Duplicate { id: first.into() })
    }
}
