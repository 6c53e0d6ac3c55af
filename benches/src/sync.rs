//! A two-way flow of several processes against a provider's rate limit: contacts per second, the share of the limit that
//! was used while there was work, and how many requests came over it. The floor is the limit itself.
//!
//! The provider runs in this process: two locations, each with contacts that the other lacks, and a strict limit of its
//! own. What its webhooks would have told is in the inbox before the workers start, so that there is work all the time
//! that is measured: each reads the contact on its side, looks for it on the other and creates it there. What is created
//! is not told of again.

mod worker;

pub(crate) use worker::work;

use std::path::PathBuf;

use integrations_core::vault::KeyRing;
use integrations_core::webhook::{Event, EventParts};
use integrations_core::{ExposeSecret, IntegrationId, TenantId, Timestamp};
use integrations_store::Store;
use integrations_sync::flow::FlowConfig;
use integrations_sync::inbox::Incoming;
use integrations_sync::runtime::Runtime;
use integrations_testkit::SimulatedGhl;
use integrations_testkit::ghl::SCOPES;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use worker::{Setup, Worker};

const LOCATIONS: [&str; 2] = ["ve9EPM428h8vShlRW1KT", "otg8dTQqGLh3Q6iQI55w"];
const COMPANY: &str = "5DP4iH6HLkQsiKESj6rh";
const SLUG: &str = "gohighlevel";
const ACTOR: &str = "user:1";
const TENANT: &str = "acme";
const FLOW: &str = "contacts";
const SECOND: Duration = Duration::from_secs(1);
/// Until everybody works and has learned the limit.
const WARM_UP: Duration = Duration::from_secs(3);
/// At least so many requests of a location for one contact of each side: its own is read, the other's is searched for
/// and created.
const REQUESTS: u32 = 3;

