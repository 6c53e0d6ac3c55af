//! Signature vectors: published by the schemes' owners, or computed with other implementations and test keys.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::webhook::schemes::{
    Basic, Ed25519Key, EncryptedContent, Ghl, GoogleChannel, GooglePubSub, Graph, GraphContentKey,
    Hmac, Hook0, Hookdeck, HubSpot, Jwks, KeyForm, Meta, Nango, Notion, RsaKey, Scheme, Slack,
    StandardWebhooks, StandardWebhooksAsymmetric, Stripe, Twilio, Verity,
};
use integrations_core::webhook::{RawRequest, Secrets, sign};
use integrations_core::{ErrorKind, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// A part of the vectors: for each scheme one that is right and all that are wrong.
const COMMITTED: &str = include_str!("data/webhooks.json");

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    scheme: String,
    inputs: Value,
    expect: String,
}

#[test]
fn committed_vectors() {
    let all = run(COMMITTED);
    let schemes: BTreeSet<_> = all.iter().map(|vector| vector.scheme.as_str()).collect();
    assert_eq!(schemes.len(), 23, "{schemes:?}");
}

#[test]
fn all_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/webhooks.json");
    let Ok(json) = std::fs::read_to_string(&path) else {
        // Written past the test harness, which keeps the output of passing tests to itself.
        let skipped = format!(
            "skipped: {} is not there; the committed vectors ran",
            path.display()
        );
        writeln!(std::io::stderr(), "{skipped}").unwrap();
        return;
    };
    assert_eq!(run(&json).len(), 84);
}

fn run(json: &str) -> Vec<Vector> {
    let file: File = serde_json::from_str(json).unwrap();
    let failed: Vec<_> = file
        .vectors
        .iter()
        .filter_map(|vector| Some(format!("{}: {}", vector.id, check(vector).err()?)))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    file.vectors
}

impl Vector {
    fn text(&self, name: &str) -> &str {
        self.inputs[name].as_str().unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        !self.inputs[name].is_null()
    }

    /// The header to send: given, or what the vector says the signature must be.
    fn signature(&self) -> &str {
        ["header", "signature"]
            .into_iter()
            .find_map(|name| self.inputs[name].as_str())
            .unwrap_or(&self.expect)
    }

