-- Work that was given up: jobs and events, with the reason. One open row for each thing that failed.
CREATE TABLE dead_letters (
    tenant_id      TEXT   NOT NULL,
    id             UUID   NOT NULL,
    source         TEXT   NOT NULL CHECK (source IN ('job', 'event')),
    source_id      TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    subject        TEXT,
    integration_id UUID,
    cause          TEXT   NOT NULL,
    code           TEXT,
    message        TEXT   NOT NULL,
    attempts       BIGINT NOT NULL,
    payload        TEXT   NOT NULL,
    options        TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('open', 'replayed', 'dropped')),
    replayed_as    TEXT,
    created_at     BIGINT NOT NULL,
    resolved_at    BIGINT,
    PRIMARY KEY (tenant_id, id)
);

CREATE UNIQUE INDEX dead_letters_open ON dead_letters (tenant_id, source, source_id) WHERE status = 'open';
CREATE INDEX dead_letters_resolved ON dead_letters (tenant_id, resolved_at) WHERE resolved_at IS NOT NULL;

-- The inbox: lanes, what is nobody's yet, and when caches are stale.

-- What orders an event: see the table `lanes`. Rows of the version before have none and share one.
ALTER TABLE webhook_events ADD COLUMN lane TEXT NOT NULL DEFAULT '';
-- From when on the sweeper sees to it that somebody works on the lane.
ALTER TABLE webhook_events ADD COLUMN knock_at BIGINT NOT NULL DEFAULT 0;
-- The key that wraps the payload's data key; NULL: the payload is not sealed.
ALTER TABLE webhook_events ADD COLUMN sealed_key TEXT;

DROP INDEX webhook_events_due;
CREATE INDEX webhook_events_lane ON webhook_events (tenant_id, lane, id) WHERE status IN ('pending', 'processing');
CREATE INDEX webhook_events_knock ON webhook_events (knock_at) WHERE status IN ('pending', 'processing');
CREATE INDEX webhook_events_sealed ON webhook_events (tenant_id, id) WHERE sealed_key IS NOT NULL;

-- Who works on a lane now. A lane that nobody works on has no row.
CREATE TABLE lanes (
    tenant_id  TEXT    NOT NULL,
    lane       TEXT    NOT NULL,
    owner      UUID    NOT NULL,
    fence      BIGINT  NOT NULL,
    expires_at BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, lane)
);

-- Genuine events that match no integration yet. They have no tenant: it is ''.
CREATE TABLE unmatched_events (
    tenant_id    TEXT    NOT NULL,
    id           UUID    NOT NULL,
    provider     TEXT    NOT NULL,
    external_key TEXT    NOT NULL,
    dedupe_key   TEXT    NOT NULL,
    order_key    TEXT,
    kind         TEXT    NOT NULL,
    event_id     TEXT,
    scheme       TEXT    NOT NULL,
    occurred_at  BIGINT,
    received_at  BIGINT  NOT NULL,
    payload      BYTEA   NOT NULL,
    sealed_key   TEXT,
    created_at   BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, provider, external_key, dedupe_key)
);

CREATE INDEX unmatched_events_created ON unmatched_events (created_at);

-- Counts the changes of the whole deployment ('' as tenant), so that caches in any process notice them.
CREATE TABLE generations (
    tenant_id  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    generation BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

INSERT INTO generations (tenant_id, name, generation) VALUES ('', 'integrations', 1);

CREATE FUNCTION integrations_next_generation() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE generations SET generation = generation + 1 WHERE tenant_id = '' AND name = 'integrations';
    RETURN NULL;
END
$$;

CREATE TRIGGER integrations_generation_insert AFTER INSERT ON integrations FOR EACH ROW
EXECUTE FUNCTION integrations_next_generation();

CREATE TRIGGER integrations_generation_delete AFTER DELETE ON integrations FOR EACH ROW
EXECUTE FUNCTION integrations_next_generation();

CREATE TRIGGER integrations_generation_update AFTER UPDATE ON integrations FOR EACH ROW
WHEN (OLD.version <> NEW.version OR OLD.external_proved <> NEW.external_proved
    OR OLD.secrets IS DISTINCT FROM NEW.secrets)
EXECUTE FUNCTION integrations_next_generation();
