//! The MCP server over HTTP and over a pair of streams.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, HeaderValue, Method, Request, header};
use integrations_core::Result;
use integrations_mcp::{ApiKey, HttpOptions, McpServer};
use integrations_testkit::LeakDetector;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use super::Target;
use super::sample::{Got, Job, Sample};
use super::tools::{INTERNAL, Tools};

const KEY: &str = "fuzz-key-of-a-model";
const SESSION: &str = "mcp-session-id";

/// The meta of a request of protocol 2026-07-28, which is whole in itself.
fn meta() -> Value {
    json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
           "io.modelcontextprotocol/clientCapabilities": {},
           "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "1"}})
}

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {},
           "clientInfo": {"name": "fuzz", "version": "1"}}})
}

/// The requests that the server knows, and what a model may write into them.
fn messages() -> Vec<(&'static str, Value)> {
    let call = |tool: &str, arguments: Value| json!({"name": tool, "arguments": arguments});
    vec![
        ("tools/list", json!({})),
        ("tools/list", json!({"cursor": "0000000000000000-2"})),
        ("tools/call", call("health", json!({}))),
        (
            "tools/call",
            call(
                "contacts_get",
                json!({"id": "c1", "limit": 5, "tags[]": ["a", "b"]}),
            ),
        ),
        ("tools/call", call("contacts_get", json!({"id": "c/2?x"}))),
        (
            "tools/call",
            call(
                "notes_update",
                json!({"id": "c1", "note": "n1", "body": {"text": "x", "kind": "call",
            "child": {"text": "y"}, "when": {"at": 1}}}),
            ),
        ),
        (
            "tools/call",
            call("search", json!({"body": {"x-a": 1, "b": ["c"]}})),
        ),
        ("tools/call", call("remove", json!({"a": "1", "b": "2"}))),
        ("server/discover", json!({})),
        ("ping", json!({})),
        (
            "notifications/cancelled",
            json!({"requestId": 1, "reason": "x"}),
        ),
        ("notifications/initialized", json!({})),
        ("resources/list", json!({})),
    ]
}

const WORDS: &[&str] = &[
    "jsonrpc",
    "2.0",
    "id",
    "method",
    "params",
    "name",
    "arguments",
    "cursor",
    "_meta",
    "progressToken",
    "tools/call",
    "tools/list",
    "initialize",
    "contacts_get",
    "notes_update",
    "body",
    "tags[]",
    "limit",
    "notifications/cancelled",
    "requestId",
    "io.modelcontextprotocol/protocolVersion",
    "2025-11-25",
    "mcp-session-id",
    "text/event-stream",
];

/// What both ways have in common.
struct Common {
    tools: Arc<Tools>,
    server: McpServer,
    detector: LeakDetector,
}

impl Common {
    fn new() -> Result<Self> {
        let tools = Tools::new();
        let server = tools.server()?;
        let detector = LeakDetector::new();
        detector.plant("the provider's", INTERNAL);
        detector.plant("the key", KEY);
        Ok(Self {
            tools,
            server,
            detector,
        })
    }

    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String> {
        let mut findings = self.tools.take_wrong();
        let body = got.body.clone().unwrap_or_default();
        let scanned = self.detector.scan("headers", format!("{:?}", got.headers))
            + self.detector.scan("body", &body);
        // What a caller writes may come back to that caller.
        let own = [KEY, INTERNAL].iter().any(|secret| {
            let text = secret.as_bytes();
            sample.body.windows(text.len()).any(|piece| piece == text)
        });
        if scanned > 0 && !own {
            findings.push("a secret in the answer".to_owned());
        }
        findings
    }
}

/// Streamable HTTP.
pub(super) struct HttpTarget {
    common: Common,
    router: Router,
}

impl HttpTarget {
    pub(super) fn new() -> Result<Self> {
        let common = Common::new()?;
        let options = HttpOptions::default()
            .api_key(ApiKey::new(KEY)?)
            .json(true)
            .max_body_bytes(64 * 1024);
        let service = common.server.http(options);
        Ok(Self {
            router: Router::new().route_service("/mcp", service),
            common,
        })
    }
}

#[async_trait]
impl Target for HttpTarget {
    fn name(&self) -> String {
        "mcp-http".to_owned()
    }

    fn seeds(&self) -> Vec<Sample> {
        let bearer = format!("Bearer {KEY}");
        let usual = [
            ("host", "localhost"),
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        let mut seeds = Vec::new();
        for (method, mut params) in messages() {
            params["_meta"] = meta();
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            let mut sample = Sample::new("POST", "/mcp", &usual, &body.to_string());
            sample.set("mcp-protocol-version", "2026-07-28".to_owned());
            sample.set("mcp-method", method.to_owned());
            if let Some(name) = params["name"].as_str() {
                sample.set("mcp-name", name.to_owned());
            }
            seeds.push(sample);
        }
        let begin = initialize().to_string();
        seeds.push(Sample::new("POST", "/mcp", &usual, &begin));
        seeds.push(Sample::new("GET", "/mcp", &usual, ""));
        seeds.push(Sample::new("DELETE", "/mcp", &usual, ""));
        seeds
    }

    fn words(&self) -> &'static [&'static str] {
        WORDS
    }

