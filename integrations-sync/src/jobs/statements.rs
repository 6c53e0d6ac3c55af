//! What this crate says to the engine's tables by itself, because the engine's client has no call for it, or a slower
//! one. The tables are the engine's documented schema, the same in all its languages.

use super::database::Text;

/// A job that is due within this many microseconds is enqueued as available and kept back by its time alone: looking for
/// due ones is the maintenance's work, once a second.
pub(super) const SOON: i64 = 1_000_000;

/// The states in which a unique key is taken: available, pending, retryable, running, scheduled.
const UNIQUE_STATES: &str = "241";

pub(super) struct Statements {
    pub(super) insert: Text,
    pub(super) complete: Text,
    pub(super) delete_running: Text,
    pub(super) delete_discarded: Text,
    pub(super) step: Text,
    pub(super) make_due: Text,
    pub(super) stuck: Text,
    pub(super) rescue: Text,
    pub(super) cancel_rescued: Text,
    pub(super) clean: Text,
    pub(super) clean_notifications: Text,
    pub(super) counts: Text,
    pub(super) backlog: Text,
    pub(super) waited: Text,
    pub(super) find: Text,
    pub(super) wake: Text,
    pub(super) due_index: Text,
    pub(super) runners: Text,
    pub(super) alive: Text,
    pub(super) forget_runners: Text,
}

