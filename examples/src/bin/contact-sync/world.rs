//! The database, the two CRMs and the flow between them.

use std::sync::Arc;
use std::time::Duration;

use ghl_client::GoHighLevel;
use integrations_core::http::HttpContext;
use integrations_core::provider::{Integration, Providers};
use integrations_core::{IntegrationId, Result, TenantId};
use integrations_store::{Filter, IntegrationManager, Side, Store, StoreOptions};
use integrations_sync::budget::{BudgetOptions, SharedLimiter};
use integrations_sync::flow::{Books, End, Field, FieldRule, Flow, FlowConfig};
use integrations_testkit::ghl::SCOPES;
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::Arguments;
use crate::crms::{self, Crm};
use crate::home::Home;

pub(crate) const FLOW: &str = "contacts";
/// What the right side's `source` says of each contact that the sync made or changed there.
pub(crate) const CONSTANT: &str = "contact-sync";
/// How long what a killed process held is out of use: long enough for a busy machine, and short for who waits.
const HELD: Duration = Duration::from_secs(3);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) left: Crm,
    pub(crate) right: Crm,
    pub(crate) flow: Flow,
    pub(crate) limit: u32,
    pub(crate) contacts: u32,
    limiter: SharedLimiter,
}

impl World {
    pub(crate) async fn start(arguments: &Arguments, home: &Home) -> Result<Self> {
        let shown = std::env::var_os("RUST_LOG").map(|_| {
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_filter(EnvFilter::from_default_env())
        });
        tracing_subscriber::registry().with(shown).init();

        let options = StoreOptions::new().application_name("contact-sync");
        let store = Store::open_with(&arguments.database, options).await?;
        store.migrate().await?;
        let left = crms::start(arguments, home, false).await?;
        let right = crms::start(arguments, home, true).await?;

        // One limiter for all calls of all processes on this database.
        let options = BudgetOptions::new()
            .lease(HELD)
            // Both CRMs are on this machine.
            .travel(Duration::from_secs(1));
        let limiter = SharedLimiter::with_options(&store, options);
        let http = HttpContext::builder().limiter(limiter.clone()).build()?;
        let mut ends = Vec::new();
        for (name, crm) in [("left", &left), ("right", &right)] {
            // A manager for each, since the two have the same provider at two addresses.
            let provider = GoHighLevel::new().with_base_url(crm.ghl.base_url());
            let providers = Providers::new().with(provider);
            let manager = IntegrationManager::builder(
                store.clone(),
                home.vault.clone(),
                providers,
                http.clone(),
            )
            .build();
            let (id, connection) = connect(&manager, &home.tenant, name, crm).await?;
            ends.push(End::new(id, connection));
        }
        let [left_end, right_end] = <[End; 2]>::try_from(ends).unwrap_or_else(|_| unreachable!());
        let books = Books::new(&store);
        let flow = Flow::builder(&books, &home.tenant, FLOW, left_end, right_end)
            .config(config())
            .save()
            .await?;
        Ok(Self {
            store,
            tenant: home.tenant.clone(),
            left,
            right,
            flow,
            limit: arguments.limit,
            contacts: arguments.contacts,
            limiter,
        })
    }

    pub(crate) fn crm(&self, side: Side) -> &Crm {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    pub(crate) async fn stop(self) {
        self.limiter.close().await;
        self.store.close().await;
        self.left.ghl.shutdown().await;
        self.right.ghl.shutdown().await;
    }
}

/// The integration of this name and a connection to it; a new one with a new token, if it is the first time.
async fn connect(
    manager: &IntegrationManager,
    tenant: &TenantId,
    name: &str,
    crm: &Crm,
) -> Result<(IntegrationId, Arc<dyn Integration>)> {
    let known = manager.list(tenant, &Filter::all()).await?;
    let id = match known.iter().find(|known| known.name == name) {
        Some(known) => known.id,
        None => {
            let token = crm.ghl.issue_private_token(&crm.location, SCOPES);
            let config = json!({ "apiKey": token, "locationId": crm.location });
            manager
                .create(tenant, "gohighlevel", name, &config, "contact-sync")
                .await?
                .id
        }
    };
    manager.test_connection(tenant, id, "contact-sync").await?;
    Ok((id, manager.connect(tenant, id).await?))
}

/// Both ways, with a field that has another name on each side, and one that says who wrote.
fn config() -> FlowConfig {
    FlowConfig::new()
        .with_field(FieldRule::renamed(Field::Source, Field::Website))
        .with_constant(Side::Right, Field::Source, CONSTANT)
        .with_claim(HELD)
        // The simulated search finds a new contact after one second.
        .with_search_lag(Duration::from_secs(2))
        // Enough to keep one limit in use while others wait for the disk; more of them only wait for the processor, with
        // their places under the limit taken.
        .with_concurrency(64)
}
