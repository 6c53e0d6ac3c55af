use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use integrations_core::status::Status;
use integrations_core::webhook::{DedupeKey, Event};
use integrations_core::{EventId, IntegrationId, Result, TenantId};
use uuid::Uuid;

use super::{EventStatus, Events, Lane, is_down};
use crate::Transaction;
use crate::check::{Check, KEY, PAYLOAD, SHORT};
use crate::integrations::missing;
use crate::session::{Inner, Session};
use crate::time;

mod postgres;
mod sqlite;

/// How long the sweeper leaves a new event to the job that was stored with it, unless it is told otherwise.
const GRACE: Duration = Duration::from_secs(30);

/// A verified event and where it goes.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewEvent<'a> {
    tenant: &'a TenantId,
    integration: IntegrationId,
    event: &'a Event,
    dedupe_key: &'a DedupeKey,
    id: EventId,
    lane: Lane,
    sealed: Option<(&'a [u8], &'a str)>,
    grace: Duration,
}

impl<'a> NewEvent<'a> {
    /// This event, for this integration, in the integration's own lane.
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
            id: EventId::new(),
            lane: Lane::new(integration, None),
            sealed: None,
            grace: GRACE,
        }
    }

    /// Its id, made by the caller: events of a lane are handled in the order of their ids.
    pub fn id(mut self, id: EventId) -> Self {
        self.id = id;
        self
    }

    /// The lane that it waits in.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// Stores this instead of the payload: its sealed form, and the id of the key that wraps its data key.
    pub fn sealed(mut self, payload: &'a [u8], key: &'a str) -> Self {
        self.sealed = Some((payload, key));
        self
    }

    fn payload(&self) -> &[u8] {
        self.sealed
            .map_or_else(|| &**self.event.payload(), |(sealed, _)| sealed)
    }

    /// How long the sweeper leaves the event to the job that is stored with it; 30 s by default. That job's process may
    /// die before it has taken the lane, which nothing tells of. Of the events of one transaction the shortest counts.
    pub fn grace(mut self, wait: Duration) -> Self {
        self.grace = wait;
        self
    }

    /// Whether every column can hold it.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) with every text or payload that is too long
    /// or holds the NUL character.
    pub fn check(&self) -> Result<()> {
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
            .size("/payload", self.payload().len(), PAYLOAD)
            .done()
    }

    /// Everybody inserts in this order, so that two batches with the same events never wait for each other. Within a
    /// batch the first of two equal ones counts.
    fn order(&self) -> (&str, &str, &str, EventId) {
        (
            self.tenant.as_str(),
            self.event.provider(),
            self.dedupe_key.as_str(),
            self.id,
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

    /// Whether somebody has to work on it now: it is new, and its connection is up.
    #[must_use]
    pub fn is_due(&self) -> bool {
        matches!(self, Self::Accepted { kept: false, .. })
    }
}

/// One row to insert.
struct Row<'a> {
    new: &'a NewEvent<'a>,
    status: EventStatus,
}

/// What all rows of a batch have in common.
struct Common {
    created_at: i64,
    grace: i64,
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
        let mut inserted = self.insert_all(std::slice::from_ref(&new)).await?;
        inserted.pop().ok_or_else(|| missing(integration))
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
        let mut transaction = self.0.begin("events.insert").await?;
        let mut inserted = self.insert_in(&mut transaction, &[events]).await?;
        let inserted = inserted.pop().unwrap_or_else(|| Ok(Vec::new()))?;
        transaction.commit().await?;
        Ok(inserted)
    }

    /// Stores the events of several requests in the caller's transaction. A request that names an integration which does
    /// not exist is refused whole, with [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound), and is no harm
    /// to the others. The caller has [checked](NewEvent::check) the events.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store): nothing of this is stored, and the transaction must
    /// not be committed.
    pub async fn insert_in(
        &self,
        transaction: &mut Transaction,
        requests: &[&[NewEvent<'_>]],
    ) -> Result<Vec<Result<Vec<Inserted>>>> {
        let session = transaction.session();
        let mut wanted = Vec::new();
        for request in requests {
            for new in *request {
                wanted.push((new.tenant.as_str(), new.integration.as_uuid()));
            }
        }
        let statuses = statuses(session, wanted).await?;
        let status = |new: &NewEvent<'_>| {
            let key = (new.tenant.as_str(), new.integration.as_uuid());
            let status = statuses.get(&key).copied();
            status.ok_or_else(|| missing(new.integration))
        };
        let mut refused = Vec::with_capacity(requests.len());
        let mut rows = Vec::new();
        for request in requests {
            let found: Result<Vec<Row<'_>>> = request
                .iter()
                .map(|new| {
                    let down = is_down(status(new)?);
                    let status = if down {
                        EventStatus::Kept
                    } else {
                        EventStatus::Pending
                    };
                    Ok(Row { new, status })
                })
                .collect();
            refused.push(found.map(|found| rows.extend(found)).err());
        }
        rows.sort_by(|a, b| a.new.order().cmp(&b.new.order()));
        let common = Common {
            created_at: time::to_micros(self.0.now()),
            grace: time::span(rows.iter().map(|row| row.new.grace).min().unwrap_or(GRACE)),
        };
        let first = match session.inner {
            Inner::Sqlite(_) => sqlite::insert(session, &rows, &common).await?,
            Inner::Postgres(_) => postgres::insert(session, &rows, &common).await?,
        };
        let results: HashMap<EventId, Inserted> = rows
            .iter()
            .zip(first)
            .map(|(row, first)| {
                let id = row.new.id;
                let inserted = match first {
                    Some(first) if first != id.as_uuid() => {
                        Inserted::Duplicate { id: first.into() }
                    }
                    _ => Inserted::Accepted {
                        id,
                        kept: row.status == EventStatus::Kept,
                    },
                };
                (id, inserted)
            })
            .collect();
        Ok(requests
            .iter()
            .zip(refused)
            .map(|(request, refused)| match refused {
                Some(error) => Err(error),
                None => Ok(request
                    .iter()
                    .filter_map(|new| results.get(&new.id).copied())
                    .collect()),
            })
            .collect())
    }
}

/// The statuses of these integrations, which do not change until the transaction ends, so that an event is not kept back
/// just after everything kept was let go.
async fn statuses<'a>(
    session: &mut Session,
    mut wanted: Vec<(&'a str, Uuid)>,
) -> Result<BTreeMap<(&'a str, Uuid), Status>> {
    // In this order, so that two batches never wait for each other.
    wanted.sort_unstable();
    wanted.dedup();
    let found = match session.inner {
        Inner::Sqlite(_) => sqlite::statuses(session, &wanted).await?,
        Inner::Postgres(_) => postgres::statuses(session, &wanted).await?,
    };
    wanted
        .into_iter()
        .zip(found)
        .filter_map(|(key, status)| Some((key, status?)))
        .map(|(key, status)| Ok((key, status.parse()?)))
        .collect()
}
