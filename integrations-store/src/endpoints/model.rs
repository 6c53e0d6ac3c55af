use std::fmt;

use integrations_core::{TenantId, Timestamp, WebhookSecret};
use url::Url;

use super::{EndpointId, EventPattern};

/// A receiver to be.
#[derive(Clone)]
#[must_use]
pub struct NewEndpoint {
    pub(super) url: Url,
    pub(super) events: Vec<EventPattern>,
    pub(super) description: String,
    pub(super) secret: Option<WebhookSecret>,
}

impl NewEndpoint {
    /// At this URL, for all events, with a secret that is made for it. Whoever lets others name the URL has it checked
    /// first: see `integrations_core::http::AddressPolicy`.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            events: vec![EventPattern::all()],
            description: String::new(),
            secret: None,
        }
    }

    /// Only for these events.
    pub fn events(mut self, events: impl IntoIterator<Item = EventPattern>) -> Self {
        self.events = events.into_iter().collect();
        self
    }

    /// What a person calls it.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Signs with this secret: base64, with or without `whsec_`.
    pub fn secret(mut self, secret: impl Into<WebhookSecret>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Where it will be.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Debug for NewEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEndpoint")
            .field("origin", &origin(&self.url))
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// Whether an endpoint is served, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndpointState {
    /// It is served.
    Active,
    /// A person stopped it.
    Paused,
    /// The receiver answered 410: it is gone.
    Gone,
    /// It failed for too long.
    Failing,
}

impl EndpointState {
    /// The lowercase word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Gone, Self::Failing]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A receiver of outgoing webhooks. `Debug` shows the origin of the URL only: the rest may be a secret.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Endpoint {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: Url,
    /// What it wants.
    pub events: Vec<EventPattern>,
    /// What a person calls it.
    pub description: String,
    /// Whether it is served.
    pub state: EndpointState,
    /// Since when nothing was delivered, when the last attempt failed.
    pub failing_since: Option<Timestamp>,
    /// How often it was changed.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// Scheme, host and port: what may be shown.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(&self.url)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("origin", &self.origin())
            .field("events", &self.events)
            .field("state", &self.state)
            .field("failing_since", &self.failing_since)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
