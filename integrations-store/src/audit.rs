//! The audit trail: who did what, in a hash chain per tenant.

use integrations_core::{AuditId, IntegrationId, Result, TenantId, Timestamp};
use serde_json::Value;

use crate::check::{Check, DOCUMENT, SHORT};
use crate::session::{Session, execute, fetch_all, fetch_one};
use crate::{Store, time};

mod chain;
mod row;
mod verify;

pub use verify::{Broken, ChainReport};

use chain::GENESIS;
pub(crate) use row::RawAudit;

/// The most rows that one [`Audit::list`] returns.
const PAGE: u32 = 500;

/// Something to write into the trail. Details are shown to people: put no secret and no personal data there.
#[derive(Debug, Clone)]
pub struct NewAudit<'a> {
    pub(crate) actor: &'a str,
    pub(crate) action: &'a str,
    pub(crate) integration: Option<IntegrationId>,
    pub(crate) details: Value,
}

impl<'a> NewAudit<'a> {
    /// `actor` is who did it, for example `user:42` or `system`; `action` a word such as `integration.created`.
    #[must_use]
    pub fn new(actor: &'a str, action: &'a str) -> Self {
        Self {
            actor,
            action,
            integration: None,
            details: Value::Object(serde_json::Map::new()),
        }
    }

    /// Names the integration it is about.
    #[must_use]
    pub fn integration(mut self, id: IntegrationId) -> Self {
        self.integration = Some(id);
        self
    }

    /// Adds what else a reader needs.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// One row of the trail.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuditRow {
    /// Its number in the tenant's chain, from 1.
    pub seq: u64,
    /// Its id.
    pub id: AuditId,
    /// The integration it is about.
    pub integration: Option<IntegrationId>,
    /// When it was written.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What else a reader needs.
    pub details: Value,
    /// SHA-256 over the row before and this row's content, in hex.
    pub hash: String,
}

/// The audit trail of a [`Store`].
#[derive(Debug, Clone)]
pub struct Audit(pub(crate) Store);

impl Store {
    /// The audit trail.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit(self.clone())
    }
}

impl Audit {
    /// Writes one row of the application's own. What this crate does to an integration is written by itself, in the
    /// same transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when a text is empty or too long,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn append(&self, tenant: &TenantId, entry: &NewAudit<'_>) -> Result<AuditId> {
        let mut session = self.0.write("audit.append").await?;
        let id = append(&mut session, tenant, entry, self.0.now()).await?;
        session.commit().await?;
        Ok(id)
    }

    /// The tenant's rows in order, at most 500 at a time: those after the row number `after` (0 for the first page),
    /// of one integration or of all.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn list(
        &self,
        tenant: &TenantId,
        integration: Option<IntegrationId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditRow>> {
        let mut session = self.0.read("audit.list").await?;
        let rows = fetch_all!(
            &mut session,
            RawAudit,
            "SELECT seq, id, integration_id, at, actor, action, details, hash FROM main.audit_log \
             WHERE tenant_id = $1 AND seq > $2 AND ($3 = 0 OR integration_id = $4) ORDER BY seq LIMIT $5",
            tenant.as_str(),
            i64::try_from(after).unwrap_or(i64::MAX),
            i64::from(integration.is_some()),
            integration.map(|id| id.as_uuid()),
            i64::from(limit.min(PAGE)),
        )?;
        session.commit().await?;
        rows.into_iter().map(|row| row.read(tenant)).collect()
    }
}

/// Appends to the chain inside somebody else's transaction. The head's row lock makes a tenant's writers take turns;
/// it is the last lock that any transaction takes.
pub(crate) async fn append(
    session: &mut Session,
    tenant: &TenantId,
    entry: &NewAudit<'_>,
    now: Timestamp,
) -> Result<AuditId> {
    let details = entry.details.to_string();
    Check::default()
        .text("/actor", entry.actor, SHORT)
        .text("/action", entry.action, SHORT)
        .size("/details", details.len(), DOCUMENT)
        .done()?;
    let (seq, previous) = fetch_one!(
        session,
        (i64, Vec<u8>),
        "INSERT INTO main.audit_heads (tenant_id, entries, hash) VALUES ($1, 1, $2) \
         ON CONFLICT (tenant_id) DO UPDATE SET entries = audit_heads.entries + 1 RETURNING entries, hash",
        tenant.as_str(),
        GENESIS.as_slice(),
    )?;
    let id = AuditId::new();
    let row = RawAudit {
        seq,
        id: id.as_uuid(),
        integration: entry.integration.map(|id| id.as_uuid()),
        at: time::to_micros(now),
        actor: entry.actor.to_owned(),
        action: entry.action.to_owned(),
        details,
        hash: Vec::new(),
    };
    let hash = chain::hash(&previous, tenant, &row);
    execute!(
        session,
        "INSERT INTO main.audit_log (tenant_id, seq, id, integration_id, at, actor, action, details, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tenant.as_str(),
        row.seq,
        row.id,
        row.integration,
        row.at,
        row.actor.as_str(),
        row.action.as_str(),
        row.details.as_str(),
        hash.as_slice(),
    )?;
    execute!(
        session,
        "UPDATE main.audit_heads SET hash = $2 WHERE tenant_id = $1",
        tenant.as_str(),
        hash.as_slice(),
    )?;
    Ok(id)
}
