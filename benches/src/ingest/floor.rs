//! The floor: the rows of events and jobs, inserted raw in batches, each in a transaction as durable as ours.

use std::time::Duration;

use integrations_core::{Error, ErrorKind, EventId, Result};
use integrations_store::{Engine, SqlxTransaction, Transaction};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::time::Instant;

use super::Place;
use super::provider::{CONTACTS, SLUG, body};

const SQLITE_EVENT: &str = "INSERT INTO webhook_events (tenant_id, id, integration_id, provider, dedupe_key, kind, \
    scheme, received_at, payload, lane, status, attempts, next_at, knock_at, created_at) \
    VALUES ('acme', $1, $2, $3, $4, 'contact', 'bench', 0, $5, $6, 'pending', 0, 0, $7, 0)";
const SQLITE_JOB: &str = "INSERT INTO river_job (args, kind, max_attempts, metadata, priority, queue, state) \
    VALUES (jsonb($1), 'inbox.lane', 10, jsonb('{\"tenant\":\"acme\"}'), 2, 'inbox', 'available')";
const POSTGRES_EVENTS: &str = "INSERT INTO SCHEMA.webhook_events (tenant_id, id, integration_id, provider, dedupe_key, \
    kind, scheme, received_at, payload, lane, status, attempts, next_at, knock_at, created_at) \
    SELECT 'acme', n.id, $2, $3, n.dedupe, 'contact', 'bench', 0, n.payload, n.lane, 'pending', 0, 0, $7, 0 \
    FROM UNNEST($1::uuid[], $4::text[], $5::bytea[], $6::text[]) AS n (id, dedupe, payload, lane)";
const POSTGRES_JOBS: &str = "INSERT INTO SCHEMA.river_job (args, kind, max_attempts, metadata, priority, queue, state) \
    SELECT n.args::jsonb, 'inbox.lane', 10, '{\"tenant\":\"acme\"}', 2, 'inbox', 'available' \
    FROM UNNEST($1::text[]) AS n (args)";
/// Not due: what was stored before is of no concern to anybody.
const FAR: i64 = i64::MAX / 2;

/// Rows a second.
pub(super) async fn insert(place: &Place, batch: u64, span: Duration) -> Result<f64> {
    let until = Instant::now() + span;
    let began = Instant::now();
    let mut rows = 0_u32;
    let mut number = 1_000_000_000_000;
    while Instant::now() < until {
        let mut transaction = place.store.begin("floor").await?;
        one(place, &mut transaction, number, batch).await?;
        transaction.commit().await?;
        number += batch;
        rows += u32::try_from(batch).unwrap_or_default();
    }
    let rate = f64::from(rows) / began.elapsed().as_secs_f64();
    clear(place).await?;
    Ok(rate)
}

/// Finished events from before.
pub(super) async fn fill(place: &Place, stored: u32) -> Result<()> {
    let mut number = 2_000_000_000_000;
    let mut left = u64::from(stored);
    while left > 0 {
        let batch = left.min(5_000);
        let mut transaction = place.store.begin("fill").await?;
        one(place, &mut transaction, number, batch).await?;
        transaction.commit().await?;
        (number, left) = (number + batch, left - batch);
        if left.is_multiple_of(100_000) || left == 0 {
            finish(place).await?;
        }
    }
    Ok(())
}

async fn one(place: &Place, transaction: &mut Transaction, from: u64, batch: u64) -> Result<()> {
    let integration = place.integration;
    let schema = place.store.schema_name().to_owned();
    let numbers = from..from + batch;
    let lane = |number: u64| format!("{integration}/contact-{}", number % CONTACTS);
    let args = |number: u64| format!("{{\"lane\":\"{}\"}}", lane(number));
    match transaction.sqlx() {
        SqlxTransaction::Sqlite(inner) => {
            for number in numbers.clone() {
                sqlx::query(SQLITE_EVENT)
                    .bind(EventId::new().as_uuid())
                    .bind(integration.as_uuid())
                    .bind(SLUG)
                    .bind(format!("event-{number}"))
                    .bind(body(number).into_bytes())
                    .bind(lane(number))
                    .bind(FAR)
                    .execute(&mut **inner)
                    .await
                    .map_err(failed)?;
            }
            for number in numbers {
                sqlx::query(SQLITE_JOB)
                    .bind(args(number))
                    .execute(&mut **inner)
                    .await
                    .map_err(failed)?;
            }
        }
        SqlxTransaction::Postgres(inner) => {
            let ids: Vec<_> = numbers.clone().map(|_| EventId::new().as_uuid()).collect();
            let keys: Vec<_> = numbers.clone().map(|n| format!("event-{n}")).collect();
            let bodies: Vec<_> = numbers.clone().map(|n| body(n).into_bytes()).collect();
            let lanes: Vec<_> = numbers.clone().map(lane).collect();
            sqlx::query(AssertSqlSafe(POSTGRES_EVENTS.replace("SCHEMA", &schema)))
                .bind(ids)
                .bind(integration.as_uuid())
                .bind(SLUG)
                .bind(keys)
                .bind(bodies)
                .bind(lanes)
                .bind(FAR)
                .execute(&mut **inner)
                .await
                .map_err(failed)?;
            sqlx::query(AssertSqlSafe(POSTGRES_JOBS.replace("SCHEMA", &schema)))
                .bind(numbers.map(args).collect::<Vec<_>>())
                .execute(&mut **inner)
                .await
                .map_err(failed)?;
        }
        _ => return Err(Error::new(ErrorKind::Other, "an unknown engine")),
    }
    Ok(())
}

/// What was stored before is finished.
async fn finish(place: &Place) -> Result<()> {
    execute(
        place,
        "UPDATE SCHEMA.webhook_events SET status = 'done', finished_at = 9000000000000000 WHERE status = 'pending'",
    )
    .await?;
    execute(place, "DELETE FROM SCHEMA.river_job").await
}

/// What PostgreSQL does by itself once a minute: rows that the floor deleted, and that became finished a moment ago, are in
/// the way of nobody.
pub(super) async fn vacuum(place: &Place) -> Result<()> {
    if place.store.engine() != Engine::Postgres {
        return Ok(());
    }
    let mut connection = sqlx::PgConnection::connect(&place.url)
        .await
        .map_err(failed)?;
    let schema = place.store.schema_name();
    let sql = AssertSqlSafe(format!("VACUUM (ANALYZE) {schema}.webhook_events"));
    sqlx::query(sql)
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)
}

/// The floor leaves nothing behind.
async fn clear(place: &Place) -> Result<()> {
    execute(
        place,
        "DELETE FROM SCHEMA.webhook_events WHERE received_at = 0 AND status = 'pending'",
    )
    .await?;
    execute(place, "DELETE FROM SCHEMA.river_job").await
}

async fn execute(place: &Place, sql: &str) -> Result<()> {
    let sql = AssertSqlSafe(sql.replace("SCHEMA", place.store.schema_name()));
    let mut transaction = place.store.begin("floor").await?;
    match transaction.sqlx() {
        SqlxTransaction::Sqlite(inner) => sqlx::query(sql)
            .execute(&mut **inner)
            .await
            .map(drop)
            .map_err(failed)?,
        SqlxTransaction::Postgres(inner) => sqlx::query(sql)
            .execute(&mut **inner)
            .await
            .map(drop)
            .map_err(failed)?,
        _ => return Err(Error::new(ErrorKind::Other, "an unknown engine")),
    }
    transaction.commit().await
}

fn failed(error: sqlx::Error) -> Error {
    Error::new(ErrorKind::Store, "the floor failed").with_source(error)
}
