-- The foundation: SQLite. Its twin in ../postgres holds the same tables and columns; a test compares them.
--
-- UUIDs are 16-byte BLOBs, times are microseconds since 1970 UTC, JSON is TEXT. tenant_id comes first in every key.

CREATE VIEW clock AS SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS us;

CREATE TABLE templates (
    id          BLOB    NOT NULL PRIMARY KEY,
    slug        TEXT    NOT NULL UNIQUE,
    provider    TEXT    NOT NULL,
    definition  TEXT    NOT NULL,
    active      INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    created_by  TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE integrations (
    tenant_id         TEXT    NOT NULL,
    id                BLOB    NOT NULL,
    provider          TEXT    NOT NULL,
    template          TEXT    NOT NULL,
    template_id       BLOB    REFERENCES templates (id),
    name              TEXT    NOT NULL,
    config            TEXT    NOT NULL,
    secrets           TEXT,
    secrets_key       TEXT,
    external_key      TEXT,
    external_proved   INTEGER NOT NULL,
    status            TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'error', 'disconnected')),
    status_changed_at INTEGER NOT NULL,
    error_kind        TEXT,
    error_message     TEXT,
    last_sync_at      INTEGER,
    probe             TEXT,
    probe_due_at      INTEGER,
    version           INTEGER NOT NULL,
    created_by        TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (status <> 'active' OR error_message IS NULL)
) STRICT, WITHOUT ROWID;

-- By it a webhook finds its integration: the one lookup that does not know its tenant yet.
CREATE INDEX integrations_external ON integrations (provider, external_key) WHERE external_key IS NOT NULL;
-- For webhooks whose URL names the integration alone.
CREATE UNIQUE INDEX integrations_id ON integrations (id);
CREATE INDEX integrations_probe ON integrations (probe_due_at) WHERE probe_due_at IS NOT NULL;
CREATE INDEX integrations_template ON integrations (template_id) WHERE template_id IS NOT NULL;

CREATE TRIGGER integrations_first_status BEFORE INSERT ON integrations
WHEN NEW.status <> 'pending'
BEGIN
    SELECT RAISE(ABORT, 'illegal status transition');
END;

CREATE TRIGGER integrations_next_status BEFORE UPDATE ON integrations
WHEN NEW.status = 'pending' AND OLD.status <> 'pending'
BEGIN
    SELECT RAISE(ABORT, 'illegal status transition');
END;

CREATE TABLE oauth_tokens (
    tenant_id      TEXT    NOT NULL,
    integration_id BLOB    NOT NULL,
    slot           TEXT    NOT NULL,
    sealed         TEXT,
    sealed_key     TEXT,
    scopes         TEXT    NOT NULL,
    expires_at     INTEGER,
    generation     INTEGER NOT NULL,
    fence          INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, slot),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE oauth_states (
    tenant_id      TEXT    NOT NULL,
    state_hash     BLOB    NOT NULL,
    integration_id BLOB    NOT NULL,
    redirect_uri   TEXT    NOT NULL,
    sealed         TEXT,
    expires_at     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, state_hash),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX oauth_states_expiry ON oauth_states (expires_at);
CREATE INDEX oauth_states_integration ON oauth_states (tenant_id, integration_id);

CREATE TABLE leases (
    tenant_id  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    fence      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_events (
    tenant_id      TEXT    NOT NULL,
    id             BLOB    NOT NULL,
    integration_id BLOB    NOT NULL,
    provider       TEXT    NOT NULL,
    dedupe_key     TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    event_id       TEXT,
    tenant_key     TEXT,
    scheme         TEXT    NOT NULL,
    occurred_at    INTEGER,
    received_at    INTEGER NOT NULL,
    payload        BLOB    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('pending', 'processing', 'done', 'failed', 'kept')),
    attempts       INTEGER NOT NULL,
    next_at        INTEGER NOT NULL,
    claim          BLOB,
    error_message  TEXT,
    created_at     INTEGER NOT NULL,
    finished_at    INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, provider, dedupe_key),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX webhook_events_due ON webhook_events (next_at, id) WHERE status IN ('pending', 'processing');
CREATE INDEX webhook_events_integration ON webhook_events (tenant_id, integration_id, status, id);
CREATE INDEX webhook_events_finished ON webhook_events (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE audit_heads (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    entries   INTEGER NOT NULL,
    hash      BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
    tenant_id      TEXT    NOT NULL,
    seq            INTEGER NOT NULL,
    id             BLOB    NOT NULL,
    integration_id BLOB,
    at             INTEGER NOT NULL,
    actor          TEXT    NOT NULL,
    action         TEXT    NOT NULL,
    details        TEXT    NOT NULL,
    hash           BLOB    NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_log_integration ON audit_log (tenant_id, integration_id, seq) WHERE integration_id IS NOT NULL;

CREATE TABLE leads (
    tenant_id      TEXT    NOT NULL,
    id             BLOB    NOT NULL,
    integration_id BLOB    NOT NULL,
    external_id    TEXT    NOT NULL,
    name           TEXT,
    email          TEXT,
    phone          TEXT,
    timezone       TEXT,
    source         TEXT    NOT NULL,
    occurred_at    INTEGER,
    version        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, integration_id, external_id)
) STRICT, WITHOUT ROWID;
