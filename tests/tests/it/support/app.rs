//! An application as a user of these crates composes it, over a database file of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::http::HttpContext;
use integrations_core::provider::{Integration, Providers};
use integrations_core::status::Status;
use integrations_core::status::probe::Policy;
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::{ExposeSecret as _, IntegrationId, Result, TenantId};
use integrations_server::Webhooks;
use integrations_store::{
    AuditRow, IntegrationManager, IntegrationView, ManagerBuilder, Store, StoreOptions,
};
use integrations_sync::inbox::Inbox;
use integrations_sync::jobs::Jobs;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqlitePool;
use tempfile::TempDir;

use super::{ACTOR, leaks};

pub(crate) struct App {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) manager: IntegrationManager,
    pub(crate) webhooks: Webhooks,
    pub(crate) jobs: Jobs,
    raw: SqlitePool,
}

impl App {
    pub(crate) async fn start(providers: &Providers) -> Self {
        Self::start_with(providers, HttpContext::new().expect("TLS"), |manager| {
            manager
        })
        .await
    }

    pub(crate) async fn start_with(
        providers: &Providers,
        http: HttpContext,
        change: impl FnOnce(ManagerBuilder) -> ManagerBuilder,
    ) -> Self {
        let ring = KeyRing::generate().expect("random bytes");
        for line in ring.to_text().expose_secret().lines() {
            leaks::plant("a key of the ring", line.rsplit(':').next().expect("a key"));
        }
        let folder = Arc::new(TempDir::new().expect("a temporary folder"));
        Self::open(folder, Vault::new(ring), providers, http, change).await
    }

    /// What another process is: its own connections and caches over the same file, with the same keys.
    pub(crate) async fn another(
        &self,
        providers: &Providers,
        http: HttpContext,
        change: impl FnOnce(ManagerBuilder) -> ManagerBuilder,
    ) -> Self {
        let folder = Arc::clone(&self.folder);
        Self::open(folder, self.vault.clone(), providers, http, change).await
    }

    /// The same over this folder with these keys.
    pub(crate) async fn open(
        folder: Arc<TempDir>,
        vault: Vault,
        providers: &Providers,
        http: HttpContext,
        change: impl FnOnce(ManagerBuilder) -> ManagerBuilder,
    ) -> Self {
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        // The disk's part is the store's own test; here it would only cost time.
        let options = StoreOptions::new()
            .durable(false)
            .clock(Arc::clone(http.clock()));
        let store = Store::open_with(&url, options).await.expect("a database");
        store.migrate().await.expect("the schema");
        let jobs = Jobs::new(&store).expect("an engine");
        jobs.migrate().await.expect("the jobs' tables");
        let inbox = Inbox::builder(&store, jobs.clone()).vault(&vault).build();
        let builder =
            IntegrationManager::builder(store.clone(), vault.clone(), providers.clone(), http)
                .probe_policy(soon());
        let manager = change(builder).build();
        Self {
            webhooks: Webhooks::builder(&inbox, providers, manager.clone()).build(),
            jobs,
            raw: SqlitePool::connect(&url).await.expect("a second way in"),
            folder,
            store,
            vault,
            manager,
        }
    }

    /// An integration that was made from this config, not tested yet.
    pub(crate) async fn create(
        &self,
        tenant: &TenantId,
        slug: &str,
        config: &Value,
    ) -> IntegrationId {
        let created = self
            .manager
            .create(tenant, slug, "Main", config, ACTOR)
            .await;
        created.expect("a good config").id
    }

    /// The same, tested and active.
    pub(crate) async fn activate(
        &self,
        tenant: &TenantId,
        slug: &str,
        config: &Value,
    ) -> (IntegrationId, Arc<dyn Integration>) {
        let id = self.create(tenant, slug, config).await;
        let tested = self.manager.test_connection(tenant, id, ACTOR).await;
        tested.expect("a working credential");
        (
            id,
            self.manager.connect(tenant, id).await.expect("connected"),
        )
    }

    pub(crate) async fn view(&self, tenant: &TenantId, id: IntegrationId) -> IntegrationView {
        self.manager.get(tenant, id).await.expect("it is there")
    }

    pub(crate) async fn status(&self, tenant: &TenantId, id: IntegrationId) -> Status {
        self.view(tenant, id).await.status
    }

    /// The whole trail of a tenant; its chain holds.
    pub(crate) async fn trail(&self, tenant: &TenantId) -> Vec<AuditRow> {
        let audit = self.store.audit();
        let chain = audit.verify_chain(tenant).await.expect("the trail");
        assert!(chain.ok, "the chain is broken: {chain:?}");
        audit.list(tenant, None, 0, 500).await.expect("the trail")
    }

    /// Runs SQL past the store.
    pub(crate) async fn sql(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&self.raw).await?;
        Ok(done.rows_affected())
    }

    /// Reads one number past the store.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (number,): (i64,) = sqlx::query_as(AssertSqlSafe(sql))
            .fetch_one(&self.raw)
            .await
            .expect("a number");
        number
    }

    /// How many rows each table has: what must not change when something is refused.
    pub(crate) async fn rows(&self) -> BTreeMap<String, i64> {
        let tables: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'")
                .fetch_all(&self.raw)
                .await
                .expect("tables");
        let mut rows = BTreeMap::new();
        for (table,) in tables {
            let count = self
                .number(&format!("SELECT COUNT(*) FROM \"{table}\""))
                .await;
            rows.insert(table, count);
        }
        assert!(rows.len() > 5, "{rows:?}");
        rows
    }

    /// Closes everything and searches the files for planted secrets.
    pub(crate) async fn finish(self) {
        self.raw.close().await;
        self.store.close().await;
        leaks::assert_clean(self.folder.path());
    }
}

/// A probe that looks again at once, so that no test has to wait for it.
pub(crate) fn soon() -> Policy {
    let mut policy = Policy::default();
    policy.first_retry = Duration::from_millis(20);
    policy.min_retry = Duration::from_millis(1);
    policy
}
