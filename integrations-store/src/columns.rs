//! Every table's columns, by name: a later migration may add one while this program runs with prepared statements, and
//! PostgreSQL refuses a prepared `SELECT *` whose result changed.

macro_rules! integration_columns {
    () => {
        "tenant_id, id, provider, template, template_id, name, config, secrets, secrets_key, external_key, \
         external_proved, status, status_changed_at, error_kind, error_message, last_sync_at, probe, probe_due_at, \
         version, created_by, created_at, updated_at"
    };
}

macro_rules! event_columns {
    () => {
        "tenant_id, id, integration_id, provider, dedupe_key, kind, event_id, tenant_key, scheme, occurred_at, \
         received_at, payload, status, attempts, next_at, error_message, created_at, finished_at"
    };
}

macro_rules! lead_columns {
    () => {
        "id, integration_id, external_id, name, email, phone, timezone, source, occurred_at, version, created_at, \
         updated_at"
    };
}

macro_rules! template_columns {
    () => {
        "id, slug, provider, definition, active, version, created_by, created_at, updated_at"
    };
}

pub(crate) use {event_columns, integration_columns, lead_columns, template_columns};
