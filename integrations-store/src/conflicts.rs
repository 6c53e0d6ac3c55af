//! What a person has to decide.

use integrations_core::{Error, ErrorKind, Result, TenantId, Timestamp, uuid_id};
use sqlx::Row as _;
use uuid::Uuid;

use crate::batch::{Rows, for_engine, uuid};
use crate::check::{Check, DOCUMENT, KEY, SHORT};
use crate::columns::{broken, conflict_columns};
use crate::mappings::MappingId;
use crate::session::{execute, fetch_all, fetch_optional, from_row};
use crate::{Store, Transaction, time};

uuid_id! {
    /// One question to a person.
    pub struct ConflictId;
}

/// The most rows that one [`Conflicts::list`] returns.
const PAGE: u32 = 500;

/// A question to a person. Asked again while it is open, it only counts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewConflict {
    /// What it is about: one open question per subject.
    pub subject: String,
    /// What kind of question.
    pub kind: String,
    /// The mapping that waits.
    pub mapping: Option<MappingId>,
    /// The contact on the left.
    pub left_id: Option<String>,
    /// The contact on the right.
    pub right_id: Option<String>,
    /// More, as JSON: names of fields and ids of candidates, never values.
    pub details: String,
}

impl NewConflict {
    /// A question about a subject.
    pub fn new(kind: impl Into<String>, subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            kind: kind.into(),
            mapping: None,
            left_id: None,
            right_id: None,
            details: "{}".to_owned(),
        }
    }

    fn check(&self) -> Result<()> {
        Check::default()
            .text("/subject", &self.subject, KEY + SHORT)
            .text("/kind", &self.kind, SHORT)
            .optional("/leftId", self.left_id.as_deref(), KEY)
            .optional("/rightId", self.right_id.as_deref(), KEY)
            .text("/details", &self.details, DOCUMENT)
            .done()
    }
}

/// One question as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredConflict {
    /// Its id.
    pub id: ConflictId,
    /// The flow.
    pub flow: String,
    /// What it is about.
    pub subject: String,
    /// What kind of question.
    pub kind: String,
    /// The mapping that waits.
    pub mapping: Option<MappingId>,
    /// The contact on the left.
    pub left_id: Option<String>,
    /// The contact on the right.
    pub right_id: Option<String>,
    /// More, as JSON.
    pub details: String,
    /// How often it came up.
    pub seen: u64,
    /// What was decided.
    pub resolution: Option<String>,
    /// Who decided.
    pub resolved_by: Option<String>,
    /// When it first came up.
    pub created_at: Timestamp,
    /// When it last came up.
    pub updated_at: Timestamp,
    /// When it was decided.
    pub resolved_at: Option<Timestamp>,
}

from_row!(StoredConflict, |row| {
    let at = |column| -> sqlx::Result<_> {
        row.try_get::<Option<i64>, _>(column)?
            .map(time::from_micros)
            .transpose()
            .map_err(|_| broken("conflicts", column))
    };
    Ok(Self {
        id: row.try_get::<Uuid, _>("id")?.into(),
        flow: row.try_get("flow")?,
        subject: row.try_get("subject")?,
        kind: row.try_get("kind")?,
        mapping: row
            .try_get::<Option<Uuid>, _>("mapping_id")?
            .map(MappingId::from),
        left_id: row.try_get("left_id")?,
        right_id: row.try_get("right_id")?,
        details: row.try_get("details")?,
        seen: row
            .try_get::<i64, _>("seen")?
            .try_into()
            .unwrap_or_default(),
        resolution: row.try_get("resolution")?,
        resolved_by: row.try_get("resolved_by")?,
        created_at: at("created_at")?.unwrap_or_default(),
        updated_at: at("updated_at")?.unwrap_or_default(),
        resolved_at: at("resolved_at")?,
    })
});

/// The manual queue of a [`Store`].
#[derive(Debug, Clone)]
pub struct Conflicts(Store);

impl Store {
    /// The manual queue.
    #[must_use]
    pub fn conflicts(&self) -> Conflicts {
        Conflicts(self.clone())
    }
}

macro_rules! raise {
    ($open:literal, $close:literal) => {
        concat!(
            "INSERT INTO main.conflicts AS q (tenant_id, id, flow, subject, kind, mapping_id, left_id, right_id, \
             details, seen, created_at, updated_at) SELECT $1, ",
            $open,
            "value->>0",
            $close,
            ", $2, value->>1, value->>2, ",
            $open,
            "value->>3",
            $close,
            ", value->>4, value->>5, value->>6, 1, c.us, c.us \
             FROM json_each($3 /*pg ::json */) AS e, main.clock AS c WHERE TRUE \
             ON CONFLICT (tenant_id, flow, subject) WHERE resolved_at IS NULL DO UPDATE SET seen = q.seen + 1, \
             kind = excluded.kind, mapping_id = COALESCE(excluded.mapping_id, q.mapping_id), \
             left_id = COALESCE(excluded.left_id, q.left_id), right_id = COALESCE(excluded.right_id, q.right_id), \
             details = excluded.details, updated_at = excluded.updated_at"
        )
    };
}

