//! What the tests share.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use integrations_core::http::{Body, CannedTransport, HttpContext, TokenSource};
use integrations_core::phone::PhoneNumber;
use integrations_core::{AccessToken, Error, ErrorKind, Result};
use serde_json::{Value, json};
use verity_client::Client;
use verity_client::texting::OptOuts;

pub(crate) fn context(transport: &CannedTransport) -> HttpContext {
    HttpContext::builder()
        .transport(transport.clone())
        .build()
        .unwrap()
}

pub(crate) fn client(transport: &CannedTransport) -> Client {
    Client::builder()
        .service_key("made-up-key")
        .tokens(Numbered::default())
        .context(&context(transport))
        .build()
        .unwrap()
}

/// One that asks a [`Register`] before each message.
pub(crate) fn guarded(transport: &CannedTransport, register: Option<bool>) -> Client {
    Client::builder()
        .service_key("made-up-key")
        .tokens(Numbered::default())
        .opt_outs(Register(register))
        .context(&context(transport))
        .build()
        .unwrap()
}

/// Tokens `session-0`, `session-1` and so on: a new one for each renewal.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    current: AtomicU32,
    pub(crate) refused: Mutex<Vec<String>>,
}

#[async_trait]
impl TokenSource for Numbered {
    async fn token(&self) -> Result<AccessToken> {
        let number = self.current.load(Ordering::SeqCst);
        Ok(AccessToken::from(format!("session-{number}")))
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        self.refused
            .lock()
            .unwrap()
            .push(refused.expose_secret().to_owned());
        self.current.fetch_add(1, Ordering::SeqCst);
        self.token().await.map(Some)
    }
}

pub(crate) fn sent_json(transport: &CannedTransport) -> Value {
    match &transport.sent().last().unwrap().body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        Body::Empty => Value::Null,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn bearer(transport: &CannedTransport, at: usize) -> String {
    let sent = &transport.sent()[at];
    sent.headers
        .get("authorization")
        .map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

/// A catalogue in the form that Verity's program writes.
pub(crate) fn catalogue() -> Value {
    json!({
        "version": "1.0.0",
        "generatedAt": "2026-01-01T00:00:00.000Z",
        "endpoints": [
            {"path": "/apicomms/broadcasts", "methods": ["GET", "POST"],
             "filePath": "src/app/api/comms/broadcasts/route.ts", "description": "List or create broadcasts",
             "parameters": {"query": {"limit": "integer?", "status": "string?"}},
             "authRequired": true, "authType": "requireUser",
             "schema": {"request": {"type": "object", "properties": {"type": {"enum": ["sms", "email"]},
                        "subject": {"type": "string"}}, "required": ["type"]},
                        "response": {"type": "object"}},
             "owner": "comms team"},
            {"path": "/apicomms/broadcasts/[id]", "methods": ["GET", "PATCH", "DELETE"],
             "parameters": {"path": {"id": "string"}}, "authRequired": true, "authType": "requireUser"},
            {"path": "/apicomms/broadcasts/new", "methods": ["GET"], "authType": "requireAdmin"},
            {"path": "/apicalls/agents/{agentId}/test", "methods": ["POST"],
             "parameters": {"path": {"agentId": "string"}}, "authRequired": true, "authType": "requireAdmin"},
            {"path": "/apicalls/agents", "methods": ["GET"],
             "parameters": {"query": {"team": "string", "ids": {"type": "array", "items": {"type": "integer"}}}}},
            {"path": "/apisms", "methods": ["POST"], "authRequired": true, "authType": "requireAuth"},
            {"path": "/api/health", "methods": ["GET"], "authRequired": false, "authType": "none"}
        ],
        "domains": {"comms": ["/apicomms/broadcasts", "/apicomms/broadcasts/[id]", "/apicomms/broadcasts/new"],
                    "calls": ["/apicalls/agents/{agentId}/test", "/apicalls/agents"], "sms": ["/apisms"]},
        "statistics": {"totalEndpoints": 7, "totalFiles": 7,
                       "methods": {"GET": 5, "POST": 3, "PATCH": 1, "DELETE": 1}, "domains": {"comms": 3}},
        "generator": {"by": "made up"}
    })
}

/// A register of opt-outs that says the same of everybody, or is away.
#[derive(Debug)]
pub(crate) struct Register(pub(crate) Option<bool>);

#[async_trait]
impl OptOuts for Register {
    async fn is_opted_out(&self, _: &PhoneNumber) -> Result<bool> {
        self.0
            .ok_or_else(|| Error::new(ErrorKind::Store, "the register is away"))
    }
}
