//! The figures of a run.

use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) integration: Integration,
    pub(crate) webhooks: Webhooks,
    pub(crate) contacts: Contacts,
    pub(crate) oauth: OAuth,
    pub(crate) audit: Audit,
    pub(crate) secrets_leaked: usize,
    pub(crate) elapsed_ms: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Integration {
    pub(crate) status: String,
    pub(crate) transitions: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Webhooks {
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) duplicates: u64,
    pub(crate) kept: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Contacts {
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) throttled_errors: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct OAuth {
    pub(crate) refreshes: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Audit {
    pub(crate) rows: u64,
    pub(crate) chain_ok: bool,
}

impl Report {
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// Whether the run ended as it should: what the exit code says.
    pub(crate) fn is_good(&self) -> bool {
        self.integration.status == "active"
            && self.audit.chain_ok
            && self.secrets_leaked == 0
            && self.contacts.throttled_errors == 0
    }
}
