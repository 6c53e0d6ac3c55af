//! A made-up system behind a gateway, and what a test does with both.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Once};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use integrations_core::catalog::{Access, Caller, Route, Upstream, UpstreamAnswer, UpstreamCall};
use integrations_core::http::{Body as Outgoing, ResponseBody, encode_segment};
use integrations_core::{Error, ErrorKind, FieldError, Result};
use integrations_server::gateway::{Gateway, GatewayBuilder};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::house::detector;

pub const KEY: &str = "planted-key-of-the-first-caller";
pub const OTHER_KEY: &str = "planted-key-of-another-caller";
pub const USER: &str = "planted.token-of.a-user";
pub const ADMIN: &str = "planted.token-of.an-administrator";
/// The keys that would tell whose it is cannot be had.
pub const UNKNOWABLE: &str = "planted.token-of.nobody-knows";
/// Stands in queries.
pub const PERSON: &str = "planted-query-jane-doe@example.com";

type Answer = Pin<Box<dyn Future<Output = Result<UpstreamAnswer>> + Send>>;

/// A system with a catalogue of five operations.
pub struct Fake {
    pub document: Option<Value>,
    answer: Box<dyn Fn(UpstreamCall) -> Answer + Send + Sync>,
    seen: Mutex<Vec<Seen>>,
}

/// A call as the system got it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub operation: Option<String>,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
    pub token: Option<String>,
}

const OPERATIONS: [(&str, &str, &str, Access); 5] = [
    ("GET", "/api/calls/agents", "agents_list", Access::User),
    ("POST", "/api/calls/agents", "agents_create", Access::User),
    ("GET", "/api/calls/agents/[id]", "agents_get", Access::User),
    (
        "DELETE",
        "/api/admin/users/[id]",
        "users_delete",
        Access::Admin,
    ),
    ("GET", "/api/ping", "ping", Access::Anyone),
];

