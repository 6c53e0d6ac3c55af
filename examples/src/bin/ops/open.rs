//! The deployment that is operated on.

use integrations_core::http::HttpContext;
use integrations_core::provider::Providers;
use integrations_core::vault::{ENV_KEY, ENV_KEYS, ENV_KEYS_FILE, KeyRing, Vault};
use integrations_core::{Result, TenantId};
use integrations_store::{Endpoints, Engine, IntegrationManager, Store, StoreOptions};
use integrations_sync::inbox::Inbox;
use integrations_sync::jobs::Jobs;

use crate::args::Global;
use crate::usage;

/// How many tenants a message names, and how many are looked up at a time.
const NAMED: u32 = 10;
const PAGE: u32 = 500;

/// What a command does to the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// A SQLite file is made when it is not there.
    Create,
}

/// A database, and who asks.
pub(crate) struct Deployment {
    pub(crate) store: Store,
    pub(crate) jobs: Jobs,
    pub(crate) json: bool,
    pub(crate) all_tenants: bool,
    tenant: Option<TenantId>,
    keys: Option<std::path::PathBuf>,
}

impl Deployment {
    pub(crate) async fn open(global: Global, access: Access) -> Result<Self> {
        let url = url(&global.database, access)?;
        let options = StoreOptions::new()
            .schema(&global.schema)
            .application_name("integrations-ops")
            .transaction_pooling(global.transaction_pooling)
            .max_connections(4);
        let store = Store::open_with(&url, options).await?;
        Ok(Self {
            jobs: Jobs::new(&store)?,
            store,
            json: global.json,
            all_tenants: global.all_tenants,
            tenant: global.tenant,
            keys: global.keys,
        })
    }

    /// Whose rows: the one that was named, or the only one.
    pub(crate) async fn tenant(&self) -> Result<TenantId> {
        if let Some(tenant) = &self.tenant {
            return Ok(tenant.clone());
        }
        let found = self.store.deployment().tenants(None, NAMED).await?;
        match found.as_slice() {
            [] => Err(usage(
                "this database has no tenant yet: name one with --tenant",
            )),
            [only] => Ok(only.clone()),
            several => {
                let names: Vec<&str> = several.iter().map(TenantId::as_str).collect();
                let more = if several.len() < NAMED as usize {
                    ""
                } else {
                    ", …"
                };
                Err(usage(format!(
                    "name one with --tenant: this database has {}{more}",
                    names.join(", ")
                )))
            }
        }
    }

    /// All of them, or the one.
    pub(crate) async fn tenants(&self) -> Result<Vec<TenantId>> {
        if !self.all_tenants {
            return Ok(vec![self.tenant().await?]);
        }
        let mut all: Vec<TenantId> = Vec::new();
        loop {
            let page = self.store.deployment().tenants(all.last(), PAGE).await?;
            let full = page.len() >= PAGE as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// The deployment's keys.
    pub(crate) fn vault(&self) -> Result<Vault> {
        let ring = match &self.keys {
            Some(file) => KeyRing::from_file(file)?,
            None => KeyRing::from_env()?,
        };
        Ok(Vault::new(ring))
    }

    /// Whether somebody gave keys.
    pub(crate) fn has_keys(&self) -> bool {
        self.keys.is_some()
            || [ENV_KEYS, ENV_KEY, ENV_KEYS_FILE]
                .iter()
                .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    }

    /// The endpoints for calls that open nothing.
    pub(crate) fn blind_endpoints(&self) -> Result<Endpoints> {
        Ok(self.store.endpoints(&Vault::new(KeyRing::generate()?)))
    }

    /// An inbox that handles nothing.
    pub(crate) fn inbox(&self) -> Inbox {
        Inbox::builder(&self.store, self.jobs.clone()).build()
    }

    /// The integrations with these keys, at the providers that this tool knows.
    pub(crate) fn manager(&self, vault: Vault) -> Result<IntegrationManager> {
        let at = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        let mut ghl = ghl_client::GoHighLevel::new();
        if let Some(url) = at("GHL_BASE_URL") {
            ghl = ghl.with_base_url(url);
        }
        let mut aloware = aloware_client::Aloware::new();
        if let Some(url) = at("ALOWARE_BASE_URL") {
            aloware = aloware.with_base_url(url);
        }
        let mut verity = verity_client::Verity::new();
        if let Some(url) = at("VERITY_BASE_URL") {
            verity = verity.with_base_url(url);
        }
        let providers = Providers::new().with(ghl).with(aloware).with(verity);
        let http = HttpContext::new()?;
        Ok(IntegrationManager::builder(self.store.clone(), vault, providers, http).build())
    }
}

/// A SQLite file is opened for what the command does: looking at a database makes none.
fn url(url: &str, access: Access) -> Result<String> {
    let engine = Engine::of_url(url).map_err(|error| usage(error.message().to_owned()))?;
    let mode = match access {
        Access::Read => "ro",
        Access::Write => "rw",
        Access::Create => return Ok(url.to_owned()),
    };
    if engine != Engine::Sqlite || url.contains(":memory:") || url.contains("mode=") {
        return Ok(url.to_owned());
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{joint}mode={mode}"))
}
