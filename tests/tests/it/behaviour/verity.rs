//! Verity and its simulator.

use std::time::Duration;

use integrations_core::provider::Providers;
use integrations_core::webhook::{RawRequest, Secrets};
use integrations_testkit::verity::Proof;
use integrations_testkit::{Fault, FaultPlan, SimulatedVerity};
use serde_json::{Value, json};
use verity_client::Verity;
use verity_client::webhook::VerityWebhooks;

use super::fixture::{Answers, BadConfig, Capabilities, Field, Fixture, Outage, bare};
use crate::support::leaks;

const SLUG: &str = "verity";
const ACCOUNT: &str = "main";

pub(crate) struct VerityFixture {
    verity: SimulatedVerity,
    key: String,
}

const fn field(pointer: &'static str, env: Option<&'static str>) -> Field {
    Field {
        pointer,
        required: false,
        secret: false,
        env,
    }
}

impl VerityFixture {
    fn with(&self, name: &str, value: Value) -> Value {
        let mut config = self.config();
        config[name] = value;
        config
    }

    fn webhook(&self, body: &[u8], proof: Proof) -> RawRequest {
        let webhook = self.verity.webhook(body.to_vec(), false, proof);
        let mut raw = bare(body);
        raw.headers = webhook.headers;
        raw
    }
}

impl Fixture for VerityFixture {
    const CRATE: &'static str = "verity-client";
    const SLUG: &'static str = SLUG;
    const CAPABILITIES: Capabilities = Capabilities {
        contacts: false,
        messages: true,
        webhooks: true,
        oauth: false,
    };
    const FIELDS: &'static [Field] = &[
        Field {
            required: true,
            secret: true,
            ..field("/apiKey", Some("VERITY_API_KEY"))
        },
        Field {
            required: true,
            ..field("/account", Some("VERITY_ACCOUNT"))
        },
        field("/from", Some("VERITY_FROM_NUMBER")),
        Field {
            secret: true,
            ..field("/webhookSecret", Some("VERITY_WEBHOOK_SECRET"))
        },
    ];
    const EXTERNAL_KEY: Option<&'static str> = Some("/account");
    const ANSWERS: Answers = Answers {
        accepted: 200,
        busy: 503,
        rejected: 401,
    };
    const MESSAGES_ARE_LISTED: bool = false;
    const NAMES_THE_ACCOUNT: bool = false;

    async fn start() -> Self {
        let name = std::thread::current();
        let seed = integrations_testkit::plan::seed_of(name.name().unwrap_or("a test"));
        let verity = SimulatedVerity::builder().seed(seed).start();
        let verity = verity.await.expect("a free port");
        let key = verity.service_key();
        leaks::plant("a service key", &key);
        leaks::plant("a webhook secret", &verity.webhook_secret());
        Self { verity, key }
    }

    fn providers(&self) -> Providers {
        let webhooks = VerityWebhooks::new().account(ACCOUNT);
        Providers::new().with(Verity::with_webhooks(webhooks).with_base_url(self.verity.base_url()))
    }

    fn config(&self) -> Value {
        json!({
            "apiKey": self.key,
            "account": ACCOUNT,
            "from": "+12025550142",
            "webhookSecret": self.verity.webhook_secret(),
        })
    }

    fn bad_configs(&self) -> Vec<BadConfig> {
        let bad = |what, config, paths| BadConfig {
            what,
            config,
            paths,
        };
        vec![
            bad("not an object", json!([self.key]), &[""]),
            bad("no key", json!({"account": ACCOUNT}), &["/apiKey"]),
            bad("no account", json!({"apiKey": self.key}), &["/account"]),
            bad(
                "a key that is a list",
                self.with("apiKey", json!([self.key])),
                &["/apiKey"],
            ),
            bad(
                "an account that is empty",
                self.with("account", json!("")),
                &["/account"],
            ),
            bad(
                "an address of the tenant's choice",
                self.with("baseUrl", json!("https://elsewhere.example.com")),
                &["/baseUrl"],
            ),
            bad(
                "several faults at once",
                json!({"apiKey": 1, "account": 2, "more": 3}),
                &["/account", "/apiKey", "/more"],
            ),
        ]
    }

    fn secret(&self) -> &str {
        &self.key
    }

    fn revoke(&self) {
        self.verity.set_service_key_works(false);
    }

    fn restore(&self) {
        self.verity.set_service_key_works(true);
    }

    fn fail(&self, outage: Outage) {
        let fault = match outage {
            Outage::Down => Fault::ServerError(503),
            Outage::Html => Fault::HtmlOnOk,
            Outage::Truncated => Fault::TruncatedBody,
            // Longer than any call waits.
            Outage::Throttled => Fault::TooManyRequests {
                retry_after: Some(Duration::from_secs(3600)),
            },
        };
        self.verity
            .set_faults(FaultPlan::seeded(1).rate(fault, 1.0).on("/*"));
    }

    fn requests(&self) -> u64 {
        self.verity.stats().requests
    }

    fn event(&self, id: &str) -> Value {
        json!({"eventType": "message.received", "eventId": id, "message": {"id": id, "conversationId": "c1",
            "from": "+12025550123", "to": "+12025550142", "body": "Hello", "direction": "inbound"}})
    }

    fn unknown_event(&self, id: &str) -> Value {
        json!({"eventType": "message.teleported", "eventId": id, "data": {"a": 1}})
    }

    fn secrets(&self) -> Secrets {
        Secrets::one(self.verity.webhook_secret())
    }

    fn sign(&self, body: &[u8]) -> RawRequest {
        self.webhook(body, Proof::Signature)
    }

    fn forge(&self, body: &[u8]) -> RawRequest {
        self.webhook(body, Proof::Forged)
    }
}