impl Conflicts {
    /// Asks questions in a transaction of the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when a text is too long, [`ErrorKind::Store`].
    pub async fn raise_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        flow: &str,
        conflicts: &[NewConflict],
    ) -> Result<()> {
        let mut rows = Rows::default();
        let mut sorted: Vec<&NewConflict> = conflicts.iter().collect();
        sorted.sort_by(|a, b| a.subject.cmp(&b.subject));
        sorted.dedup_by(|a, b| a.subject == b.subject);
        for conflict in sorted {
            conflict.check()?;
            rows.push(vec![
                uuid(ConflictId::new().as_uuid()),
                conflict.subject.as_str().into(),
                conflict.kind.as_str().into(),
                conflict.mapping.map(|id| uuid(id.as_uuid())).into(),
                conflict.left_id.as_deref().into(),
                conflict.right_id.as_deref().into(),
                conflict.details.as_str().into(),
            ]);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let session = transaction.session();
        let sql = for_engine!(session, raise);
        execute!(session, sql, tenant.as_str(), flow, rows.json())?;
        Ok(())
    }

    /// Reads one; `None` when this tenant has none of this id.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn find(&self, tenant: &TenantId, id: ConflictId) -> Result<Option<StoredConflict>> {
        let mut session = self.0.read("conflicts.find").await?;
        let found = fetch_optional!(
            &mut session,
            StoredConflict,
            concat!(
                "SELECT ",
                conflict_columns!(),
                " FROM main.conflicts WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// The questions of a flow in the order in which they came up, at most 500 at a time: the open ones, or all.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        flow: &str,
        open_only: bool,
        after: Option<ConflictId>,
        limit: u32,
    ) -> Result<Vec<StoredConflict>> {
        let mut session = self.0.read("conflicts.list").await?;
        let rows = fetch_all!(
            &mut session,
            StoredConflict,
            concat!(
                "SELECT ",
                conflict_columns!(),
                " FROM main.conflicts WHERE tenant_id = $1 AND flow = $2 AND ($3 = 0 OR resolved_at IS NULL) \
                 AND id > $4 ORDER BY id LIMIT $5"
            ),
            tenant.as_str(),
            flow,
            i64::from(open_only),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// How many open questions of each kind a flow has.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn counts(&self, tenant: &TenantId, flow: &str) -> Result<Vec<(String, u64)>> {
        let mut session = self.0.read("conflicts.counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, i64),
            "SELECT kind, COUNT(*) FROM main.conflicts WHERE tenant_id = $1 AND flow = $2 AND resolved_at IS NULL \
             GROUP BY kind ORDER BY kind",
            tenant.as_str(),
            flow,
        )?;
        session.commit().await?;
        let count = |(kind, count): (String, i64)| (kind, u64::try_from(count).unwrap_or_default());
        Ok(rows.into_iter().map(count).collect())
    }

    /// Closes a question in a transaction of the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `resolved` when somebody closed it already or it is not there,
    /// [`ErrorKind::Store`].
    pub async fn resolve_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        id: ConflictId,
        resolution: &str,
        actor: &str,
    ) -> Result<()> {
        Check::default()
            .text("/resolution", resolution, SHORT)
            .text("/actor", actor, SHORT)
            .done()?;
        let rows = execute!(
            transaction.session(),
            "UPDATE main.conflicts SET resolution = $3, resolved_by = $4, resolved_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND id = $2 AND resolved_at IS NULL",
            tenant.as_str(),
            id.as_uuid(),
            resolution,
            actor,
        )?;
        if rows == 0 {
            return Err(
                Error::new(ErrorKind::Conflict, "this question is not open any more")
                    .with_code("resolved"),
            );
        }
        Ok(())
    }

    /// Closes the open questions about some subjects, since they have answered themselves; how many there were.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn withdraw_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        flow: &str,
        subjects: &[String],
    ) -> Result<u64> {
        let rows = Rows::of(subjects.iter().map(String::as_str));
        if rows.is_empty() {
            return Ok(0);
        }
        execute!(
            transaction.session(),
            "UPDATE main.conflicts SET resolution = 'withdrawn', resolved_by = 'sync', \
             resolved_at = (SELECT us FROM main.clock) WHERE tenant_id = $1 AND flow = $2 AND resolved_at IS NULL \
             AND subject IN (SELECT value->>0 FROM json_each($3 /*pg ::json */))",
            tenant.as_str(),
            flow,
            rows.json(),
        )
    }
}
