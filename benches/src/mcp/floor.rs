//! What it costs at the least.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use http::header::CONTENT_TYPE;
use integrations_core::catalog::{Arguments, Catalog as _, CatalogOperation};
use integrations_core::{Error, ErrorKind, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use verity_client::catalog::VerityCatalog;

use super::peer::{Http, Peer, Pipe};
use crate::gateway::serve;

/// The same call by the client itself.
pub(super) struct Direct {
    catalog: Arc<VerityCatalog>,
    operation: CatalogOperation,
    arguments: Arguments,
}

impl Direct {
    pub(super) fn new(
        catalog: &Arc<VerityCatalog>,
        operation: &CatalogOperation,
        arguments: &Arguments,
    ) -> Self {
        Self {
            catalog: Arc::clone(catalog),
            operation: operation.clone(),
            arguments: arguments.clone(),
        }
    }
}

#[async_trait]
impl Peer for Direct {
    async fn ask_raw(&mut self, _: &Value) -> Result<Vec<u8>> {
        let arguments = self.arguments.clone();
        let answer = self.catalog.call(&self.operation, arguments).await?;
        Ok(answer.body.to_vec())
    }
}

/// Reads a line as JSON and writes these bytes.
pub(super) fn echo_over_pipe(answer: &Value) -> Pipe {
    let line = format!("{answer}\n");
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move {
        let (read, mut write) = tokio::io::split(theirs);
        let mut lines = BufReader::new(read).lines();
        while let Ok(Some(request)) = lines.next_line().await {
            let read: serde_json::Result<Value> = serde_json::from_str(&request);
            if read.is_err() || write.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
    });
    Pipe::new(ours)
}

/// The same over HTTP.
pub(super) async fn echo_over_http(answer: &Value) -> Result<Http> {
    let answer = Bytes::from(answer.to_string());
    let echo = move |request: Bytes| {
        let answer = answer.clone();
        async move {
            let read: serde_json::Result<Value> = serde_json::from_slice(&request);
            match read {
                Ok(_) => Ok(([(CONTENT_TYPE, "application/json")], answer)),
                Err(_) => Err(http::StatusCode::BAD_REQUEST),
            }
        }
    };
    let address = serve(Router::new().route("/", post(echo))).await?;
    Http::connect(address, "/")
        .await
        .map_err(|error| Error::new(ErrorKind::Io, "no echo").with_source(error))
}
