-- The foundation: PostgreSQL. Its twin in ../sqlite holds the same tables and columns; a test compares them.
--
-- Runs with the schema of the store as its search path. Times are microseconds since 1970 UTC, JSON is TEXT.
-- tenant_id comes first in every key.

CREATE VIEW clock AS SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS us;

CREATE TABLE templates (
    id          UUID    NOT NULL PRIMARY KEY,
    slug        TEXT    NOT NULL UNIQUE,
    provider    TEXT    NOT NULL,
    definition  TEXT    NOT NULL,
    active      BOOLEAN NOT NULL,
    version     BIGINT  NOT NULL,
    created_by  TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);

CREATE TABLE integrations (
    tenant_id         TEXT    NOT NULL,
    id                UUID    NOT NULL,
    provider          TEXT    NOT NULL,
    template          TEXT    NOT NULL,
    template_id       UUID    REFERENCES templates (id),
    name              TEXT    NOT NULL,
    config            TEXT    NOT NULL,
    secrets           TEXT,
    secrets_key       TEXT,
    external_key      TEXT,
    external_proved   BOOLEAN NOT NULL,
    status            TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'error', 'disconnected')),
    status_changed_at BIGINT  NOT NULL,
    error_kind        TEXT,
    error_message     TEXT,
    last_sync_at      BIGINT,
    probe             TEXT,
    probe_due_at      BIGINT,
    version           BIGINT  NOT NULL,
    created_by        TEXT    NOT NULL,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (status <> 'active' OR error_message IS NULL)
);

-- By it a webhook finds its integration: the one lookup that does not know its tenant yet.
CREATE INDEX integrations_external ON integrations (provider, external_key) WHERE external_key IS NOT NULL;
-- For webhooks whose URL names the integration alone.
CREATE UNIQUE INDEX integrations_id ON integrations (id);
CREATE INDEX integrations_probe ON integrations (probe_due_at) WHERE probe_due_at IS NOT NULL;
CREATE INDEX integrations_template ON integrations (template_id) WHERE template_id IS NOT NULL;

CREATE FUNCTION integrations_check_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'illegal status transition' USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END
$$;

CREATE TRIGGER integrations_first_status BEFORE INSERT ON integrations FOR EACH ROW
WHEN (NEW.status <> 'pending')
EXECUTE FUNCTION integrations_check_status();

CREATE TRIGGER integrations_next_status BEFORE UPDATE ON integrations FOR EACH ROW
WHEN (NEW.status = 'pending' AND OLD.status <> 'pending')
EXECUTE FUNCTION integrations_check_status();

CREATE TABLE oauth_tokens (
    tenant_id      TEXT    NOT NULL,
    integration_id UUID    NOT NULL,
    slot           TEXT    NOT NULL,
    sealed         TEXT,
    sealed_key     TEXT,
    scopes         TEXT    NOT NULL,
    expires_at     BIGINT,
    generation     BIGINT  NOT NULL,
    fence          BIGINT,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, slot),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE oauth_states (
    tenant_id      TEXT    NOT NULL,
    state_hash     BYTEA   NOT NULL,
    integration_id UUID    NOT NULL,
    redirect_uri   TEXT    NOT NULL,
    sealed         TEXT,
    expires_at     BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, state_hash),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX oauth_states_expiry ON oauth_states (expires_at);
CREATE INDEX oauth_states_integration ON oauth_states (tenant_id, integration_id);

CREATE TABLE leases (
    tenant_id  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    fence      BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE webhook_events (
    tenant_id      TEXT    NOT NULL,
    id             UUID    NOT NULL,
    integration_id UUID    NOT NULL,
    provider       TEXT    NOT NULL,
    dedupe_key     TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    event_id       TEXT,
    tenant_key     TEXT,
    scheme         TEXT    NOT NULL,
    occurred_at    BIGINT,
    received_at    BIGINT  NOT NULL,
    payload        BYTEA   NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('pending', 'processing', 'done', 'failed', 'kept')),
    attempts       BIGINT  NOT NULL,
    next_at        BIGINT  NOT NULL,
    claim          UUID,
    error_message  TEXT,
    created_at     BIGINT  NOT NULL,
    finished_at    BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, provider, dedupe_key),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
);

CREATE INDEX webhook_events_due ON webhook_events (next_at, id) WHERE status IN ('pending', 'processing');
CREATE INDEX webhook_events_integration ON webhook_events (tenant_id, integration_id, status, id);
CREATE INDEX webhook_events_finished ON webhook_events (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE audit_heads (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    entries   BIGINT  NOT NULL,
    hash      BYTEA   NOT NULL
);

CREATE TABLE audit_log (
    tenant_id      TEXT    NOT NULL,
    seq            BIGINT  NOT NULL,
    id             UUID    NOT NULL,
    integration_id UUID,
    at             BIGINT  NOT NULL,
    actor          TEXT    NOT NULL,
    action         TEXT    NOT NULL,
    details        TEXT    NOT NULL,
    hash           BYTEA   NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

CREATE INDEX audit_log_integration ON audit_log (tenant_id, integration_id, seq) WHERE integration_id IS NOT NULL;

CREATE TABLE leads (
    tenant_id      TEXT    NOT NULL,
    id             UUID    NOT NULL,
    integration_id UUID    NOT NULL,
    external_id    TEXT    NOT NULL,
    name           TEXT,
    email          TEXT,
    phone          TEXT,
    timezone       TEXT,
    source         TEXT    NOT NULL,
    occurred_at    BIGINT,
    version        BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, integration_id, external_id)
);
