use std::collections::HashSet;
use std::time::Duration;

use integrations_core::{Result, TenantId};
use uuid::Uuid;

use super::{Mapping, MappingId, MappingState, Mappings};
use crate::batch::{Rows, for_engine, uuid};
use crate::check::{Check, DOCUMENT, KEY};
use crate::session::fetch_all;
use crate::{Transaction, time};

/// A mapping to write, and for how long nobody else may work on it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PutMapping {
    /// The row. It is written if the stored version is the row's, and gets the next one.
    pub mapping: Mapping,
    /// Zero: it is free afterwards.
    pub claim: Duration,
}

impl PutMapping {
    /// Writes the row and leaves it free.
    #[must_use]
    pub fn new(mapping: Mapping) -> Self {
        Self {
            mapping,
            claim: Duration::ZERO,
        }
    }

    /// Keeps others off it for so long.
    #[must_use]
    pub fn claimed(mut self, claim: Duration) -> Self {
        self.claim = claim;
        self
    }

    fn check(&self) -> Result<()> {
        Check::default()
            .optional("/leftId", self.mapping.left_id.as_deref(), KEY)
            .optional("/rightId", self.mapping.right_id.as_deref(), KEY)
            .text("/base", &self.mapping.base, DOCUMENT)
            .done()
    }
}

macro_rules! put {
    ($open:literal, $close:literal) => {
        concat!(
            "INSERT INTO main.contact_mappings AS m (tenant_id, flow, id, left_id, right_id, state, creating, \
             intent_hash, intent_at, left_hash, right_hash, left_at, right_at, base, flips, flips_since, last_written, \
             claimed_until, version, created_at, updated_at) \
             SELECT $1, $2, ",
            $open,
            "value->>0",
            $close,
            ", value->>1, value->>2, value->>3, value->>4, CAST(value->>5 AS BIGINT), \
             CASE WHEN value->>4 IS NULL THEN NULL ELSE c.us END, CAST(value->>6 AS BIGINT), \
             CAST(value->>7 AS BIGINT), CAST(value->>8 AS BIGINT), CAST(value->>9 AS BIGINT), value->>10, \
             CAST(value->>11 AS BIGINT), CAST(value->>12 AS BIGINT), value->>13, \
             CASE WHEN CAST(value->>14 AS BIGINT) = 0 THEN 0 ELSE c.us + CAST(value->>14 AS BIGINT) END, \
             CAST(value->>15 AS BIGINT), c.us, c.us \
             FROM json_each($3 /*pg ::json */) AS e, main.clock AS c WHERE TRUE \
             ON CONFLICT (tenant_id, flow, id) DO UPDATE SET left_id = excluded.left_id, right_id = excluded.right_id, \
             state = excluded.state, creating = excluded.creating, intent_hash = excluded.intent_hash, \
             intent_at = CASE WHEN excluded.creating IS NULL THEN NULL WHEN m.state = 'creating' THEN m.intent_at \
             ELSE excluded.intent_at END, left_hash = excluded.left_hash, right_hash = excluded.right_hash, \
             left_at = excluded.left_at, right_at = excluded.right_at, base = excluded.base, flips = excluded.flips, \
             flips_since = excluded.flips_since, last_written = excluded.last_written, \
             claimed_until = excluded.claimed_until, version = excluded.version, updated_at = excluded.updated_at \
             WHERE m.version = excluded.version - 1 RETURNING id"
        )
    };
}

impl Mappings {
    /// Writes mappings of a flow in a transaction of the caller's; the ids of those that were written. One that
    /// somebody else changed meanwhile is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when an id is too long,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store); its code is `unique` when another mapping has one of
    /// the contacts: then the transaction has failed as a whole.
    pub async fn put_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        flow: &str,
        mappings: &[PutMapping],
    ) -> Result<HashSet<MappingId>> {
        let mut sorted: Vec<&PutMapping> = mappings.iter().collect();
        // Everybody locks in this order, so that two batches never wait for each other.
        sorted.sort_by_key(|put| put.mapping.id);
        let mut rows = Rows::default();
        for put in sorted {
            put.check()?;
            rows.push(row_of(put));
        }
        if rows.is_empty() {
            return Ok(HashSet::new());
        }
        let session = transaction.session();
        let sql = for_engine!(session, put);
        let written = fetch_all!(session, (Uuid,), sql, tenant.as_str(), flow, rows.json())?;
        Ok(written.into_iter().map(|(id,)| id.into()).collect())
    }
}

fn row_of(put: &PutMapping) -> Vec<serde_json::Value> {
    let mapping = &put.mapping;
    let creating = mapping
        .creating
        .filter(|_| mapping.state == MappingState::Creating);
    vec![
        uuid(mapping.id.as_uuid()),
        mapping.left_id.as_deref().into(),
        mapping.right_id.as_deref().into(),
        mapping.state.as_str().into(),
        creating.map(super::Side::as_str).into(),
        mapping.intent_hash.into(),
        mapping.left_hash.into(),
        mapping.right_hash.into(),
        mapping.left_at.map(time::to_micros).into(),
        mapping.right_at.map(time::to_micros).into(),
        mapping.base.as_str().into(),
        mapping.flips.into(),
        mapping.flips_since.map(time::to_micros).into(),
        mapping.last_written.map(super::Side::as_str).into(),
        time::span(put.claim).into(),
        mapping.version.saturating_add(1).into(),
    ]
}