    /// A number that may be written as a string.
    fn number(&self, name: &str) -> Option<i64> {
        let value = &self.inputs[name];
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    fn received_at(&self) -> Timestamp {
        if let Some(now) = self.number("now_ms") {
            return Timestamp::from_millisecond(now).unwrap();
        }
        let now = ["received_at", "now", "timestamp"]
            .into_iter()
            .find_map(|name| self.number(name))
            .unwrap_or(1_790_000_000);
        Timestamp::from_second(now).unwrap_or_default()
    }
}

fn request(headers: &[(&str, &str)], body: &str) -> RawRequest {
    let headers: HeaderMap = headers
        .iter()
        .map(|&(name, value)| {
            let name = HeaderName::try_from(name).unwrap();
            (name, HeaderValue::try_from(value).unwrap())
        })
        .collect();
    RawRequest::new(
        Method::POST,
        "https://example.com/",
        headers,
        body.to_owned(),
    )
}

/// Runs a scheme over a request and compares the verdict; what is accepted must be refused when one byte differs.
fn judge(
    vector: &Vector,
    scheme: &dyn Scheme,
    raw: RawRequest,
    secrets: &Secrets,
    received_at: Timestamp,
) -> Result<(), String> {
    let outcome = scheme.verify(&raw, secrets, received_at);
    if vector.expect == "reject" {
        return match outcome {
            Err(error) if error.kind() == ErrorKind::Webhook => Ok(()),
            other => Err(format!("not refused: {other:?}")),
        };
    }
    outcome.map_err(|error| format!("refused: {error}"))?;
    let unsigned = ["basic_auth", "google_channel", "google_pubsub_oidc"];
    if !unsigned.contains(&vector.scheme.as_str()) {
        let mut changed = raw;
        changed.body = [changed.body.as_ref(), b"x"].concat().into();
        if scheme.verify(&changed, secrets, received_at).is_ok() {
            return Err("a changed body was accepted".to_owned());
        }
    }
    Ok(())
}

/// The signer must write what the vector says.
fn signs(vector: &Vector, headers: &HeaderMap, name: &str) -> Result<(), String> {
    let written = headers[name].to_str().unwrap();
    if vector.expect == "reject" || vector.expect == "accept" || written.ends_with(&vector.expect) {
        Ok(())
    } else {
        Err(format!("the signer wrote {written}"))
    }
}

fn check(vector: &Vector) -> Result<(), String> {
    let body = vector.text("body");
    let bytes = body.as_bytes();
    let at = vector.received_at();
    let signed_at = || Timestamp::from_second(vector.number("timestamp").unwrap()).unwrap();
    let secret = [
        "secret",
        "app_secret",
        "verification_token",
        "signing_secret",
        "client_secret",
        "auth_token",
    ]
    .into_iter()
    .find_map(|name| vector.inputs[name].as_str())
    .unwrap_or_default();
    let secrets = Secrets::one(secret);
    let signature = vector.signature();
    let hmac =
        |scheme: &Hmac, name: &str| signs(vector, &sign::hmac(scheme, secret, bytes, at), name);
    match vector.scheme.as_str() {
        "standard_webhooks_v1" => {
            let (id, time) = (vector.text("msg_id"), vector.number("timestamp").unwrap());
            for names in ["webhook", "svix"] {
                let raw = request(
                    &[
                        (&format!("{names}-id"), id),
                        (&format!("{names}-timestamp"), &time.to_string()),
                        (&format!("{names}-signature"), signature),
                    ],
                    body,
                );
                judge(vector, &StandardWebhooks::new(), raw, &secrets, at)?;
            }
            let headers = sign::standard_webhooks(secret, id, bytes, signed_at(), false);
            signs(vector, &headers, "webhook-signature")
        }
        "standard_webhooks_v1a_ed25519" => {
            let key: Ed25519Key = vector.text("public_key").parse().unwrap();
            let scheme = StandardWebhooksAsymmetric::new([key]);
            let signer = sign::Ed25519Signer::from_whsk(vector.text("secret_key")).unwrap();
            let headers = signer.standard_webhooks(vector.text("msg_id"), bytes, signed_at());
            signs(vector, &headers, "webhook-signature")?;
            let raw = RawRequest::new(Method::POST, "", headers, body.to_owned());
            judge(vector, &scheme, raw, &secrets, at)
        }
        "stripe_v1" => {
            let header = if vector.has("header") {
                signature.to_owned()
            } else {
                format!(
                    "t={},v1={}",
                    vector.number("timestamp").unwrap(),
                    vector.expect
                )
            };
            if vector.expect != "reject" {
                let headers = sign::stripe(secret, bytes, signed_at());
                signs(vector, &headers, "stripe-signature")?;
            }
            judge(
                vector,
                &Stripe::new(),
                request(&[("stripe-signature", &header)], body),
                &secrets,
                at,
            )
        }
        "slack_v0" => {
            let time = vector.text("timestamp");
            let headers = [
                ("x-slack-signature", signature),
                ("x-slack-request-timestamp", time),
            ];
            if vector.expect.starts_with("v0=") {
                let headers = sign::slack(secret, bytes, signed_at());
                signs(vector, &headers, "x-slack-signature")?;
            }
            judge(vector, &Slack::new(), request(&headers, body), &secrets, at)
        }
        "twilio_hmac_sha1" => {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(
                    vector.inputs["params"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())),
                )
                .finish();
            let headers = sign::twilio_form(secret, vector.text("signed_url"), form.as_bytes());
            signs(vector, &headers, "x-twilio-signature")?;
            let url = vector.text("received_url");
            let raw = RawRequest::new(Method::POST, url, headers, form);
            judge(vector, &Twilio, raw, &secrets, at)
        }
        "twilio_json_bodysha256" => {
            let headers = [
                ("x-twilio-signature", signature),
                ("content-type", "application/json"),
            ];
            let mut raw = request(&headers, body);
            vector.text("url").clone_into(&mut raw.url);
            judge(vector, &Twilio, raw, &secrets, at)
        }
        "hubspot_v1" | "hubspot_v2" => {
            let version = &vector.scheme["hubspot_".len()..];
            let headers = [
                ("x-hubspot-signature", signature),
                ("x-hubspot-signature-version", version),
            ];
            let mut raw = request(&headers, body);
            if let Ok(method) = vector.text("method").parse() {
                raw.method = method;
            }
            vector.text("uri").clone_into(&mut raw.url);
            let written = match version {
                "v1" => sign::hubspot_v1(secret, bytes),
                _ => sign::hubspot_v2(secret, &raw.method, &raw.url, bytes),
            };
            signs(vector, &written, "x-hubspot-signature")?;
            if HubSpot::new().verify(&raw, &secrets, at).is_ok() {
                return Err("accepted without being allowed".to_owned());
            }
            judge(
                vector,
                &HubSpot::new().allow_v1().allow_v2(),
                raw,
                &secrets,
                at,
            )
        }
        "hubspot_v3" => {
            let at = match vector.number("timestamp") {
                Some(time) if !vector.has("now_ms") => Timestamp::from_millisecond(time).unwrap(),
                _ => at,
            };
            for name in ["uri", "uri_received", "uri_signed"] {
                if !vector.has(name) {
                    continue;
                }
                let headers = [
                    ("x-hubspot-signature-v3", signature),
                    ("x-hubspot-request-timestamp", vector.text("timestamp")),
                ];
                let mut raw = request(&headers, body);
                raw.method = vector.text("method").parse().unwrap();
                vector.text(name).clone_into(&mut raw.url);
                let written = sign::hubspot_v3(secret, &raw.method, &raw.url, bytes, at);
                signs(vector, &written, "x-hubspot-signature-v3")?;
                judge(vector, &HubSpot::new(), raw, &secrets, at)?;
            }
            Ok(())
        }
        "notion_sha256" => {
            signs(vector, &sign::notion(secret, bytes), "x-notion-signature")?;
            judge(
                vector,
                &Notion,
                request(&[("x-notion-signature", signature)], body),
                &secrets,
                at,
            )
        }
        "x_hub_signature_256" => {
            let name = "x-hub-signature-256";
            let header = format!("sha256={}", signature.trim_start_matches("sha256="));
            hmac(&Hmac::GITHUB, name)?;
            judge(
                vector,
                &Hmac::GITHUB,
                request(&[(name, &header)], body),
                &secrets,
                at,
            )?;
            judge(
                vector,
                &Meta,
                request(&[(name, &header)], body),
                &secrets,
                at,
            )
        }
        "hmac_sha256_hex" => {
            let (secrets, form) = if vector.has("secret_hex") {
                (Secrets::one(vector.text("secret_hex")), KeyForm::Hex)
            } else {
                (secrets, KeyForm::Text)
            };
            let scheme = Hmac::GENERIC.with_key_form(form);
            for header in [
                vector.expect.clone(),
                vector.expect.to_uppercase(),
                format!("sha256={}", vector.expect),
            ] {
                let raw = request(&[("x-webhook-signature", &header)], body);
                judge(vector, &scheme, raw, &secrets, at)?;
            }
            if form == KeyForm::Text {
                hmac(&scheme, "x-webhook-signature")?;
                for (verity, name) in [
                    (Verity::TEXTING, "x-texting-signature"),
                    (Verity::TEXTING, "x-signature"),
                    (Verity::BROADCAST, "x-broadcast-signature"),
                    (Verity::BROADCAST, "x-signature"),
                ] {
                    judge(
                        vector,
                        &verity,
                        request(&[(name, signature)], body),
                        &secrets,
                        at,
                    )?;
                }
            }
            Ok(())
        }
        "nango_hmac_sha256_hex" => {
            signs(vector, &sign::nango(secret, bytes), "x-nango-hmac-sha256")?;
            let raw = request(&[("x-nango-hmac-sha256", signature)], body);
            judge(vector, &Nango::new(), raw, &secrets, at)
        }
        "nango_legacy_sha256" => {
            signs(
                vector,
                &sign::nango_legacy(secret, bytes),
                "x-nango-signature",
            )?;
            let raw = request(&[("x-nango-signature", signature)], body);
            if Nango::new().verify(&raw, &secrets, at).is_ok() {
                return Err("accepted without being allowed".to_owned());
            }
            judge(vector, &Nango::new().allow_legacy_hash(), raw, &secrets, at)
        }
        "hook0_v0" => {
            signs(vector, &sign::hook0(secret, bytes, at), "x-hook0-signature")?;
            let header = format!("t={},v0={signature}", vector.number("timestamp").unwrap());
            judge(
                vector,
                &Hook0::new(),
                request(&[("x-hook0-signature", &header)], body),
                &secrets,
                at,
            )
        }
        "hookdeck_hmac_sha256_b64" => {
            signs(
                vector,
                &sign::hookdeck(&[secret], bytes),
                "x-hookdeck-signature",
            )?;
            let raw = request(&[("x-hookdeck-signature", signature)], body);
            judge(vector, &Hookdeck, raw, &secrets, at)
        }
        "ghl_ed25519" => {
            // Some vectors say "same as ghl-ed25519-1" instead.
            const TEST_KEY: &str = "MCowBQYDK2VwAyEAuXjwKdQ2+0dcVw9/51ESPZGQwOIXr80LGA21W8RGHhk=";
            let key = vector.text("public_key_pem").parse::<Ed25519Key>();
            let key = key.unwrap_or_else(|_| TEST_KEY.parse().unwrap());
            if let Some(seed) = vector.inputs["seed_hex"].as_str() {
                let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
                let signer = sign::Ed25519Signer::from_seed(&seed).unwrap();
                signs(vector, &signer.ghl(bytes), "x-ghl-signature")?;
            }
            let at = "2026-11-21T02:00:01Z".parse().unwrap();
            let raw = request(&[("x-ghl-signature", signature)], body);
            judge(vector, &Ghl::with_keys([key]), raw, &secrets, at)
        }
        "ghl_rsa_sha256" => {
            let key: RsaKey = vector.text("public_key_pem").parse().unwrap();
            let at = "2026-11-21T02:00:01Z".parse().unwrap();
            let raw = request(&[("x-wh-signature", signature)], body);
            if Ghl::production().verify(&raw, &secrets, at).is_ok() {
                return Err("accepted without being allowed".to_owned());
            }
            judge(
                vector,
                &Ghl::production().allow_legacy_rsa_with([key]),
                raw,
                &secrets,
                at,
            )
        }
        "google_pubsub_oidc" => {
            let keys = Jwks::from_json(vector.inputs["jwks"].to_string().as_bytes()).unwrap();
            let email = vector.inputs["expected_email"]
                .as_str()
                .unwrap_or("push@test-project.iam.gserviceaccount.com");
            let scheme = GooglePubSub::new(keys, vector.text("expected_audience"), email);
            let headers = vector.inputs["authorization"].as_str();
            let headers: Vec<_> = headers
                .into_iter()
                .map(|token| ("authorization", token))
                .collect();
            judge(vector, &scheme, request(&headers, body), &secrets, at)
        }
        "msgraph_rich_notification" => {
            let key = hex::decode(vector.text("symmetric_key_hex")).unwrap();
            let key = GraphContentKey::new(key.try_into().unwrap());
            let mut content =
                EncryptedContent::deserialize(&vector.inputs["encryptedContent"]).unwrap();
            let opened = key.open(&content).map_err(|error| error.to_string())?;
            if opened != vector.expect {
                return Err("decrypted to something else".to_owned());
            }
            content.data.replace_range(0..4, "AAAA");
            match key.open(&content) {
                Err(error) if error.code() == Some("bad_signature") => Ok(()),
                other => Err(format!("{other:?}")),
            }
        }
        "msgraph_validation" => {
            let mut raw = request(&[], "");
            raw.url = format!("https://example.com/?{}", vector.text("query"));
            let reply = Graph.handshake(&raw).ok_or("no answer")?.reply;
            if reply.status != 200
                || reply.body != vector.expect
                || reply.headers["content-type"] != "text/plain; charset=utf-8"
                || reply.headers["x-content-type-options"] != "nosniff"
            {
                return Err(format!("{reply:?}"));
            }
            Ok(())
        }
        "basic_auth" => {
            let (user, password) = (vector.text("user"), vector.text("password"));
            signs(vector, &sign::basic(user, password), "authorization")?;
            let secrets = Secrets::one(password).with_named(Basic::USER, user);
            judge(
                vector,
                &Basic,
                request(&[("authorization", signature)], ""),
                &secrets,
                at,
            )
        }
        "google_channel" => {
            let headers = vector.inputs["headers"].as_object().unwrap();
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let secrets = Secrets::one(vector.text("channel_token"))
                .with_named(GoogleChannel::CHANNEL_ID, "01234567-89ab-cdef-0123456789ab")
                .with_named(GoogleChannel::RESOURCE_ID, "ret08u3rv24htgh289g");
            let raw = request(&headers, "");
            if !GoogleChannel::is_sync(&raw) {
                return Err("not seen as a hello".to_owned());
            }
            judge(vector, &GoogleChannel, raw, &secrets, at)
        }
        unknown => Err(format!("no verifier for {unknown}")),
    }
}
