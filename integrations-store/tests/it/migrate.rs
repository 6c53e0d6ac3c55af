use integrations_store::{Engine, Store, StoreOptions};

use crate::backend::{Backend, Column, on_both_engines};

on_both_engines!(
    migrating_again_does_nothing,
    migrators_take_turns,
    the_next_schema_is_worked_with,
    a_newer_schema_is_refused,
    each_schema_takes_what_programs_of_the_one_before_write,
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

/// What a later program would write about one of its files.
fn later(backend: &Backend, version: i64, works_with: i64) -> String {
    let checksum = match backend.engine() {
        Engine::Sqlite => "x'00'",
        _ => "'\\x00'",
    };
    format!(
        "INSERT INTO main.integrations_migrations (version, name, works_with, checksum, applied_at) \
         VALUES ({version}, 'later', {works_with}, {checksum}, 0)"
    )
}

/// While processes are replaced one by one, one of the old ones may be started again.
async fn the_next_schema_is_worked_with(backend: Backend) {
    let ours = Store::schema_version();
    let next = later(&backend, ours + 1, ours);
    backend.raw(&next).await.unwrap();
    let done = backend.another().await.migrate().await.unwrap();
    assert_eq!((done.from, done.to), (ours + 1, ours + 1));
    assert!(done.applied.is_empty());
    backend.active(&crate::backend::tenant("a")).await;
}

async fn a_newer_schema_is_refused(backend: Backend) {
    let insert = later(&backend, 9999, 9998);
    backend.raw(&insert).await.unwrap();
    let error = backend.store.migrate().await.unwrap_err();
    assert_eq!(error.code(), Some("schema_newer"), "{error}");
    assert!(error.to_string().contains("9999"), "{error}");
}

/// A program of the version before names the columns that it knows: they are all there, and none that it does not know
/// asks it for a value.
async fn each_schema_takes_what_programs_of_the_one_before_write(backend: Backend) {
    let folder = match backend.engine() {
        Engine::Sqlite => "migrations/sqlite",
        _ => "migrations/postgres",
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(
        files.len(),
        usize::try_from(Store::schema_version()).unwrap()
    );
    let mut empty = backend.empty().await;
    let mut before: Vec<Column> = Vec::new();
    for file in files {
        empty.run(&std::fs::read_to_string(&file).unwrap()).await;
        let after = empty.columns().await;
        for known in &before {
            let now = after.iter().find(|now| now.name == known.name);
            let now = now.unwrap_or_else(|| panic!("{} is gone in {file:?}", known.name));
            assert_eq!(now.kind, known.kind, "{} in {file:?}", known.name);
            assert!(
                now.may_be_left_out || !known.may_be_left_out,
                "{} is required since {file:?}",
                known.name
            );
        }
        let table = |column: &Column| column.name.split('.').next().unwrap().to_owned();
        for new in &after {
            let is_new = before.iter().all(|known| known.name != new.name);
            if is_new && before.iter().any(|known| table(known) == table(new)) {
                assert!(
                    new.may_be_left_out,
                    "{} has no default in {file:?}",
                    new.name
                );
            }
        }
        before = after;
    }
    assert!(before.len() > 90, "{}", before.len());
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
            ["templates", "rate_budgets"].contains(&table)
                || line.starts_with(&format!("{table}.tenant_id ")),
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
