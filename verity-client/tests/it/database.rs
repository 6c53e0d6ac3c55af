//! Broadcasts in a real PostgreSQL, made and thrown away here.

use integrations_testkit::postgres;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use verity_client::ErrorKind;
use verity_client::broadcasts::{BroadcastSource, PostgresBroadcasts, analytics};

const BROADCAST: &str = "00000000-0000-4000-8000-000000000001";

/// The tables of the facts, with ids of this type.
fn tables(id: &str, time: &str) -> String {
    format!(
        "CREATE TYPE broadcast_type AS ENUM ('sms', 'email');
         CREATE TABLE broadcast (id {id} PRIMARY KEY, user_id text, type broadcast_type, subject text,
            executed_at {time}, completed_at {time});
         CREATE TABLE broadcast_recipient (id serial, broadcast_id {id}, contact_id text, status text,
            sent_at {time}, delivered_at {time});
         CREATE TABLE chat_message (broadcast_id {id}, participant_id text, status text, created_at {time});
         CREATE TABLE leads (contact_id text, ghl_appointment_id text, last_activity_at {time}, created_at {time});"
    )
}

const ROWS: &str = "
    INSERT INTO broadcast VALUES ('{id}', 'u', 'sms', NULL, '2026-01-01 00:00:00+00', '2026-01-01 01:00:00+00');
    INSERT INTO broadcast_recipient (broadcast_id, contact_id, status, sent_at) VALUES
        ('{id}', 'a', 'sent', '2026-01-01 00:00:01+00'), ('{id}', 'b', 'sent', '2026-01-01 00:00:02+00'),
        ('{id}', 'c', 'delivered', '2026-01-01 00:00:03+00'), ('{id}', 'd', 'failed', NULL),
        ('{id}', 'e', 'pending', NULL), ('{id}', 'f', 'opted_out', NULL), ('{id}', 'g', 'teleported', NULL);
    INSERT INTO chat_message VALUES
        ('{id}', 'pa', 'sent', '2026-01-01 00:00:01+00'), (NULL, 'pa', 'received', '2026-01-02 00:00:00+00'),
        (NULL, 'pa', 'received', '2026-01-03 00:00:00+00'), ('{id}', 'pb', 'received', '2026-01-02 00:00:00+00'),
        (NULL, 'stranger', 'received', '2026-01-02 00:00:00+00'), ('{id}', 'pc', 'sent', '2026-01-01 00:00:01+00'),
        (NULL, 'pc', 'received', '2026-01-20 00:00:00+00');
    INSERT INTO leads VALUES
        ('a', 'apt-1', '2026-01-05 00:00:00+00', '2025-01-01 00:00:00+00'), ('a', 'apt-2', NULL, '2026-01-06 00:00:00+00'),
        ('b', 'apt-3', '2025-12-01 00:00:00+00', '2026-01-06 00:00:00+00'), ('c', NULL, NULL, '2026-01-06 00:00:00+00'),
        ('d', 'apt-4', NULL, '2026-01-06 00:00:00+00');";

/// A database of its own with these rows.
async fn database(name: &str, id_type: &str, time: &str, id: &str) -> Option<String> {
    let server = postgres::server()?;
    let mut admin = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut admin)
        .await
        .unwrap();
    let mut url = url::Url::parse(&server.url()).unwrap();
    url.set_path(name);
    let mut own = PgConnection::connect(url.as_str()).await.unwrap();
    let script = tables(id_type, time) + &ROWS.replace("{id}", id);
    sqlx::raw_sql(AssertSqlSafe(script))
        .execute(&mut own)
        .await
        .unwrap();
    Some(url.into())
}

#[tokio::test]
async fn the_numbers_of_a_broadcast_whatever_its_ids_are() {
    for (name, id_type, time, id) in [
        ("ids_uuid", "uuid", "timestamptz", BROADCAST),
        ("ids_text", "text", "timestamptz", "b-1"),
        ("ids_bigint", "bigint", "timestamptz", "42"),
        ("ids_zoneless", "uuid", "timestamp", BROADCAST),
    ] {
        let Some(url) = database(name, id_type, time, id).await else {
            return;
        };
        let source = PostgresBroadcasts::connect(&url).await.unwrap();
        let figures = analytics(&source, &id.into()).await.unwrap().unwrap();
        assert_eq!(
            (
                figures.recipients,
                figures.sent,
                figures.delivered,
                figures.failed,
                figures.pending
            ),
            (7, 4, 3, 1, 1),
            "{name}"
        );
        assert_eq!(
            (figures.responses, figures.appointments_set),
            (2, 1),
            "{name}"
        );
        assert_eq!(
            (
                figures.delivery_rate,
                figures.response_rate,
                figures.conversion_rate
            ),
            (75.0, 66.67, 50.0)
        );
        assert_eq!(
            figures.sent_at,
            Some("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap())
        );
        assert!(figures.broadcast_name.starts_with("SMS Broadcast "));
        for missing in [
            "",
            "x",
            "00000000-0000-4000-8000-000000000002",
            "7",
            "'; DROP TABLE broadcast; --",
            "a\0b",
        ] {
            assert_eq!(
                analytics(&source, &missing.into()).await.unwrap(),
                None,
                "{missing:?}"
            );
        }
        source.close().await;
    }
}

/// Nothing of Verity's is ever written, whatever a statement says.
#[tokio::test]
async fn the_database_refuses_every_write() {
    let Some(url) = database("read_only", "text", "timestamptz", "b-1").await else {
        return;
    };
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let options = options.options([("default_transaction_read_only", "on")]);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    let error = sqlx::query("DELETE FROM broadcast")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "25006");
    let source = PostgresBroadcasts::connect(&url).await.unwrap();
    assert!(source.broadcast(&"b-1".into()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_that_is_not_veritys_is_told() {
    assert_eq!(
        PostgresBroadcasts::connect("mysql://x")
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Config
    );
    let gone = "postgres://jane:hush@127.0.0.1:9/verity";
    let error = PostgresBroadcasts::connect(gone).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(!format!("{error} {error:?}").contains("hush"));
    let Some(server) = postgres::server() else {
        return;
    };
    let error = PostgresBroadcasts::connect(&server.url())
        .await
        .unwrap_err();
    assert!(error.message().contains("no table"), "{error}");
}
