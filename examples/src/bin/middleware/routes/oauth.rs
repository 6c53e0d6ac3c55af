//! Where the owner of a location comes back to after the marketplace app was allowed or refused.
//!
//! Nobody starts that here: the page's address is printed by `middleware authorize`, and only what was asked for there is
//! taken.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use integrations_core::oauth::Callback;
use integrations_core::{Error, ErrorKind};

use crate::connect::ACTOR;
use crate::hub::Hub;

pub(super) fn router(hub: &Arc<Hub>) -> Router {
    Router::new()
        .route("/api/oauth/ghl/callback", get(callback))
        .with_state(Arc::clone(hub))
}

async fn callback(State(hub): State<Arc<Hub>>, RawQuery(query): RawQuery) -> Response {
    let callback = Callback::parse(&query.unwrap_or_default());
    let completed = hub
        .manager
        .complete_authorization(&hub.tenant, ghl_client::PROVIDER, &callback, ACTOR)
        .await;
    let authorized = match completed {
        Ok(authorized) => authorized,
        Err(error) => {
            tracing::warn!(%error, "GoHighLevel was not connected");
            return page(
                refused(&error),
                format!("GoHighLevel was not connected: {error}."),
            );
        }
    };
    if let Err(error) = authorized.test {
        tracing::warn!(%error, "GoHighLevel was authorized, and does not answer");
        let text = format!(
            "The app was allowed, and the location cannot be read with it: {error}. Was it allowed in another location than GHL_LOCATION_ID?"
        );
        return page(StatusCode::CONFLICT, text);
    }
    page(
        StatusCode::OK,
        "GoHighLevel is connected. This page can be closed.".to_owned(),
    )
}

/// What the browser brought was no good, or something behind this was.
fn refused(error: &Error) -> StatusCode {
    match error.kind() {
        ErrorKind::Auth | ErrorKind::Validation | ErrorKind::Permission => StatusCode::BAD_REQUEST,
        ErrorKind::Store => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// The address of this page holds the code: nobody else is to be told of it.
fn page(status: StatusCode, text: String) -> Response {
    let headers = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (status, headers, format!("{text}\n")).into_response()
}
