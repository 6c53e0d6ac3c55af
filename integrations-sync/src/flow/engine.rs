//! A flow: two integrations of one tenant whose contacts are kept equal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::email::EmailAddress;
use integrations_core::model::Contact;
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{ContactApi, Integration};
use integrations_core::webhook::{Change, ChangeKind, Object};
use integrations_core::{
    Clock, Error, ErrorKind, IntegrationId, Result, SystemClock, TenantId, Timestamp,
};
use integrations_store::{Side, Store};

use super::books::Books;
use super::config::FlowConfig;
use super::locks::Locks;
use super::map::{FieldMap, Transform};
use super::step::Synced;
use super::sync::{Pass, Subject};

/// A flow: two integrations of one tenant whose contacts are kept equal. Cheap to clone.
#[derive(Clone)]
pub struct Flow(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) books: Books,
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    pub(crate) map: FieldMap,
    pub(crate) left: End,
    pub(crate) right: End,
    pub(crate) locks: Locks,
    pub(crate) clock: Arc<dyn Clock>,
}

/// One side of a flow.
#[derive(Debug, Clone)]
pub struct End {
    integration: IntegrationId,
    connection: Arc<dyn Integration>,
}

impl End {
    /// This integration, by this connection.
    #[must_use]
    pub fn new(integration: IntegrationId, connection: Arc<dyn Integration>) -> Self {
        Self {
            integration,
            connection,
        }
    }
}

/// Builds a [`Flow`].
#[derive(Debug)]
#[must_use]
pub struct FlowBuilder {
    books: Books,
    tenant: TenantId,
    name: String,
    left: End,
    right: End,
    config: FlowConfig,
    transforms: Vec<Arc<dyn Transform>>,
    clock: Arc<dyn Clock>,
}

impl FlowBuilder {
    /// How it works.
    pub fn config(mut self, config: FlowConfig) -> Self {
        self.config = config;
        self
    }

    /// Rewrites contacts on their way; in the order in which they are added.
    pub fn transform(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Arc::new(transform));
        self
    }

    /// As [`transform`](Self::transform), for one that several flows share.
    pub fn shared_transform(mut self, transform: Arc<dyn Transform>) -> Self {
        self.transforms.push(transform);
        self
    }

    /// The clock that times are compared by.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The flow, without storing it: it must be stored under this name.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the field map contradicts itself.
    pub fn build(self) -> Result<Flow> {
        Ok(Flow(Arc::new(Inner {
            map: FieldMap::new(&self.config, self.transforms)?.between(
                Arc::clone(&self.left.connection),
                Arc::clone(&self.right.connection),
            ),
            books: self.books,
            tenant: self.tenant,
            name: self.name,
            left: self.left,
            right: self.right,
            locks: Locks::default(),
            clock: self.clock,
        })))
    }

    /// Stores the flow and its config, and makes it.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Flows::save`](integrations_store::Flows::save).
    pub async fn save(self) -> Result<Flow> {
        let config = serde_json::to_string(&self.config)
            .map_err(|_| Error::new(ErrorKind::Validation, "the flow's config is not JSON"))?;
        let flow = self.build()?;
        let inner = &flow.0;
        inner
            .store()
            .flows()
            .save(
                &inner.tenant,
                &inner.name,
                inner.left.integration,
                inner.right.integration,
                &config,
            )
            .await?;
        Ok(flow)
    }
}

/// What became of the changes that an event told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handled {
    /// Contacts that were looked at.
    pub contacts: u64,
    /// Those that were writes of ours, come back.
    pub echoes: u64,
    /// What was done.
    pub synced: Synced,
}

