use integrations_store::{Engine, Store, StoreOptions};

use crate::backend::{Backend, on_both_engines};

on_both_engines!(
    migrating_again_does_nothing,
    migrators_take_turns,
    a_newer_schema_is_refused,
    a_changed_migration_is_refused,
    without_tables_the_error_says_so,
);

async fn migrating_again_does_nothing(backend: Backend) {
    let done = backend.store.migrate().await.unwrap();
    assert_eq!(
        (done.from, done.to),
        (Store::schema_version(), Store::schema_version())
    );
    assert!(done.applied.is_empty());
}

async fn migrators_take_turns(backend: Backend) {
    let schema = format!("{}_again", backend.schema());
    let directory = tempfile::TempDir::new().unwrap();
    let url = match backend.engine() {
        Engine::Sqlite => format!("sqlite://{}", directory.path().join("new.db").display()),
        _ => backend.url().to_owned(),
    };
    let migrators = (0..8).map(|_| {
        let (url, schema) = (url.clone(), schema.clone());
        tokio::spawn(async move {
            let options = StoreOptions::new().schema(schema).max_connections(2);
            Store::open_with(&url, options)
                .await
                .unwrap()
                .migrate()
                .await
                .unwrap()
        })
    });
    let mut worked = 0;
    for migrator in migrators.collect::<Vec<_>>() {
        worked += usize::from(!migrator.await.unwrap().applied.is_empty());
    }
    assert_eq!(worked, 1, "one migrates, the others find it done");
}

async fn a_newer_schema_is_refused(backend: Backend) {
    let insert = match backend.engine() {
        Engine::Sqlite => {
            "INSERT INTO main.integrations_migrations VALUES (9999, 'later', x'00', 0)"
        }
        _ => "INSERT INTO main.integrations_migrations VALUES (9999, 'later', '\\x00', 0)",
    };
    backend.raw(insert).await.unwrap();
    let error = backend.store.migrate().await.unwrap_err();
    assert_eq!(error.code(), Some("schema_newer"), "{error}");
    assert!(error.to_string().contains("9999"), "{error}");
}

async fn a_changed_migration_is_refused(backend: Backend) {
    let change = match backend.engine() {
        Engine::Sqlite => "UPDATE main.integrations_migrations SET checksum = x'00'",
        _ => "UPDATE main.integrations_migrations SET checksum = '\\x00'",
    };
    backend.raw(change).await.unwrap();
    let error = backend.store.migrate().await.unwrap_err();
    assert_eq!(error.code(), Some("schema_changed"), "{error}");
}

async fn without_tables_the_error_says_so(backend: Backend) {
    backend.raw("DROP TABLE main.leads").await.unwrap();
    let error = backend
        .store
        .leads()
        .list(&crate::backend::tenant("a"), None, 10)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("schema"), "{error}");
    assert!(error.to_string().contains("Store::migrate"), "{error}");
}

/// One schema: the same tables, columns, optional columns and keys on both engines.
#[tokio::test]
async fn both_engines_have_one_schema() {
    let sqlite = Backend::sqlite().await.unwrap();
    let Some(postgres) = Backend::postgres().await else {
        return;
    };
    let on_sqlite = sqlite
        .texts(
            "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN ' required' ELSE '' END \
             || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END \
             || ' ' || CASE c.type WHEN 'BLOB' THEN 'bytes' WHEN 'INTEGER' THEN 'number' ELSE 'text' END \
             FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' \
             AND t.name <> 'integrations_migrations' ORDER BY 1",
        )
        .await;
    let on_postgres = postgres
        .texts(&format!(
            "SELECT c.table_name || '.' || c.column_name || CASE c.is_nullable WHEN 'NO' THEN ' required' ELSE '' END \
             || COALESCE((SELECT ' key ' || k.ordinal_position FROM information_schema.key_column_usage k \
                 JOIN information_schema.table_constraints p USING (constraint_schema, constraint_name) \
                 WHERE p.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema \
                 AND k.table_name = c.table_name AND k.column_name = c.column_name), '') \
             || ' ' || CASE c.data_type WHEN 'uuid' THEN 'bytes' WHEN 'bytea' THEN 'bytes' \
                 WHEN 'bigint' THEN 'number' WHEN 'boolean' THEN 'number' ELSE 'text' END \
             FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE c.table_schema = '{}' AND t.table_type = 'BASE TABLE' \
             AND c.table_name <> 'integrations_migrations' ORDER BY 1",
            postgres.schema()
        ))
        .await;
    assert!(on_sqlite.len() > 90, "{}", on_sqlite.len());
    assert_eq!(on_sqlite, on_postgres);
    for line in on_sqlite
        .iter()
        .filter(|line| line.ends_with("key 1 text") || line.contains("key 1 "))
    {
        let table = line.split('.').next().unwrap();
        assert!(
            table == "templates" || line.starts_with(&format!("{table}.tenant_id ")),
            "the tenant comes first in every key: {line}"
        );
    }
}

/// What SQLite is opened with: an acknowledged commit survives a power cut.
#[tokio::test]
async fn sqlite_is_durable_unless_told_otherwise() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("durable.db").display());
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    assert!(
        directory.path().join("durable.db-wal").exists(),
        "write-ahead log"
    );
    store.close().await;
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.code(), Some("closed"));
    let again = Store::open(&url).await.unwrap();
    assert!(again.migrate().await.unwrap().applied.is_empty());
}

#[tokio::test]
async fn a_memory_database_works_until_it_is_dropped() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    let other = Store::open("sqlite::memory:").await.unwrap();
    assert_eq!(store.templates().list().await.unwrap(), []);
    assert_eq!(
        other.templates().list().await.unwrap_err().code(),
        Some("schema"),
        "each has its own"
    );
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_without_the_password() {
    let missing = Store::open("sqlite:///no/such/directory/a.db")
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Some("cannot_open"), "{missing}");
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("text.db");
    std::fs::write(
        &file,
        "this is no database, and long enough to be read as a header".repeat(20),
    )
    .unwrap();
    let damaged = Store::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap_err();
    assert_eq!(damaged.code(), Some("corrupt"), "{damaged}");
    let options = StoreOptions::new().acquire_timeout(std::time::Duration::from_millis(300));
    let refused = Store::open_with("postgres://u:planted-password@127.0.0.1:1/db", options)
        .await
        .unwrap_err();
    assert!(
        !format!("{refused} {refused:?}").contains("planted"),
        "{refused:?}"
    );
    assert!(refused.is_retryable(), "{refused}");
}
