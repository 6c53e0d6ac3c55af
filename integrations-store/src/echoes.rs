//! What we wrote last, so that it is known again when it comes back as a webhook.

use std::time::Duration;

use integrations_core::webhook::Object;
use integrations_core::{IntegrationId, Result, TenantId};

use crate::batch::{Rows, for_engine, uuid};
use crate::session::{execute, fetch_optional};
use crate::{Store, Transaction, time};

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Echo {
    /// The integration that was written to.
    pub integration: IntegrationId,
    /// What kind of record.
    pub object: Object,
    /// The provider's id of the record.
    pub external_id: String,
    /// Its content after the write; `None` forgets the entry, since somebody else changed the record.
    pub hash: Option<i64>,
}

impl Echo {
    /// The record has this content by our hand.
    #[must_use]
    pub fn written(
        integration: IntegrationId,
        object: Object,
        external_id: impl Into<String>,
        hash: i64,
    ) -> Self {
        Self {
            integration,
            object,
            external_id: external_id.into(),
            hash: Some(hash),
        }
    }

    /// The record's content is somebody else's.
    #[must_use]
    pub fn forgotten(
        integration: IntegrationId,
        object: Object,
        external_id: impl Into<String>,
    ) -> Self {
        Self {
            integration,
            object,
            external_id: external_id.into(),
            hash: None,
        }
    }
}

/// The echo ledger of a [`Store`].
#[derive(Debug, Clone)]
pub struct Echoes(Store);

impl Store {
    /// The echo ledger.
    #[must_use]
    pub fn echoes(&self) -> Echoes {
        Echoes(self.clone())
    }
}

macro_rules! record {
    ($open:literal, $close:literal) => {
        concat!(
            "INSERT INTO main.echo_ledger (tenant_id, flow, integration_id, object, external_id, hash, written_at, \
             expires_at) SELECT $1, $2, ",
            $open,
            "value->>0",
            $close,
            ", value->>1, value->>2, CAST(value->>3 AS BIGINT), c.us, c.us + $4 \
             FROM json_each($3 /*pg ::json */) AS e, main.clock AS c WHERE TRUE \
             ON CONFLICT (tenant_id, flow, integration_id, object, external_id) DO UPDATE SET hash = excluded.hash, \
             written_at = excluded.written_at, expires_at = excluded.expires_at"
        )
    };
}

macro_rules! forget {
    ($open:literal, $close:literal) => {
        concat!(
            "DELETE FROM main.echo_ledger WHERE tenant_id = $1 AND flow = $2 \
             AND (integration_id, object, external_id) IN (SELECT ",
            $open,
            "value->>0",
            $close,
            ", value->>1, value->>2 FROM json_each($3 /*pg ::json */))"
        )
    };
}

impl Echoes {
    /// Writes entries in a transaction of the caller's; each is kept for so long.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn record_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        flow: &str,
        echoes: &[Echo],
        keep: Duration,
    ) -> Result<()> {
        let (mut written, mut forgotten) = (Rows::default(), Rows::default());
        let mut sorted: Vec<&Echo> = echoes.iter().collect();
        sorted.sort_by_key(|echo| (echo.integration, echo.object, &echo.external_id));
        // One statement must not touch one row twice: the last word counts.
        for (at, echo) in sorted.iter().enumerate() {
            let same = |other: &&Echo| {
                (other.integration, other.object, &other.external_id)
                    == (echo.integration, echo.object, &echo.external_id)
            };
            if sorted.get(at + 1).is_some_and(same) {
                continue;
            }
            let mut row = vec![
                uuid(echo.integration.as_uuid()),
                echo.object.as_str().into(),
                echo.external_id.as_str().into(),
            ];
            match echo.hash {
                Some(hash) => {
                    row.push(hash.into());
                    written.push(row);
                }
                None => forgotten.push(row),
            }
        }
        let session = transaction.session();
        if !written.is_empty() {
            let sql = for_engine!(session, record);
            execute!(
                session,
                sql,
                tenant.as_str(),
                flow,
                written.json(),
                time::span(keep)
            )?;
        }
        if !forgotten.is_empty() {
            let sql = for_engine!(session, forget);
            execute!(session, sql, tenant.as_str(), flow, forgotten.json())?;
        }
        Ok(())
    }

    /// The content that we wrote last, when that is not long ago and nobody changed the record since.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find(
        &self,
        tenant: &TenantId,
        flow: &str,
        integration: IntegrationId,
        object: Object,
        external_id: &str,
    ) -> Result<Option<i64>> {
        let mut session = self.0.read("echoes.find").await?;
        let found = fetch_optional!(
            &mut session,
            (i64,),
            "SELECT hash FROM main.echo_ledger WHERE tenant_id = $1 AND flow = $2 AND integration_id = $3 \
             AND object = $4 AND external_id = $5 AND expires_at > (SELECT us FROM main.clock)",
            tenant.as_str(),
            flow,
            integration.as_uuid(),
            object.as_str(),
            external_id,
        )?;
        session.commit().await?;
        Ok(found.map(|(hash,)| hash))
    }

    /// Forgets the entries of a tenant that have expired; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge(&self, tenant: &TenantId) -> Result<u64> {
        let mut session = self.0.write("echoes.purge").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.echo_ledger WHERE tenant_id = $1 AND expires_at <= (SELECT us FROM main.clock)",
            tenant.as_str(),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
