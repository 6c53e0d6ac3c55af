//! What every provider offers: the [`Provider`] and [`Integration`] traits and their capabilities.
//!
//! Everything above the clients works through `dyn Provider` and `dyn Integration`; nothing there knows a provider by
//! name.

mod capability;
mod registry;

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use capability::{ContactApi, MessageApi, Sent, Subscription};
pub use registry::Providers;

use crate::http::HttpContext;
use crate::oauth::{OAuthProfile, OAuthTokens};
use crate::template::{Config, Template};
use crate::webhook::WebhookSource;
use crate::{Error, ErrorKind, IntegrationId, Result, TenantId};

/// One external system: what it needs, how to reach it, how it signs its webhooks. Stateless.
pub trait Provider: Debug + Send + Sync {
    /// What it is called, and the schema of what it needs.
    fn template(&self) -> &Template;

    /// One tenant's live connection. Sends nothing yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the config does not make a connection.
    fn connect(&self, config: Config, context: &Context) -> Result<Arc<dyn Integration>>;

    /// How its OAuth 2.0 works; `None` when it has none.
    fn oauth(&self) -> Option<&OAuthProfile> {
        None
    }

    /// How its webhooks are read; `None` when it has none.
    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        None
    }
}

/// What a connection is made with, beside its config.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Context {
    /// Connections, rate limits and the clock.
    pub http: HttpContext,
    /// Whose connection it is.
    pub tenant: TenantId,
    /// Which connection it is.
    pub integration: IntegrationId,
    /// The integration's OAuth tokens, when it was authorized that way.
    pub tokens: Option<OAuthTokens>,
}

impl Context {
    /// A context without OAuth tokens.
    #[must_use]
    pub fn new(http: HttpContext, tenant: TenantId, integration: IntegrationId) -> Self {
        Self {
            http: http.for_tenant(tenant.clone()),
            tenant,
            integration,
            tokens: None,
        }
    }

    /// Adds the integration's OAuth tokens.
    #[must_use]
    pub fn with_tokens(mut self, tokens: OAuthTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }
}

/// What a test of a connection found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// The account at the provider: its id.
    pub account_id: Option<String>,
    /// The account's name at the provider.
    pub account_name: Option<String>,
    /// How long the provider took.
    #[serde(skip)]
    pub took: Duration,
}

impl ConnectionReport {
    /// A report about nothing but the time.
    #[must_use]
    pub fn new(took: Duration) -> Self {
        Self {
            account_id: None,
            account_name: None,
            took,
        }
    }

    /// Adds the account.
    #[must_use]
    pub fn with_account(mut self, id: impl Into<String>, name: Option<String>) -> Self {
        self.account_id = Some(id.into());
        self.account_name = name;
        self
    }
}

/// One tenant's live connection to one provider.
///
/// Capabilities that a provider lacks are `None`: ask before you offer them.
#[async_trait]
pub trait Integration: Debug + Send + Sync {
    /// Asks the provider whether the credential works, with a call that changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] or [`ErrorKind::Permission`] when it does not; see [`crate::status::event_of`].
    async fn test_connection(&self) -> Result<ConnectionReport>;

    /// Subscribes to webhooks at this URL.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with the code `unsupported` where webhooks are set up at the provider by hand.
    async fn subscribe(&self, url: &url::Url) -> Result<Subscription> {
        let _ = url;
        Err(unsupported(
            "webhooks of this provider are set up in its own settings",
        ))
    }

    /// Extends a subscription before it ends.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with the code `unsupported` where subscriptions do not end.
    async fn renew(&self, subscription: &Subscription) -> Result<Subscription> {
        let _ = subscription;
        Err(unsupported("subscriptions of this provider do not end"))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] with the code `unsupported` where webhooks are set up at the provider by hand.
    async fn unsubscribe(&self, subscription: &Subscription) -> Result<()> {
        let _ = subscription;
        Err(unsupported(
            "webhooks of this provider are set up in its own settings",
        ))
    }

    /// Contacts.
    fn contacts(&self) -> Option<&dyn ContactApi> {
        None
    }

    /// Messages.
    fn messages(&self) -> Option<&dyn MessageApi> {
        None
    }

    /// The provider's own client, for [`client`](trait.Integration.html#method.client); `None` when it shows none.
    fn typed(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    /// Until when the credential is known to work; `None` when it does not end or nobody knows.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

impl dyn Integration {
    /// The provider's own typed client, for what the shared contracts do not have: `connection.client::<Location>()`. The
    /// provider says of which type it is; `None` for any other.
    #[must_use]
    pub fn client<T: Any>(&self) -> Option<&T> {
        self.typed()?.downcast_ref()
    }
}

fn unsupported(message: &'static str) -> Error {
    Error::new(ErrorKind::Config, message).with_code("unsupported")
}
