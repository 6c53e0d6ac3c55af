//! Flows: which two integrations of a tenant are kept equal, and how.

use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use sqlx::Row as _;
use uuid::Uuid;

use crate::check::{Check, DOCUMENT, SHORT};
use crate::columns::flow_columns;
use crate::session::{execute, fetch_all, fetch_optional, from_row};
use crate::{Store, time};

/// The most rows that one [`Flows::list`] returns.
const PAGE: u32 = 500;

/// One flow as it is stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredFlow {
    /// Its name, unique for the tenant.
    pub name: String,
    /// The integration on the left.
    pub left: IntegrationId,
    /// The integration on the right.
    pub right: IntegrationId,
    /// How it works, as JSON.
    pub config: String,
    /// Whether it stands still.
    pub paused: bool,
    /// Grows with each change.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

from_row!(StoredFlow, |row| {
    let at = |column| -> sqlx::Result<_> {
        time::from_micros(row.try_get(column)?).map_err(|_| crate::columns::broken("flows", column))
    };
    Ok(Self {
        name: row.try_get("name")?,
        left: row.try_get::<Uuid, _>("left_integration_id")?.into(),
        right: row.try_get::<Uuid, _>("right_integration_id")?.into(),
        config: row.try_get("config")?,
        paused: row.try_get("paused")?,
        version: row
            .try_get::<i64, _>("version")?
            .try_into()
            .unwrap_or_default(),
        created_at: at("created_at")?,
        updated_at: at("updated_at")?,
    })
});

/// The flows of a [`Store`].
#[derive(Debug, Clone)]
pub struct Flows(Store);

impl Store {
    /// The flows.
    #[must_use]
    pub fn flows(&self) -> Flows {
        Flows(self.clone())
    }
}

impl Flows {
    /// Writes a flow, or replaces the config of one that has this name and these integrations.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when the name belongs to a flow between other integrations, [`ErrorKind::Validation`]
    /// when a text is too long, [`ErrorKind::Store`] when an integration is not there.
    pub async fn save(
        &self,
        tenant: &TenantId,
        name: &str,
        left: IntegrationId,
        right: IntegrationId,
        config: &str,
    ) -> Result<StoredFlow> {
        Check::default()
            .text("/name", name, SHORT)
            .text("/config", config, DOCUMENT)
            .done()?;
        if left == right {
            return Err(Error::new(
                ErrorKind::Validation,
                "a flow needs two different integrations",
            ));
        }
        let mut session = self.0.write("flows.save").await?;
        let saved = fetch_optional!(
            &mut session,
            StoredFlow,
            concat!(
                "INSERT INTO main.flows (tenant_id, name, left_integration_id, right_integration_id, config, paused, \
                 version, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, FALSE, 1, (SELECT us FROM main.clock), (SELECT us FROM main.clock)) \
                 ON CONFLICT (tenant_id, name) DO UPDATE SET config = excluded.config, version = flows.version + 1, \
                 updated_at = excluded.updated_at \
                 WHERE flows.left_integration_id = excluded.left_integration_id \
                 AND flows.right_integration_id = excluded.right_integration_id RETURNING ",
                flow_columns!()
            ),
            tenant.as_str(),
            name,
            left.as_uuid(),
            right.as_uuid(),
            config,
        )?;
        session.commit().await?;
        saved.ok_or_else(|| {
            Error::new(
                ErrorKind::Conflict,
                "a flow of this name joins other integrations: take another name, or delete it first",
            )
            .with_code("flow_exists")
        })
    }

    /// Reads one; `None` when this tenant has none of this name.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<StoredFlow>> {
        let mut session = self.0.read("flows.find").await?;
        let found = fetch_optional!(
            &mut session,
            StoredFlow,
            concat!(
                "SELECT ",
                flow_columns!(),
                " FROM main.flows WHERE tenant_id = $1 AND name = $2"
            ),
            tenant.as_str(),
            name,
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// The flows of a tenant that an integration takes part in, or all of them; 500 at most, by name.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(
        &self,
        tenant: &TenantId,
        integration: Option<IntegrationId>,
    ) -> Result<Vec<StoredFlow>> {
        let mut session = self.0.read("flows.list").await?;
        let rows = fetch_all!(
            &mut session,
            StoredFlow,
            concat!(
                "SELECT ",
                flow_columns!(),
                " FROM main.flows WHERE tenant_id = $1 AND ($2 = 0 OR left_integration_id = $3 \
                 OR right_integration_id = $3) ORDER BY name LIMIT $4"
            ),
            tenant.as_str(),
            i64::from(integration.is_some()),
            integration.map(|id| id.as_uuid()),
            i64::from(PAGE),
        )?;
        session.commit().await?;
        Ok(rows)
    }

    /// Stops a flow, or lets it go on; whether there is one of this name.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn pause(&self, tenant: &TenantId, name: &str, paused: bool) -> Result<bool> {
        let mut session = self.0.write("flows.pause").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.flows SET paused = $3, version = version + 1, updated_at = (SELECT us FROM main.clock) \
             WHERE tenant_id = $1 AND name = $2",
            tenant.as_str(),
            name,
            paused,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }

    /// Forgets a flow with its mappings, conflicts, cursors and runs; whether there was one. Nothing changes at the
    /// providers.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<bool> {
        let mut session = self.0.write("flows.delete").await?;
        execute!(
            &mut session,
            "DELETE FROM main.echo_ledger WHERE tenant_id = $1 AND flow = $2",
            tenant.as_str(),
            name,
        )?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.flows WHERE tenant_id = $1 AND name = $2",
            tenant.as_str(),
            name,
        )?;
        session.commit().await?;
        Ok(rows == 1)
    }
}
