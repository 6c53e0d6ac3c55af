//! Challenges, URL variants and the other ways in which a scheme is more than a signature.

use http::{HeaderMap, Method};
use integrations_core::webhook::schemes::{
    Ghl, GooglePubSub, Graph, GraphRich, Hook0, Hookdeck, HubSpot, Jwks, Meta, Notion, SharedJwks,
    Slack, StandardWebhooks, StandardWebhooksAsymmetric, Stripe, Twilio,
};
use integrations_core::webhook::{RawRequest, Secrets, Verified, sign};
use integrations_core::{Result, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::webhook_promises::at;

const SECRET: &str = "test-secret-0001";

fn post(url: &str, headers: HeaderMap, body: impl Into<bytes::Bytes>) -> RawRequest {
    RawRequest::new(Method::POST, url, headers, body)
}

fn code(result: Result<Verified<'_>>) -> String {
    match result {
        Ok(verified) => verified.scheme().to_owned(),
        Err(error) => error.code().unwrap_or_default().to_owned(),
    }
}

#[test]
fn slack_answers_only_signed_challenges() {
    let body = r#"{"token":"x","challenge":"3eZbrw","type":"url_verification"}"#;
    let raw = post("", sign::slack(SECRET, body.as_bytes(), at()), body);
    let secrets = Secrets::one(SECRET);
    let answer = Slack::new().handshake(&raw, &secrets).unwrap();
    assert_eq!(answer.reply.body, r#"{"challenge":"3eZbrw"}"#);
    assert!(answer.learned.is_none());
    assert!(Slack::new().handshake(&raw, &Secrets::none()).is_none());
    assert!(
        Slack::new()
            .handshake(&post("", HeaderMap::new(), body), &secrets)
            .is_none()
    );
    let other = r#"{"type":"event_callback","challenge":"x"}"#;
    let raw = post("", sign::slack(SECRET, other.as_bytes(), at()), other);
    assert!(Slack::new().handshake(&raw, &secrets).is_none());
}

#[test]
fn meta_answers_only_its_own_token() {
    let get = |query: &str| {
        RawRequest::new(
            Method::GET,
            format!("https://e.com/x?{query}"),
            HeaderMap::new(),
            "",
        )
    };
    let secrets = Secrets::none().with_named(Meta::VERIFY_TOKEN, "to ken");
    let right = get("hub.mode=subscribe&hub.verify_token=to+ken&hub.challenge=115%38");
    assert_eq!(Meta.handshake(&right, &secrets).unwrap().reply.body, "1158");
    for query in [
        "hub.mode=subscribe&hub.verify_token=token&hub.challenge=1",
        "hub.mode=unsubscribe&hub.verify_token=to+ken&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=to+ken",
        "hub.mode=subscribe&hub.verify_token=x&hub.verify_token=to+ken&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
        "",
    ] {
        assert!(Meta.handshake(&get(query), &secrets).is_none(), "{query}");
    }
    assert!(Meta.handshake(&right, &Secrets::none()).is_none());
    let mut wrong_method = right.clone();
    wrong_method.method = Method::POST;
    assert!(Meta.handshake(&wrong_method, &secrets).is_none());
    let empty = Secrets::none().with_named(Meta::VERIFY_TOKEN, "");
    let raw = get("hub.mode=subscribe&hub.verify_token=&hub.challenge=1");
    assert!(Meta.handshake(&raw, &empty).is_none());
}

#[test]
fn notion_hands_over_its_token_once() {
    let hello = |token: &str| {
        let body = json!({ "verification_token": token }).to_string();
        post("", sign::notion(token, body.as_bytes()), body)
    };
    let first = Notion
        .handshake(&hello("secret_1"), &Secrets::none())
        .unwrap();
    let learned = first.learned.unwrap();
    assert_eq!(learned.expose_secret(), "secret_1");
    let stored = Secrets::one(learned);
    // A repeated hello is answered, somebody else's is not.
    assert!(
        Notion
            .handshake(&hello("secret_1"), &stored)
            .unwrap()
            .learned
            .is_none()
    );
    assert!(Notion.handshake(&hello("attacker"), &stored).is_none());
    assert!(Notion.handshake(&hello(""), &Secrets::none()).is_none());
    let mut forged = hello("secret_1");
    forged.headers = sign::notion("other", &forged.body);
    assert!(Notion.handshake(&forged, &Secrets::none()).is_none());
    forged.headers.clear();
    assert!(Notion.handshake(&forged, &Secrets::none()).is_none());
    let event = br#"{"id":"e1"}"#.as_slice();
    assert!(
        Notion
            .handshake(
                &post("", sign::notion(SECRET, event), event),
                &Secrets::none()
            )
            .is_none()
    );
}

#[test]
fn graph_answers_validation_and_refuses_unproven_resource_data() {
    let raw = |method: Method, query: &str| {
        RawRequest::new(
            method,
            format!("https://e.com/x?{query}"),
            HeaderMap::new(),
            "",
        )
    };
    let answer = Graph.handshake(&raw(Method::POST, "a=1&validationToken=%3Cb%3E+c"));
    assert_eq!(answer.unwrap().reply.body, "<b> c");
    assert!(
        Graph
            .handshake(&raw(Method::GET, "validationToken=x"))
            .is_none()
    );
    assert!(
        Graph
            .handshake(&raw(Method::POST, "validationToken="))
            .is_none()
    );
    assert!(
        Graph
            .handshake(&raw(
                Method::POST,
                &format!("validationToken={}", "x".repeat(5000))
            ))
            .is_none()
    );

    let secrets = Secrets::one("state-1").with("state-2");
    let judge = |body: Value| {
        let raw = post("", HeaderMap::new(), body.to_string());
        code(Graph.verify(&raw, &secrets, at()))
    };
    let item = |state: &str| json!({ "clientState": state });
    assert_eq!(
        judge(json!({ "value": [item("state-1"), item("state-2")] })),
        "graph_client_state"
    );
    assert_eq!(
        judge(json!({ "value": [item("state-1"), item("state-3")] })),
        "bad_token"
    );
    assert_eq!(
        judge(json!({ "value": [item("state-1"), {}] })),
        "bad_token"
    );
    assert_eq!(judge(json!({ "value": [] })), "malformed_payload");
    assert_eq!(judge(json!({})), "malformed_payload");
    assert_eq!(
        judge(json!({ "value": vec![item("state-1"); 1001] })),
        "malformed_payload"
    );
    assert_eq!(
        judge(json!({ "value": [item("state-1")], "validationTokens": ["x"] })),
        "no_secret"
    );
    let mut rich = item("state-1");
    rich["encryptedContent"] = json!({ "data": "", "dataSignature": "", "dataKey": "" });
    assert_eq!(judge(json!({ "value": [rich] })), "no_secret");
}

#[test]
fn graph_resource_data_needs_a_token_of_its_tenant() {
    let rsa = sign::RsaSigner::generate().unwrap();
    let seconds = at().as_second();
    let scheme = GraphRich::new(rsa.jwks("k1").unwrap(), "app-1")
        .with_certificate(rsa.graph_private_key("cert-1").unwrap());
    let claims = |change: &[(&str, Value)]| {
        let mut claims = json!({
            "iss": "https://login.microsoftonline.com/t1/v2.0", "tid": "t1", "aud": ["app-1"],
            "azp": "0bf30f3b-4a52-48df-9a82-234910c4a086", "iat": seconds, "exp": seconds + 3600,
        });
        for (name, value) in change {
            claims[name] = value.clone();
        }
        rsa.token("k1", &claims).unwrap()
    };
    let content = rsa
        .graph_content("cert-1", &[5; 32], b"{\"id\":\"m1\"}")
        .unwrap();
    let body = |tenant: &str, tokens: &[String]| {
        let items = json!([
            { "clientState": SECRET, "tenantId": tenant, "encryptedContent": content },
            { "clientState": SECRET, "lifecycleEvent": "missed" },
        ]);
        post(
            "",
            HeaderMap::new(),
            json!({ "value": items, "validationTokens": tokens }).to_string(),
        )
    };
    let secrets = Secrets::one(SECRET);
    let judge = |raw: &RawRequest| code(scheme.verify(raw, &secrets, at()));

    let genuine = body("T1", &[claims(&[])]);
    let verified = scheme.verify(&genuine, &secrets, at()).unwrap();
    let resources = scheme.resources(&verified).unwrap();
    assert_eq!(resources[0].as_deref(), Some(b"{\"id\":\"m1\"}".as_slice()));
    assert!(resources[1].is_none());

    assert_eq!(judge(&body("t1", &[])), "bad_token");
    assert_eq!(judge(&body("t2", &[claims(&[])])), "bad_token");
    assert_eq!(
        judge(&body("t1", &[claims(&[]), "x.y.z".to_owned()])),
        "malformed_payload"
    );
    for change in [
        ("aud", json!("app-2")),
        ("azp", json!("another")),
        ("azp", Value::Null),
        ("iss", json!("https://evil.example/t1/")),
        ("iss", json!("https://sts.windows.net/t2/")),
        ("tid", json!("")),
    ] {
        let name = change.0;
        assert_eq!(
            judge(&body("t1", &[claims(&[change])])),
            "bad_token",
            "{name}"
        );
    }
    let tenants = scheme.clone().with_tenants(["t9".to_owned()]);
    assert_eq!(code(tenants.verify(&genuine, &secrets, at())), "bad_token");
    // Lifecycle notifications carry no token.
    let plain = json!({ "value": [{ "clientState": SECRET }] }).to_string();
    assert_eq!(
        judge(&post("", HeaderMap::new(), plain)),
        "graph_client_state"
    );

    // Content for another certificate, cut, or changed, does not open.
    let bare = GraphRich::new(rsa.jwks("k1").unwrap(), "app-1");
    assert_eq!(
        bare.resources(&verified).unwrap_err().code(),
        Some("no_secret")
    );
    let other = sign::RsaSigner::generate().unwrap();
    let other = bare.with_certificate(other.graph_private_key("cert-1").unwrap());
    assert!(other.resources(&verified).is_err());
}

#[test]
fn google_tokens_must_be_googles_for_us_and_now() {
    let rsa = sign::RsaSigner::generate().unwrap();
    let keys = Arc::new(SharedJwks::default());
    let scheme = GooglePubSub::new(Arc::clone(&keys), "aud-1", "a@b.c");
    let seconds = at().as_second();
    let judge = |name: &str, value: Value| {
        let mut claims = json!({
            "iss": "accounts.google.com", "aud": "aud-1", "email": "a@b.c", "email_verified": true,
            "iat": seconds, "exp": seconds + 3600,
        });
        claims[name] = value;
        let raw = post("", rsa.google_pubsub("k1", &claims).unwrap(), "{}");
        code(scheme.verify(&raw, &Secrets::none(), at()))
    };
    // The caller fetches the keys when it is told that one is unknown.
    assert_eq!(judge("sub", json!("1")), "unknown_key");
    keys.replace(rsa.jwks("k1").unwrap());
    assert_eq!(judge("sub", json!("1")), "google_pubsub");
    assert_eq!(judge("aud", json!(["x", "aud-1"])), "google_pubsub");
    assert_eq!(judge("aud", json!("aud-2")), "bad_token");
    assert_eq!(judge("iss", json!("https://evil.example")), "bad_token");
    assert_eq!(judge("email", json!("x@b.c")), "bad_token");
    assert_eq!(judge("email", Value::Null), "bad_token");
    assert_eq!(judge("email_verified", Value::Null), "bad_token");
    assert_eq!(judge("email_verified", json!("true")), "malformed_header");
    assert_eq!(judge("exp", json!(seconds - 61)), "stale");
    assert_eq!(judge("exp", Value::Null), "malformed_header");
    assert_eq!(judge("exp", json!(i64::MAX)), "malformed_header");
    assert_eq!(judge("iat", json!(seconds + 61)), "future");
    assert_eq!(judge("nbf", json!(seconds + 61)), "future");

    let unsigned = "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.e30.";
    for header in [
        unsigned.to_owned(),
        format!("Bearer {unsigned}"),
        "Basic x".to_owned(),
        format!("Bearer {}", "a".repeat(20_000)),
    ] {
        let mut raw = post("", HeaderMap::new(), "{}");
        raw.headers.insert("authorization", header.parse().unwrap());
        assert_eq!(
            code(scheme.verify(&raw, &Secrets::none(), at())),
            "malformed_header"
        );
    }
}

#[test]
fn key_sets_leave_out_what_cannot_verify() {
    for bad in [
        "",
        "{}",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"EC","kid":"x"},7]}"#,
    ] {
        assert!(Jwks::from_json(bad.as_bytes()).is_err(), "{bad}");
    }
    let encryption = r#"{"keys":[{"kty":"RSA","use":"enc","kid":"x","n":"AQAB","e":"AQAB"}]}"#;
    assert!(Jwks::from_json(encryption.as_bytes()).is_err());
}

