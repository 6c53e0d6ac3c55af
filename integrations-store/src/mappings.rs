//! Which contact on the left is which on the right, and what both were when they were last equal.

use std::time::Duration;

use integrations_core::{Result, TenantId, Timestamp, uuid_id};

use crate::batch::Rows;
use crate::session::{Session, fetch_all, fetch_optional};
use crate::{Store, Transaction};

mod messages;
mod put;
mod row;
mod side;

pub use messages::{CopyState, MessageMappings};
pub use put::PutMapping;
pub use side::{MappingState, Side};

use row::mapping_columns;

uuid_id! {
    /// One contact of a flow, on one side or on both.
    pub struct MappingId;
}

/// The most rows that one [`Mappings::list`] returns.
const PAGE: u32 = 1000;

/// One contact of a flow.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
    /// The contact's id on the left.
    pub left_id: Option<String>,
    /// The contact's id on the right.
    pub right_id: Option<String>,
    /// How it stands.
    pub state: MappingState,
    /// Where a creation is under way.
    pub creating: Option<Side>,
    /// The content that is being created.
    pub intent_hash: Option<i64>,
    /// How long ago the creation was begun, by the database's clock. Read only.
    pub intent_age: Option<Duration>,
    /// The left's content when both were last equal.
    pub left_hash: Option<i64>,
    /// The right's content when both were last equal.
    pub right_hash: Option<i64>,
    /// When the left's content was last changed, by the left's clock.
    pub left_at: Option<Timestamp>,
    /// When the right's content was last changed, by the right's clock.
    pub right_at: Option<Timestamp>,
    /// What the engine needs to compare field by field, as JSON: hashes only.
    pub base: String,
    /// How often in a row the sides took turns to overwrite each other.
    pub flips: u32,
    /// Since when they do.
    pub flips_since: Option<Timestamp>,
    /// The side that was written last.
    pub last_written: Option<Side>,
    /// Whether somebody works on it now, by the database's clock. Read only.
    pub claimed: bool,
    /// Grows with each write; a write that expects another one is refused. 0: not stored yet.
    pub version: u64,
    /// When it was last written, by the database's clock. Read only.
    pub updated_at: Option<Timestamp>,
}

impl Mapping {
    /// A contact that is known on one side alone, not stored yet.
    #[must_use]
    pub fn new(side: Side, external_id: impl Into<String>) -> Self {
        let mut mapping = Self {
            id: MappingId::new(),
            left_id: None,
            right_id: None,
            state: MappingState::Half,
            creating: None,
            intent_hash: None,
            intent_age: None,
            left_hash: None,
            right_hash: None,
            left_at: None,
            right_at: None,
            base: "{}".to_owned(),
            flips: 0,
            flips_since: None,
            last_written: None,
            claimed: false,
            version: 0,
            updated_at: None,
        };
        *mapping.external_id_mut(side) = Some(external_id.into());
        mapping
    }

    /// The contact's id on a side.
    #[must_use]
    pub fn external_id(&self, side: Side) -> Option<&str> {
        match side {
            Side::Left => self.left_id.as_deref(),
            Side::Right => self.right_id.as_deref(),
        }
    }

    /// The contact's id on a side, to change it.
    pub fn external_id_mut(&mut self, side: Side) -> &mut Option<String> {
        match side {
            Side::Left => &mut self.left_id,
            Side::Right => &mut self.right_id,
        }
    }

    /// A side's content when both were last equal.
    #[must_use]
    pub fn hash(&self, side: Side) -> Option<i64> {
        match side {
            Side::Left => self.left_hash,
            Side::Right => self.right_hash,
        }
    }

    /// Remembers a side's content and when it was changed there.
    pub fn agree(&mut self, side: Side, hash: Option<i64>, at: Option<Timestamp>) {
        let (own_hash, own_at) = match side {
            Side::Left => (&mut self.left_hash, &mut self.left_at),
            Side::Right => (&mut self.right_hash, &mut self.right_at),
        };
        *own_hash = hash;
        *own_at = at.or(*own_at);
    }

    /// When a side's content was last changed, by that side's clock.
    #[must_use]
    pub fn changed_at(&self, side: Side) -> Option<Timestamp> {
        match side {
            Side::Left => self.left_at,
            Side::Right => self.right_at,
        }
    }
}

/// The contact mappings of a [`Store`].
#[derive(Debug, Clone)]
pub struct Mappings(Store);

impl Store {
    /// The contact mappings.
    #[must_use]
    pub fn mappings(&self) -> Mappings {
        Mappings(self.clone())
    }
}

macro_rules! select {
    ($rest:literal) => {
        select!("main.contact_mappings", $rest)
    };
    ($from:expr, $rest:literal) => {
        concat!(
            "SELECT ",
            mapping_columns!(),
            " FROM ",
            $from,
            " WHERE tenant_id = $1 AND flow = $2 AND ",
            $rest
        )
    };
}

