//! The integrations of each tenant.

use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId};

use crate::Store;
use crate::columns::integration_columns;
use crate::session::{Session, fetch_all, fetch_optional};

mod change;
mod create;
mod model;
mod probe;
mod row;
mod transition;

pub use change::Changes;
pub use create::NewIntegration;
pub use model::{Filter, StoredIntegration};
pub use transition::{Transition, Transitioned};

/// The most rows that one [`Integrations::list`] returns.
const PAGE: u32 = 500;

/// The integrations of a [`Store`]: rows with sealed secrets, as the database holds them.
///
/// [`IntegrationManager`](crate::IntegrationManager) is what applications use; it validates and seals.
#[derive(Debug, Clone)]
pub struct Integrations(pub(crate) Store);

impl Store {
    /// The integrations.
    #[must_use]
    pub fn integrations(&self) -> Integrations {
        Integrations(self.clone())
    }
}

impl Integrations {
    /// Reads one; `None` when this tenant has none of this id.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn find(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
    ) -> Result<Option<StoredIntegration>> {
        let mut session = self.0.read("integrations.get").await?;
        let found = fetch_optional!(
            &mut session,
            StoredIntegration,
            concat!(
                "SELECT ",
                integration_columns!(),
                " FROM main.integrations WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            id.as_uuid()
        )?;
        session.commit().await?;
        Ok(found)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when this tenant has none of this id, [`ErrorKind::Store`].
    pub async fn get(&self, tenant: &TenantId, id: IntegrationId) -> Result<StoredIntegration> {
        self.find(tenant, id).await?.ok_or_else(|| missing(id))
    }

    /// The tenant's integrations in order of creation, at most 500 at a time: see [`Filter`].
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn list(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<StoredIntegration>> {
        let mut session = self.0.read("integrations.list").await?;
        let rows = fetch_all!(
            &mut session,
            StoredIntegration,
            concat!(
                "SELECT ",
                integration_columns!(),
                " FROM main.integrations WHERE tenant_id = $1 AND id > $2 \
             AND ($3 = '' OR status = $3) AND ($4 = '' OR provider = $4) ORDER BY id LIMIT $5"
            ),
            tenant.as_str(),
            filter.after.map_or(uuid::Uuid::nil(), |id| id.as_uuid()),
            filter.status.map_or("", |status| status.as_str()),
            filter.provider.as_deref().unwrap_or_default(),
            i64::from(filter.limit.min(PAGE)),
        )?;
        session.commit().await?;
        Ok(rows)
    }
}

/// Reads one and keeps others from changing it until the transaction ends.
pub(crate) async fn lock(
    session: &mut Session,
    tenant: &TenantId,
    id: IntegrationId,
) -> Result<StoredIntegration> {
    fetch_optional!(
        session,
        StoredIntegration,
        concat!(
            "SELECT ",
            integration_columns!(),
            " FROM main.integrations WHERE tenant_id = $1 AND id = $2 /*pg FOR NO KEY UPDATE */"
        ),
        tenant.as_str(),
        id.as_uuid()
    )?
    .ok_or_else(|| missing(id))
}

pub(crate) fn missing(id: IntegrationId) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("this tenant has no integration {id}"),
    )
}

pub(crate) fn changed_meanwhile() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the integration was changed meanwhile: read it again and repeat the change",
    )
    .with_code("version")
}