impl Statements {
    pub(super) fn new(schema: &str) -> Self {
        let text = |sqlite: &str, postgres: &str| Text::new(schema, sqlite, postgres);
        Self {
            // One parameter for any number of jobs, so that a batch is one round trip.
            insert: text(
                &SQLITE_INSERT
                    .replace("SOON", &SOON.to_string())
                    .replace("UNIQUE_STATES", UNIQUE_STATES),
                &POSTGRES_INSERT
                    .replace("SOON", &SOON.to_string())
                    .replace("UNIQUE_STATES", UNIQUE_STATES),
            ),
            // The attempt is the fence: a job that was given to somebody else has another one.
            complete: text(
                "UPDATE {s}river_job SET state = 'completed', finalized_at = datetime('now', 'subsec') \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
                "UPDATE {s}river_job SET state = 'completed', finalized_at = clock_timestamp() \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
            ),
            delete_running: text(
                "DELETE FROM {s}river_job WHERE id = $1 AND state = 'running' AND attempt = $2",
                "DELETE FROM {s}river_job WHERE id = $1 AND state = 'running' AND attempt = $2",
            ),
            delete_discarded: text(
                "DELETE FROM {s}river_job WHERE id = $1 AND state = 'discarded'",
                "DELETE FROM {s}river_job WHERE id = $1 AND state = 'discarded'",
            ),
            step: text(
                "UPDATE {s}river_job SET metadata = jsonb_set(metadata, '$.\"' || $3 || '\"', jsonb($4)) \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
                "UPDATE {s}river_job SET metadata = metadata || jsonb_build_object($3::text, $4::jsonb) \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
            ),
            make_due: text(
                "UPDATE {s}river_job SET state = 'available' WHERE id IN (SELECT id FROM {s}river_job \
                 WHERE state IN ('scheduled', 'retryable') AND scheduled_at <= datetime('now', 'subsec') \
                 ORDER BY scheduled_at LIMIT $1) RETURNING queue",
                "UPDATE {s}river_job SET state = 'available' WHERE id IN (SELECT id FROM {s}river_job \
                 WHERE state IN ('scheduled', 'retryable') AND scheduled_at <= now() \
                 ORDER BY scheduled_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING queue",
            ),
            // What a dead process left running, and what the engine itself gave up. The ids come first, each part by its
            // own index: in one condition with an order, the planner would walk all jobs.
            stuck: text(
                "SELECT id, kind, queue, priority, attempt, max_attempts, json(args), json(metadata), \
                 state = 'discarded', COALESCE((SELECT us FROM {s}clock) \
                 - CAST(unixepoch(attempted_at, 'subsec') * 1000000 AS INTEGER), 0), \
                 EXISTS (SELECT 1 FROM {s}integrations_job_runners AS r WHERE r.id = \
                 CASE WHEN typeof(attempted_by) = 'blob' OR json_valid(attempted_by) \
                 THEN json_extract(attempted_by, '$[#-1]') END AND r.dead_at < (SELECT us FROM {s}clock)) \
                 FROM {s}river_job WHERE id IN ( \
                 SELECT id FROM {s}river_job WHERE state = 'running' \
                 AND attempted_at < datetime('now', 'subsec', '-' || ($1 / 1000000.0) || ' seconds') \
                 AND kind IN (SELECT value FROM json_each($2)) \
                 UNION ALL SELECT id FROM {s}river_job WHERE state = 'discarded' AND finalized_at IS NOT NULL \
                 AND metadata ->> '$.tenant' IS NOT NULL) AND id > $3 ORDER BY id LIMIT $4",
                "WITH ids AS MATERIALIZED (SELECT id FROM {s}river_job WHERE state = 'running' \
                 AND attempted_at < now() - $1::double precision * interval '1 microsecond' \
                 AND kind IN (SELECT json_array_elements_text($2::json)) \
                 UNION ALL SELECT id FROM {s}river_job WHERE state = 'discarded' AND finalized_at IS NOT NULL \
                 AND metadata ? 'tenant') \
                 SELECT id, kind, queue, priority, attempt, max_attempts, args::text, metadata::text, \
                 state = 'discarded', COALESCE(CAST(EXTRACT(EPOCH FROM now() - attempted_at) * 1000000 AS BIGINT), 0), \
                 EXISTS (SELECT 1 FROM {s}integrations_job_runners AS r \
                 WHERE r.id = attempted_by[array_upper(attempted_by, 1)] AND r.dead_at < (SELECT us FROM {s}clock)) \
                 FROM {s}river_job WHERE id IN (SELECT id FROM ids WHERE id > $3 ORDER BY id LIMIT $4) \
                 AND state IN ('running', 'discarded') ORDER BY id FOR UPDATE SKIP LOCKED",
            ),
            rescue: text(
                "UPDATE {s}river_job SET state = 'available', \
                 scheduled_at = strftime('%Y-%m-%d %H:%M:%f', ((SELECT us FROM {s}clock) + $3) / 1000000.0, 'unixepoch'), \
                 metadata = jsonb_set(metadata, '$.\"river:rescue_count\"', \
                 COALESCE(metadata ->> '$.\"river:rescue_count\"', 0) + 1) \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
                "UPDATE {s}river_job SET state = 'available', \
                 scheduled_at = clock_timestamp() + $3::double precision * interval '1 microsecond', \
                 metadata = metadata || jsonb_build_object('river:rescue_count', \
                 COALESCE((metadata ->> 'river:rescue_count')::int, 0) + 1) \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
            ),
            cancel_rescued: text(
                "UPDATE {s}river_job SET state = 'cancelled', finalized_at = datetime('now', 'subsec') \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
                "UPDATE {s}river_job SET state = 'cancelled', finalized_at = clock_timestamp() \
                 WHERE id = $1 AND state = 'running' AND attempt = $2",
            ),
            clean: text(
                "DELETE FROM {s}river_job WHERE id IN (SELECT id FROM {s}river_job WHERE state = $1 \
                 AND finalized_at < datetime('now', 'subsec', '-' || $2 || ' seconds') LIMIT $3)",
                "DELETE FROM {s}river_job WHERE id IN (SELECT id FROM {s}river_job \
                 WHERE state = $1::{s}river_job_state AND finalized_at IS NOT NULL \
                 AND finalized_at < now() - $2 * interval '1 second' LIMIT $3 FOR UPDATE SKIP LOCKED)",
            ),
            clean_notifications: text(
                "DELETE FROM {s}river_notification WHERE created_at < datetime('now', 'subsec', '-1 hour')",
                "DELETE FROM {s}river_notification WHERE created_at < now() - interval '1 hour'",
            ),
            counts: text(
                "SELECT kind, state, COUNT(*) FROM {s}river_job WHERE $1 = '' OR metadata ->> '$.tenant' = $1 \
                 GROUP BY kind, state ORDER BY kind, state",
                "SELECT kind, state::text, COUNT(*) FROM {s}river_job \
                 WHERE $1 = '' OR metadata @> jsonb_build_object('tenant', $1::text) GROUP BY kind, state ORDER BY kind, state",
            ),
            backlog: text(
                "SELECT queue, SUM(state = 'available'), SUM(state = 'running'), \
                 COALESCE(MAX(CASE state WHEN 'available' THEN (SELECT us FROM {s}clock) \
                 - CAST(unixepoch(scheduled_at, 'subsec') * 1000000 AS INTEGER) END), 0) \
                 FROM {s}river_job WHERE state IN ('available', 'running') GROUP BY queue ORDER BY queue",
                "SELECT queue, COUNT(*) FILTER (WHERE state = 'available'), COUNT(*) FILTER (WHERE state = 'running'), \
                 COALESCE(MAX(CAST(EXTRACT(EPOCH FROM now() - scheduled_at) * 1000000 AS BIGINT)) \
                 FILTER (WHERE state = 'available'), 0) \
                 FROM {s}river_job WHERE state IN ('available', 'running') GROUP BY queue ORDER BY queue",
            ),
            // One look into the index that jobs are taken by for each priority.
            waited: text(
                "SELECT COALESCE((SELECT us FROM {s}clock) \
                 - CAST(unixepoch(MIN(scheduled_at), 'subsec') * 1000000 AS INTEGER), 0) FROM ( \
                 SELECT (SELECT MIN(scheduled_at) FROM {s}river_job WHERE state = 'available' AND queue = $1 \
                 AND priority = each.value) AS scheduled_at FROM json_each('[1,2,3,4]') AS each)",
                "SELECT COALESCE(CAST(EXTRACT(EPOCH FROM now() - MIN(first.scheduled_at)) * 1000000 AS BIGINT), 0) \
                 FROM generate_series(1, 4) AS level, LATERAL (SELECT scheduled_at FROM {s}river_job \
                 WHERE state = 'available' AND queue = $1 AND priority = level ORDER BY scheduled_at LIMIT 1) AS first",
            ),
            find: text(
                "SELECT id FROM {s}river_job WHERE id = $1 AND metadata ->> '$.tenant' = $2",
                "SELECT id FROM {s}river_job WHERE id = $1 AND metadata ->> 'tenant' = $2",
            ),
            wake: text(
                "SELECT 1 WHERE $1 = $2",
                "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload",
            ),
            runners: text(
                "CREATE TABLE IF NOT EXISTS {s}integrations_job_runners (id TEXT PRIMARY KEY, dead_at BIGINT NOT NULL)",
                "CREATE TABLE IF NOT EXISTS {s}integrations_job_runners (id TEXT PRIMARY KEY, dead_at BIGINT NOT NULL)",
            ),
            alive: text(
                "INSERT INTO {s}integrations_job_runners (id, dead_at) SELECT $1, us + $2 FROM {s}clock WHERE true \
                 ON CONFLICT (id) DO UPDATE SET dead_at = excluded.dead_at",
                "INSERT INTO {s}integrations_job_runners (id, dead_at) SELECT $1, us + $2 FROM {s}clock \
                 ON CONFLICT (id) DO UPDATE SET dead_at = excluded.dead_at",
            ),
            forget_runners: text(
                "DELETE FROM {s}integrations_job_runners WHERE dead_at < (SELECT us FROM {s}clock) - $1",
                "DELETE FROM {s}integrations_job_runners WHERE dead_at < (SELECT us FROM {s}clock) - $1",
            ),
            due_index: text(
                "CREATE INDEX IF NOT EXISTS {s}integrations_river_job_due ON river_job (scheduled_at) \
                 WHERE state IN ('scheduled', 'retryable')",
                "CREATE INDEX IF NOT EXISTS integrations_river_job_due ON {s}river_job (scheduled_at) \
                 WHERE state IN ('scheduled', 'retryable')",
            ),
        }
    }
}