impl Fake {
    /// Answers every call so.
    pub fn new<F: Future<Output = Result<UpstreamAnswer>> + Send + 'static>(
        answer: impl Fn(UpstreamCall) -> F + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            document: Some(json!({ "version": "1", "endpoints": [] })),
            answer: Box::new(move |call| Box::pin(answer(call))),
            seen: Mutex::default(),
        })
    }

    /// Answers every call with this.
    pub fn says(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Arc<Self> {
        let body = body.into();
        Self::new(move |_| {
            let answer = answer(status, &[("content-type", kind)], body.clone());
            async { Ok(answer) }
        })
    }

    /// Answers `{"ok":true}`.
    pub fn ok() -> Arc<Self> {
        Self::says(200, "application/json", r#"{"ok":true}"#)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Lets go of what it was sent.
    pub fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// The one call that there was.
    pub fn one(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub fn answer(
    status: u16,
    headers: &[(&'static str, &str)],
    body: impl Into<Bytes>,
) -> UpstreamAnswer {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    UpstreamAnswer::new(status, map, ResponseBody::from_bytes(body.into()))
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

/// Whether a path is one of a template, segment by segment.
fn matches(template: &str, path: &str) -> bool {
    let (mut left, mut right) = (template.split('/'), path.split('/'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || (a.starts_with('[') && !b.is_empty()) => {}
            _ => return false,
        }
    }
}

fn refused(path: &str, message: &str) -> Error {
    let field = FieldError::new(path, message);
    Error::validation("the call does not fit", vec![field])
}

#[async_trait]
impl Upstream for Fake {
    fn document(&self) -> Option<Value> {
        self.document.clone()
    }

    fn route(
        &self,
        method: &Method,
        endpoint: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Route> {
        if endpoint.starts_with("/api/nowhere") {
            return Err(refused("/endpoint", "is not here"));
        }
        if endpoint.starts_with("/api/traitor") {
            return Ok(Route::new("/api/x/../admin", Access::Anyone));
        }
        let endpoint = match endpoint.strip_prefix("/apicalls/") {
            Some(rest) => format!("/api/calls/{rest}"),
            None => endpoint.to_owned(),
        };
        let mut unused = parameters.clone();
        let mut path = String::new();
        for segment in endpoint.split('/').skip(1) {
            path.push('/');
            let name = segment
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'));
            match name {
                None => path.push_str(segment),
                Some(name) => {
                    let value = unused.remove(name);
                    let value = value.ok_or_else(|| refused("/params", "one is missing"))?;
                    encode_segment(&mut path, name, &value)?;
                }
            }
        }
        if !unused.is_empty() {
            return Err(refused("/params", "one is not in the endpoint"));
        }
        let listed = OPERATIONS
            .iter()
            .find(|(of, template, ..)| method.as_str() == *of && matches(template, &path));
        let mut route = Route::new(path, listed.map_or(Access::User, |found| found.3));
        route.operation = listed.map(|found| found.2.to_owned());
        Ok(route)
    }

    fn check(&self, route: &Route, query: &[(String, String)], body: Option<&Value>) -> Result<()> {
        if query.iter().any(|(name, _)| name == "unknown") {
            return Err(refused("/query/unknown", "is not known"));
        }
        let named = body.is_some_and(|body| body["name"].is_string());
        if route.operation.as_deref() == Some("agents_create") && !named {
            return Err(refused("/body/name", "is required"));
        }
        Ok(())
    }

    async fn verify(&self, token: &str) -> Result<Caller> {
        match token {
            USER => Ok(Caller::new("user-1")),
            ADMIN => {
                let mut caller = Caller::new("user-2");
                caller.is_admin = true;
                Ok(caller)
            }
            UNKNOWABLE => Err(Error::new(ErrorKind::Connect, "no keys")),
            _ => Err(Error::new(ErrorKind::Auth, "nobody's")),
        }
    }

    async fn send(&self, mut call: UpstreamCall) -> Result<UpstreamAnswer> {
        let body = match &call.body {
            Outgoing::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        };
        self.seen.lock().unwrap().push(Seen {
            method: call.method.clone(),
            path: call.route.path.clone(),
            operation: call.route.operation.clone(),
            query: call.query.clone(),
            headers: call.headers.clone(),
            body,
            token: call
                .token
                .take()
                .map(|token| token.expose_secret().to_owned()),
        });
        (self.answer)(call).await
    }
}

/// A gateway in front of it, with two keys.
pub fn builder(fake: &Arc<Fake>) -> GatewayBuilder {
    static PLANT: Once = Once::new();
    let detector = detector();
    PLANT.call_once(|| {
        for secret in [KEY, OTHER_KEY, USER, ADMIN, UNKNOWABLE, PERSON] {
            detector.plant(secret, secret);
        }
    });
    Gateway::builder(Arc::clone(fake) as Arc<dyn Upstream>)
        .key("first", KEY)
        .key("other", OTHER_KEY)
}

pub fn router(fake: &Arc<Fake>) -> Router {
    mounted(builder(fake))
}

pub fn mounted(builder: GatewayBuilder) -> Router {
    let gateway = builder.build().unwrap();
    detector().scan("debug", format!("{gateway:?}"));
    gateway.at("/api/verity")
}

/// A whole answer.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub async fn ask(router: &Router, request: Request<Body>) -> Got {
    let response: Response = router.clone().oneshot(request).await.unwrap();
    whole(response).await
}

pub async fn whole(response: Response) -> Got {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let detector = detector();
    detector.scan("headers", format!("{:?}", parts.headers));
    detector.scan("answer", &body);
    Got {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}

/// An envelope with the first key.
pub fn call(envelope: &Value) -> Request<Body> {
    post(envelope.to_string())
}

pub fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post("/api/verity")
        .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

/// A request that is passed through, with the first key.
pub fn through(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/api/verity{path}"))
        .header("x-api-key", KEY)
        .body(body.into())
        .unwrap()
}

/// The same with a user's token.
pub fn by(token: &str, mut request: Request<Body>) -> Request<Body> {
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    request
}

pub fn clean() {
    detector().assert_clean();
}
