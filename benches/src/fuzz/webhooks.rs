//! Webhook routes over an inbox on SQLite: what is proven and accepted is stored, and nothing else is.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use integrations_core::provider::{Context, Integration, Provider, Providers};
use integrations_core::status::Event as Move;
use integrations_core::template::{Config, Template};
use integrations_core::webhook::{RawRequest, Secrets, WebhookSource};
use integrations_core::{
    Clock as _, Error, ErrorKind, IntegrationId, Result, SystemClock, TenantId,
};
use integrations_server::{SecretSource, Webhooks};
use integrations_store::{
    EventFilter, NewIntegration, Store, StoreOptions, Transaction, Transition,
};
use integrations_sync::inbox::{Inbox, Lane, LaneQueue};
use integrations_testkit::LeakDetector;
use serde_json::json;
use tower::ServiceExt as _;

use super::Target;
use super::sample::{Got, Job, Sample};
use super::ways::{self, SECRETS, Way};

/// As the router has them by default.
const HEADERS: (usize, usize) = (128, 32 * 1024);
const TENANT: &str = "fuzz";

/// A store, its routes, and one integration for each.
pub(super) struct House {
    store: Store,
    tenant: TenantId,
    router: Router,
    ways: Vec<(Way, IntegrationId)>,
    directory: PathBuf,
}

