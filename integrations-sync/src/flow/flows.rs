//! The flows of all tenants: opened by name or by the integration that an event came for.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use integrations_core::provider::Integration;
use integrations_core::webhook::Change;
use integrations_core::{
    Clock, Error, ErrorKind, IntegrationId, Result, SystemClock, TenantId, Timestamp,
};
use integrations_store::{IntegrationManager, Side, Store, StoredFlow};

use super::books::Books;
use super::config::FlowConfig;
use super::engine::{End, Flow, Handled};
use super::map::Transform;

/// Where live connections come from.
#[async_trait]
pub trait Connector: Debug + Send + Sync {
    /// The connection of an integration: the same one while nothing about it changes.
    ///
    /// # Errors
    /// As [`IntegrationManager::connect`].
    async fn connection(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
    ) -> Result<Arc<dyn Integration>>;
}

#[async_trait]
impl Connector for IntegrationManager {
    async fn connection(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
    ) -> Result<Arc<dyn Integration>> {
        self.connect(tenant, integration).await
    }
}

/// The flows of all tenants of a process.
#[derive(Debug)]
pub struct Flows {
    books: Books,
    connector: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
    shared: Vec<Arc<dyn Transform>>,
    transforms: HashMap<String, Vec<Arc<dyn Transform>>>,
    open: Mutex<HashMap<(TenantId, String), Opened>>,
}

#[derive(Debug, Clone)]
struct Opened {
    version: u64,
    ends: [Arc<dyn Integration>; 2],
    flow: Flow,
}

impl Flows {
    /// The flows that a store keeps, on connections of `connector`.
    pub fn new(store: &Store, connector: impl Connector + 'static) -> Self {
        Self {
            books: Books::new(store),
            connector: Arc::new(connector),
            clock: Arc::new(SystemClock),
            shared: Vec::new(),
            transforms: HashMap::new(),
            open: Mutex::default(),
        }
    }

    /// Rewrites contacts of every flow, before those of one flow's name do.
    #[must_use]
    pub fn with_shared_transform(mut self, transform: Arc<dyn Transform>) -> Self {
        self.shared.push(transform);
        self
    }

    /// Rewrites contacts of the flows of a name.
    #[must_use]
    pub fn with_transform(
        mut self,
        flow: impl Into<String>,
        transform: impl Transform + 'static,
    ) -> Self {
        let transforms = self.transforms.entry(flow.into()).or_default();
        transforms.push(Arc::new(transform));
        self
    }

    /// The clock that times are compared by.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The books that all flows of this process share.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Declares a flow between two integrations of a tenant, or changes its config.
    ///
    /// # Errors
    /// As [`FlowBuilder::save`](super::FlowBuilder::save) and [`Connector::connection`].
    pub async fn declare(
        &self,
        tenant: &TenantId,
        name: &str,
        left: IntegrationId,
        right: IntegrationId,
        config: FlowConfig,
    ) -> Result<Flow> {
        let ends = [
            End::new(left, self.connector.connection(tenant, left).await?),
            End::new(right, self.connector.connection(tenant, right).await?),
        ];
        let [left, right] = ends;
        Flow::builder(&self.books, tenant, name, left, right)
            .config(config)
            .save()
            .await?;
        self.open(tenant, name).await
    }

    /// Opens a stored flow.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when this tenant has none of this name; as [`Connector::connection`].
    pub async fn open(&self, tenant: &TenantId, name: &str) -> Result<Flow> {
        let stored = self.books.store().flows().find(tenant, name).await?;
        let stored =
            stored.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no such flow"))?;
        self.live(tenant, stored).await
    }

    /// Works on what an event of an integration says has changed, in every flow that it takes part in and that is not
    /// paused: what a paused flow misses, its next run finds.
    ///
    /// # Errors
    /// As [`Flow::handle_changes`]; the first flow that fails ends it, and what the others did is known when it is
    /// tried again.
    pub async fn handle_changes(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        changes: &[Change],
        source_time: Option<Timestamp>,
    ) -> Result<Handled> {
        let mut all = Handled::default();
        if changes.is_empty() {
            return Ok(all);
        }
        let flows = self
            .books
            .store()
            .flows()
            .list(tenant, Some(integration))
            .await?;
        for stored in flows.into_iter().filter(|flow| !flow.paused) {
            let flow = self.live(tenant, stored).await?;
            let handled = flow
                .handle_changes(tenant, integration, changes, source_time)
                .await?;
            all.contacts += handled.contacts;
            all.echoes += handled.echoes;
            all.synced.steps.extend(handled.synced.steps);
        }
        Ok(all)
    }

    async fn live(&self, tenant: &TenantId, stored: StoredFlow) -> Result<Flow> {
        let left = self.connector.connection(tenant, stored.left).await?;
        let right = self.connector.connection(tenant, stored.right).await?;
        let key = (tenant.clone(), stored.name.clone());
        let known = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.get(&key).cloned()
        };
        if let Some(known) = known
            && known.version == stored.version
            && Arc::ptr_eq(&known.ends[0], &left)
            && Arc::ptr_eq(&known.ends[1], &right)
        {
            return Ok(known.flow);
        }
        let config: FlowConfig = serde_json::from_str(&stored.config).map_err(|_| {
            Error::config(format!(
                "the stored config of flow {} is not readable",
                stored.name
            ))
        })?;
        let ends = [Arc::clone(&left), Arc::clone(&right)];
        let mut builder = Flow::builder(
            &self.books,
            tenant,
            &stored.name,
            End::new(stored.left, left),
            End::new(stored.right, right),
        )
        .config(config)
        .clock(Arc::clone(&self.clock));
        let own = self.transforms.get(&stored.name).into_iter().flatten();
        for transform in self.shared.iter().chain(own) {
            builder = builder.shared_transform(Arc::clone(transform));
        }
        let flow = builder.build()?;
        let opened = Opened {
            version: stored.version,
            ends,
            flow: flow.clone(),
        };
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, opened);
        Ok(flow)
    }

    /// The side that an integration has in a stored flow.
    #[must_use]
    pub fn side_of(stored: &StoredFlow, integration: IntegrationId) -> Option<Side> {
        match integration {
            id if id == stored.left => Some(Side::Left),
            id if id == stored.right => Some(Side::Right),
            _ => None,
        }
    }
}