#[test]
fn highlevel_ids_and_times_come_from_the_signed_body() {
    let signer = sign::Ed25519Signer::from_seed(&[1; 32]).unwrap();
    let ghl = Ghl::with_keys([signer.public_key().unwrap()]);
    let body = br#"{"webhookId":"w-1","timestamp":"2026-11-20T02:00:00.000Z"}"#.as_slice();
    let raw = post("", signer.ghl(body), body);
    // A retry of yesterday's delivery is genuine; the id is there to deduplicate by.
    let verified = ghl.verify(&raw, &Secrets::none(), at()).unwrap();
    assert_eq!(verified.id(), Some("w-1"));
    assert_eq!(
        verified.timestamp(),
        Some("2026-11-20T02:00:00Z".parse().unwrap())
    );
    let early: Timestamp = "2026-11-20T01:54:59Z".parse().unwrap();
    assert_eq!(code(ghl.verify(&raw, &Secrets::none(), early)), "future");
    // Old events have neither, and an install is not always an object we know.
    for body in ["{}", "[]", "not json", r#"{"webhookId":7,"timestamp":{}}"#] {
        let raw = post("", signer.ghl(body.as_bytes()), body);
        assert_eq!(
            code(ghl.verify(&raw, &Secrets::none(), at())),
            "ghl_ed25519",
            "{body}"
        );
    }
    let mut unsigned = raw.clone();
    unsigned
        .headers
        .insert("x-ghl-signature", "N/A".parse().unwrap());
    assert_eq!(
        code(ghl.verify(&unsigned, &Secrets::none(), at())),
        "malformed_header"
    );
    // The production key does not accept the test key's signatures.
    assert_eq!(
        code(Ghl::production().verify(&raw, &Secrets::none(), at())),
        "bad_signature"
    );
}