    /// Whoever gets a session says what it came for in it, and ends it: it would be there for minutes.
    fn begin(&self, sample: &Sample, random: &mut fastrand::Rng) -> Option<Job> {
        let request = sample.request(random)?;
        let router = self.router.clone();
        let messages = messages();
        let (method, params) = messages[random.usize(..messages.len())].clone();
        let then = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params});
        Some(Box::pin(async move {
            let Ok(response) = router.clone().oneshot(request).await;
            let session = response.headers().get(SESSION).cloned();
            let got = Got::read_ended(response).await;
            let Some(session) = session else {
                return got;
            };
            let _ =
                Got::read_ended(within(&router, &session, Method::POST, then.to_string()).await)
                    .await;
            let ended = within(&router, &session, Method::DELETE, String::new()).await;
            drop(ended);
            got
        }))
    }

    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String> {
        let mut findings = self.common.judge(sample, got);
        if got.status >= 500 {
            findings.push(format!("{} although nothing is wrong", got.status));
        }
        if !sample.mentions(KEY) && !matches!(got.status, 401 | 404) {
            findings.push(format!("{} without a key", got.status));
        }
        let body = got.body.clone().unwrap_or_default();
        let is_json = got.headers.get(header::CONTENT_TYPE);
        let is_json = is_json.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if is_json && !body.is_empty() && serde_json::from_slice::<Value>(&body).is_err() {
            findings.push("JSON that is none".to_owned());
        }
        findings
    }
}

/// One more request in a session.
async fn within(
    router: &Router,
    session: &HeaderValue,
    method: Method,
    body: String,
) -> axum::response::Response {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::from_static("/mcp");
    let headers = request.headers_mut();
    headers.insert(SESSION, session.clone());
    for (name, value) in [
        ("host", "localhost"),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-11-25"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(key) = HeaderValue::from_str(&format!("Bearer {KEY}")) {
        headers.insert(header::AUTHORIZATION, key);
    }
    let Ok(response) = router.clone().oneshot(request).await;
    response
}

/// Lines over a pair of streams, as over stdio.
pub(super) struct StdioTarget(Common);

impl StdioTarget {
    pub(super) fn new() -> Result<Self> {
        Common::new().map(Self)
    }
}

/// The id of the last request of each execution, which has to be answered whatever came before.
const LAST: u64 = 987_654_321;

#[async_trait]
impl Target for StdioTarget {
    fn name(&self) -> String {
        "mcp-stdio".to_owned()
    }

    fn seeds(&self) -> Vec<Sample> {
        let messages = messages().into_iter();
        messages
            .map(|(method, params)| {
                let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
                Sample::new("STDIO", "/", &[], &body.to_string())
            })
            .collect()
    }

    fn words(&self) -> &'static [&'static str] {
        WORDS
    }

    fn begin(&self, sample: &Sample, random: &mut fastrand::Rng) -> Option<Job> {
        let server = self.0.server.clone();
        let mut lines = Vec::new();
        // Sometimes a peer does not shake hands.
        let begins = random.u8(..16) != 0;
        if begins {
            lines.extend(format!("{}\n", initialize()).into_bytes());
            let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            lines.extend(format!("{ready}\n").into_bytes());
        }
        lines.extend_from_slice(&sample.body);
        let last = json!({"jsonrpc": "2.0", "id": LAST, "method": "ping"});
        lines.extend(format!("\n{last}\n").into_bytes());
        let piece = random.usize(1..=lines.len());
        Some(Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(4096);
            let (read, write) = tokio::io::split(theirs);
            let (mut from, mut to) = tokio::io::split(ours);
            let serving = tokio::spawn(server.serve(read, write));
            let writing = tokio::spawn(async move {
                for piece in lines.chunks(piece) {
                    // Whoever does not begin as it must is not listened to.
                    if to.write_all(piece).await.is_err() {
                        return to;
                    }
                }
                to
            });
            // The answer to the last one, or the end.
            let mut output = Vec::new();
            let wanted = LAST.to_string();
            let mut chunk = [0; 4096];
            let mut answered = false;
            while !answered {
                match from.read(&mut chunk).await {
                    Ok(length @ 1..) => output.extend_from_slice(&chunk[..length]),
                    _ => break,
                }
                let whole = output.ends_with(b"\n");
                answered = whole
                    && output
                        .windows(wanted.len())
                        .any(|piece| piece == wanted.as_bytes());
            }
            if let Ok(mut to) = writing.await {
                let _ = to.shutdown().await;
            }
            let _ = from.read_to_end(&mut output).await;
            let status = match (begins, answered, serving.await) {
                // A panic in the server's own task.
                (_, _, Err(_)) => PANICKED,
                (true, false, _) => DEAF,
                _ => 0,
            };
            Got {
                status,
                headers: HeaderMap::new(),
                body: Some(Bytes::from(output)),
            }
        }))
    }

    fn judge(&self, sample: &Sample, got: &Got) -> Vec<String> {
        let mut findings = self.0.judge(sample, got);
        match got.status {
            PANICKED => findings.push("a panic".to_owned()),
            DEAF => findings.push("what came after it was not answered".to_owned()),
            _ => {}
        }
        let body = got.body.clone().unwrap_or_default();
        for line in body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let message: Option<Value> = serde_json::from_slice(line).ok();
            let is_one = message.is_some_and(|message| message["jsonrpc"] == "2.0");
            if !is_one {
                findings.push("a line that is no message".to_owned());
            }
        }
        findings
    }
}

/// Outcomes that are no status of HTTP.
const PANICKED: u16 = 1;
const DEAF: u16 = 2;
