use std::sync::Arc;
use std::time::Duration;

use integrations_core::webhook::{DedupeKey, Event, TenantKey};
use integrations_core::{EventId, IntegrationId, Result, TenantId};
use integrations_store::{Inserted, Lane, NewEvent, NewUnmatched};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::commit::{Permits, Waiting, Work};
use super::{Inbox, full, seal};

/// Bytes are counted in this unit.
pub(super) const UNIT: usize = 256;

/// A verified event, and the integration it came for.
#[derive(Debug, Clone)]
#[must_use]
pub struct Incoming {
    pub(super) tenant: TenantId,
    pub(super) integration: IntegrationId,
    pub(super) event: Event,
    pub(super) dedupe_key: DedupeKey,
    pub(super) order_key: Option<String>,
    pub(super) sensitive: bool,
}

impl Incoming {
    /// This event, for this integration.
    pub fn new(
        tenant: TenantId,
        integration: IntegrationId,
        event: Event,
        dedupe_key: DedupeKey,
    ) -> Self {
        Self {
            tenant,
            integration,
            event,
            dedupe_key,
            order_key: None,
            sensitive: false,
        }
    }

    /// What orders it among the events of the integration:
    /// [`WebhookSource::order_key`](integrations_core::webhook::WebhookSource::order_key).
    pub fn order_key(mut self, key: Option<String>) -> Self {
        self.order_key = key;
        self
    }

    /// Whether the payload is sealed before it is stored.
    pub fn sensitive(mut self, sensitive: bool) -> Self {
        self.sensitive = sensitive;
        self
    }
}

/// A verified event that matches no integration.
#[derive(Debug, Clone)]
#[must_use]
pub struct Unmatched {
    pub(super) key: TenantKey,
    pub(super) event: Event,
    pub(super) dedupe_key: DedupeKey,
    pub(super) order_key: Option<String>,
    pub(super) sensitive: bool,
}

impl Unmatched {
    /// This event, of the account that `key` names.
    pub fn new(key: TenantKey, event: Event, dedupe_key: DedupeKey) -> Self {
        Self {
            key,
            event,
            dedupe_key,
            order_key: None,
            sensitive: false,
        }
    }

    /// See [`Incoming::order_key`].
    pub fn order_key(mut self, key: Option<String>) -> Self {
        self.order_key = key;
        self
    }

    /// See [`Incoming::sensitive`].
    pub fn sensitive(mut self, sensitive: bool) -> Self {
        self.sensitive = sensitive;
        self
    }
}

/// An event with its id, sealed when it has to be: what waits for a commit.
struct Packed {
    id: EventId,
    event: Event,
    dedupe_key: DedupeKey,
    /// The sealed payload and the key's id; the event's own payload is empty then.
    sealed: Option<(Vec<u8>, String)>,
}

pub(super) struct Ready {
    pub(super) tenant: TenantId,
    pub(super) lane: Lane,
    integration: IntegrationId,
    packed: Packed,
    grace: Duration,
}

pub(super) struct ReadyUnmatched {
    key: TenantKey,
    order_key: Option<String>,
    packed: Packed,
}

impl Packed {
    fn sealed(&self) -> Option<(&[u8], &str)> {
        let sealed = self.sealed.as_ref();
        sealed.map(|(payload, key)| (payload.as_slice(), key.as_str()))
    }

    fn bytes(&self) -> usize {
        self.sealed()
            .map_or(self.event.payload().len(), |(payload, _)| payload.len())
    }
}

impl Ready {
    pub(super) fn integration(&self) -> IntegrationId {
        self.integration
    }

    pub(super) fn event(&self) -> &Event {
        &self.packed.event
    }

    pub(super) fn new_event(&self) -> NewEvent<'_> {
        let packed = &self.packed;
        let new = NewEvent::new(
            &self.tenant,
            self.integration,
            &packed.event,
            &packed.dedupe_key,
        )
        .id(packed.id)
        .lane(self.lane.clone())
        .grace(self.grace);
        match packed.sealed() {
            Some((payload, key)) => new.sealed(payload, key),
            None => new,
        }
    }
}

impl ReadyUnmatched {
    pub(super) fn new_unmatched(&self) -> NewUnmatched<'_> {
        NewUnmatched {
            id: self.packed.id,
            key: &self.key,
            event: &self.packed.event,
            dedupe_key: &self.packed.dedupe_key,
            order_key: self.order_key.as_deref(),
            sealed: self.packed.sealed(),
        }
    }
}

