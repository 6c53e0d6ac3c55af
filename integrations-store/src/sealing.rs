//! Where the payloads of webhook events are sealed for: what the vault calls their rows.

use integrations_core::{EventId, Result, TenantId};

/// The vault's name of the column.
pub const PAYLOAD_FIELD: &str = "payload";

/// The vault's name of an event's row.
#[must_use]
pub fn event_record(id: EventId) -> String {
    format!("webhook_events:{id}")
}

/// The vault's name of the row of an event that matches no integration.
#[must_use]
pub fn unmatched_record(id: EventId) -> String {
    format!("unmatched_events:{id}")
}

/// Whose such a row is for the vault: nobody's. The record's name keeps it apart from a tenant that is called so.
///
/// # Errors
/// Never: it is a tenant's id by its form.
pub fn nobody() -> Result<TenantId> {
    TenantId::new("-")
}