#[test]
fn twilio_covers_every_body() {
    let secrets = Secrets::one(SECRET);
    let url = "https://example.com/hook?x=it%27s";
    let judge = |raw: &RawRequest| code(Twilio.verify(raw, &secrets, at()));
    let form = "A=1&B=%F0%9F%98%80&B=2";
    let headers = sign::twilio_form(SECRET, url, form.as_bytes());
    let with_url = |url: &str| post(url, headers.clone(), form);
    for spelled in [
        url,
        "https://example.com:443/hook?x=it%27s",
        "https://example.com:8443/hook?x=it%27s",
        "https://example.com/hook?x=it%27s#rc=3&rp=all",
    ] {
        assert_eq!(judge(&with_url(spelled)), "twilio_form", "{spelled}");
    }
    // Signed with the query encoded anew, received as WHATWG writes it.
    let legacy = post(
        url,
        sign::twilio_form(
            SECRET,
            "https://example.com:443/hook?x=it's",
            form.as_bytes(),
        ),
        form,
    );
    assert_eq!(judge(&legacy), "twilio_form");
    for other in [
        "http://example.com/hook?x=it%27s",
        "https://example.com/hook?x=its",
        "https://evil.com/hook?x=it%27s",
        "",
    ] {
        assert_eq!(judge(&with_url(other)), "bad_signature", "{other}");
    }
    // The order of parameters and repeated pairs do not matter, their content does.
    let mut raw = with_url(url);
    raw.body = "B=2&B=2&B=%F0%9F%98%80&A=1".into();
    assert_eq!(judge(&raw), "twilio_form");
    // A signed GET cannot be given a body, and neither can a signed empty form.
    let headers = sign::twilio_form(SECRET, url, b"");
    let mut raw = RawRequest::new(Method::GET, url, headers, "");
    assert_eq!(judge(&raw), "twilio_form");
    raw.body = "{}".into();
    assert_eq!(judge(&raw), "malformed_payload");
    raw.method = Method::POST;
    raw.headers
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(judge(&raw), "malformed_payload");
    raw.headers.remove("content-type");
    assert_eq!(judge(&raw), "malformed_payload");
    // The hash in the URL is signed.
    let (url, headers) = sign::twilio_body(SECRET, "https://example.com/hook", b"{\"a\":1}");
    assert_eq!(
        judge(&post(&url, headers.clone(), "{\"a\":1}")),
        "twilio_body_sha256"
    );
    assert_eq!(
        judge(&post(&url, headers.clone(), "{\"a\":2}")),
        "bad_signature"
    );
    let other = sign::twilio_body("x", "https://example.com/hook", b"{\"a\":2}").0;
    assert_eq!(judge(&post(&other, headers, "{\"a\":2}")), "bad_signature");
}