impl Flow {
    /// A flow of a tenant between two of its integrations. Its name is stored with everything that it remembers.
    pub fn builder(
        books: &Books,
        tenant: &TenantId,
        name: impl Into<String>,
        left: End,
        right: End,
    ) -> FlowBuilder {
        FlowBuilder {
            books: books.clone(),
            tenant: tenant.clone(),
            name: name.into(),
            left,
            right,
            config: FlowConfig::new(),
            transforms: Vec::new(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.0.tenant
    }

    /// How it works.
    #[must_use]
    pub fn config(&self) -> &FlowConfig {
        self.0.map.config()
    }

    /// Which side an integration is on, if it takes part.
    #[must_use]
    pub fn side_of(&self, integration: IntegrationId) -> Option<Side> {
        Side::ALL
            .into_iter()
            .find(|side| self.0.end(*side).integration == integration)
    }

    /// Works on what an event of an integration says has changed. Safe to repeat, in any order: what counts is what the
    /// providers say when they are asked. Changes of other tenants, other integrations and other kinds of records are
    /// passed over.
    ///
    /// `source_time` is when it happened, by the provider's clock.
    ///
    /// # Errors
    /// What the providers or the database report; retryable when trying again can help. What a person has to decide is
    /// no error: it goes to the manual queue.
    pub async fn handle_changes(
        &self,
        tenant: &TenantId,
        integration: IntegrationId,
        changes: &[Change],
        source_time: Option<Timestamp>,
    ) -> Result<Handled> {
        let mut handled = Handled::default();
        let Some(side) = self
            .side_of(integration)
            .filter(|_| *tenant == self.0.tenant)
        else {
            return Ok(handled);
        };
        for change in changes
            .iter()
            .filter(|change| change.object == Object::Contact)
        {
            let synced = match &change.kind {
                ChangeKind::MergedInto(into) => {
                    self.0.merged(side, &change.id, into, source_time).await?
                }
                _ => {
                    let subject = Subject::new(side, &change.id).at(source_time);
                    self.0.sync(&Pass::webhook(), subject).await?
                }
            };
            handled.contacts += 1;
            handled.echoes += u64::from(synced.echo);
            handled.synced.steps.extend(synced.steps);
        }
        Ok(handled)
    }

    /// Brings one contact of a side up to date on the other, whichever of them changed.
    ///
    /// # Errors
    /// As [`handle_changes`](Self::handle_changes).
    pub async fn sync_one(&self, side: Side, id: &str) -> Result<Synced> {
        self.0.sync(&Pass::webhook(), Subject::new(side, id)).await
    }

    /// Brings the contacts with this e-mail address or this phone number up to date on both sides. A side whose provider
    /// cannot be asked for them is passed over.
    ///
    /// For a STOP, or its lifting, of a source that is no side of the flow: it blocks from the moment it is
    /// [noted](integrations_store::OptOuts::note), and shows at the providers with this.
    ///
    /// # Errors
    /// As [`handle_changes`](Self::handle_changes).
    pub async fn sync_address(
        &self,
        email: Option<&EmailAddress>,
        phone: Option<&PhoneNumber>,
    ) -> Result<Synced> {
        let mut synced = Synced::default();
        for side in Side::ALL {
            let found = match self.0.contacts(side)?.find(email, phone).await {
                Err(error) if error.code() == Some("unsupported") => continue,
                found => found?,
            };
            for id in found.into_iter().filter_map(|contact| contact.id) {
                let subject = Subject::new(side, id.as_str()).thorough();
                let one = self.0.sync(&Pass::webhook(), subject).await?;
                synced.steps.extend(one.steps);
            }
        }
        Ok(synced)
    }

    /// What [`sync_one`](Self::sync_one) would do now. Reads, and writes nothing.
    ///
    /// # Errors
    /// As [`handle_changes`](Self::handle_changes).
    pub async fn plan_one(&self, side: Side, id: &str) -> Result<Synced> {
        self.0.sync(&Pass::plan(), Subject::new(side, id)).await
    }
}

impl Inner {
    pub(crate) fn store(&self) -> &Store {
        self.books.store()
    }

    pub(crate) fn end(&self, side: Side) -> &End {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    pub(crate) fn integration(&self, side: Side) -> IntegrationId {
        self.end(side).integration
    }

    pub(crate) fn contacts(&self, side: Side) -> Result<&dyn ContactApi> {
        self.end(side).connection.contacts().ok_or_else(|| {
            Error::config(format!("the integration on the {side} has no contacts"))
                .with_code("unsupported")
        })
    }

    pub(crate) fn messages(
        &self,
        side: Side,
    ) -> Result<&dyn integrations_core::provider::MessageApi> {
        self.end(side).connection.messages().ok_or_else(|| {
            Error::config(format!("the integration on the {side} has no messages"))
                .with_code("unsupported")
        })
    }

    /// Reads a contact; `None` when the provider has it not.
    pub(crate) async fn read(&self, side: Side, id: &str) -> Result<Option<Contact>> {
        match self.contacts(side)?.get(&id.into()).await {
            Ok(contact) => Ok(Some(contact)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn claim(&self) -> Duration {
        Duration::from_millis(self.map.config().claim.max(50))
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .field("left", &self.left.integration)
            .field("right", &self.right.integration)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
