use std::fmt;

use integrations_core::status::Status;
use integrations_core::{IntegrationId, TemplateId, TenantId, Timestamp};
use serde_json::Value;

/// One integration as it is stored.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredIntegration {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: IntegrationId,
    /// The provider's slug.
    pub provider: String,
    /// The template's slug.
    pub template: String,
    /// The template's id, when it was made at run time.
    pub template_id: Option<TemplateId>,
    /// The tenant's own name for it.
    pub name: String,
    /// The config without its secrets.
    pub config: Value,
    /// The sealed secrets, as text.
    pub secrets: Option<String>,
    /// Which key wraps the secrets' data key.
    pub secrets_key: Option<String>,
    /// What a webhook names it by, for example a location id.
    pub external_key: Option<String>,
    /// Whether a successful test has shown that its credential belongs to `external_key`.
    pub external_proved: bool,
    /// How it stands.
    pub status: Status,
    /// Since when.
    pub status_changed_at: Timestamp,
    /// What kind of error put it into [`Status::Error`].
    pub error_kind: Option<String>,
    /// What was wrong, in one line; gone after a success.
    pub error_message: Option<String>,
    /// The last success.
    pub last_sync_at: Option<Timestamp>,
    /// The health probe's state.
    pub probe: Option<Value>,
    /// When the health probe looks again.
    pub probe_due_at: Option<Timestamp>,
    /// Grows with every change of name, config, secrets or key; a change names the one it was made on.
    pub version: u64,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed, status included.
    pub updated_at: Timestamp,
}

impl fmt::Debug for StoredIntegration {
    /// Leaves the config out: it may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredIntegration")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("provider", &self.provider)
            .field("name", &self.name)
            .field("status", &self.status)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Which of a tenant's integrations to list.
#[derive(Debug, Clone)]
#[must_use]
pub struct Filter {
    pub(crate) status: Option<Status>,
    pub(crate) provider: Option<String>,
    pub(crate) after: Option<IntegrationId>,
    pub(crate) limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self::all()
    }
}

impl Filter {
    /// The first 100, whatever they are.
    pub fn all() -> Self {
        Self {
            status: None,
            provider: None,
            after: None,
            limit: 100,
        }
    }

    /// Only those of this status.
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Only those of this provider.
    pub fn provider(mut self, slug: impl Into<String>) -> Self {
        self.provider = Some(slug.into());
        self
    }

    /// The page after this one: the last id of the page before.
    pub fn after(mut self, id: IntegrationId) -> Self {
        self.after = Some(id);
        self
    }

    /// At most this many, up to 500.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }
}