#[test]
fn signature_lists_take_any_match_and_skip_unknown_versions() {
    let secrets = Secrets::one(SECRET);
    let header = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
    let right = header(&sign::stripe(SECRET, b"{}", at()), "stripe-signature");
    let stripe = |value: String| {
        let mut raw = post("", HeaderMap::new(), "{}");
        raw.headers
            .insert("stripe-signature", value.parse().unwrap());
        code(Stripe::new().verify(&raw, &secrets, at()))
    };
    let other = "ab".repeat(32);
    let (time, code_v1) = right.split_once(',').unwrap();
    assert_eq!(
        stripe(format!("{time},v1={other},v0=x,v2=,{code_v1}")),
        "stripe_v1"
    );
    assert_eq!(
        stripe(format!("{time},{}", code_v1.replace("v1=", "v2="))),
        "bad_signature"
    );
    assert_eq!(
        stripe(format!("{time},{}", code_v1.replace("v1=", "v0="))),
        "bad_signature"
    );
    assert_eq!(stripe(format!("t=1,{right}")), "malformed_header");
    assert_eq!(stripe(right.replace("t=", "t=+")), "malformed_header");
    assert_eq!(stripe(right.replace("t=", "t=-")), "malformed_header");
    // More signatures than anyone sends are not looked at.
    let many = format!("v1={other},").repeat(16);
    assert_eq!(stripe(format!("{time},{many}{code_v1}")), "bad_signature");

    let rotated = sign::hookdeck(&["new", SECRET], b"{}");
    assert_eq!(
        code(Hookdeck.verify(&post("", rotated, "{}"), &secrets, at())),
        "hookdeck"
    );

    let signed = sign::hook0_v1(SECRET, &[("x-a", "1")], b"{}", at());
    let v0 = header(&sign::hook0(SECRET, b"{}", at()), "x-hook0-signature");
    let hook0 = |change: &dyn Fn(&mut HeaderMap)| {
        let mut raw = post("", signed.clone(), "{}");
        change(&mut raw.headers);
        code(Hook0::new().verify(&raw, &secrets, at()))
    };
    assert_eq!(hook0(&|_| ()), "hook0_v1");
    assert_eq!(
        hook0(&|headers| drop(headers.insert("x-a", "2".parse().unwrap()))),
        "bad_signature"
    );
    // A right v0 beside a wrong v1.
    let both = format!("{v0},h=x-a,v1={other}");
    assert_eq!(
        hook0(&|headers| drop(headers.insert("x-hook0-signature", both.parse().unwrap()))),
        "bad_signature"
    );
    let many = format!("{v0},h={},v1={other}", "x-a ".repeat(100).trim());
    assert_eq!(
        hook0(&|headers| drop(headers.insert("x-hook0-signature", many.parse().unwrap()))),
        "malformed_header"
    );
}

