-- Webhooks to other teams' systems, what starts by itself, and subscriptions that end: SQLite. Its twin in ../postgres
-- holds the same tables and columns; a test compares them.

CREATE TABLE outgoing_endpoints (
    tenant_id     TEXT   NOT NULL,
    id            BLOB   NOT NULL,
    description   TEXT   NOT NULL,
    -- Scheme, host and port. The rest of the URL is sealed with the secrets: with some receivers it is the secret.
    origin        TEXT   NOT NULL,
    sealed        TEXT   NOT NULL,
    sealed_key    TEXT   NOT NULL,
    events        TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('active', 'paused', 'gone', 'failing')),
    failing_since INTEGER,
    version       INTEGER NOT NULL,
    created_by    TEXT   NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX outgoing_endpoints_key ON outgoing_endpoints (sealed_key, tenant_id, id);

CREATE TABLE outgoing_messages (
    tenant_id  TEXT   NOT NULL,
    id         BLOB   NOT NULL,
    message_id TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    payload    BLOB  NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, message_id)
) STRICT;

CREATE INDEX outgoing_messages_age ON outgoing_messages (created_at);

CREATE TABLE outgoing_deliveries (
    tenant_id   TEXT   NOT NULL,
    id          BLOB   NOT NULL,
    endpoint_id BLOB   NOT NULL,
    message     BLOB   NOT NULL,
    status      TEXT   NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    claim       BLOB,
    created_at  INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, endpoint_id, message),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES outgoing_endpoints (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, message) REFERENCES outgoing_messages (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX outgoing_deliveries_due ON outgoing_deliveries (next_at, id) WHERE status = 'pending';
CREATE INDEX outgoing_deliveries_endpoint ON outgoing_deliveries (tenant_id, endpoint_id, status, id);
CREATE INDEX outgoing_deliveries_message ON outgoing_deliveries (tenant_id, message);

CREATE TABLE outgoing_attempts (
    tenant_id   TEXT   NOT NULL,
    delivery_id BLOB   NOT NULL,
    id          BLOB   NOT NULL,
    at          INTEGER NOT NULL,
    took        INTEGER NOT NULL,
    outcome     TEXT   NOT NULL,
    status      INTEGER,
    PRIMARY KEY (tenant_id, delivery_id, id),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES outgoing_deliveries (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
    tenant_id  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    spec       TEXT    NOT NULL,
    time_zone  TEXT,
    missed     TEXT    NOT NULL CHECK (missed IN ('once', 'skip')),
    paused     INTEGER NOT NULL,
    -- NULL: it never comes again.
    next_at    INTEGER,
    last_at    INTEGER,
    ticks      INTEGER  NOT NULL,
    created_at INTEGER  NOT NULL,
    updated_at INTEGER  NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL AND NOT paused;

CREATE TABLE subscriptions (
    tenant_id      TEXT    NOT NULL,
    integration_id BLOB    NOT NULL,
    name           TEXT    NOT NULL,
    url            TEXT    NOT NULL,
    -- NULL: wanted, but not there yet or any more.
    provider_id    TEXT,
    expires_at     INTEGER,
    -- NULL: it does not end.
    renew_at       INTEGER,
    claim          BLOB,
    failures       INTEGER  NOT NULL,
    notified       INTEGER NOT NULL,
    error_kind     TEXT,
    created_at     INTEGER  NOT NULL,
    updated_at     INTEGER  NOT NULL,
    PRIMARY KEY (tenant_id, integration_id, name),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX subscriptions_due ON subscriptions (renew_at) WHERE renew_at IS NOT NULL;
