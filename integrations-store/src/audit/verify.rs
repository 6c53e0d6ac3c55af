use std::fmt;

use integrations_core::{Result, TenantId};

use super::chain::{GENESIS, hash};
use super::{Audit, RawAudit};
use crate::session::{Session, fetch_all, fetch_optional};

/// How many rows are in memory at a time.
const BATCH: i64 = 500;

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// The row's content, or the row before it, is not what was written.
    Changed,
    /// A row is missing before this one, or was put in.
    Gap,
    /// The chain ends before or after the row that its head remembers.
    Tail,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "a row was changed",
            Self::Gap => "a row is missing or was put in",
            Self::Tail => "the last rows are missing or were put in",
        })
    }
}

/// What [`Audit::verify_chain`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainReport {
    /// How many rows the tenant has.
    pub rows: u64,
    /// Whether every row is as it was written and none is missing.
    pub ok: bool,
    /// The number of the first row that is wrong, and how.
    pub first_bad: Option<(u64, Broken)>,
    /// The hash of the last row, in hex: keep it elsewhere, and a chain that was rewritten from end to end shows too.
    pub head: String,
}

impl Audit {
    /// Reads the tenant's whole chain and checks each link: changed, missing, inserted and reordered rows show, and
    /// so does a cut tail, because the head remembers how many rows there were.
    ///
    /// Who can write to the database and knows the scheme can rewrite the chain *and* its head; keep
    /// [`ChainReport::head`] in another place to see that too.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store). A broken chain is not an error but a report.
    pub async fn verify_chain(&self, tenant: &TenantId) -> Result<ChainReport> {
        // The head first: rows that are appended meanwhile are not looked at.
        let mut session = self.0.read("audit.verify").await?;
        let head = fetch_optional!(
            &mut session,
            (i64, Vec<u8>),
            "SELECT entries, hash FROM main.audit_heads WHERE tenant_id = $1",
            tenant.as_str()
        )?;
        let (entries, head) = head.unwrap_or((0, GENESIS.to_vec()));
        let mut walk = Walk {
            tenant,
            entries,
            next: 1,
            rows: 0,
            last: GENESIS.to_vec(),
            bad: None,
        };
        walk.run(&mut session).await?;
        let beyond = walk.rows_after_head(&mut session).await?;
        session.commit().await?;
        let tail = entries + 1 != walk.next || head != walk.last || beyond;
        if walk.bad.is_none() && tail {
            walk.bad = Some((walk.next, Broken::Tail));
        }
        Ok(ChainReport {
            rows: walk.rows,
            ok: walk.bad.is_none(),
            first_bad: walk
                .bad
                .map(|(seq, why)| (u64::try_from(seq).unwrap_or_default(), why)),
            head: hex::encode(head),
        })
    }
}

struct Walk<'a> {
    tenant: &'a TenantId,
    entries: i64,
    next: i64,
    rows: u64,
    last: Vec<u8>,
    bad: Option<(i64, Broken)>,
}

impl Walk<'_> {
    async fn run(&mut self, session: &mut Session) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let rows = fetch_all!(
                session,
                RawAudit,
                "SELECT seq, id, integration_id, at, actor, action, details, hash FROM main.audit_log \
                 WHERE tenant_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
                self.tenant.as_str(),
                after,
                self.entries,
                BATCH,
            )?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.seq;
            for row in &rows {
                self.step(row);
            }
        }
    }

    fn step(&mut self, row: &RawAudit) {
        self.rows += 1;
        if self.bad.is_some() {
            return;
        }
        let expected = hash(&self.last, self.tenant, row);
        if row.seq != self.next {
            self.bad = Some((self.next.min(row.seq), Broken::Gap));
        } else if row.hash != expected {
            self.bad = Some((row.seq, Broken::Changed));
        }
        self.next = row.seq + 1;
        self.last.clone_from(&row.hash);
    }

    /// Rows that the head does not count. One may be a writer's that committed since the head was read: then the
    /// head has moved with it.
    async fn rows_after_head(&self, session: &mut Session) -> Result<bool> {
        let found = fetch_optional!(
            session,
            (i64,),
            "SELECT seq FROM main.audit_log WHERE tenant_id = $1 AND seq > \
             COALESCE((SELECT entries FROM main.audit_heads WHERE tenant_id = $1), 0) LIMIT 1",
            self.tenant.as_str()
        )?;
        Ok(found.is_some())
    }
}
