use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    AddressPolicy, Outgoing, ReqwestTransport, ResponseBody, Transport, TransportError,
    TransportFailure, TransportOptions,
};
use crate::{Error, Result};

/// Turns a host's name into addresses.
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync {
    /// All addresses of this name.
    ///
    /// # Errors
    /// When the name cannot be resolved.
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The system's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// A transport for URLs that users give: every attempt goes only where an [`AddressPolicy`] allows.
///
/// A name is resolved by us, once per connection, and the connection is made to one of exactly those addresses; when
/// one of them is refused, all are: a name that answers now this, now that, gains nothing. No redirect is followed, no
/// proxy is used, no answer is decompressed.
#[derive(Debug, Clone)]
pub struct GuardedTransport {
    transport: ReqwestTransport,
    policy: Arc<AddressPolicy>,
}

impl GuardedTransport {
    /// With the system's resolver.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when a certificate is unusable or a proxy is set, which would
    /// resolve names in our place.
    pub fn new(options: &TransportOptions, policy: AddressPolicy) -> Result<Self> {
        Self::with_resolver(options, policy, SystemResolver)
    }

    /// With another resolver.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_resolver(
        options: &TransportOptions,
        policy: AddressPolicy,
        resolver: impl Resolver + 'static,
    ) -> Result<Self> {
        if options.proxy.is_some() {
            return Err(Error::config(
                "a guarded transport uses no proxy: it would resolve names in our place",
            ));
        }
        let policy = Arc::new(policy);
        let judge = Judge {
            resolver: Arc::new(resolver),
            policy: Arc::clone(&policy),
        };
        let transport =
            ReqwestTransport::build(options, |builder| builder.dns_resolver(judge).no_gzip())?;
        Ok(Self { transport, policy })
    }

    /// Where it goes.
    pub fn policy(&self) -> &AddressPolicy {
        &self.policy
    }
}

#[async_trait]
impl Transport for GuardedTransport {
    async fn send(
        &self,
        request: Outgoing,
    ) -> Result<http::Response<ResponseBody>, TransportError> {
        // An address in the URL is connected to without asking the resolver.
        if self.policy.check_url(&request.url).is_err() {
            return Err(TransportError::bare(TransportFailure::Refused));
        }
        let sent = self.transport.send(request).await;
        sent.map_err(|error| {
            if caused_by_refusal(&error) {
                TransportError::bare(TransportFailure::Refused)
            } else {
                error
            }
        })
    }
}

/// The resolver that judges what it found.
struct Judge {
    resolver: Arc<dyn Resolver>,
    policy: Arc<AddressPolicy>,
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, policy) = (Arc::clone(&self.resolver), Arc::clone(&self.policy));
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await?;
            if !found.iter().all(|address| policy.check_address(*address)) {
                return Err(Refused.into());
            }
            // The port is the URL's.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// How a refusal travels through the HTTP library. It does not say which address: that would show who asks what our
/// network looks like.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a network that is not public")]
struct Refused;

fn caused_by_refusal(error: &TransportError) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<Refused>() {
            return true;
        }
        cause = error.source();
    }
    false
}