impl Inbox {
    /// Stores the events of one request, all or none, once per tenant, provider and dedupe key, and a job for each lane
    /// that has work now, in one transaction that requests which came at the same time share. The results are in the
    /// order of `events`. When it returns, they are on the disk: the webhook may be answered.
    ///
    /// An event of an integration in `error` or `disconnected` is kept, and is due when it recovers. Dropped before it
    /// ends, it may have stored the events or not.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store) with the code `inbox_full` at once when too many wait
    /// already, or the database's; [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound) when an integration
    /// does not exist; [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when a text or payload is
    /// too long; [`ErrorKind::Config`](integrations_core::ErrorKind::Config) for a sensitive one without a vault.
    pub async fn store(&self, events: Vec<Incoming>) -> Result<Vec<Inserted>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        // Before any is sealed: what is refused costs nothing.
        let room = take(&self.0.room, events.len())?;
        let mut ready = Vec::with_capacity(events.len());
        for event in events {
            ready.push(self.ready(event).await?);
        }
        for one in &ready {
            one.new_event().check()?;
        }
        let permits = self.permits(room, ready.iter().map(|one| &one.packed))?;
        self.wait(Work::Events(ready), permits).await
    }

    /// Keeps the events of one request aside that match no integration: they are stored for one when it appears. What is
    /// over the [limits](super::InboxBuilder::unmatched) is dropped.
    ///
    /// # Errors
    /// As [`store`](Self::store).
    pub async fn keep_unmatched(&self, events: Vec<Unmatched>) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let room = take(&self.0.room, events.len())?;
        let mut ready = Vec::with_capacity(events.len());
        for event in events {
            ready.push(self.ready_unmatched(event).await?);
        }
        for one in &ready {
            one.new_unmatched().check()?;
        }
        let permits = self.permits(room, ready.iter().map(|one| &one.packed))?;
        self.0.attribution.look_again();
        self.wait(Work::Unmatched(ready), permits).await.map(drop)
    }

    async fn wait(&self, work: Work, permits: Permits) -> Result<Vec<Inserted>> {
        let (answer, stored) = oneshot::channel();
        let waiting = Waiting {
            work,
            answer,
            _permits: permits,
        };
        self.committer().send(waiting).map_err(|_| stopped())?;
        stored.await.map_err(|_| stopped())?
    }

    /// Room for their bytes too, or an error at once.
    fn permits<'a>(
        &self,
        room: OwnedSemaphorePermit,
        packed: impl Iterator<Item = &'a Packed>,
    ) -> Result<Permits> {
        let bytes: usize = packed.map(Packed::bytes).sum();
        Ok(Permits {
            _room: room,
            _bytes: take(&self.0.bytes, bytes.div_ceil(UNIT).max(1))?,
        })
    }

    pub(super) async fn ready(&self, incoming: Incoming) -> Result<Ready> {
        let Incoming {
            tenant,
            integration,
            event,
            dedupe_key,
            order_key,
            sensitive,
        } = incoming;
        let seal = sensitive.then_some((&tenant, seal::event as Record));
        Ok(Ready {
            packed: self.pack(event, dedupe_key, seal).await?,
            lane: Lane::new(integration, order_key.as_deref()),
            tenant,
            integration,
            grace: self.shared().settings.lease,
        })
    }

    async fn ready_unmatched(&self, unmatched: Unmatched) -> Result<ReadyUnmatched> {
        let Unmatched {
            key,
            event,
            dedupe_key,
            order_key,
            sensitive,
        } = unmatched;
        let nobody = seal::nobody()?;
        let seal = sensitive.then_some((&nobody, seal::unmatched as Record));
        Ok(ReadyUnmatched {
            packed: self.pack(event, dedupe_key, seal).await?,
            key,
            order_key,
        })
    }

    /// With an id of its own; sealed for this tenant and record, if for any.
    async fn pack(
        &self,
        event: Event,
        dedupe_key: DedupeKey,
        seal: Option<(&TenantId, Record)>,
    ) -> Result<Packed> {
        let mut packed = Packed {
            id: EventId::new(),
            event,
            dedupe_key,
            sealed: None,
        };
        if let Some((tenant, record)) = seal {
            let record = record(packed.id);
            let payload = packed.event.payload();
            let sealed = seal::seal(self.shared().vault()?, tenant, &record, payload).await?;
            packed.sealed = Some(sealed);
            packed.event = packed.event.with_payload(Vec::new());
        }
        Ok(packed)
    }
}

/// What a sealed payload is called in the vault.
type Record = fn(EventId) -> String;

fn take(semaphore: &Arc<Semaphore>, units: usize) -> Result<OwnedSemaphorePermit> {
    let units = u32::try_from(units).map_err(|_| full())?;
    let permit = Arc::clone(semaphore).try_acquire_many_owned(units);
    permit.map_err(|_| full())
}

/// The runtime that commits is gone, or a commit panicked.
fn stopped() -> integrations_core::Error {
    integrations_core::Error::new(
        integrations_core::ErrorKind::Store,
        "the commit did not come to its end",
    )
    .with_code("inbox_stopped")
    .with_retryable(true)
    .with_outcome_unknown(true)
}
