//! The gateway in front of a system that answers all that an upstream may.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::Router;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use integrations_core::catalog::{Access, Caller, Route, Upstream, UpstreamAnswer, UpstreamCall};
use integrations_core::http::{Body, ResponseBody, encode_segment};
use integrations_core::{Error, ErrorKind, Result};
use integrations_server::Gateway;
use integrations_testkit::LeakDetector;
use serde_json::{Value, json};

use super::Target;
use super::sample::{Got, Job, Sample};

const KEY: &str = "fuzz-key-of-a-caller";
const USER: &str = "fuzz.token-of.a-user";
const ADMIN: &str = "fuzz.token-of.an-administrator";
/// What the system says of itself in headers that stay with it.
const INTERNAL: &str = "fuzz-secret-of-the-system";
const ENVELOPE: &str = "application/json";

/// The gateway's routes.
pub(super) struct GatewayTarget {
    router: Router,
    system: Arc<System>,
    detector: LeakDetector,
}

impl Default for GatewayTarget {
    fn default() -> Self {
        let detector = LeakDetector::new();
        detector.plant("key", KEY);
        detector.plant("internal", INTERNAL);
        let system = Arc::new(System::default());
        Self {
            router: router(&system),
            system,
            detector,
        }
    }
}

#[derive(Default)]
struct System {
    /// Calls that should never have come.
    wrong: Mutex<Vec<String>>,
}

impl System {
    fn wrong(&self, what: String) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.push(what);
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("System")
    }
}

#[async_trait]
impl Upstream for System {
    fn document(&self) -> Option<Value> {
        Some(json!({ "endpoints": [] }))
    }

