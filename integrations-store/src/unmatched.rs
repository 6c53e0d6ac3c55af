//! Genuine events that match no integration yet: kept aside until one appears, or for as long as the caller says.
//!
//! They have no tenant: the column holds '', which no tenant is called.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use integrations_core::webhook::{DedupeKey, Event, EventParts, TenantKey};
use integrations_core::{EventId, IntegrationId, Result, TenantId, Timestamp};
use sqlx::Row as _;
use uuid::Uuid;

use crate::check::{Check, KEY, PAYLOAD, SHORT};
use crate::session::{Session, execute, fetch_all, fetch_one, from_row};
use crate::{Deployment, Transaction, time};

/// An event to keep aside.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewUnmatched<'a> {
    /// Its id.
    pub id: EventId,
    /// What names the integration in it.
    pub key: &'a TenantKey,
    /// The event.
    pub event: &'a Event,
    /// What makes two deliveries the same event.
    pub dedupe_key: &'a DedupeKey,
    /// What orders it: see [`Lane::new`](crate::Lane::new).
    pub order_key: Option<&'a str>,
    /// Stored instead of the payload: its sealed form, and the id of the key that wraps its data key.
    pub sealed: Option<(&'a [u8], &'a str)>,
}

/// How many may be kept aside.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct UnmatchedLimits {
    /// For one key of one provider: 1,000.
    pub per_key: u32,
    /// In all: 100,000.
    pub total: u32,
}

impl Default for UnmatchedLimits {
    fn default() -> Self {
        Self {
            per_key: 1_000,
            total: 100_000,
        }
    }
}

/// An event that was kept aside, and an integration that it turned out to be for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attributable {
    /// Its id here; the same event may be for several integrations.
    pub id: EventId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The integration.
    pub integration: IntegrationId,
    /// The event; its payload is sealed when [`sealed`](Self::sealed) says so.
    pub event: Event,
    /// Whether the payload is the vault's sealed text.
    pub sealed: bool,
    /// What makes two deliveries the same event.
    pub dedupe_key: DedupeKey,
    /// What orders it.
    pub order_key: Option<String>,
}

impl NewUnmatched<'_> {
    fn payload(&self) -> &[u8] {
        self.sealed
            .map_or_else(|| &**self.event.payload(), |(sealed, _)| sealed)
    }

    /// Whether every column can hold it.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation).
    pub fn check(&self) -> Result<()> {
        let parts = self.event.parts();
        Check::default()
            .text("/provider", &parts.provider, SHORT)
            .text("/tenantKey", self.key.as_str(), KEY)
            .text("/dedupeKey", self.dedupe_key.as_str(), SHORT)
            .optional("/orderKey", self.order_key, KEY)
            .optional("/kind", Some(&parts.kind), SHORT)
            .optional("/id", parts.id.as_deref(), KEY)
            .optional("/scheme", Some(&parts.scheme), SHORT)
            .size("/payload", self.payload().len(), PAYLOAD)
            .done()
    }
}

impl Deployment {
    /// Keeps events aside, once each; how many are new. What is over a limit, or cannot be stored, is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn keep_unmatched_in(
        &self,
        transaction: &mut Transaction,
        events: &[NewUnmatched<'_>],
        limits: UnmatchedLimits,
    ) -> Result<u64> {
        let session = transaction.session();
        let mut room = i64::from(limits.total) - count(session, i64::from(limits.total)).await?;
        let mut per_key = BTreeMap::new();
        let mut sorted: Vec<_> = events.iter().filter(|new| new.check().is_ok()).collect();
        sorted.sort_by_key(|new| (new.event.provider(), new.key, new.dedupe_key, new.id));
        let mut kept = 0;
        for new in sorted {
            let provider = new.event.provider();
            let left = match per_key.entry((provider, new.key)) {
                Entry::Occupied(left) => left.into_mut(),
                Entry::Vacant(none) => {
                    let most = i64::from(limits.per_key);
                    let there = count_of(session, provider, new.key, most).await?;
                    none.insert(most - there)
                }
            };
            if *left <= 0 || room <= 0 {
                continue;
            }
            let added = insert(session, new, time::to_micros(self.0.now())).await?;
            *left -= i64::from(added);
            room -= i64::from(added);
            kept += u64::from(added);
        }
        Ok(kept)
    }

