use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use integrations_core::{Error, Result};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::McpServer;

/// What a caller shows as `Authorization: Bearer`.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// A key.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](integrations_core::ErrorKind::Config) when it has less than 16 characters, or some that no
    /// header may carry.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = SecretString::from(key.into());
        let text = key.expose_secret();
        if text.len() < 16 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "an API key has at least 16 characters, all of them visible ASCII: make a long random one",
            ));
        }
        Ok(Self(key))
    }

    /// Takes as long for a wrong key as for a right one.
    fn is(&self, shown: &[u8]) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(shown).into()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

/// How a server answers over HTTP.
#[derive(Debug, Clone)]
#[must_use]
pub struct HttpOptions {
    hosts: Vec<String>,
    origins: Vec<String>,
    keys: Vec<ApiKey>,
    sessions: bool,
    json: bool,
    max_body: usize,
}

impl Default for HttpOptions {
    /// For this machine alone: `localhost` and its addresses, without a key.
    fn default() -> Self {
        let local = ["localhost", "127.0.0.1", "[::1]"];
        Self {
            hosts: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()],
            origins: local
                .iter()
                .map(|host| format!("http://{host}:*"))
                .collect(),
            keys: Vec::new(),
            sessions: true,
            json: false,
            max_body: 4 << 20,
        }
    }
}

impl HttpOptions {
    /// The hosts that requests may name, as `host` or `host:port`, instead of those of this machine: a page in a browser
    /// that has bent a name of its own to this address names another.
    pub fn hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// The pages whose scripts may call, as `https://app.example.com:443`, instead of those of this machine; `:*` stands
    /// for every port. Callers that are no browser name no origin and are not held back.
    pub fn origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Lets in only who shows this key; with several, any of them.
    pub fn api_key(mut self, key: ApiKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Whether callers before protocol 2026-07-28 get sessions, in which they can cancel calls; `true` by default.
    /// Sessions are in this process's memory: without them, any of several processes answers any request.
    pub fn sessions(mut self, sessions: bool) -> Self {
        self.sessions = sessions;
        self
    }

    /// Whether callers without a session get plain JSON instead of a stream of events; `false` by default.
    pub fn json(mut self, json: bool) -> Self {
        self.json = json;
        self
    }

    /// How large a request may be, in bytes; 4 MiB by default.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }
}

impl McpServer {
    /// The server as a tower service, to mount at one path of an HTTP server, for example with axum's `route_service`.
    #[must_use]
    pub fn http(&self, options: HttpOptions) -> HttpService {
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts(options.hosts)
            .with_allowed_origins(options.origins)
            .enforce_origin_validation()
            .with_legacy_session_mode(options.sessions)
            .with_json_response(options.json)
            .with_max_request_body_bytes(options.max_body);
        let server = self.clone();
        HttpService {
            inner: StreamableHttpService::new(
                move || Ok(server.clone()),
                Arc::new(LocalSessionManager::default()),
                config,
            ),
            keys: options.keys.into(),
        }
    }
}

/// Serves MCP over streamable HTTP: see [`McpServer::http`]. Clones share their sessions.
#[derive(Clone)]
pub struct HttpService {
    inner: StreamableHttpService<McpServer, LocalSessionManager>,
    keys: Arc<[ApiKey]>,
}

impl HttpService {
    /// Ends all sessions and their calls, and takes no more requests: so that an HTTP server can stop that waits for its
    /// connections.
    pub fn close(&self) {
        self.inner.config.cancellation_token.cancel();
    }

    fn lets_in(&self, headers: &HeaderMap) -> bool {
        if self.keys.is_empty() {
            return true;
        }
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (shown.next(), shown.next()) else {
            return false;
        };
        let value = value.as_bytes();
        let Some((scheme, key)) = value.split_at_checked(7) else {
            return false;
        };
        // All of them are compared, so that the time says nothing of which one it was.
        scheme.eq_ignore_ascii_case(b"bearer ")
            && self
                .keys
                .iter()
                .fold(false, |found, known| known.is(key) | found)
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<Request<B>> for HttpService
where
    B: Body + Send + 'static,
    B::Data: Send + 'static,
    B::Error: fmt::Display,
{
    type Response = Response<BoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.lets_in(request.headers()) {
            tracing::info!("refused: no key, or a wrong one");
            let mut response = refusal(
                StatusCode::UNAUTHORIZED,
                r#"{"error":"unauthorized","message":"send the API key as Authorization: Bearer"}"#,
            );
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
            return Box::pin(std::future::ready(Ok(response)));
        }
        let (parts, body) = request.into_parts();
        if body.size_hint().lower() > self.inner.config.max_request_body_bytes as u64 {
            let response = refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                r#"{"error":"too_large","message":"the body is larger than this server takes"}"#,
            );
            return Box::pin(std::future::ready(Ok(response)));
        }
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        let body = body.map_err(move |error| {
            flag.store(true, Ordering::Relaxed);
            error
        });
        let answered = self.inner.call(Request::from_parts(parts, body));
        Box::pin(async move {
            let answer = answered.await?;
            // Whoever breaks off has nobody to blame but the line.
            if answer.status().is_server_error() && broken.load(Ordering::Relaxed) {
                return Ok(refusal(
                    StatusCode::BAD_REQUEST,
                    r#"{"error":"broken","message":"the body broke off"}"#,
                ));
            }
            Ok(answer)
        })
    }
}

fn refusal(status: StatusCode, body: &'static str) -> Response<BoxBody<Bytes, Infallible>> {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())).boxed());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
