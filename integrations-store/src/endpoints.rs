//! Outgoing webhooks: where they go, what was published, what was delivered.

use integrations_core::vault::Vault;
use integrations_core::{Result, TenantId, uuid_id};
use uuid::Uuid;

use crate::Store;
use crate::session::{fetch_all, fetch_optional};

mod attempt;
mod change;
mod create;
mod delivery;
mod maintain;
mod model;
mod pattern;
mod publish;
mod recover;
mod row;
mod seal;
mod summary;

pub use attempt::{Attempt, AttemptRow, Claimed, Finished, Next, Outcome, Work};
pub use change::EndpointChanges;
pub use delivery::{Delivery, DeliveryFilter, DeliveryStatus};
pub use model::{Endpoint, EndpointState, NewEndpoint};
pub use pattern::EventPattern;
pub use publish::{NewMessage, Published};
pub use recover::{RecoverFrom, Recovered};
pub use summary::EndpointSummary;

pub(crate) use row::{RawEndpoint, endpoint_columns};

uuid_id! {
    /// One receiver of outgoing webhooks.
    pub struct EndpointId;
    /// One published message.
    pub struct MessageId;
    /// One message on its way to one endpoint.
    pub struct DeliveryId;
}

/// The most rows that one list returns.
const PAGE: u32 = 500;
/// How many endpoints a tenant may have: publishing looks at each.
const ENDPOINTS: usize = 100;

/// The outgoing webhooks of a [`Store`]. Times are the database's.
///
/// An endpoint's URL and secrets are sealed for its tenant and row: with some receivers the URL is the secret.
#[derive(Debug, Clone)]
pub struct Endpoints {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
}

impl Store {
    /// The outgoing webhooks, sealed with this vault.
    #[must_use]
    pub fn endpoints(&self, vault: &Vault) -> Endpoints {
        Endpoints {
            store: self.clone(),
            vault: vault.clone(),
        }
    }
}

impl Endpoints {
    /// Reads one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound) when this tenant has none of this id,
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto) when its URL does not open,
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn get(&self, tenant: &TenantId, id: EndpointId) -> Result<Endpoint> {
        self.raw(tenant, id).await?.open(&self.vault).await
    }

    /// All of the tenant's, in order of creation.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Endpoint>> {
        let mut session = self.store.read("endpoints.list").await?;
        let rows = fetch_all!(
            &mut session,
            RawEndpoint,
            concat!(
                "SELECT ",
                endpoint_columns!(),
                " FROM main.outgoing_endpoints WHERE tenant_id = $1 ORDER BY id"
            ),
            tenant.as_str(),
        )?;
        session.commit().await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(row.open(&self.vault).await?);
        }
        Ok(all)
    }

    async fn raw(&self, tenant: &TenantId, id: EndpointId) -> Result<RawEndpoint> {
        let mut session = self.store.read("endpoints.get").await?;
        let row = fetch_optional!(
            &mut session,
            RawEndpoint,
            concat!(
                "SELECT ",
                endpoint_columns!(),
                " FROM main.outgoing_endpoints WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            id.as_uuid(),
        )?;
        session.commit().await?;
        row.ok_or_else(|| not_found(id.as_uuid()))
    }
}

fn not_found(id: Uuid) -> integrations_core::Error {
    integrations_core::Error::new(
        integrations_core::ErrorKind::NotFound,
        format!("there is no endpoint, message or delivery {id}"),
    )
}
