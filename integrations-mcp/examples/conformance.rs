//! The catalogue that the official conformance suite wants: operations of the names that its scenarios call.
//!
//! `.ci/run mcp-conformance` starts it; it prints the address where it answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Method, StatusCode};
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation, Parameter, Place};
use integrations_core::{Error, ErrorKind, Result};
use integrations_mcp::{HttpOptions, McpServer};
use serde_json::json;
use tokio::net::TcpListener;

#[derive(Debug)]
struct Fixture(Vec<CatalogOperation>);

impl Fixture {
    fn new() -> Self {
        let mut operations: Vec<_> = [
            "test_simple_text",
            "test_image_content",
            "test_audio_content",
            "test_embedded_resource",
            "test_error_handling",
            "test_tool_with_progress",
            // These answer and do nothing else, which is what is looked for.
            "test_logging_tool",
            "test_streaming_elicitation",
        ]
        .into_iter()
        .map(|name| CatalogOperation::new(name, Method::GET, format!("/{name}")))
        .collect();
        // Parameters that proxies on the way may read in a header.
        let headers = [
            ("region", "string", "Region"),
            ("priority", "integer", "Priority"),
            ("verbose", "boolean", "Verbose"),
        ];
        for name in ["test_custom_headers", "test_headers"] {
            let mut operation = CatalogOperation::new(name, Method::GET, format!("/{name}"));
            operation.parameters = headers
                .iter()
                .map(|(name, kind, header)| {
                    let schema = json!({"type": kind, "x-mcp-header": header});
                    Parameter::new(*name, Place::Query, false, schema)
                })
                .collect();
            operations.push(operation);
        }
        Self(operations)
    }
}

#[async_trait]
impl Catalog for Fixture {
    fn operations(&self) -> &[CatalogOperation] {
        &self.0
    }

    async fn call(&self, operation: &CatalogOperation, _arguments: Arguments) -> Result<Answer> {
        // A pixel, a header without sound, a document: of each the first bytes.
        const PNG: &[u8] = &[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
        const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";
        const PDF: &[u8] = b"%PDF-1.7\n%\xff\xff\xff\xff\n";
        let of = |kind: &str, body: &'static [u8]| {
            Ok(Answer::new(StatusCode::OK, Some(kind.to_owned()), body))
        };
        match operation.name.as_str() {
            "test_image_content" => of("image/png", PNG),
            "test_audio_content" => of("audio/wav", WAV),
            "test_embedded_resource" => of("application/pdf", PDF),
            "test_error_handling" => Err(Error::new(
                ErrorKind::Other,
                "This tool intentionally returns an error for testing",
            )),
            "test_tool_with_progress" => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                of("text/plain", b"done")
            }
            _ => of("text/plain", b"This is a simple text response for testing."),
        }
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let server = McpServer::builder(Arc::new(Fixture::new()))
        .progress_every(Duration::from_millis(50))
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    #[expect(clippy::print_stdout, reason = "whoever started it reads the address")]
    {
        println!("http://{}/mcp", listener.local_addr()?);
    }
    let service = server.http(HttpOptions::default());
    let app = axum::Router::new().route_service("/mcp", service);
    Ok(axum::serve(listener, app).await?)
}
