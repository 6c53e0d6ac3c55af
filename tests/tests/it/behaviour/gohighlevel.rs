//! GoHighLevel and its simulator.

use std::time::Duration;

use http::{HeaderValue, Method};
use integrations_core::provider::Providers;
use integrations_core::webhook::RawRequest;
use integrations_testkit::signer::Ed25519Signer;
use integrations_testkit::{Fault, FaultPlan, SimulatedGhl};
use serde_json::{Value, json};

use super::fixture::{Answers, BadConfig, Capabilities, Field, Fixture, Outage, bare};
use crate::support::ghl::{self, LOCATION, OTHER_LOCATION};

const SIGNATURE: &str = "x-ghl-signature";

pub(crate) struct GoHighLevelFixture {
    ghl: SimulatedGhl,
    token: String,
    other_token: String,
    /// Signs any bytes at all, which the simulator does not.
    signer: Ed25519Signer,
}

const fn field(pointer: &'static str, env: Option<&'static str>) -> Field {
    Field {
        pointer,
        required: false,
        secret: false,
        env,
    }
}

const fn secret(pointer: &'static str, env: &'static str) -> Field {
    Field {
        secret: true,
        ..field(pointer, Some(env))
    }
}

impl Fixture for GoHighLevelFixture {
    const CRATE: &'static str = "ghl-client";
    const SLUG: &'static str = ghl::SLUG;
    const CAPABILITIES: Capabilities = Capabilities {
        contacts: true,
        messages: true,
        webhooks: true,
        oauth: true,
    };
    const FIELDS: &'static [Field] = &[
        secret("/apiKey", "GHL_API_KEY"),
        Field {
            required: true,
            ..field("/locationId", Some("GHL_LOCATION_ID"))
        },
        field("/calendarId", Some("GHL_CALENDAR_ID")),
        field(
            "/conversationProviderId",
            Some("GHL_CONVERSATION_PROVIDER_ID"),
        ),
        field("/companyId", None),
    ];
    const EXTERNAL_KEY: Option<&'static str> = Some("/locationId");
    // After anything but a 429, an older account never sends an event again.
    const ANSWERS: Answers = Answers {
        accepted: 200,
        busy: 429,
        rejected: 401,
    };

    async fn start() -> Self {
        let ghl = ghl::start(ghl::builder()).await;
        Self {
            token: ghl::token(&ghl, LOCATION),
            other_token: ghl::token(&ghl, OTHER_LOCATION),
            signer: Ed25519Signer::from_seed([5; 32]),
            ghl,
        }
    }

    fn providers(&self) -> Providers {
        ghl::providers(&self.ghl, [self.signer.public_key().spki_base64()])
    }

    fn config(&self) -> Value {
        ghl::config(&self.token, LOCATION)
    }

    fn anothers_config(&self) -> Value {
        ghl::config(&self.other_token, LOCATION)
    }

    fn bad_configs(&self) -> Vec<BadConfig> {
        let bad = |what, config, paths| BadConfig {
            what,
            config,
            paths,
        };
        let with = |name: &str, value: Value| {
            let mut config = self.config();
            config[name] = value;
            config
        };
        vec![
            bad("not an object", json!([self.token]), &[""]),
            bad(
                "no location",
                json!({"apiKey": self.token}),
                &["/locationId"],
            ),
            bad(
                "a location that is a number",
                with("locationId", json!(7)),
                &["/locationId"],
            ),
            bad(
                "an empty location",
                with("locationId", json!("")),
                &["/locationId"],
            ),
            bad(
                "a token that is a list",
                with("apiKey", json!([self.token])),
                &["/apiKey"],
            ),
            bad(
                "a field that nobody knows",
                with("apiKye", json!(self.token)),
                &["/apiKye"],
            ),
            bad(
                "an address of the tenant's choice",
                with("baseUrl", json!("https://elsewhere.example.com")),
                &["/baseUrl"],
            ),
            bad(
                "several faults at once",
                json!({"apiKey": 1, "locationId": 2, "more": 3}),
                &["/apiKey", "/locationId", "/more"],
            ),
            bad(
                "a location of a megabyte",
                with("locationId", json!("x".repeat(1 << 20))),
                &["/locationId"],
            ),
            bad(
                "a token of a megabyte",
                with("apiKey", json!(self.token.repeat(30_000))),
                &["/apiKey"],
            ),
        ]
    }

    fn secret(&self) -> &str {
        &self.token
    }

    fn revoke(&self) {
        self.ghl.revoke_token(&self.token);
    }

    fn restore(&self) {
        self.ghl.restore_token(&self.token);
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
        self.ghl
            .set_faults(FaultPlan::seeded(1).rate(fault, 1.0).on("/*"));
    }

    fn requests(&self) -> u64 {
        self.ghl.stats().requests
    }

    fn settle(&self) {
        self.ghl.settle_search();
    }

    fn put_odd_contact(&self) -> String {
        let fields = json!({"firstName": "Odd", "email": "odd@example.com"});
        let id = self.ghl.seed_contact(LOCATION, fields);
        // The simulator, like the CRM, stores the digits of anything.
        let settings = json!({"SMS": {"status": "permanent"}, "Email": {"status": "inactive"}});
        let edit = json!({"phone": "ext. 12", "dndSettings": settings});
        assert!(self.ghl.edit_contact(LOCATION, &id, edit));
        id
    }

    fn event(&self, id: &str) -> Value {
        let mut event = ghl::contact_create(LOCATION, id);
        event["webhookId"] = json!(id);
        event
    }

    fn unknown_event(&self, id: &str) -> Value {
        json!({"type": "FutureThing", "webhookId": id, "locationId": LOCATION, "thing": {"a": 1}})
    }

    fn nobodys_event(&self, id: &str) -> Value {
        let mut event = self.event(id);
        event["locationId"] = json!("nobodyLocation000000");
        event
    }

    fn sign(&self, body: &[u8]) -> RawRequest {
        signed(&self.signer, body)
    }

    fn forge(&self, body: &[u8]) -> RawRequest {
        signed(&Ed25519Signer::from_seed([6; 32]), body)
    }
}

fn signed(signer: &Ed25519Signer, body: &[u8]) -> RawRequest {
    let mut raw = bare(body);
    let signature = signer.sign_base64(body);
    raw.headers.insert(
        SIGNATURE,
        HeaderValue::from_str(&signature).expect("base64"),
    );
    raw.method = Method::POST;
    raw
}
