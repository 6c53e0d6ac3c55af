//! The log of the runs of flows: what each read and wrote, and how it ended.

use std::str::FromStr;

use integrations_core::{Error, ErrorKind, Result, TenantId, Timestamp, uuid_id};

use crate::check::{Check, LONG, SHORT, shorten};
use crate::columns::run_columns;
use crate::session::{execute, fetch_all, fetch_optional};
use crate::{Store, Transaction, error};

mod row;

uuid_id! {
    /// One run of a flow.
    pub struct RunId;
}

/// The most rows that one [`Runs::list`] returns.
const PAGE: u32 = 500;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ } $what:literal) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
        }

        impl $name {
            /// The word that is stored and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(error::corrupt(concat!("a stored ", $what, " is not one of its words"))),
                }
            }
        }
    };
}

words! {
    /// How much a run reads.
    RunKind {
        /// What changed since the last one.
        Incremental = "incremental",
        /// Everything, and what is no longer there.
        Full = "full",
        /// Everything, to heal what was lost.
        Reconcile = "reconcile",
    }
    "kind of run"
}

words! {
    /// How a run stands.
    RunStatus {
        /// Under way, or cut off by the end of a process: then the next run of the flow goes on with it.
        Running = "running",
        /// Done.
        Done = "done",
        /// Given up, with a reason.
        Failed = "failed",
        /// Ended by a person.
        Cancelled = "cancelled",
    }
    "status of a run"
}

/// What a run has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct RunCounts {
    /// Records read from both sides.
    pub read: u64,
    /// Records created.
    pub created: u64,
    /// Records changed.
    pub updated: u64,
    /// Records deleted.
    pub deleted: u64,
    /// Records found to be one.
    pub linked: u64,
    /// Records that were equal.
    pub skipped: u64,
    /// Questions to a person.
    pub conflicts: u64,
    /// Records that a provider refused.
    pub failed: u64,
}

impl std::ops::AddAssign for RunCounts {
    fn add_assign(&mut self, more: Self) {
        self.read += more.read;
        self.created += more.created;
        self.updated += more.updated;
        self.deleted += more.deleted;
        self.linked += more.linked;
        self.skipped += more.skipped;
        self.conflicts += more.conflicts;
        self.failed += more.failed;
    }
}

/// One run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct StoredRun {
    /// Its id: ordered by start.
    pub id: RunId,
    /// The flow.
    pub flow: String,
    /// How much it reads.
    pub kind: RunKind,
    /// What started it: `schedule`, `manual`, `user:42`.
    pub started_by: String,
    /// How it stands.
    pub status: RunStatus,
    /// What it does at the moment.
    pub phase: String,
    /// How many records it expects to read, when it knows.
    pub expected: Option<u64>,
    /// What it has done.
    pub counts: RunCounts,
    /// How often it was begun: more than once after a process ended.
    pub attempts: u32,
    /// Whether a person asked it to end.
    pub cancel_requested: bool,
    /// Why it failed: the kind of error.
    pub error_kind: Option<String>,
    /// Why it failed, in one line.
    pub error_message: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last said that it lives.
    pub heartbeat_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// The log of runs of a [`Store`].
#[derive(Debug, Clone)]
pub struct Runs(Store);

impl Store {
    /// The log of runs.
    #[must_use]
    pub fn runs(&self) -> Runs {
        Runs(self.clone())
    }
}

