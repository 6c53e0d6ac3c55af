-- Two-way sync: SQLite. Its twin in ../postgres holds the same tables and columns.

-- What is kept equal: two integrations of one tenant, and how.
CREATE TABLE flows (
    tenant_id            TEXT    NOT NULL,
    name                 TEXT    NOT NULL,
    left_integration_id  BLOB    NOT NULL,
    right_integration_id BLOB    NOT NULL,
    config               TEXT    NOT NULL,
    paused               INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, left_integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, right_integration_id) REFERENCES integrations (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX flows_left ON flows (tenant_id, left_integration_id);
CREATE INDEX flows_right ON flows (tenant_id, right_integration_id);

-- One person on both sides. Both ids are unique in a flow; a row with one id waits for the other.
CREATE TABLE contact_mappings (
    tenant_id     TEXT    NOT NULL,
    flow          TEXT    NOT NULL,
    id            BLOB    NOT NULL,
    left_id       TEXT,
    right_id      TEXT,
    state         TEXT    NOT NULL CHECK (state IN ('half', 'creating', 'linked', 'held', 'ignored', 'unlinked', 'gone')),
    creating      TEXT    CHECK (creating IN ('left', 'right')),
    intent_hash   INTEGER,
    intent_at     INTEGER,
    left_hash     INTEGER,
    right_hash    INTEGER,
    left_at       INTEGER,
    right_at      INTEGER,
    base          TEXT    NOT NULL,
    flips         INTEGER NOT NULL,
    flips_since   INTEGER,
    last_written  TEXT    CHECK (last_written IN ('left', 'right')),
    claimed_until INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, flow, id),
    UNIQUE (tenant_id, flow, left_id),
    UNIQUE (tenant_id, flow, right_id),
    FOREIGN KEY (tenant_id, flow) REFERENCES flows (tenant_id, name) ON DELETE CASCADE,
    CHECK (left_id IS NOT NULL OR right_id IS NOT NULL),
    CHECK ((state = 'creating') = (creating IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Creations whose outcome is not known yet: few.
CREATE INDEX contact_mappings_creating ON contact_mappings (tenant_id, flow, intent_hash) WHERE state = 'creating';
CREATE INDEX contact_mappings_gone ON contact_mappings (updated_at) WHERE state = 'gone';

-- Messages that were copied from one side to the other: once each.
CREATE TABLE message_mappings (
    tenant_id  TEXT    NOT NULL,
    flow       TEXT    NOT NULL,
    side       TEXT    NOT NULL CHECK (side IN ('left', 'right')),
    source_id  TEXT    NOT NULL,
    target_id  TEXT,
    state      TEXT    NOT NULL CHECK (state IN ('copying', 'copied', 'blocked', 'refused', 'unknown')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, flow, side, source_id),
    FOREIGN KEY (tenant_id, flow) REFERENCES flows (tenant_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What we wrote and will hear of again.
CREATE INDEX message_mappings_target ON message_mappings (tenant_id, flow, side, target_id) WHERE target_id IS NOT NULL;

-- The last write of ours to each record, until it expires or somebody else changes the record.
CREATE TABLE echo_ledger (
    tenant_id      TEXT    NOT NULL,
    flow           TEXT    NOT NULL,
    integration_id BLOB    NOT NULL,
    object         TEXT    NOT NULL,
    external_id    TEXT    NOT NULL,
    hash           INTEGER NOT NULL,
    written_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, flow, integration_id, object, external_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX echo_ledger_expiry ON echo_ledger (expires_at);

-- Who must not be contacted: one row per address, medium and source, so that a source lifts only its own.
CREATE TABLE opt_outs (
    tenant_id TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    channel   TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, address, channel, source, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX opt_outs_subject ON opt_outs (tenant_id, source, subject);

-- What a person has to decide.
CREATE TABLE conflicts (
    tenant_id   TEXT    NOT NULL,
    id          BLOB    NOT NULL,
    flow        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    mapping_id  BLOB,
    left_id     TEXT,
    right_id    TEXT,
    details     TEXT    NOT NULL,
    seen        INTEGER NOT NULL,
    resolution  TEXT,
    resolved_by TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    resolved_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, flow) REFERENCES flows (tenant_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX conflicts_open ON conflicts (tenant_id, flow, subject) WHERE resolved_at IS NULL;
CREATE INDEX conflicts_flow ON conflicts (tenant_id, flow, id);

-- How far each listing has been read.
CREATE TABLE cursors (
    tenant_id  TEXT    NOT NULL,
    flow       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    position   TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, flow, name),
    FOREIGN KEY (tenant_id, flow) REFERENCES flows (tenant_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Each run of a flow.
CREATE TABLE sync_log (
    tenant_id     TEXT    NOT NULL,
    id            BLOB    NOT NULL,
    flow          TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('incremental', 'full', 'reconcile')),
    started_by    TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
    phase         TEXT    NOT NULL,
    expected      INTEGER,
    records_read  INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    deleted       INTEGER NOT NULL,
    linked        INTEGER NOT NULL,
    skipped       INTEGER NOT NULL,
    conflicts     INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    cancelled     INTEGER NOT NULL,
    error_kind    TEXT,
    error_message TEXT,
    started_at    INTEGER NOT NULL,
    heartbeat_at  INTEGER NOT NULL,
    finished_at   INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, flow) REFERENCES flows (tenant_id, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX sync_log_flow ON sync_log (tenant_id, flow, id);
CREATE UNIQUE INDEX sync_log_running ON sync_log (tenant_id, flow, kind) WHERE status = 'running';
