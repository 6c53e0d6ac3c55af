//! The ways in for webhooks: whose they are, how they are proven, what good ones look like.

use std::sync::Arc;

use aloware_client::webhook::{AlowareWebhooks, basic_secrets};
use ghl_client::webhook::GhlWebhooks;
use ghl_client::webhook::delivery::GhlDeliveries;
use integrations_core::Result;
use integrations_core::webhook::schemes::Ed25519Key;
use integrations_core::webhook::{Secrets, WebhookSource};
use integrations_testkit::signer::{Ed25519Signer, HmacSigner};
use serde_json::{Value, json};
use verity_client::webhook::VerityWebhooks;

use super::sample::Sample;
use crate::ingest::provider::{self as generic, Bench};

pub(super) const SECRET: &str = "fuzz-secret-of-all-webhooks";
const PASSWORD: &str = "fuzz-password:with-a-colon";
const URL_SECRET: &str = "fuzz-secret-in-an-address";
const LOCATION: &str = "ve9EPM428h8vShlRW1KT";
const ACCOUNT: &str = "main";

/// What no answer may show.
pub(super) const SECRETS: [&str; 3] = [SECRET, PASSWORD, URL_SECRET];

/// One way in.
pub(super) struct Way {
    /// The path that the requirement names.
    pub(super) path: &'static str,
    /// The provider behind it.
    pub(super) slug: &'static str,
    /// What its integration is found by.
    pub(super) account: &'static str,
    pub(super) source: Arc<dyn WebhookSource>,
    pub(super) secrets: Secrets,
    proof: Proof,
    bodies: Vec<Value>,
}

enum Proof {
    Ed25519(Ed25519Signer),
    Hmac(&'static str, &'static str),
    Basic,
    Address,
}

impl Way {
    /// Proves a sample, whatever is in it.
    pub(super) fn prove(&self, sample: &mut Sample) {
        match &self.proof {
            Proof::Ed25519(signer) => {
                sample.set("x-ghl-signature", signer.sign_base64(&sample.body));
            }
            Proof::Hmac(header, secret) => {
                sample.set(header, HmacSigner::sha256(secret).hex(&sample.body));
            }
            Proof::Basic => {
                use base64::Engine as _;
                let text = format!("{ACCOUNT}:{PASSWORD}");
                let text = base64::engine::general_purpose::STANDARD.encode(text);
                sample.set("authorization", format!("Basic {text}"));
            }
            Proof::Address => sample.target = self.target(),
        }
    }

    /// Where a good request goes.
    pub(super) fn target(&self) -> String {
        match self.proof {
            Proof::Address => format!("{}?key={URL_SECRET}", self.path),
            _ => self.path.to_owned(),
        }
    }

    pub(super) fn seeds(&self) -> Vec<Sample> {
        let kind = [("content-type", "application/json")];
        let bodies = self.bodies.iter();
        let mut seeds: Vec<_> = bodies
            .map(|body| Sample::new("POST", &self.target(), &kind, &body.to_string()))
            .collect();
        for sample in &mut seeds {
            self.prove(sample);
        }
        seeds.push(Sample::new("GET", &self.target(), &[], ""));
        seeds
    }
}