#[test]
fn published_hook0_v1_signature() {
    // From hook0-client's own tests.
    let mut raw = post("", HeaderMap::new(), "hello !");
    raw.headers.insert("x-test", "val1".parse().unwrap());
    raw.headers.insert("x-test2", "val2".parse().unwrap());
    let signature = "t=1636936200,h=x-test x-test2,v1=493c35f05443fdb74cb99fd4f00e0e7653c2ab6b24fbc97f4a7bd4d56b31758a";
    raw.headers
        .insert("x-hook0-signature", signature.parse().unwrap());
    let at = Timestamp::from_second(1_636_936_200).unwrap();
    assert_eq!(
        code(Hook0::new().verify(&raw, &Secrets::one("secret"), at)),
        "hook0_v1"
    );
}

#[test]
fn standard_webhooks_versions_do_not_stand_in_for_each_other() {
    let signer = sign::Ed25519Signer::from_seed(&[9; 32]).unwrap();
    let asymmetric = StandardWebhooksAsymmetric::new([signer.public_key().unwrap()]);
    let secrets = Secrets::one("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let v1 = sign::standard_webhooks("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "m1", b"{}", at(), false);
    let v1a = signer.standard_webhooks("m1", b"{}", at());
    let both = format!(
        "{} {}",
        v1["webhook-signature"].to_str().unwrap(),
        v1a["webhook-signature"].to_str().unwrap()
    );
    let mut mixed = v1.clone();
    mixed.insert("webhook-signature", both.parse().unwrap());
    let raw = |headers: &HeaderMap| post("", headers.clone(), "{}");
    let symmetric =
        |headers: &HeaderMap| code(StandardWebhooks::new().verify(&raw(headers), &secrets, at()));
    let public = |headers: &HeaderMap| code(asymmetric.verify(&raw(headers), &secrets, at()));
    assert_eq!(
        (symmetric(&v1), public(&v1)),
        (
            "standard_webhooks_v1".to_owned(),
            "bad_signature".to_owned()
        )
    );
    assert_eq!(
        (symmetric(&v1a), public(&v1a)),
        (
            "bad_signature".to_owned(),
            "standard_webhooks_v1a".to_owned()
        )
    );
    assert_eq!(
        (symmetric(&mixed), public(&mixed)),
        (
            "standard_webhooks_v1".to_owned(),
            "standard_webhooks_v1a".to_owned()
        )
    );
    // Headers of both families: those of the standard count.
    let mut both = sign::standard_webhooks("AAAA", "m1", b"{}", at(), false);
    both.extend(sign::standard_webhooks(
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "m1",
        b"{}",
        at(),
        true,
    ));
    assert_eq!(symmetric(&both), "bad_signature");
    let verified_raw = raw(&v1);
    let verified = StandardWebhooks::new()
        .verify(&verified_raw, &secrets, at())
        .unwrap();
    assert_eq!(
        (verified.id(), verified.timestamp()),
        (Some("m1"), Some(at()))
    );
}

#[test]
fn hubspot_legacy_versions_are_off_unless_allowed() {
    let secrets = Secrets::one(SECRET);
    let raw = post("https://e.com/", sign::hubspot_v1(SECRET, b"[]"), "[]");
    assert_eq!(
        code(HubSpot::new().verify(&raw, &secrets, at())),
        "missing_header"
    );
    assert_eq!(
        code(HubSpot::new().allow_v2().verify(&raw, &secrets, at())),
        "malformed_header"
    );
    assert_eq!(
        code(HubSpot::new().allow_v1().verify(&raw, &secrets, at())),
        "hubspot_v1"
    );
}