    fn route(
        &self,
        method: &Method,
        endpoint: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Route> {
        let invalid = || Error::new(ErrorKind::Validation, "it does not fit");
        let mut path = String::new();
        for segment in endpoint.split('/').skip(1) {
            path.push('/');
            let name = segment
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'));
            match name {
                None => path.push_str(segment),
                Some(name) => {
                    let value = parameters.get(name).ok_or_else(invalid)?;
                    encode_segment(&mut path, name, value)?;
                }
            }
        }
        let is_admin = path.starts_with("/api/admin/");
        let access = if is_admin {
            Access::Admin
        } else {
            Access::User
        };
        let mut route = Route::new(path, access);
        route.operation = (method != Method::PATCH).then(|| "listed".to_owned());
        Ok(route)
    }

    fn check(&self, _: &Route, query: &[(String, String)], _: Option<&Value>) -> Result<()> {
        match query.iter().any(|(name, _)| name == "unknown") {
            true => Err(Error::new(ErrorKind::Validation, "unknown")),
            false => Ok(()),
        }
    }

    async fn verify(&self, token: &str) -> Result<Caller> {
        let mut caller = Caller::new("user");
        caller.is_admin = token == ADMIN;
        match token {
            USER | ADMIN => Ok(caller),
            _ => Err(Error::new(ErrorKind::Auth, "nobody's")),
        }
    }

    async fn send(&self, call: UpstreamCall) -> Result<UpstreamAnswer> {
        let path = &call.route.path;
        let mut hash = DefaultHasher::new();
        path.hash(&mut hash);
        let plain = path.starts_with("/api")
            && path
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#\\\"<>".contains(&byte))
            && !path.split('/').any(|one| matches!(one, "." | ".."));
        if !plain || !stays(path) {
            self.wrong(format!("the path {path}"));
        }
        let admin = call
            .token
            .as_ref()
            .is_some_and(|token| token.expose_secret() == ADMIN);
        if path.starts_with("/api/admin/") && !admin {
            self.wrong(format!("no administrator at {path}"));
        }
        for never in [
            "authorization",
            "cookie",
            "host",
            "x-api-key",
            "connection",
            "transfer-encoding",
            "x-forwarded-for",
        ] {
            if call.headers.contains_key(never) {
                self.wrong(format!("the header {never}"));
            }
        }
        if let Body::Once(once) = call.body {
            let mut chunks = once.take();
            while let Some(chunk) = chunks.next().await {
                chunk.map_err(|error| Error::new(ErrorKind::Io, "broken").with_source(error))?;
            }
        }
        answer(hash.finish())
    }
}

/// Whether a path means the same however often somebody decodes what leads elsewhere.
fn stays(path: &str) -> bool {
    let mut path = path.to_ascii_lowercase();
    let segments = path.matches('/').count();
    for _ in 0..4 {
        let climbs = path.split('/').any(|one| matches!(one, "." | ".."));
        if climbs || path.matches('/').count() != segments {
            return false;
        }
        for (encoded, plain) in [("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("%25", "%")] {
            path = path.replace(encoded, plain);
        }
    }
    true
}

/// One of all that systems answer.
fn answer(hash: u64) -> Result<UpstreamAnswer> {
    const STATUSES: [u16; 12] = [200, 200, 200, 201, 204, 301, 304, 400, 404, 429, 500, 503];
    let kinds = [
        ErrorKind::Connect,
        ErrorKind::Timeout,
        ErrorKind::Io,
        ErrorKind::RateLimited,
    ];
    let at = usize::try_from(hash % 64).unwrap_or_default();
    if at < kinds.len() {
        return Err(Error::new(kinds[at], INTERNAL));
    }
    let status = StatusCode::from_u16(STATUSES[at % STATUSES.len()]).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert("set-cookie", HeaderValue::from_static(INTERNAL));
    headers.insert("location", HeaderValue::from_static(INTERNAL));
    headers.insert("x-total-count", HeaderValue::from_static("5"));
    let bodies: [(&str, &[u8]); 5] = [
        (
            ENVELOPE,
            br#"{"error":"open /srv/fuzz-secret-of-the-system/x","n":1e400}"#,
        ),
        (ENVELOPE, b"{not json"),
        (ENVELOPE, b""),
        ("text/html", b"<!DOCTYPE html>\xff"),
        ("application/json; charset=utf-8", b"[1,2,3]"),
    ];
    let which = (at / 12) % bodies.len();
    let (kind, body) = match bodies[which] {
        // Data is the caller's to see, so that no secret may be in it here.
        (kind, _) if status.is_success() && which == 0 => (kind, &b"{}"[..]),
        other => other,
    };
    headers.insert("content-type", HeaderValue::from_static(kind));
    let body = ResponseBody::from_bytes(body);
    Ok(UpstreamAnswer::new(status, headers, body))
}

fn router(system: &Arc<System>) -> Router {
    let upstream = Arc::clone(system) as Arc<dyn Upstream>;
    let built = Gateway::builder(upstream)
        .key("fuzz", KEY)
        .no_rate_limit()
        .envelope_limit(64 * 1024)
        .stream_limit(64 * 1024)
        .allow_origin("https://app.example.com")
        .build();
    built.map_or_else(|_| Router::new(), |gateway| gateway.at("/api/verity"))
}

impl Target for GatewayTarget {
    fn name(&self) -> String {
        "gateway".to_owned()
    }

    fn begin(&self, sample: &Sample, random: &mut fastrand::Rng) -> Option<Job> {
        sample.through(&self.router, random)
    }

    fn seeds(&self) -> Vec<Sample> {
        let bearer = format!("Bearer {KEY}");
        let envelope = [
            ("authorization", bearer.as_str()),
            ("content-type", ENVELOPE),
        ];
        let through = |token: &str| {
            [
                ("x-api-key".to_owned(), KEY.to_owned()),
                ("authorization".to_owned(), format!("Bearer {token}")),
            ]
        };
        let calls = [
            json!({"endpoint": "/api/calls/agents/[id]", "method": "GET", "params": {"id": "a1"},
                   "query": {"page": "1", "tags": ["a", "b"]}, "headers": {"Authorization": format!("Bearer {USER}")}}),
            json!({"endpoint": "/api/comms/broadcasts", "method": "POST", "body": {"name": "x", "to": ["+12025550123"]}}),
            json!({"endpoint": "/api/admin/users/[id]", "method": "DELETE", "params": {"id": "7"},
                   "headers": {"Authorization": format!("Bearer {ADMIN}")}}),
            json!({"endpoint": "/api/admin/users/8", "method": "PUT", "body": {},
                   "headers": {"Authorization": format!("Bearer {USER}")}}),
        ];
        let mut seeds: Vec<_> = calls
            .iter()
            .map(|call| Sample::new("POST", "/api/verity", &envelope, &call.to_string()))
            .collect();
        for (method, target, token, body) in [
            ("GET", "/api/verity/calls/agents/a1?page=1", USER, ""),
            (
                "PUT",
                "/api/verity/comms/broadcasts/b1",
                USER,
                r#"{"name":"x"}"#,
            ),
            ("DELETE", "/api/verity/admin/users/7", ADMIN, ""),
            ("HEAD", "/api/verity/api/calls/agents", USER, ""),
        ] {
            let headers = through(token);
            let headers = headers
                .each_ref()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            seeds.push(Sample::new(method, target, &headers, body));
        }
        seeds.push(Sample::new("GET", "/api/verity", &[("x-api-key", KEY)], ""));
        let preflight = [
            ("origin", "https://app.example.com"),
            ("access-control-request-method", "PUT"),
        ];
        seeds.push(Sample::new("OPTIONS", "/api/verity", &preflight, ""));
        seeds
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "endpoint",
            "method",
            "params",
            "query",
            "body",
            "headers",
            "/api",
            "/api/",
            "/apicalls/",
            "/api/admin/users/1",
            "Authorization",
            "authorization",
            "Bearer ",
            "GET",
            "DELETE",
            "id",
            "unknown",
            "application/json",
            "text/html",
        ]
    }

    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String> {
        let mut wrong = self
            .system
            .wrong
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut findings = std::mem::take(&mut *wrong);
        let from_system = got.headers.contains_key("x-total-count");
        let body = got.body.clone().unwrap_or_default();
        let leaks = self.detector.scan("headers", format!("{:?}", got.headers));
        // What is passed through is the system's own.
        if leaks
            + if from_system {
                0
            } else {
                self.detector.scan("body", &body)
            }
            > 0
        {
            findings.push("a secret in the answer".to_owned());
        }
        let is_preflight = sample.method == "OPTIONS";
        if !is_preflight && !sample.mentions(KEY) && got.status != 401 && got.status != 404 {
            findings.push(format!("{} without a key", got.status));
        }
        if !from_system
            && !is_preflight
            && sample.method != "HEAD"
            && got.headers.contains_key("x-request-id")
        {
            let json: Option<Value> = serde_json::from_slice(&body).ok();
            let success = json.as_ref().and_then(|json| json["success"].as_bool());
            let code = json
                .as_ref()
                .and_then(|json| json["error"]["code"].as_str());
            match (success, code) {
                (Some(true), None) => {}
                (Some(false), Some(code))
                    if got.status != 500 || matches!(code, "PROXY_ERROR" | "HTTP_500") => {}
                _ => findings.push(format!("{} in no form of ours", got.status)),
            }
        }
        findings
    }
}