    /// Takes the oldest events out of those kept aside for which there is an integration by now, with every integration
    /// that each is for: at most `limit` events. The caller stores them in the same transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn take_matched_in(
        &self,
        transaction: &mut Transaction,
        limit: u32,
    ) -> Result<Vec<Attributable>> {
        let session = transaction.session();
        let rows = fetch_all!(
            session,
            RawUnmatched,
            "WITH matched AS MATERIALIZED ( \
               SELECT u.tenant_id, u.id FROM main.unmatched_events u WHERE EXISTS ( \
                 SELECT 1 FROM main.integrations i WHERE i.provider = u.provider AND i.external_key = u.external_key \
                   AND i.external_proved = $1) \
               ORDER BY u.id LIMIT $2 /*pg FOR UPDATE OF u SKIP LOCKED */ \
             ) \
             SELECT u.id, i.tenant_id, i.id AS integration_id, u.provider, u.external_key, u.dedupe_key, u.order_key, \
               u.kind, u.event_id, u.scheme, u.occurred_at, u.received_at, u.payload, u.sealed_key \
             FROM main.unmatched_events u JOIN matched m ON m.tenant_id = u.tenant_id AND m.id = u.id \
             JOIN main.integrations i ON i.provider = u.provider AND i.external_key = u.external_key \
               AND i.external_proved = $1 ORDER BY u.id, i.tenant_id, i.id",
            true,
            i64::from(limit),
        )?;
        let mut taken: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        taken.dedup();
        for id in taken {
            execute!(
                session,
                "DELETE FROM main.unmatched_events WHERE tenant_id = '' AND id = $1",
                id
            )?;
        }
        rows.into_iter().map(RawUnmatched::read).collect()
    }

    /// How many events are kept aside, by provider and by what names the integration in them; at most 1,000 rows.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn unmatched_counts(&self) -> Result<Vec<(String, TenantKey, u64)>> {
        let mut session = self.0.read("deployment.unmatched_counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String, i64),
            "SELECT provider, external_key, COUNT(*) FROM main.unmatched_events WHERE tenant_id = '' \
             GROUP BY provider, external_key ORDER BY provider, external_key LIMIT 1000"
        )?;
        session.commit().await?;
        Ok(rows
            .into_iter()
            .map(|(provider, key, count)| {
                (
                    provider,
                    key.into(),
                    u64::try_from(count).unwrap_or_default(),
                )
            })
            .collect())
    }

    /// Forgets events that were kept aside before this time, at most `limit`; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge_unmatched(&self, kept_before: Timestamp, limit: u32) -> Result<u64> {
        let mut session = self.0.write("deployment.purge_unmatched").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.unmatched_events WHERE (tenant_id, id) IN (SELECT tenant_id, id \
             FROM main.unmatched_events WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
            time::to_micros(kept_before),
            i64::from(limit),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}

/// How many there are in all, counted no further than `most`.
async fn count(session: &mut Session, most: i64) -> Result<i64> {
    let (count,) = fetch_one!(
        session,
        (i64,),
        "SELECT COUNT(*) FROM (SELECT 1 FROM main.unmatched_events WHERE tenant_id = '' LIMIT $1) AS kept",
        most
    )?;
    Ok(count)
}

async fn count_of(
    session: &mut Session,
    provider: &str,
    key: &TenantKey,
    most: i64,
) -> Result<i64> {
    let (count,) = fetch_one!(
        session,
        (i64,),
        "SELECT COUNT(*) FROM (SELECT 1 FROM main.unmatched_events WHERE tenant_id = '' AND provider = $1 \
         AND external_key = $2 LIMIT $3) AS kept",
        provider,
        key.as_str(),
        most
    )?;
    Ok(count)
}

async fn insert(session: &mut Session, new: &NewUnmatched<'_>, now: i64) -> Result<u8> {
    let parts = new.event.parts();
    let rows = execute!(
        session,
        "INSERT INTO main.unmatched_events (tenant_id, id, provider, external_key, dedupe_key, order_key, kind, \
         event_id, scheme, occurred_at, received_at, payload, sealed_key, created_at) \
         VALUES ('', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (tenant_id, provider, external_key, dedupe_key) DO NOTHING",
        new.id.as_uuid(),
        parts.provider.as_str(),
        new.key.as_str(),
        new.dedupe_key.as_str(),
        new.order_key,
        parts.kind.as_str(),
        parts.id.as_deref(),
        parts.scheme.as_str(),
        parts.occurred_at.map(time::to_micros),
        time::to_micros(parts.received_at),
        new.payload(),
        new.sealed.map(|(_, key)| key),
        now,
    )?;
    Ok(u8::from(rows == 1))
}

struct RawUnmatched {
    id: Uuid,
    tenant: String,
    integration: Uuid,
    provider: String,
    external_key: String,
    dedupe_key: String,
    order_key: Option<String>,
    kind: String,
    event_id: Option<String>,
    scheme: String,
    occurred_at: Option<i64>,
    received_at: i64,
    payload: Vec<u8>,
    sealed_key: Option<String>,
}

from_row!(RawUnmatched, |row| Ok(Self {
    id: row.try_get("id")?,
    tenant: row.try_get("tenant_id")?,
    integration: row.try_get("integration_id")?,
    provider: row.try_get("provider")?,
    external_key: row.try_get("external_key")?,
    dedupe_key: row.try_get("dedupe_key")?,
    order_key: row.try_get("order_key")?,
    kind: row.try_get("kind")?,
    event_id: row.try_get("event_id")?,
    scheme: row.try_get("scheme")?,
    occurred_at: row.try_get("occurred_at")?,
    received_at: row.try_get("received_at")?,
    payload: row.try_get("payload")?,
    sealed_key: row.try_get("sealed_key")?,
}));

impl RawUnmatched {
    fn read(self) -> Result<Attributable> {
        let mut parts = EventParts::new(
            self.provider,
            self.kind,
            self.scheme,
            time::from_micros(self.received_at)?,
            self.payload,
        );
        parts.id = self.event_id;
        parts.tenant_key = Some(TenantKey::from(self.external_key));
        parts.occurred_at = self.occurred_at.map(time::from_micros).transpose()?;
        Ok(Attributable {
            id: self.id.into(),
            tenant: TenantId::new(&self.tenant)?,
            integration: self.integration.into(),
            event: Event::restore(parts),
            sealed: self.sealed_key.is_some(),
            dedupe_key: DedupeKey::from(self.dedupe_key),
            order_key: self.order_key,
        })
    }
}
