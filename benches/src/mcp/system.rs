//! What is behind the tools: a catalogue, and a system that answers all of it with the same small document.

use axum::Router;
use http::header;
use integrations_core::Result;
use serde_json::{Value, json};
use verity_client::Client;
use verity_client::catalog::CatalogFile;

use crate::gateway::{ANSWER, serve};

/// A client of it.
pub(super) async fn client() -> Result<Client> {
    let answer = || async { ([(header::CONTENT_TYPE, "application/json")], ANSWER) };
    let address = serve(Router::new().fallback(answer)).await?;
    Client::builder()
        .base_url(&format!("http://{address}"))
        .service_key("bench-key")
        .build()
}

/// So many operations: of each endpoint two methods, with parameters and a body as such catalogues have them.
pub(super) fn catalogue(operations: usize) -> Result<CatalogFile> {
    let endpoints: Vec<Value> = (0..operations / 2)
        .map(|n| {
            json!({
                "path": format!("/api/area{}/thing{n}/[id]", n % 20),
                "methods": ["GET", "PUT"],
                "description": "Reads a thing of the area, or changes its name, its tags and who looks after it.",
                "parameters": {"path": {"id": "string"}, "query": {"page": "integer?", "limit": "integer?", "sort": "string?"}},
                "schema": {"request": {"type": "object", "properties": {
                    "name": {"type": "string", "maxLength": 200}, "tags": {"type": "array", "items": {"type": "string"}},
                    "owner": {"type": "object", "properties": {"id": {"type": "string"}, "role": {"enum": ["user", "admin"]}}}},
                    "required": ["name"]}},
            })
        })
        .collect();
    CatalogFile::parse(&json!({"version": "1", "endpoints": endpoints}).to_string())
}
