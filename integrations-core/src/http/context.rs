use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{
    RateLimiter, ReqwestTransport, RetryBudget, Transport, TransportOptions, WindowLimiter,
};
use crate::{Clock, Result, SystemClock, TenantId};

/// What all clients of a process share: connections, rate limits, retry budgets, the clock. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpContext {
    shared: Arc<Shared>,
    tenant: Option<TenantId>,
}

#[derive(Debug)]
struct Shared {
    transport: Arc<dyn Transport>,
    limiter: Arc<dyn RateLimiter>,
    clock: Arc<dyn Clock>,
    budgets: Mutex<HashMap<String, Arc<RetryBudget>>>,
}

impl HttpContext {
    /// The defaults: real sockets, a limiter for this process, the machine's clock.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Replaces parts.
    #[must_use]
    pub fn builder() -> HttpContextBuilder {
        HttpContextBuilder::default()
    }

    /// The transport.
    #[must_use]
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.shared.transport
    }

    /// The limiter.
    #[must_use]
    pub fn limiter(&self) -> &Arc<dyn RateLimiter> {
        &self.shared.limiter
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The same, for calls of this tenant: where tenants share a rate limit, each is served in turn.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            tenant: Some(tenant),
        }
    }

    /// Whose calls these are.
    #[must_use]
    pub fn tenant(&self) -> Option<&TenantId> {
        self.tenant.as_ref()
    }

    pub(super) fn budget(&self, host: &str) -> Arc<RetryBudget> {
        let mut budgets = self
            .shared
            .budgets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        budgets.entry(host.to_owned()).or_default().clone()
    }
}

/// Builds an [`HttpContext`].
#[derive(Debug, Default)]
pub struct HttpContextBuilder {
    transport: Option<Arc<dyn Transport>>,
    options: TransportOptions,
    limiter: Option<Arc<dyn RateLimiter>>,
    clock: Option<Arc<dyn Clock>>,
}

impl HttpContextBuilder {
    /// Sends through this transport.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Settings of the default transport.
    #[must_use]
    pub fn transport_options(mut self, options: TransportOptions) -> Self {
        self.options = options;
        self
    }

    /// Takes permits from this limiter.
    #[must_use]
    pub fn limiter(mut self, limiter: impl RateLimiter + 'static) -> Self {
        self.limiter = Some(Arc::new(limiter));
        self
    }

    /// Tells the time by this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The context.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when TLS, a certificate or the proxy is unusable.
    pub fn build(self) -> Result<HttpContext> {
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(ReqwestTransport::new(&self.options)?),
        };
        let shared = Arc::new(Shared {
            transport,
            limiter: self
                .limiter
                .unwrap_or_else(|| Arc::new(WindowLimiter::new())),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            budgets: Mutex::default(),
        });
        Ok(HttpContext {
            shared,
            tenant: None,
        })
    }
}
