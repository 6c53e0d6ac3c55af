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
         received_at, payload, sealed_key, lane, status, attempts, next_at, error_message, created_at, finished_at"
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

macro_rules! dead_letter_columns {
    () => {
        "tenant_id, id, source, source_id, kind, subject, integration_id, cause, code, message, attempts, payload, \
         options, status, replayed_as, created_at, resolved_at"
    };
}

pub(crate) use {
    dead_letter_columns, event_columns, integration_columns, lead_columns, template_columns,
};

macro_rules! flow_columns {
    () => {
        "name, left_integration_id, right_integration_id, config, paused, version, created_at, updated_at"
    };
}

macro_rules! conflict_columns {
    () => {
        "id, flow, subject, kind, mapping_id, left_id, right_id, details, seen, resolution, resolved_by, created_at, \
         updated_at, resolved_at"
    };
}

macro_rules! run_columns {
    () => {
        "id, flow, kind, started_by, status, phase, expected, records_read, created, updated, deleted, linked, \
         skipped, conflicts, failed, attempts, cancelled, error_kind, error_message, started_at, heartbeat_at, \
         finished_at"
    };
}

/// A column that does not hold what this crate writes.
pub(crate) fn broken(table: &str, column: &str) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(crate::error::Corrupt(format!(
        "{table}: {column} is not readable"
    ))))
}

pub(crate) use {conflict_columns, flow_columns, run_columns};
