//! Dead letters: jobs and events that were given up, kept with the reason until somebody replays or drops them.

use integrations_core::{Result, TenantId, Timestamp};

use crate::check::{Check, KEY, PAYLOAD, SHORT, shorten};
use crate::columns::dead_letter_columns;
use crate::session::{execute, fetch_all, fetch_optional};
use crate::{Store, Transaction, time};

mod model;
mod row;

pub use model::{
    CauseCount, DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterStatus, DeadSource,
    NewDeadLetter,
};

use row::RawLetter;

/// The most rows that one [`DeadLetters::list`] returns.
const PAGE: u32 = 500;
/// How much of a message is kept.
const MESSAGE: usize = 1024;

/// The dead letters of a [`Store`].
#[derive(Debug, Clone)]
pub struct DeadLetters(Store);

impl Store {
    /// The jobs and events that were given up.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters(self.clone())
    }
}

impl DeadLetters {
    /// Adds one in a transaction, so that it commits with whatever gave the work up. `None` when the same job or event
    /// has an open one already: that one stays as it is.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when a text is too long,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn add_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        new: &NewDeadLetter,
    ) -> Result<Option<DeadLetterId>> {
        Check::default()
            .text("/sourceId", &new.source_id, KEY)
            .text("/kind", &new.kind, SHORT)
            .text("/cause", &new.cause, SHORT)
            .optional("/subject", new.subject.as_deref(), KEY)
            .optional("/payload", Some(&new.payload), PAYLOAD)
            .optional("/options", Some(&new.options), PAYLOAD)
            .done()?;
        let id = DeadLetterId::new();
        let rows = execute!(
            transaction.session(),
            "INSERT INTO main.dead_letters (tenant_id, id, source, source_id, kind, subject, integration_id, cause, \
             code, message, attempts, payload, options, status, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', (SELECT us FROM main.clock)) \
             ON CONFLICT (tenant_id, source, source_id) WHERE status = 'open' DO NOTHING",
            tenant.as_str(),
            id.as_uuid(),
            new.source.as_str(),
            new.source_id.as_str(),
            new.kind.as_str(),
            new.subject.as_deref(),
            new.integration.map(|id| id.as_uuid()),
            new.cause.as_str(),
            new.code.as_deref().map(|code| shorten(code, SHORT)),
            shorten(&new.message, MESSAGE),
            i64::from(new.attempts),
            new.payload.as_str(),
            new.options.as_str(),
        )?;
        Ok((rows == 1).then_some(id))
    }

    /// Reads one; `None` when this tenant has none of this id.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find(&self, tenant: &TenantId, id: DeadLetterId) -> Result<Option<DeadLetter>> {
        let mut session = self.0.read("dead_letters.find").await?;
        let row = fetch_optional!(
            &mut session,
            RawLetter,
            concat!(
                "SELECT ",
                dead_letter_columns!(),
                " FROM main.dead_letters WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        row.map(RawLetter::read).transpose()
    }

    /// Reads one that is still open, in a transaction: nobody else changes it before that ends.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find_open_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        id: DeadLetterId,
    ) -> Result<Option<DeadLetter>> {
        let row = fetch_optional!(
            transaction.session(),
            RawLetter,
            concat!(
                "SELECT ",
                dead_letter_columns!(),
                " FROM main.dead_letters WHERE tenant_id = $1 AND id = $2 AND status = 'open' /*pg FOR UPDATE */"
            ),
            tenant.as_str(),
            id.as_uuid(),
        )?;
        row.map(RawLetter::read).transpose()
    }

    /// One page of a tenant's dead letters, oldest first: see [`DeadLetterFilter`].
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn list(
        &self,
        tenant: &TenantId,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetter>> {
        let mut session = self.0.read("dead_letters.list").await?;
        let rows = fetch_all!(
            &mut session,
            RawLetter,
            concat!(
                "SELECT ",
                dead_letter_columns!(),
                " FROM main.dead_letters WHERE tenant_id = $1 AND id > $2 \
                 AND ($3 = '' OR status = $3) AND ($4 = '' OR source = $4) AND ($5 = '' OR kind = $5) \
                 AND ($6 = '' OR cause = $6) AND created_at >= $7 AND created_at < $8 ORDER BY id LIMIT $9"
            ),
            tenant.as_str(),
            filter
                .after
                .map_or(uuid::Uuid::nil(), |after| after.as_uuid()),
            filter.status.map_or("", DeadLetterStatus::as_str),
            filter.source.map_or("", DeadSource::as_str),
            filter.kind.as_deref().unwrap_or_default(),
            filter.cause.as_deref().unwrap_or_default(),
            filter.since.map_or(i64::MIN, time::to_micros),
            filter.until.map_or(i64::MAX, time::to_micros),
            i64::from(filter.limit.min(PAGE)),
        )?;
        session.commit().await?;
        rows.into_iter().map(RawLetter::read).collect()
    }

    /// How many open ones there are of each source, kind and cause.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn counts(&self, tenant: &TenantId) -> Result<Vec<CauseCount>> {
        let mut session = self.0.read("dead_letters.counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, String, String, i64),
            "SELECT source, kind, cause, COUNT(*) FROM main.dead_letters WHERE tenant_id = $1 AND status = 'open' \
             GROUP BY source, kind, cause ORDER BY source, kind, cause",
            tenant.as_str(),
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(source, kind, cause, count)| {
                Ok(CauseCount {
                    source: source.parse()?,
                    kind,
                    cause,
                    count: u64::try_from(count).unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Marks an open one as replayed, in the transaction that enqueues the work again under the id `replayed_as`;
    /// whether it was open.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn mark_replayed_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        id: DeadLetterId,
        replayed_as: &str,
    ) -> Result<bool> {
        Check::default()
            .text("/replayedAs", replayed_as, KEY)
            .done()?;
        let rows = execute!(
            transaction.session(),
            "UPDATE main.dead_letters SET status = 'replayed', replayed_as = $3, \
             resolved_at = (SELECT us FROM main.clock) WHERE tenant_id = $1 AND id = $2 AND status = 'open'",
            tenant.as_str(),
            id.as_uuid(),
            replayed_as,
        )?;
        Ok(rows == 1)
    }

    /// Marks an open one as dropped: nobody will do this work. Whether it was open.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn drop_letter(&self, tenant: &TenantId, id: DeadLetterId) -> Result<bool> {
        let mut session = self.0.write("dead_letters.drop").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.dead_letters SET status = 'dropped', resolved_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND id = $2 AND status = 'open'",
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Deletes those that were replayed or dropped before `before`, at most 10,000 at a time; how many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge(&self, tenant: &TenantId, before: Timestamp) -> Result<u64> {
        let mut session = self.0.write("dead_letters.purge").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.dead_letters WHERE tenant_id = $1 AND id IN ( \
             SELECT id FROM main.dead_letters WHERE tenant_id = $1 AND resolved_at < $2 LIMIT 10000)",
            tenant.as_str(),
            time::to_micros(before),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
