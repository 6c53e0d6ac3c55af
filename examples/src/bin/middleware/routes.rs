//! Where it is reached: webhooks, the gateway, health and metrics.

mod deliveries;
mod metrics;
mod oauth;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use clerk_client::SessionVerifier;
use integrations_core::Result;
use integrations_server::{Gateway, Webhooks, health_router};
use integrations_sync::runtime::Runtime;
use serde_json::{Value, json};
use verity_client::VerityUpstream;
use verity_client::catalog::CatalogFile;

use crate::hub::Hub;
use crate::settings::{ClerkSettings, Settings};

pub(crate) use metrics::Metrics;

/// Where webhooks are below the root.
const WEBHOOKS: &str = "/api/webhooks";
/// How long a webhook's body may take.
const READ: Duration = Duration::from_secs(10);

/// All routes.
pub(crate) fn router(
    settings: &Settings,
    runtime: &Runtime,
    hub: &Arc<Hub>,
    metrics: &Metrics,
) -> Result<Router> {
    let manager = runtime.manager();
    let webhooks = Webhooks::builder(runtime.inbox(), manager.providers(), manager.clone())
        .alias("ghl", ghl_client::PROVIDER)
        .alias("texting", verity_client::PROVIDER)
        .alias("broadcast", verity_client::PROVIDER)
        .read_timeout(READ)
        .build();
    // Its deliveries are proven in another way than its webhooks, and belong to the same integration.
    let deliveries = deliveries::providers(&settings.ghl);
    let deliveries = Webhooks::builder(runtime.inbox(), &deliveries, manager.clone())
        .read_timeout(READ)
        .build();
    let render = metrics.clone();
    let oauth = match settings.ghl.oauth {
        Some(_) => oauth::router(hub),
        None => Router::new(),
    };
    Ok(oauth
        .route(
            &format!("{WEBHOOKS}/ghl/provider-delivery"),
            deliveries.at(ghl_client::PROVIDER),
        )
        .nest(WEBHOOKS, webhooks.router())
        .merge(gateway(settings, hub)?.at("/api/verity"))
        .route("/health", get(health))
        .route(
            "/ready",
            get({
                let runtime = runtime.clone();
                move || ready(runtime)
            }),
        )
        .route("/metrics", get(move || async move { render.text() }))
        .merge(health_router(runtime)))
}

/// Whether the process answers at all.
async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Whether requests should be sent here.
async fn ready(runtime: Runtime) -> (StatusCode, Json<Value>) {
    let health = runtime.health().await;
    let (status, word) = match health.is_ready() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let body = json!({"status": word, "database": health.database});
    (status, Json(body))
}

/// The gateway in front of Verity.
fn gateway(settings: &Settings, hub: &Hub) -> Result<Gateway> {
    let mut upstream = VerityUpstream::builder(&hub.verity);
    if let Some(path) = &settings.verity.catalog {
        upstream = upstream.catalog(Arc::new(CatalogFile::load(path)?));
    }
    if let Some(clerk) = &settings.clerk {
        upstream = upstream.verifier(verifier(clerk, hub)?);
    }
    let mut gateway =
        Gateway::builder(Arc::new(upstream.build())).description("Sends a call to Verity");
    for (name, key) in &settings.gateway.keys {
        gateway = gateway.key(name, key.expose_secret());
    }
    for origin in &settings.gateway.allowed_origins {
        gateway = gateway.allow_origin(origin);
    }
    gateway.build()
}

fn verifier(settings: &ClerkSettings, hub: &Hub) -> Result<SessionVerifier> {
    let mut clerk = clerk_client::Client::builder()
        .context(hub.manager.http())
        .secret_key(settings.secret_key.clone());
    if let Some(url) = &settings.base_url {
        clerk = clerk.base_url(url);
    }
    let keys = clerk.build()?.jwks().build();
    let mut verifier = SessionVerifier::builder(keys).issuer(&settings.issuer);
    for party in &settings.authorized_parties {
        verifier = verifier.authorized_party(party);
    }
    verifier.build()
}