impl House {
    pub(super) async fn open() -> Result<Self> {
        let name = format!("integrations-fuzz-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory)
            .map_err(|error| Error::new(ErrorKind::Io, "no directory").with_source(error))?;
        let url = format!("sqlite://{}", directory.join("fuzz.db").display());
        // Nothing here survives the process, and the disk is not what is fuzzed.
        let store = Store::open_with(&url, StoreOptions::new().durable(false)).await?;
        store.migrate().await?;
        let tenant = TenantId::new(TENANT)?;
        let mut providers = Providers::new();
        let mut known = Vec::new();
        for way in ways::all()? {
            let same = known
                .iter()
                .find(|(own, _): &&(Way, _)| own.slug == way.slug);
            if let Some((_, id)) = same {
                // Two ways to one integration.
                let id = *id;
                known.push((way, id));
                continue;
            }
            let id = IntegrationId::new();
            let new = NewIntegration::new(id, way.slug, way.slug, "Main", json!({}));
            let integrations = store.integrations();
            let made = integrations
                .create(&tenant, &new.external_key(way.account), "fuzz")
                .await?;
            let proved = Transition::new(Move::Succeeded, "fuzz").proves(made.version);
            integrations.transition(&tenant, id, &proved).await?;
            providers = providers.with(Behind::new(&way)?);
            known.push((way, id));
        }
        let inbox = Inbox::builder(&store, Nobody).build();
        let secrets = known.iter().map(|(way, id)| (*id, way.secrets.clone()));
        let webhooks = Webhooks::builder(&inbox, &providers, Keys(secrets.collect()))
            .alias("ghl", "gohighlevel")
            .alias("texting", "verity")
            .alias("broadcast", "verity")
            .header_limits(HEADERS.0, HEADERS.1)
            .build();
        let routes = Router::new().nest("/api/webhooks", webhooks.router());
        let routes = Router::new().fallback_service(routes.map_request(deliveries));
        Ok(Self {
            store,
            tenant,
            router: routes,
            ways: known,
            directory,
        })
    }

    pub(super) fn ways(&self) -> usize {
        self.ways.len()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // A directory that stays in the temporary files harms nobody.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The requirement's name of the route that conversation providers have, which is not the name of a provider.
fn deliveries<B>(mut request: Request<B>) -> Request<B> {
    const OUTSIDE: &str = "/api/webhooks/ghl/provider-delivery";
    if request.uri().path() == OUTSIDE {
        let inside = request.uri().to_string();
        let inside = inside.replacen(OUTSIDE, "/api/webhooks/gohighlevel-deliveries", 1);
        if let Ok(uri) = Uri::try_from(inside) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// A provider that has webhooks and nothing else.
#[derive(Debug)]
struct Behind {
    template: Template,
    source: Arc<dyn WebhookSource>,
}

impl Behind {
    fn new(way: &Way) -> Result<Self> {
        let schema = json!({ "type": "object", "properties": {} });
        Ok(Self {
            template: Template::builder(way.slug).schema(schema).build()?,
            source: Arc::clone(&way.source),
        })
    }
}

impl Provider for Behind {
    fn template(&self) -> &Template {
        &self.template
    }

    fn connect(&self, _: Config, _: &Context) -> Result<Arc<dyn Integration>> {
        Err(Error::config("nothing to connect to"))
    }

    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        Some(&*self.source)
    }
}

#[derive(Debug)]
struct Keys(Vec<(IntegrationId, Secrets)>);

#[async_trait]
impl SecretSource for Keys {
    async fn webhook_secrets(&self, _: &TenantId, id: IntegrationId) -> Result<Secrets> {
        let found = self.0.iter().find(|(own, _)| *own == id);
        Ok(found
            .map(|(_, secrets)| secrets.clone())
            .unwrap_or_default())
    }
}

/// Events wait for nobody here.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl LaneQueue for Nobody {
    async fn insert_in(&self, _: &mut Transaction, _: &[(TenantId, Lane)]) -> Result<()> {
        Ok(())
    }

    async fn waited_in(&self, _: &mut Transaction) -> Result<Duration> {
        Ok(Duration::ZERO)
    }
}

/// What a request proves.
enum Proves {
    Nothing,
    /// Events of our integration, by their keys; none when it is somebody else's, or in no form that is known.
    Events(Vec<String>),
}

/// One route.
pub(super) struct WebhookTarget {
    house: Arc<House>,
    way: usize,
    detector: LeakDetector,
    /// The keys of events that were proven and answered as stored.
    promised: Mutex<HashSet<String>>,
}

impl WebhookTarget {
    pub(super) fn new(house: &Arc<House>, way: usize) -> Self {
        let detector = LeakDetector::new();
        for secret in SECRETS {
            detector.plant("a secret of webhooks", secret);
        }
        Self {
            house: Arc::clone(house),
            way,
            detector,
            promised: Mutex::default(),
        }
    }

    fn way(&self) -> &Way {
        &self.house.ways[self.way].0
    }

    /// What a sample proves, judged without the router; `None` when it is not for this route.
    fn proves(&self, sample: &Sample) -> Option<Proves> {
        let way = self.way();
        let uri = Uri::try_from(sample.target.as_str()).ok()?;
        if uri.path() != way.path || sample.method != "POST" {
            return None;
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &sample.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok();
            let value = HeaderValue::from_bytes(value).ok();
            if let Some((name, value)) = name.zip(value) {
                headers.append(name, value);
            }
        }
        let raw = RawRequest::new(Method::POST, uri.to_string(), headers, sample.body.clone());
        let verified = way.source.verify(&raw, &way.secrets, SystemClock.now());
        let Ok(verified) = verified else {
            return Some(Proves::Nothing);
        };
        let key = way.source.tenant_key(&raw);
        if key.is_none_or(|key| key.as_str() != way.account) {
            return Some(Proves::Events(Vec::new()));
        }
        let events = way.source.events(verified).unwrap_or_default();
        let keys = events.iter().map(|event| way.source.dedupe_key(event));
        let keys = keys.map(|key| key.as_str().to_owned());
        Some(Proves::Events(keys.collect()))
    }
}

#[async_trait]
impl Target for WebhookTarget {
    fn name(&self) -> String {
        self.way().path.trim_start_matches("/api/").to_owned()
    }

    fn seeds(&self) -> Vec<Sample> {
        let (way, id) = &self.house.ways[self.way];
        let mut seeds = way.seeds();
        if way.path.matches('/').count() == 3 {
            // The same by the integration's own address.
            let own = seeds.to_vec();
            seeds.extend(own.into_iter().map(|mut sample| {
                sample.target = format!("{}/{id}", way.path);
                sample
            }));
        }
        seeds
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "type",
            "event",
            "eventType",
            "id",
            "webhookId",
            "locationId",
            "companyId",
            "messageId",
            "contactId",
            "body",
            "message",
            "data",
            "timestamp",
            "broadcastId",
            "account",
            "ContactUpdate",
            "message.received",
            "analytics_updated",
            "2026-01-02T03:04:05Z",
            "-9999-01-01T00:00:00Z",
            "application/json",
        ]
    }

    /// Most are signed again, or nothing but the signature would ever be looked at.
    fn finish(&self, sample: &mut Sample, random: &mut fastrand::Rng) {
        if random.u8(..4) != 0 {
            self.way().prove(sample);
        }
    }

    fn begin(&self, sample: &Sample, random: &mut fastrand::Rng) -> Option<Job> {
        sample.through(&self.house.router, random)
    }

    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String> {
        let mut findings = Vec::new();
        let body = got.body.clone().unwrap_or_default();
        let leaks = self.detector.scan("headers", format!("{:?}", got.headers))
            + self.detector.scan("body", &body);
        if leaks > 0 {
            findings.push("a secret in the answer".to_owned());
        }
        // Nothing is away and nobody else is here: "not now" is a panic or a fault of the store.
        if got.status >= 500 || got.status == 429 {
            findings.push(format!("{} although nothing is wrong", got.status));
        }
        if (200..300).contains(&got.status) {
            match self.proves(sample) {
                Some(Proves::Nothing) => findings.push(format!("{} without a proof", got.status)),
                Some(Proves::Events(keys)) => {
                    let promised = self.promised.lock();
                    promised
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend(keys);
                }
                None => {}
            }
        }
        findings
    }

    /// What was answered as stored is stored; for this integration or for another one of the provider's, since two of one
    /// tenant share the provider's ids of events.
    async fn settle(&self) -> Result<Vec<String>> {
        let mut stored = HashSet::new();
        let mut after = None;
        loop {
            let mut filter = EventFilter::all().limit(500);
            if let Some(after) = after {
                filter = filter.after(after);
            }
            let events = self.house.store.events();
            let page = events.list(&self.house.tenant, &filter).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.id);
            stored.extend(
                page.iter()
                    .map(|event| event.dedupe_key.as_str().to_owned()),
            );
        }
        let promised = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = promised.difference(&stored);
        let lost = lost.map(|key| format!("lost: the event {key} was answered as stored"));
        Ok(lost.collect())
    }
}
