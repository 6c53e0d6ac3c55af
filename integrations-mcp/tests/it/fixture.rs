//! A catalogue that answers with what it was asked, and a client of a server of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{Method, StatusCode};
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation, Parameter, Place};
use integrations_core::http::expand_path;
use integrations_core::{Error, ErrorKind, Result};
use integrations_mcp::{McpServer, McpServerBuilder};
use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService, ServiceError};
use serde_json::{Value, json};

#[derive(Debug)]
pub(crate) struct Fixture {
    operations: Vec<CatalogOperation>,
    pub(crate) calls: Mutex<Vec<Arguments>>,
    pub(crate) running: AtomicUsize,
    /// The most that ever ran at once.
    pub(crate) peak: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
}

impl Fixture {
    pub(crate) fn new(operations: Vec<CatalogOperation>) -> Arc<Self> {
        Arc::new(Self {
            operations,
            calls: Mutex::default(),
            running: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        })
    }

    /// One operation of each behaviour.
    pub(crate) fn usual() -> Arc<Self> {
        let plain = |name: &str| CatalogOperation::new(name, Method::GET, format!("/{name}"));
        let mut typed = CatalogOperation::new("typed", Method::GET, "/typed");
        typed.answer = Some(json!({"type": "object", "properties": {"path": {"type": "string"}}}));
        Self::new(vec![
            contact(),
            plain("wait"),
            plain("fail"),
            plain("panic"),
            plain("empty"),
            typed,
            CatalogOperation::new("remove", Method::DELETE, "/wait"),
        ])
    }

    pub(crate) fn calls(&self) -> Vec<Arguments> {
        self.calls.lock().unwrap().clone()
    }
}

/// `PUT /contacts/{contactId}` with everything that an operation can have.
pub(crate) fn contact() -> CatalogOperation {
    let mut operation =
        CatalogOperation::new("contacts_update", Method::PUT, "/contacts/{contactId}");
    operation.description = Some("Changes a contact.".to_owned());
    operation.scopes = vec!["contacts.write".to_owned()];
    operation.parameters = vec![
        Parameter::new("contactId", Place::Path, true, json!({"type": "string"})),
        Parameter::new(
            "limit",
            Place::Query,
            false,
            json!({"type": "integer", "minimum": 1}),
        ),
        Parameter::new(
            "tags[]",
            Place::Query,
            false,
            json!({"type": "array", "items": {"type": "string"}}),
        ),
    ];
    operation.body = Some(json!({"type": "object", "properties": {
        "firstName": {"type": "string"}, "kind": {"enum": ["lead", "customer"]}}, "required": ["firstName"]}));
    operation.body_required = true;
    operation
}

/// Counts a call that ended before it answered.
struct Guard<'f>(&'f Fixture, bool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Catalog for Fixture {
    fn operations(&self) -> &[CatalogOperation] {
        &self.operations
    }

    async fn call(&self, operation: &CatalogOperation, arguments: Arguments) -> Result<Answer> {
        self.calls.lock().unwrap().push(arguments.clone());
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(running, Ordering::SeqCst);
        let mut guard = Guard(self, false);
        let path = operation.path.as_str();
        if path == "/wait" {
            std::future::pending::<()>().await;
        }
        guard.1 = true;
        match path {
            "/fail" => Err(Error::new(ErrorKind::RateLimited, "wait a little")
                .with_retry_after(Duration::from_secs(7))),
            "/panic" => panic!("a fault of the catalogue"),
            "/empty" => Ok(Answer::new(StatusCode::NO_CONTENT, None, "")),
            template => {
                let values: Vec<&str> = arguments.path.values().map(String::as_str).collect();
                let text = json!({"path": expand_path(template, &values)?, "query": arguments.query, "body": arguments.body});
                let json = Some("application/json".to_owned());
                Ok(Answer::new(StatusCode::OK, json, text.to_string()))
            }
        }
    }
}

pub(crate) type Client = RunningService<RoleClient, ()>;

/// The two generations of the protocol.
pub(crate) fn generations() -> [ClientLifecycleMode; 2] {
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover {
            preferred_versions: vec![rmcp::model::ProtocolVersion::V_2026_07_28],
        },
    ]
}

/// A client of a server, over a pipe in this process.
pub(crate) async fn client(server: McpServer, generation: ClientLifecycleMode) -> Client {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let (read, write) = tokio::io::split(theirs);
    tokio::spawn(server.serve(read, write));
    let client = ().serve_with_lifecycle(tokio::io::split(ours), generation);
    client.await.unwrap()
}

/// A client of the usual catalogue.
pub(crate) async fn usual(
    set: impl FnOnce(McpServerBuilder) -> McpServerBuilder,
) -> (Arc<Fixture>, Client) {
    let fixture = Fixture::usual();
    let server = set(McpServer::builder(fixture.clone())).build().unwrap();
    (
        fixture,
        client(server, ClientLifecycleMode::Initialize).await,
    )
}

pub(crate) async fn call(
    client: &Client,
    tool: &str,
    arguments: Value,
) -> std::result::Result<CallToolResult, ServiceError> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
    client.call_tool(request).await
}

pub(crate) fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
