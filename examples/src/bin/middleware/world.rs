//! Simulated providers on this machine, with people in them: for who has no accounts, and for the demo.

mod broadcasts;
mod mail;
mod people;
mod settings;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use integrations_core::vault::{KeyId, KeyRing, Vault, VaultKey};
use integrations_core::{Error, Result};
use integrations_testkit::clerk::SimulatedClerk;
use integrations_testkit::ghl::{AppSpec, SCOPES};
use integrations_testkit::plan::Dice;
use integrations_testkit::{SimulatedAloware, SimulatedGhl, SimulatedVerity};
use serde_json::Value;
use tempfile::TempDir;
use verity_client::broadcasts::BroadcastsInMemory;

pub(crate) use broadcasts::Figures;
pub(crate) use mail::{Addresses, Mail, Weather};
pub(crate) use people::Person;

use crate::app::Middleware;
use crate::settings::Settings;

pub(crate) const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
/// The conversation provider that carries the location's texts.
pub(crate) const PROVIDER: &str = "683f1c2b9a7d4e0012ab34cd";
/// The number that Verity sends from.
pub(crate) const VERITY_NUMBER: &str = "+12025550199";
/// The number of Aloware's first line.
pub(crate) const ALOWARE_NUMBER: &str = "+12025550142";
/// The sequences that the words of a disposition lead to.
pub(crate) const SEQUENCES: [(&str, &str); 2] = [("Interested", "12"), ("Call back", "13")];
/// How far the simulated contact search of GoHighLevel lags behind.
const SEARCH_LAG: Duration = Duration::from_millis(100);
const CATALOGUE: &str = include_str!("world/catalogue.json");

/// The simulated GoHighLevel, Aloware, Verity and Clerk. They stop when it is dropped.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ghl: SimulatedGhl,
    pub(crate) aloware: SimulatedAloware,
    pub(crate) verity: SimulatedVerity,
    pub(crate) clerk: SimulatedClerk,
    /// What Verity's database has of broadcasts.
    pub(crate) broadcasts: Arc<BroadcastsInMemory>,
    /// Who is in all of them at the start.
    pub(crate) people: Vec<Person>,
    credentials: Credentials,
    folder: TempDir,
    mail: Mutex<Option<Arc<Mail>>>,
}

/// What the middleware is given to reach them, and what proves their webhooks.
struct Credentials {
    vault: Vault,
    ghl_token: String,
    ghl_app: String,
    delivery_secret: String,
    aloware_token: String,
    aloware_user: String,
    aloware_password: String,
    gateway_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl World {
    /// Starts them; all that is in them, credentials included, is the same for a seed.
    ///
    /// # Errors
    /// When no port or no folder can be had.
    pub(crate) async fn start(seed: u64) -> Result<Self> {
        let failed = |what: &'static str| {
            move |error: io::Error| Error::config(format!("{what}: {error}")).with_source(error)
        };
        let catalogue: Value = serde_json::from_str(CATALOGUE)
            .map_err(|_| Error::config("the built-in catalogue is not JSON"))?;
        let ghl = SimulatedGhl::builder()
            .seed(seed)
            // The provider's limit of 100 in ten seconds, at the pace that everything has here.
            .rate_limit(100, Duration::from_secs(1))
            .search_lag(SEARCH_LAG)
            .location(LOCATION, COMPANY)
            .start()
            .await
            .map_err(failed("the simulated GoHighLevel does not start"))?;
        let aloware = SimulatedAloware::builder()
            .seed(seed)
            .start()
            .await
            .map_err(failed("the simulated Aloware does not start"))?;
        let clerk = SimulatedClerk::start()
            .await
            .map_err(failed("the simulated Clerk does not start"))?;
        let verity = SimulatedVerity::builder()
            .seed(seed)
            .tokens(clerk.verifier())
            .catalogue(catalogue)
            .start()
            .await
            .map_err(failed("the simulated Verity does not start"))?;
        let folder = tempfile::tempdir().map_err(failed("no temporary folder"))?;
        std::fs::write(folder.path().join("catalogue.json"), CATALOGUE)
            .map_err(failed("the catalogue cannot be written"))?;

        ghl.set_sms_provider(LOCATION, PROVIDER);
        let app = ghl.register_app(AppSpec::new("https://app.example.com/callback"));
        let mut dice = Dice::new(seed ^ 0x6d69_6464_6c65);
        let mut word = || format!("{:016x}{:016x}", dice.draw(), dice.draw());
        let credentials = Credentials {
            vault: vault(&word())?,
            ghl_token: ghl.issue_private_token(LOCATION, SCOPES),
            ghl_app: app.app_id().to_owned(),
            delivery_secret: word(),
            aloware_token: aloware.issue_token(),
            aloware_user: "middleware".to_owned(),
            // A colon is allowed in a password, and has split one before.
            aloware_password: format!("pass:{}", word()),
            gateway_key: word(),
        };
        let people = people::settle(seed, &ghl, &aloware);
        Ok(Self {
            ghl,
            aloware,
            verity,
            clerk,
            broadcasts: Arc::default(),
            people,
            credentials,
            folder,
            mail: Mutex::default(),
        })
    }

    /// What a middleware on this database needs to work with them. It listens on any free port of this machine.
    ///
    /// # Errors
    /// When the database's address is empty.
    pub(crate) fn settings(&self, database: &str) -> Result<Settings> {
        settings::of(self, database)
    }

    /// Sends the webhooks of all of them to a middleware from now on, each with its proof.
    pub(crate) fn attach(&self, middleware: &Middleware) {
        self.attach_with(middleware, Weather::default());
    }

    /// The same, with webhooks that go astray on their way.
    pub(crate) fn attach_with(&self, middleware: &Middleware, weather: Weather) {
        let mail = Mail::start(self, middleware, weather);
        *self.mail_slot() = Some(Arc::new(mail));
    }

    /// The webhooks on their way, once a middleware is attached.
    pub(crate) fn mail(&self) -> Option<Arc<Mail>> {
        self.mail_slot().clone()
    }

    /// A key of the gateway.
    pub(crate) fn gateway_key(&self) -> &str {
        &self.credentials.gateway_key
    }

    fn mail_slot(&self) -> MutexGuard<'_, Option<Arc<Mail>>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same key for the same word, so that a database that is used again opens again.
fn vault(word: &str) -> Result<Vault> {
    let key = VaultKey::from_bytes(word.as_bytes())?;
    Ok(Vault::new(KeyRing::new([(KeyId::new("simulated")?, key)])?))
}
