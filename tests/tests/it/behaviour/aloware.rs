//! Aloware and its simulator.

use std::time::Duration;

use aloware_client::Aloware;
use aloware_client::webhook::{AlowareWebhooks, basic_secrets};
use integrations_core::provider::Providers;
use integrations_core::webhook::{RawRequest, Secrets};
use integrations_testkit::aloware::Auth;
use integrations_testkit::{Fault, FaultPlan, SimulatedAloware};
use serde_json::{Value, json};

use super::fixture::{Answers, BadConfig, Capabilities, Field, Fixture, Outage, bare};
use crate::support::leaks;

const SLUG: &str = "aloware";
const ACCOUNT: &str = "main";
const USER: &str = "aloware";
const PASSWORD: &str = "pa:ss:4711";

pub(crate) struct AlowareFixture {
    aloware: SimulatedAloware,
    token: String,
}

const fn field(pointer: &'static str, env: &'static str) -> Field {
    Field {
        pointer,
        required: false,
        secret: false,
        env: Some(env),
    }
}

impl AlowareFixture {
    fn with(&self, name: &str, value: Value) -> Value {
        let mut config = self.config();
        config[name] = value;
        config
    }
}

impl Fixture for AlowareFixture {
    const CRATE: &'static str = "aloware-client";
    const SLUG: &'static str = SLUG;
    const CAPABILITIES: Capabilities = Capabilities {
        contacts: true,
        messages: true,
        webhooks: true,
        oauth: false,
    };
    const FIELDS: &'static [Field] = &[
        Field {
            required: true,
            secret: true,
            ..field("/apiToken", "ALOWARE_API_TOKEN")
        },
        field("/account", "ALOWARE_ACCOUNT"),
        field("/fromNumber", "ALOWARE_FROM_NUMBER"),
        field("/lineId", "ALOWARE_LINE_ID"),
        field("/webhookUser", "ALOWARE_WEBHOOK_BASIC_USER"),
        Field {
            secret: true,
            ..field("/webhookSecret", "ALOWARE_WEBHOOK_BASIC_PASS")
        },
    ];
    const EXTERNAL_KEY: Option<&'static str> = Some("/account");
    const ANSWERS: Answers = Answers {
        accepted: 200,
        busy: 503,
        rejected: 401,
    };
    const CONTACTS_BY_ID: bool = false;
    const MESSAGES_ARE_LISTED: bool = false;
    const NAMES_THE_ACCOUNT: bool = false;
    const PROVES_THE_BODY: bool = false;

    async fn start() -> Self {
        let name = std::thread::current();
        let seed = integrations_testkit::plan::seed_of(name.name().unwrap_or("a test"));
        let aloware = SimulatedAloware::builder().seed(seed).start();
        let aloware = aloware.await.expect("a free port");
        let token = aloware.issue_token();
        leaks::plant("an API token", &token);
        leaks::plant("a webhook password", PASSWORD);
        Self { aloware, token }
    }

    fn providers(&self) -> Providers {
        let webhooks = AlowareWebhooks::basic().for_account(ACCOUNT);
        Providers::new()
            .with(Aloware::with_webhooks(webhooks).with_base_url(self.aloware.base_url()))
    }

    fn config(&self) -> Value {
        json!({
            "apiToken": self.token,
            "account": ACCOUNT,
            "fromNumber": "+12025550142",
            "lineId": "101",
            "webhookUser": USER,
            "webhookSecret": PASSWORD,
        })
    }

    fn bad_configs(&self) -> Vec<BadConfig> {
        let bad = |what, config, paths| BadConfig {
            what,
            config,
            paths,
        };
        vec![
            bad("not an object", json!([self.token]), &[""]),
            bad("no token", json!({"account": ACCOUNT}), &["/apiToken"]),
            bad(
                "a token that is a list",
                self.with("apiToken", json!([self.token])),
                &["/apiToken"],
            ),
            bad(
                "an empty account",
                self.with("account", json!("")),
                &["/account"],
            ),
            bad(
                "a number that is none",
                self.with("fromNumber", json!("ext. 12")),
                &["/fromNumber"],
            ),
            bad(
                "a field that nobody knows",
                self.with("apiKey", json!(self.token)),
                &["/apiKey"],
            ),
            bad(
                "an address of the tenant's choice",
                self.with("baseUrl", json!("https://elsewhere.example.com")),
                &["/baseUrl"],
            ),
            bad(
                "several faults at once",
                json!({"apiToken": 1, "account": 2, "more": 3}),
                &["/account", "/apiToken", "/more"],
            ),
            bad(
                "an account of a megabyte",
                self.with("account", json!("x".repeat(1 << 20))),
                &["/account"],
            ),
            bad(
                "a token of a megabyte",
                self.with("apiToken", json!(self.token.repeat(40_000))),
                &["/apiToken"],
            ),
        ]
    }

    fn secret(&self) -> &str {
        &self.token
    }

    fn revoke(&self) {
        self.aloware.revoke_token(&self.token);
    }

    fn restore(&self) {
        self.aloware.restore_token(&self.token);
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
        let plan = FaultPlan::seeded(1).rate(fault, 1.0).on("/*");
        self.aloware.set_faults(plan);
    }

    fn requests(&self) -> u64 {
        self.aloware.stats().requests
    }

    fn event(&self, id: &str) -> Value {
        json!({"event": "Call-Disposed", "body": {
            "id": 900_000_001, "contact_id": 7_000_001, "direction": 2, "current_status2": 9, "disposition_status2": 4,
            "call_disposition": id, "created_at": "2026-01-05 20:58:44", "updated_at": "2026-01-05 21:00:01",
        }})
    }

    fn unknown_event(&self, id: &str) -> Value {
        json!({"event": "FutureThing", "body": {"id": id, "thing": {"a": 1}}})
    }

    fn secrets(&self) -> Secrets {
        basic_secrets(USER, PASSWORD)
    }

    fn sign(&self, body: &[u8]) -> RawRequest {
        authorized(body, &Auth::basic(USER, PASSWORD))
    }

    fn forge(&self, body: &[u8]) -> RawRequest {
        authorized(body, &Auth::basic(USER, "pa:ss:4712"))
    }
}

fn authorized(body: &[u8], auth: &Auth) -> RawRequest {
    let mut raw = bare(body);
    auth.add_to(&mut raw.headers);
    raw
}