/// All of them.
pub(super) fn all() -> Result<Vec<Way>> {
    let signer = || Ed25519Signer::from_seed([7; 32]);
    let key = || Ed25519Key::from_bytes(&signer().public_key().raw());
    let texting = || VerityWebhooks::new().account(ACCOUNT);
    Ok(vec![
        Way {
            path: "/api/webhooks/ghl",
            slug: "gohighlevel",
            account: LOCATION,
            source: Arc::new(GhlWebhooks::with_keys([key()?])),
            secrets: Secrets::none(),
            proof: Proof::Ed25519(signer()),
            bodies: ghl(),
        },
        Way {
            path: "/api/webhooks/ghl/provider-delivery",
            slug: "gohighlevel-deliveries",
            account: LOCATION,
            source: Arc::new(
                GhlDeliveries::with_keys([key()?])
                    .allow_unsigned()
                    .with_url_secret("key", [URL_SECRET]),
            ),
            secrets: Secrets::none(),
            proof: Proof::Address,
            bodies: vec![
                json!({"type": "SMS", "locationId": LOCATION, "messageId": "m1", "contactId": "c1", "phone": "+12025550123",
                       "message": "Hello", "attachments": [], "userId": "u1"}),
                json!({"type": "Email", "locationId": LOCATION, "messageId": "m2", "emailTo": ["jane@example.com"],
                       "emailFrom": "Us <us@example.com>", "subject": "Hi", "html": "<p>Hi</p>"}),
            ],
        },
        Way {
            path: "/api/webhooks/aloware",
            slug: "aloware",
            account: ACCOUNT,
            source: Arc::new(AlowareWebhooks::basic().for_account(ACCOUNT)),
            secrets: basic_secrets(ACCOUNT, PASSWORD),
            proof: Proof::Basic,
            bodies: aloware(),
        },
        Way {
            path: "/api/webhooks/texting",
            slug: "verity",
            account: ACCOUNT,
            source: Arc::new(texting()),
            secrets: Secrets::one(SECRET),
            proof: Proof::Hmac("x-texting-signature", SECRET),
            bodies: texts(),
        },
        Way {
            path: "/api/webhooks/broadcast",
            slug: "verity",
            account: ACCOUNT,
            source: Arc::new(texting()),
            secrets: Secrets::one(SECRET),
            proof: Proof::Hmac("x-broadcast-signature", SECRET),
            bodies: ["analytics_updated", "broadcast_completed"]
                .map(|kind| json!({"broadcastId": "b1", "eventType": kind, "timestamp": "2026-01-02T03:04:05Z"}))
                .to_vec(),
        },
        Way {
            path: "/api/webhooks/bench",
            slug: generic::SLUG,
            account: generic::ACCOUNT,
            source: Arc::new(Bench::new()?),
            secrets: Secrets::one(generic::SECRET),
            proof: Proof::Hmac(generic::SIGNATURE, generic::SECRET),
            bodies: (0..3)
                .map(|n| serde_json::from_str(&generic::body(n)).unwrap_or_default())
                .collect(),
        },
    ])
}

fn ghl() -> Vec<Value> {
    vec![
        json!({"type": "ContactCreate", "locationId": LOCATION, "id": "c1", "webhookId": "w1", "email": "jane@example.com",
               "phone": "+12025550123", "tags": ["a"], "customFields": [{"id": "f1", "value": "x"}],
               "timestamp": "2026-01-05T20:58:44.000Z", "dateAdded": "2026-01-05T20:58:44.000Z"}),
        json!({"type": "InboundMessage", "locationId": LOCATION, "messageId": "m1", "contactId": "c1", "messageType": "SMS",
               "body": "STOP", "direction": "inbound", "conversationId": "v1", "webhookId": "w2"}),
        json!({"type": "AppointmentUpdate", "locationId": LOCATION, "webhookId": "w3",
               "appointment": {"id": "a1", "contactId": "c1", "startTime": "2026-01-05T20:58:44Z"}}),
        json!({"type": "OpportunityStageUpdate", "locationId": LOCATION, "id": "o1", "monetaryValue": 1.5}),
        json!({"type": "INSTALL", "appId": "65f0c0ffee", "companyId": "co1", "locationId": LOCATION, "installType": "Location"}),
        json!({"type": "InvoicePaid", "altId": LOCATION, "altType": "location", "_id": "i1"}),
    ]
}

fn aloware() -> Vec<Value> {
    vec![
        json!({"event": "OutboundPhoneCall-DispositionCompleted", "body": {"id": 910_000_001, "contact_id": 7, "direction": 2,
               "type": 1, "talk_time": 63, "lead_number": "+12025550123", "updated_at": "2026-02-03 10:06:17",
               "contact": {"id": 7, "phone_number": "+12025550123"}}}),
        json!({"event": "InboundSMS-DispositionCompleted", "body": {"id": "5", "contact_id": "7", "body": "stop"}}),
        json!({"event": "transcription.call.summarized", "body": {"summary": "x", "transcription": {"id": 1, "communication_id": 5},
               "communication": {"id": 5}}}),
        json!({"event": "Contact-Updated", "body": {"id": 7, "is_dnc": 1}}),
        json!({"test_payload": true}),
    ]
}

fn texts() -> Vec<Value> {
    vec![
        json!({"eventType": "message.sent", "messageId": "m1", "conversationId": "c1", "direction": "outbound",
               "from": "+12025550100", "to": "+12025550123", "body": "Hello", "timestamp": "2026-01-02T03:04:05Z",
               "status": "sent", "raw": {"telnyxMessageId": "t1"}}),
        json!({"type": "message.received", "message": {"id": 7, "text": "Stop", "direction": "incoming"}}),
        json!({"type": "optout.stop", "data": {"from": "+12025550123", "body": "STOP"}, "eventId": "e1"}),
        json!({"event": "message.failed", "messageId": "m1", "errorCode": 40300, "error": "blocked"}),
    ]
}