/// A folder that goes with the measurement.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run(processes: &[u32], limit: u32, seconds: u32) -> Value {
    let folder = std::env::temp_dir().join(format!("integrations-sync-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let folder = Folder(folder);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut engines = vec!["sqlite"];
    let server = integrations_testkit::postgres::server();
    engines.extend(server.map(|_| "postgres"));
    let mut measured = Vec::new();
    for engine in engines {
        for count in processes {
            let database = match server.filter(|_| engine == "postgres") {
                Some(server) => server.url(),
                None => format!(
                    "sqlite://{}",
                    folder.0.join(format!("{count}.db")).display()
                ),
            };
            let schema = match engine {
                "postgres" => format!("bench_sync_{count}"),
                _ => "main".to_owned(),
            };
            let place = runtime.block_on(Place::prepare(database, schema, limit, seconds));
            let mut figures = runtime.block_on(place.measure(*count, seconds));
            figures["engine"] = json!(engine);
            measured.push(figures);
        }
    }
    json!({
        "bench": "sync",
        "floor": "the provider's limit: what it allows in the time that is measured",
        "limit_per_location_per_second": limit,
        "locations": LOCATIONS.len(),
        "seconds": seconds,
        "runs": measured,
    })
}

/// The provider, the database, and a backlog in it.
struct Place {
    ghl: SimulatedGhl,
    setup: Setup,
    store: Store,
    limit: u32,
}

impl Place {
    async fn prepare(database: String, schema: String, limit: u32, seconds: u32) -> Self {
        let max = usize::try_from(limit).expect("a small number");
        let ghl = SimulatedGhl::builder()
            .rate_limit(max, SECOND)
            .daily_limit(1_000_000_000)
            .search_lag(Duration::ZERO)
            .location(LOCATIONS[0], COMPANY)
            .location(LOCATIONS[1], COMPANY)
            .start()
            .await
            .expect("a free port");
        let keys = KeyRing::generate().expect("random bytes");
        let setup = Setup {
            database,
            schema,
            keys: keys.to_text().expose_secret().to_owned(),
            base_url: ghl.base_url().to_owned(),
        };
        let (manager, limiter) = setup.open().await;
        let runtime = Runtime::builder(&manager).expect("jobs");
        let runtime = runtime.build().expect("a runtime");
        runtime.migrate().await.expect("tables");
        let tenant = TenantId::new(TENANT).expect("a name");
        let mut sides = Vec::new();
        for location in LOCATIONS {
            let token = ghl.issue_private_token(location, SCOPES);
            let config = json!({"apiKey": token, "locationId": location});
            let created = manager.create(&tenant, SLUG, location, &config, ACTOR);
            let id = created.await.expect("a good config").id;
            let tested = manager.test_connection(&tenant, id, ACTOR).await;
            tested.expect("the token is good");
            sides.push(id);
        }
        let flows = runtime.flows();
        let declared = flows.declare(&tenant, FLOW, sides[0], sides[1], FlowConfig::new());
        declared.await.expect("a flow");
        // A quarter more than the limits allow in all that time.
        let span = seconds + 2 * u32::try_from(WARM_UP.as_secs()).expect("seconds");
        let each = (limit * span).div_ceil(REQUESTS) * 5 / 4;
        let told = [0, 1].map(|side| {
            let people = (0..each).map(|n| person(side, n));
            let ids = ghl.seed_contacts_as(LOCATIONS[side], people).into_iter();
            ids.map(|id| created(&tenant, sides[side], LOCATIONS[side], &id))
                .collect::<Vec<_>>()
        });
        // In turns and few at a time, so that both limits have work all the time: what is stored together is taken up
        // one side after the other, and a contact costs its own side one request and the other three.
        let [left, right] = told.map(Vec::into_iter);
        let events: Vec<Incoming> = left.zip(right).flat_map(|(l, r)| [l, r]).collect();
        for some in events.chunks(8) {
            let stored = runtime.inbox().store(some.to_vec()).await;
            stored.expect("the events are stored");
        }
        limiter.close().await;
        let store = manager.store().clone();
        Self {
            ghl,
            setup,
            store,
            limit,
        }
    }

    async fn measure(self, processes: u32, seconds: u32) -> Value {
        let mut workers: Vec<Worker> = (0..processes).map(|_| Worker::start(&self.setup)).collect();
        for worker in &mut workers {
            worker.wait();
        }
        for worker in &mut workers {
            worker.begin();
        }
        sleep(WARM_UP).await;
        let from = self.ghl.clock().now();
        sleep(SECOND * seconds).await;
        let to = from + SECOND * seconds;
        let waiting = self.store.deployment().waiting_events().await;
        let waiting = waiting.expect("a database").pending;
        assert!(waiting > 0, "the work ended before the measurement did");
        drop(workers);
        // Whole spans of the limit, so that no more than it allows can have been used.
        let requests = self.ghl.requests();
        let within = requests.iter().filter(|one| one.at >= from && one.at < to);
        let (mut used, mut contacts, mut refused) = ([0_u32; 2], 0_u32, 0_u32);
        for request in within {
            contacts += u32::from(request.operation == Some("contacts.create") && request.applied);
            if request.status == Some(429) {
                refused += 1;
                continue;
            }
            for (used, location) in used.iter_mut().zip(LOCATIONS) {
                *used += u32::from(request.location.as_deref() == Some(location));
            }
        }
        let allowed = f64::from(self.limit * seconds);
        let shares = used.map(|used| f64::from(used) / allowed);
        let sum = f64::from(used.iter().sum::<u32>());
        json!({
            "processes": processes,
            "contacts_per_second": f64::from(contacts) / f64::from(seconds),
            "requests_per_second": sum / f64::from(seconds),
            "requests_per_contact": sum / f64::from(contacts),
            "limit_used": sum / (allowed * 2.0),
            "limit_used_per_location": shares,
            "refused": refused,
            "refused_in_all": self.ghl.limit_violations(),
            "still_waiting": waiting,
        })
    }
}

/// Somebody whom only this side knows.
fn person(side: usize, number: u32) -> Value {
    let (area, line) = (201 + number % 799, number / 799);
    json!({
        "firstName": "Ada",
        "lastName": format!("Number {number}"),
        "email": format!("ada.{side}.{number}@example.com"),
        "phone": format!("+1{area}555{:02}{side}{:01}", line / 10, line % 10),
        "tags": ["lead"],
    })
}

/// What the provider's webhook would have told of a contact.
fn created(tenant: &TenantId, integration: IntegrationId, location: &str, id: &str) -> Incoming {
    let at: Timestamp = "2026-11-21T08:00:00Z".parse().expect("a time");
    let payload = json!({"type": "ContactCreate", "locationId": location, "id": id});
    let parts = EventParts::new(SLUG, "ContactCreate", "ed25519", at, payload.to_string());
    Incoming::new(
        tenant.clone(),
        integration,
        Event::restore(parts),
        id.into(),
    )
    .order_key(Some(format!("contact:{id}")))
}
