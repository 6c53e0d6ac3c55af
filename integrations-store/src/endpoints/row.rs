use integrations_core::vault::Vault;
use integrations_core::{Error, Result, TenantId};
use sqlx::Row as _;
use uuid::Uuid;

use super::{Endpoint, EndpointState, EventPattern, seal};
use crate::session::from_row;
use crate::{error, time};

macro_rules! endpoint_columns {
    () => {
        "tenant_id, id, description, sealed, events, state, failing_since, version, created_at, updated_at"
    };
}
pub(crate) use endpoint_columns;

/// An endpoint as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct RawEndpoint {
    pub(super) tenant: String,
    pub(super) id: Uuid,
    description: String,
    pub(super) sealed: String,
    events: String,
    pub(super) state: String,
    failing_since: Option<i64>,
    pub(super) version: i64,
    created_at: i64,
    updated_at: i64,
}

from_row!(RawEndpoint, |row| Ok(Self {
    tenant: row.try_get("tenant_id")?,
    id: row.try_get("id")?,
    description: row.try_get("description")?,
    sealed: row.try_get("sealed")?,
    events: row.try_get("events")?,
    state: row.try_get("state")?,
    failing_since: row.try_get("failing_since")?,
    version: row.try_get("version")?,
    created_at: row.try_get("created_at")?,
    updated_at: row.try_get("updated_at")?,
}));

impl RawEndpoint {
    pub(super) fn place(&self) -> String {
        format!("outgoing_endpoints {}/{}", self.tenant, self.id)
    }

    pub(super) fn broken(&self, column: &str) -> Error {
        error::corrupt(format!("{}: {column} is not readable", self.place()))
    }

    pub(super) async fn open(self, vault: &Vault) -> Result<Endpoint> {
        let opened = seal::open(vault, &self).await?;
        self.read(opened.url)
    }

    pub(super) fn read(self, url: url::Url) -> Result<Endpoint> {
        let at = |micros, column| time::from_micros(micros).map_err(|_| self.broken(column));
        Ok(Endpoint {
            tenant: TenantId::new(self.tenant.clone())?,
            id: self.id.into(),
            url,
            events: patterns(&self.events).ok_or_else(|| self.broken("events"))?,
            state: EndpointState::parse(&self.state).ok_or_else(|| self.broken("state"))?,
            failing_since: self
                .failing_since
                .map(|micros| at(micros, "failing_since"))
                .transpose()?,
            version: u64::try_from(self.version).map_err(|_| self.broken("version"))?,
            created_at: at(self.created_at, "created_at")?,
            updated_at: at(self.updated_at, "updated_at")?,
            description: self.description,
        })
    }
}

pub(super) fn patterns(stored: &str) -> Option<Vec<EventPattern>> {
    serde_json::from_str(stored).ok()
}