const SQLITE_INSERT: &str = "INSERT INTO {s}river_job \
    (args, created_at, kind, max_attempts, metadata, priority, queue, scheduled_at, state, unique_key, unique_states) \
    SELECT jsonb(j -> '$.args'), datetime('now', 'subsec'), j ->> '$.kind', j ->> '$.tries', jsonb(j -> '$.meta'), \
    j ->> '$.priority', j ->> '$.queue', strftime('%Y-%m-%d %H:%M:%f', due / 1000000.0, 'unixepoch'), \
    CASE WHEN due > us + SOON THEN 'scheduled' ELSE 'available' END, unhex(j ->> '$.unique'), \
    CASE WHEN j ->> '$.unique' IS NULL THEN NULL ELSE UNIQUE_STATES END \
    FROM (SELECT each.key AS n, each.value AS j, clock.us AS us, \
    COALESCE(each.value ->> '$.at', clock.us + (each.value ->> '$.delay')) AS due \
    FROM json_each($1) AS each, {s}clock AS clock) WHERE true ORDER BY n \
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND unique_states IS NOT NULL AND CASE state \
    WHEN 'available' THEN unique_states & (1 << 0) WHEN 'cancelled' THEN unique_states & (1 << 1) \
    WHEN 'completed' THEN unique_states & (1 << 2) WHEN 'discarded' THEN unique_states & (1 << 3) \
    WHEN 'pending' THEN unique_states & (1 << 4) WHEN 'retryable' THEN unique_states & (1 << 5) \
    WHEN 'running' THEN unique_states & (1 << 6) WHEN 'scheduled' THEN unique_states & (1 << 7) ELSE 0 END >= 1 \
    DO UPDATE SET kind = river_job.kind RETURNING id";

/// The update that changes nothing makes the statement return the job that is there.
const POSTGRES_INSERT: &str = "INSERT INTO {s}river_job \
    (args, kind, max_attempts, metadata, priority, queue, scheduled_at, state, unique_key, unique_states) \
    SELECT (j -> 'args')::jsonb, j ->> 'kind', (j ->> 'tries')::smallint, (j -> 'meta')::jsonb, \
    (j ->> 'priority')::smallint, j ->> 'queue', \
    timestamptz 'epoch' + due::double precision * interval '1 microsecond', \
    (CASE WHEN due > us + SOON THEN 'scheduled' ELSE 'available' END)::{s}river_job_state, \
    decode(j ->> 'unique', 'hex'), CASE WHEN j ->> 'unique' IS NULL THEN NULL ELSE UNIQUE_STATES::integer::bit(8) END \
    FROM (SELECT n, j, us, COALESCE((j ->> 'at')::bigint, us + (j ->> 'delay')::bigint) AS due \
    FROM json_array_elements($1::json) WITH ORDINALITY AS each (j, n), {s}clock) AS input ORDER BY n \
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND unique_states IS NOT NULL \
    AND {s}river_job_state_in_bitmask(unique_states, state) DO UPDATE SET kind = river_job.kind RETURNING id";