/// The rows of many ids. A join in this order, since SQLite would take `IN` for a reason to read the whole flow.
macro_rules! select_many {
    ($column:literal) => {
        select!(
            concat!(
                "(SELECT DISTINCT value->>0 AS wanted FROM json_each($3 /*pg ::json */)) AS asked CROSS JOIN ",
                "main.contact_mappings"
            ),
            $column
        )
    };
}

async fn find(
    session: &mut Session,
    tenant: &TenantId,
    flow: &str,
    side: Side,
    external_id: &str,
) -> Result<Option<Mapping>> {
    let sql = match side {
        Side::Left => select!("left_id = $3"),
        Side::Right => select!("right_id = $3"),
    };
    fetch_optional!(session, Mapping, sql, tenant.as_str(), flow, external_id)
}

impl Mappings {
    /// The mapping of a contact of one side.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        external_id: &str,
    ) -> Result<Option<Mapping>> {
        let mut session = self.0.read("mappings.find").await?;
        let found = find(&mut session, tenant, flow, side, external_id).await?;
        session.commit().await?;
        Ok(found)
    }

    /// [`find`](Self::find) in a transaction of the caller's, without a second connection.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        external_id: &str,
    ) -> Result<Option<Mapping>> {
        find(transaction.session(), tenant, flow, side, external_id).await
    }

    /// The mappings of many contacts of one side; those that have none are left out.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find_many<'a>(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        external_ids: impl IntoIterator<Item = &'a str> + Send,
    ) -> Result<Vec<Mapping>> {
        let ids = Rows::of(external_ids);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = match side {
            Side::Left => select_many!("left_id = wanted"),
            Side::Right => select_many!("right_id = wanted"),
        };
        let mut session = self.0.read("mappings.find_many").await?;
        let found = fetch_all!(
            &mut session,
            Mapping,
            sql,
            tenant.as_str(),
            flow,
            ids.json()
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// Reads one by its id.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn get(
        &self,
        tenant: &TenantId,
        flow: &str,
        id: MappingId,
    ) -> Result<Option<Mapping>> {
        let mut session = self.0.read("mappings.get").await?;
        let found = fetch_optional!(
            &mut session,
            Mapping,
            select!("id = $3"),
            tenant.as_str(),
            flow,
            id.as_uuid()
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// The mappings of a flow in order of creation, at most 1,000 at a time: those after the id `after`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn list(
        &self,
        tenant: &TenantId,
        flow: &str,
        state: Option<MappingState>,
        after: Option<MappingId>,
        limit: u32,
    ) -> Result<Vec<Mapping>> {
        let mut session = self.0.read("mappings.list").await?;
        let found = fetch_all!(
            &mut session,
            Mapping,
            select!("id > $3 AND ($4 = '' OR state = $4) ORDER BY id LIMIT $5"),
            tenant.as_str(),
            flow,
            after.map_or(uuid::Uuid::nil(), |id| id.as_uuid()),
            state.map_or("", MappingState::as_str),
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// A contact of this content that is being created on a side, or may have been: its mapping does not know the new
    /// contact's id yet. The oldest, when there are several.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn find_creating(
        &self,
        tenant: &TenantId,
        flow: &str,
        side: Side,
        hash: i64,
    ) -> Result<Option<Mapping>> {
        let mut session = self.0.read("mappings.find_creating").await?;
        let found = fetch_optional!(
            &mut session,
            Mapping,
            // SQLite would read the whole flow in the order of ids; to PostgreSQL its hint is a comment.
            select!(
                concat!(
                    "main.contact_mappings",
                    " /*pg -- */ INDEXED BY contact_mappings_creating\n"
                ),
                "state = 'creating' AND creating = $3 AND intent_hash = $4 ORDER BY id LIMIT 1"
            ),
            tenant.as_str(),
            flow,
            side.as_str(),
            hash,
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// How many mappings of a flow are in each state.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn counts(&self, tenant: &TenantId, flow: &str) -> Result<Vec<(MappingState, u64)>> {
        let mut session = self.0.read("mappings.counts").await?;
        let rows = fetch_all!(
            &mut session,
            (String, i64),
            "SELECT state, COUNT(*) FROM main.contact_mappings WHERE tenant_id = $1 AND flow = $2 \
             GROUP BY state ORDER BY state",
            tenant.as_str(),
            flow,
        )?;
        session.commit().await?;
        rows.into_iter()
            .map(|(state, count)| Ok((state.parse()?, u64::try_from(count).unwrap_or_default())))
            .collect()
    }

    /// Forgets contacts that were deleted on both sides so long ago that nothing late arrives of them any more; how
    /// many.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn purge(&self, tenant: &TenantId, flow: &str, older_than: Duration) -> Result<u64> {
        let mut session = self.0.write("mappings.purge").await?;
        let rows = crate::session::execute!(
            &mut session,
            "DELETE FROM main.contact_mappings WHERE tenant_id = $1 AND flow = $2 AND state = 'gone' \
             AND updated_at <= (SELECT us FROM main.clock) - $3",
            tenant.as_str(),
            flow,
            crate::time::span(older_than),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