impl Runs {
    /// Begins a run, or goes on with the one of this kind that was cut off. The caller holds the flow's lease.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn begin_run(
        &self,
        tenant: &TenantId,
        flow: &str,
        kind: RunKind,
        started_by: &str,
    ) -> Result<StoredRun> {
        Check::default()
            .text("/startedBy", started_by, SHORT)
            .done()?;
        let mut session = self.0.write("runs.begin").await?;
        let run = crate::session::fetch_one!(
            &mut session,
            StoredRun,
            concat!(
                "INSERT INTO main.sync_log AS r (tenant_id, id, flow, kind, started_by, status, phase, records_read, \
                 created, updated, deleted, linked, skipped, conflicts, failed, attempts, cancelled, started_at, \
                 heartbeat_at) SELECT $1, $2, $3, $4, $5, 'running', '', 0, 0, 0, 0, 0, 0, 0, 0, 1, FALSE, us, us \
                 FROM main.clock WHERE TRUE \
                 ON CONFLICT (tenant_id, flow, kind) WHERE status = 'running' DO UPDATE SET \
                 attempts = r.attempts + 1, cancelled = FALSE, heartbeat_at = excluded.heartbeat_at RETURNING ",
                run_columns!()
            ),
            tenant.as_str(),
            RunId::new().as_uuid(),
            flow,
            kind.as_str(),
            started_by,
        )?;
        session.commit().await?;
        Ok(run)
    }

    /// Notes how far a run is, in a transaction of the caller's; whether a person asked it to end.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn checkpoint_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        id: RunId,
        phase: &str,
        expected: Option<u64>,
        counts: &RunCounts,
    ) -> Result<bool> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let found = fetch_optional!(
            transaction.session(),
            (bool,),
            "UPDATE main.sync_log SET phase = $3, expected = COALESCE($4, expected), records_read = $5, created = $6, \
             updated = $7, deleted = $8, linked = $9, skipped = $10, conflicts = $11, failed = $12, \
             heartbeat_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND id = $2 AND status = 'running' RETURNING cancelled",
            tenant.as_str(),
            id.as_uuid(),
            phase,
            expected.map(number),
            number(counts.read),
            number(counts.created),
            number(counts.updated),
            number(counts.deleted),
            number(counts.linked),
            number(counts.skipped),
            number(counts.conflicts),
            number(counts.failed),
        )?;
        // A run that is not there any more went with its flow.
        Ok(found.is_none_or(|(cancelled,)| cancelled))
    }

    /// Ends a run. Of an error its kind and its line are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn finish(
        &self,
        tenant: &TenantId,
        id: RunId,
        status: RunStatus,
        error: Option<&Error>,
    ) -> Result<()> {
        let mut session = self.0.write("runs.finish").await?;
        execute!(
            &mut session,
            "UPDATE main.sync_log SET status = $3, error_kind = $4, error_message = $5, \
             heartbeat_at = (SELECT us FROM main.clock), finished_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND id = $2 AND status = 'running'",
            tenant.as_str(),
            id.as_uuid(),
            status.as_str(),
            error.map(|error| error.kind().as_str()),
            error.map(|error| shorten(&error.to_string(), LONG)),
        )?;
        session.commit().await
    }

    /// Asks a run to end; whether it was under way.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn cancel(&self, tenant: &TenantId, id: RunId) -> Result<bool> {
        let mut session = self.0.write("runs.cancel").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.sync_log SET cancelled = TRUE WHERE tenant_id = $1 AND id = $2 AND status = 'running'",
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when this tenant has none of this id, [`ErrorKind::Store`].
    pub async fn get(&self, tenant: &TenantId, id: RunId) -> Result<StoredRun> {
        let mut session = self.0.read("runs.get").await?;
        let found = fetch_optional!(
            &mut session,
            StoredRun,
            concat!(
                "SELECT ",
                run_columns!(),
                " FROM main.sync_log WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such run"))
    }

    /// The runs of a flow, or of all flows, newest first; at most 500 at a time: those before the id `before`.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        flow: Option<&str>,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<StoredRun>> {
        let mut session = self.0.read("runs.list").await?;
        let rows = fetch_all!(
            &mut session,
            StoredRun,
            concat!(
                "SELECT ",
                run_columns!(),
                " FROM main.sync_log WHERE tenant_id = $1 AND ($2 = '' OR flow = $2) AND ($3 = 0 OR id < $4) \
                 ORDER BY id DESC LIMIT $5"
            ),
            tenant.as_str(),
            flow.unwrap_or_default(),
            i64::from(before.is_some()),
            before.map(|id| id.as_uuid()),
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}
