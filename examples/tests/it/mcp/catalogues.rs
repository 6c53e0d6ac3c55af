//! Catalogues for the tests.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// One in order, with every sort of endpoint.
pub(super) fn usual() -> Value {
    json!({
        "version": "1.0.0",
        "generatedAt": "2026-01-01T00:00:00.000Z",
        "endpoints": [
            {"path": "/apicomms/broadcasts", "methods": ["GET", "POST"], "description": "List or create broadcasts",
             "parameters": {"query": {"limit": "integer?", "status": "string?"}}, "authRequired": true, "authType": "requireUser",
             "schema": {"request": {"type": "object", "properties": {"type": {"enum": ["sms", "email"]},
                        "subject": {"type": "string"}}, "required": ["type"]}}},
            {"path": "/apicomms/broadcasts/[id]", "methods": ["GET", "PATCH", "DELETE"],
             "parameters": {"path": {"id": "string"}}, "authRequired": true, "authType": "requireUser"},
            {"path": "/apicalls/agents", "methods": ["GET"]},
            {"path": "/apicalls/agents/[agentId]/test", "methods": ["POST"],
             "parameters": {"path": {"agentId": "string"}}, "authRequired": true, "authType": "requireAdmin"},
            {"path": "/apicalls/notes/[id]", "methods": ["GET", "PUT"], "parameters": {"path": {"id": "string"}}},
            {"path": "/apisms", "methods": ["POST"], "authRequired": true, "authType": "requireAuth",
             "schema": {"request": {"type": "object", "properties": {"to": {"type": "string"}, "body": {"type": "string"}},
                        "required": ["to", "body"]}}},
            {"path": "/api/health", "methods": ["GET"], "authRequired": false, "authType": "none"}
        ]
    })
}

/// With so many endpoints of four methods each, the names of which come close to each other.
pub(super) fn large(endpoints: usize) -> Value {
    let endpoints: Vec<Value> = (0..endpoints)
        .map(|n| {
            let path = format!(
                "/api/area{}/thing-{n}/[id]/{}",
                n % 7,
                ["list", "test", "x_y"][n % 3]
            );
            json!({"path": path, "methods": ["GET", "POST", "PUT", "DELETE"],
                "description": format!("Thing {n}"),
                "parameters": {"path": {"id": "string"}, "query": {"page": "integer?"}}})
        })
        .collect();
    json!({"version": "1", "endpoints": endpoints})
}

/// Schemas that refer to themselves, directly and in a circle, and one that would grow without an end.
pub(super) fn cyclic() -> Value {
    json!({
        "version": "1",
        "endpoints": [
            {"path": "/api/tree", "methods": ["POST"], "schema": {"request": {"type": "object",
                "properties": {"child": {"$ref": "#"}}}}},
            {"path": "/api/ring", "methods": ["POST"], "schema": {"request": {"$ref": "#/$defs/a"}}},
            {"path": "/api/whole", "methods": ["GET"], "schema": {"response": {"$ref": "#/endpoints/2/schema/response"}}},
            {"path": "/api/plain", "methods": ["GET"]}
        ],
        "$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}},
                  "b": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}}
    })
}

/// One with faults of every effect but the last. The places, in their order.
pub(super) fn faulty() -> (Value, [&'static str; 5]) {
    let mut catalogue = usual();
    let endpoints = catalogue["endpoints"].as_array_mut().expect("a list");
    endpoints.extend([
        json!({"path": "/api/../x", "methods": ["GET"]}),
        json!({"path": "/api/b", "methods": ["GET", "BREW"]}),
        json!({"path": "/api/c", "methods": ["POST"], "schema": {"request": {"type": "strnig"}}}),
        json!({"path": "/api/d", "methods": ["GET"], "authType": "requireWizard"}),
        json!("nothing"),
    ]);
    let places = [
        "/endpoints/7/path",
        "/endpoints/8/methods/1",
        "/endpoints/9/schema/request/type",
        "/endpoints/10/authType",
        "/endpoints/11",
    ];
    (catalogue, places)
}

/// A file of it.
pub(super) fn file(catalogue: &Value) -> NamedTempFile {
    let text = serde_json::to_string_pretty(catalogue).expect("JSON");
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("a file");
    file
}
