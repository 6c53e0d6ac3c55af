//! For load balancers and orchestrators: is the process alive, and should it get requests.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use integrations_sync::runtime::{Health, Runtime};

/// Routes `GET /healthz`, which answers 200 as long as the process answers at all, and `GET /readyz`, which answers 503
/// while the database is away, with a JSON object that says what is missing.
pub fn health_router(runtime: &Runtime) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(runtime.clone())
}

async fn ready(State(runtime): State<Runtime>) -> (StatusCode, Json<Health>) {
    let health = runtime.health().await;
    let status = if health.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}
