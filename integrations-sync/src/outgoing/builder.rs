use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use integrations_core::http::{AddressPolicy, GuardedTransport, Transport, TransportOptions};
use integrations_core::vault::Vault;
use integrations_core::{Clock, Error, Result, SystemClock};
use integrations_store::Store;

use super::{DeliveryQueue, EndpointNotifier, Inner, Outgoing, Retries};

/// Builds [`Outgoing`].
#[must_use]
pub struct OutgoingBuilder {
    store: Store,
    vault: Vault,
    addresses: AddressPolicy,
    options: TransportOptions,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    queue: Option<Arc<dyn DeliveryQueue>>,
    notifier: Option<Arc<dyn EndpointNotifier>>,
    retries: Retries,
    timeout: Duration,
    patience: Duration,
    user_agent: String,
}

impl OutgoingBuilder {
    pub(super) fn new(store: &Store, vault: &Vault) -> Self {
        Self {
            store: store.clone(),
            vault: vault.clone(),
            addresses: AddressPolicy::public(),
            options: TransportOptions::default(),
            transport: None,
            clock: Arc::new(SystemClock),
            queue: None,
            notifier: None,
            retries: Retries::default(),
            timeout: Duration::from_secs(15),
            patience: Duration::from_secs(5 * 24 * 60 * 60),
            user_agent: concat!("integrations-sync/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// Where webhooks may go: public addresses by `https`, by default.
    pub fn addresses(mut self, policy: AddressPolicy) -> Self {
        self.addresses = policy;
        self
    }

    /// Settings of the connections.
    pub fn transport_options(mut self, options: TransportOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends through this transport, which itself answers for where it goes: for tests, and for a proxy that judges
    /// addresses.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Hands deliveries to this queue. Without one, call [`Outgoing::deliver_due`] again and again.
    pub fn queue(mut self, queue: impl DeliveryQueue + 'static) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    /// Hears of endpoints that were disabled.
    pub fn notifier(mut self, notifier: impl EndpointNotifier + 'static) -> Self {
        self.notifier = Some(Arc::new(notifier));
        self
    }

    /// When a delivery is attempted again.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// How long an attempt may take: 15 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long an endpoint may fail before it is disabled: 5 days.
    pub fn disable_after(mut self, failing: Duration) -> Self {
        self.patience = failing;
        self
    }

    /// What stands in `user-agent`.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Where the time of a signature comes from.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Outgoing webhooks.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when the connections cannot be set up, or the user
    /// agent is none.
    pub fn build(self) -> Result<Outgoing> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(GuardedTransport::new(
                &self.options,
                self.addresses.clone(),
            )?),
        };
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::config("the user agent has characters that no header may carry"))?;
        Ok(Outgoing(Arc::new(Inner {
            endpoints: self.store.endpoints(&self.vault),
            store: self.store,
            transport,
            addresses: self.addresses,
            clock: self.clock,
            queue: self.queue,
            notifier: self.notifier,
            retries: self.retries,
            timeout: self.timeout,
            patience: self.patience,
            user_agent,
        })))
    }
}

impl fmt::Debug for OutgoingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingBuilder")
            .field("store", &self.store)
            .field("addresses", &self.addresses)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
