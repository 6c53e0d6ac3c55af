//! The web side: the router as an application mounts it, asked in memory or over loopback.

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use integrations_core::webhook::RawRequest;
use tower::ServiceExt as _;

use super::app::App;
use super::leaks;

const MOUNT: &str = "/api/webhooks";

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl App {
    pub(crate) fn router(&self) -> Router {
        Router::new().nest(MOUNT, self.webhooks.router())
    }

    /// Sends a webhook to `/api/webhooks/{path}`; the answer is searched for secrets.
    pub(crate) async fn post(&self, path: &str, raw: &RawRequest) -> Answer {
        let mut request = Request::builder()
            .method(raw.method.clone())
            .uri(format!("{MOUNT}/{path}"))
            .body(Body::from(raw.body.clone()))
            .expect("a request");
        *request.headers_mut() = raw.headers.clone();
        let response = self
            .router()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body");
        let body = String::from_utf8(body.into()).expect("text");
        leaks::scan("an answer's headers", format!("{:?}", parts.headers));
        leaks::scan("an answer's body", &body);
        Answer {
            status: parts.status,
            body,
        }
    }

    /// Serves the router on loopback for as long as the test's runtime lives; its address with the mount point.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}{MOUNT}")
    }
}
