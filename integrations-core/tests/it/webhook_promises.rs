//! Promises 1, 2 and 7 for every scheme, as one table.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use integrations_core::webhook::schemes::{
    Basic, Ghl, GoogleChannel, GooglePubSub, Graph, GraphRich, Hmac, Hook0, Hookdeck, HubSpot,
    Jwks, KeyForm, Meta, Nango, Notion, Scheme, SharedSecret, SignedTime, Slack, StandardWebhooks,
    StandardWebhooksAsymmetric, Stripe, Twilio, Verity,
};
use integrations_core::webhook::{RawRequest, Secrets, sign};
use integrations_core::{Error, ErrorKind, Timestamp};
use serde_json::json;

const SECRET: &str = "test-secret-0001";
const BODY: &[u8] = br#"{"type":"ContactCreate","webhookId":"w-1","planted":"payload"}"#;
const URL: &str = "https://hooks.example.com/in?tenant=42";
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A scheme, a request that it accepts, and what it promises about it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) scheme: Box<dyn Scheme>,
    pub(crate) raw: RawRequest,
    pub(crate) secrets: Secrets,
    pub(crate) at: Timestamp,
    /// The same secrets with every value empty.
    empty: Secrets,
    /// Secrets in which the right one is the second.
    rotated: Option<Secrets>,
    /// The headers without which nothing is proven.
    required: Vec<&'static str>,
    /// Which of them hold a signature or token of one length.
    proofs: Vec<&'static str>,
    /// Which of these times are judged.
    times: &'static [Time],
    /// Whether the body is signed.
    pub(crate) binds_body: bool,
    /// The same scheme without its public keys.
    keyless: Option<Box<dyn Scheme>>,
    /// The headers of a weaker proof that is right, and that the scheme is told to allow.
    weaker: Option<HeaderMap>,
}

#[derive(Clone, Copy)]
enum Time {
    Stale(u64),
    Future(u64),
}
const FIVE_MINUTES: &[Time] = &[Time::Stale(300), Time::Future(300)];

pub(crate) fn at() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

fn case(name: &'static str, scheme: impl Scheme + 'static, headers: HeaderMap) -> Case {
    Case {
        name,
        scheme: Box::new(scheme),
        raw: RawRequest::new(Method::POST, URL, headers, BODY),
        secrets: Secrets::one(SECRET),
        at: at(),
        empty: Secrets::one(""),
        rotated: Some(Secrets::one("another").with(SECRET)),
        required: Vec::new(),
        proofs: Vec::new(),
        times: &[],
        binds_body: true,
        keyless: None,
        weaker: None,
    }
}

impl Case {
    /// The header of the signature, and the others that it needs.
    fn headers(mut self, proof: &'static str, others: &[&'static str]) -> Self {
        self.required = [&[proof], others].concat();
        self.proofs = vec![proof];
        self
    }

    fn timed(mut self, times: &'static [Time]) -> Self {
        self.times = times;
        self
    }

    fn public_key(mut self, keyless: impl Scheme + 'static) -> Self {
        self.keyless = Some(Box::new(keyless));
        self.rotated = None;
        self
    }

    fn weaker(mut self, headers: HeaderMap) -> Self {
        self.weaker = Some(headers);
        self
    }

    fn body_unsigned(mut self) -> Self {
        self.binds_body = false;
        self
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let at = at();
    let generic = Hmac::sha256(&["x-one", "x-two"])
        .base64()
        .with_prefix("v9=")
        .with_time(SignedTime::milliseconds("x-time").between("a:", ":"));
    let sha1 = Hmac::sha1(&["x-hub-signature"]).with_key_form(KeyForm::Base64);
    let sha1_secret = "c2VjcmV0";
    let signer = sign::Ed25519Signer::from_seed(&[7; 32]).unwrap();
    let key = signer.public_key().unwrap();
    let rsa = sign::RsaSigner::generate().unwrap();
    let rsa_key = rsa.public_key().unwrap();
    let form = b"Body=hello+world&From=%2B15551234567&SmsStatus=received";

    let mut all = vec![
        case("generic", generic, sign::hmac(&generic, SECRET, BODY, at))
            .headers("x-one", &["x-time"])
            .timed(FIVE_MINUTES),
        case(
            "github",
            Hmac::GITHUB,
            sign::hmac(&Hmac::GITHUB, SECRET, BODY, at),
        )
        .headers("x-hub-signature-256", &[]),
        case("meta", Meta, sign::meta(SECRET, BODY))
            .headers("x-hub-signature-256", &[])
            .weaker(sign::hmac(
                &Hmac::sha1(&["x-hub-signature"]),
                SECRET,
                BODY,
                at,
            )),
        case("notion", Notion, sign::notion(SECRET, BODY)).headers("x-notion-signature", &[]),
        case("slack", Slack::new(), sign::slack(SECRET, BODY, at))
            .headers("x-slack-signature", &["x-slack-request-timestamp"])
            .timed(FIVE_MINUTES),
        case("stripe", Stripe::new(), sign::stripe(SECRET, BODY, at))
            .headers("stripe-signature", &[])
            .timed(FIVE_MINUTES),
        case("hook0", Hook0::new(), sign::hook0(SECRET, BODY, at))
            .headers("x-hook0-signature", &[])
            .timed(FIVE_MINUTES),
        case(
            "hook0_v1",
            Hook0::new(),
            sign::hook0_v1(
                SECRET,
                &[("content-type", "application/json"), ("x-event-id", "e1")],
                BODY,
                at,
            ),
        )
        .headers("x-hook0-signature", &["content-type", "x-event-id"])
        .timed(FIVE_MINUTES),
        case("hookdeck", Hookdeck, sign::hookdeck(&[SECRET], BODY))
            .headers("x-hookdeck-signature", &[]),
        case(
            "hubspot_v3",
            HubSpot::new().allow_v1().allow_v2(),
            sign::hubspot_v3(SECRET, &Method::POST, URL, BODY, at),
        )
        .headers("x-hubspot-signature-v3", &["x-hubspot-request-timestamp"])
        .timed(FIVE_MINUTES)
        .weaker(sign::hubspot_v2(SECRET, &Method::POST, URL, BODY)),
        case(
            "hubspot_v1",
            HubSpot::new().allow_v1(),
            sign::hubspot_v1(SECRET, BODY),
        )
        .headers("x-hubspot-signature", &["x-hubspot-signature-version"]),
        case(
            "hubspot_v2",
            HubSpot::new().allow_v2(),
            sign::hubspot_v2(SECRET, &Method::POST, URL, BODY),
        )
        .headers("x-hubspot-signature", &["x-hubspot-signature-version"]),
        case(
            "nango",
            Nango::new().allow_legacy_hash(),
            sign::nango(SECRET, BODY),
        )
        .headers("x-nango-hmac-sha256", &[])
        .weaker(sign::nango_legacy(SECRET, BODY)),
        case(
            "nango_legacy",
            Nango::new().allow_legacy_hash(),
            sign::nango_legacy(SECRET, BODY),
        )
        .headers("x-nango-signature", &[]),
        case(
            "verity_texting",
            Verity::TEXTING.allow_plain_secret(),
            sign::verity(&Verity::TEXTING, SECRET, BODY),
        )
        .headers("x-texting-signature", &[])
        .weaker(sign::verity_plain(&Verity::TEXTING, SECRET)),
        case(
            "verity_broadcast",
            Verity::BROADCAST.allow_plain_secret(),
            sign::verity(&Verity::BROADCAST, SECRET, BODY),
        )
        .headers("x-broadcast-signature", &[])
        .weaker(sign::verity_plain(&Verity::BROADCAST, SECRET)),
        case(
            "verity_plain",
            Verity::TEXTING.allow_plain_secret(),
            sign::verity_plain(&Verity::TEXTING, SECRET),
        )
        .headers("x-texting-secret", &[])
        .body_unsigned(),
        case(
            "bearer",
            SharedSecret::bearer(),
            sign::shared_secret(&SharedSecret::bearer(), SECRET),
        )
        .headers("authorization", &[])
        .body_unsigned(),
        case(
            "google_channel",
            GoogleChannel,
            sign::google_channel(SECRET, "c1", "r1", "exists", 2),
        )
        .headers(
            "x-goog-channel-token",
            &["x-goog-channel-id", "x-goog-resource-id"],
        )
        .body_unsigned(),
        case(
            "ghl",
            Ghl::with_keys([key.clone()]).allow_legacy_rsa_with([rsa_key.clone()]),
            signer.ghl(BODY),
        )
        .headers("x-ghl-signature", &[])
        .public_key(Ghl::with_keys([]))
        .weaker(rsa.ghl(BODY).unwrap()),
        case(
            "ghl_legacy",
            Ghl::production().allow_legacy_rsa_with([rsa_key]),
            rsa.ghl(BODY).unwrap(),
        )
        .headers("x-wh-signature", &[])
        .public_key(Ghl::with_keys([])),
        case(
            "standard_v1a",
            StandardWebhooksAsymmetric::new([key.clone()]),
            signer.standard_webhooks("msg_1", BODY, at),
        )
        .headers("webhook-signature", &["webhook-id", "webhook-timestamp"])
        .timed(FIVE_MINUTES)
        .public_key(StandardWebhooksAsymmetric::new([])),
    ];

    // Those whose secrets or bodies have a form of their own.
    let mut sha1_case = case("sha1", sha1, sign::hmac(&sha1, sha1_secret, BODY, at))
        .headers("x-hub-signature", &[]);
    sha1_case.secrets = Secrets::one(sha1_secret);
    sha1_case.rotated = Some(Secrets::one("YW5vdGhlcg==").with(sha1_secret));
    all.push(sha1_case);

    let mut basic = case("basic", Basic, sign::basic("hook", "pa:ss:wörd"))
        .headers("authorization", &[])
        .body_unsigned();
    basic.secrets = Secrets::one("pa:ss:wörd").with_named(Basic::USER, "hook");
    basic.empty = Secrets::one("").with_named(Basic::USER, "");
    basic.rotated = Some(basic.secrets.clone().with("old"));
    basic.rotated = Some(
        Secrets::one("new")
            .with("pa:ss:wörd")
            .with_named(Basic::USER, "hook"),
    );
    all.push(basic);

    for channel in all.iter_mut().filter(|case| case.name == "google_channel") {
        let ids = |secrets: Secrets| {
            secrets
                .with_named(GoogleChannel::CHANNEL_ID, "c1")
                .with_named(GoogleChannel::RESOURCE_ID, "r1")
        };
        channel.secrets = ids(Secrets::one(SECRET));
        channel.empty = ids(Secrets::one(""));
        channel.rotated = Some(ids(Secrets::one("another").with(SECRET)));
        channel.proofs = channel.required.clone();
    }

    for svix in [false, true] {
        let (name, proof, others): (_, _, [_; 2]) = if svix {
            ("svix_v1", "svix-signature", ["svix-id", "svix-timestamp"])
        } else {
            (
                "standard_v1",
                "webhook-signature",
                ["webhook-id", "webhook-timestamp"],
            )
        };
        let headers = sign::standard_webhooks(WHSEC, "msg_1", BODY, at, svix);
        let mut standard = case(name, StandardWebhooks::new(), headers)
            .headers(proof, &others)
            .timed(FIVE_MINUTES);
        standard.secrets = Secrets::one(WHSEC);
        standard.empty = Secrets::one("whsec_");
        standard.rotated = Some(Secrets::one("whsec_AAAA").with(WHSEC));
        all.push(standard);
    }

    let mut twilio = case("twilio_form", Twilio, sign::twilio_form(SECRET, URL, form))
        .headers("x-twilio-signature", &[]);
    twilio.raw.body = form.as_slice().into();
    all.push(twilio);
    let (url, headers) = sign::twilio_body(SECRET, URL, BODY);
    let mut twilio = case("twilio_json", Twilio, headers).headers("x-twilio-signature", &[]);
    twilio.raw.url = url;
    all.push(twilio);

    // A max age is asked for, and the time is in the body.
    let body = br#"{"timestamp":"2026-11-21T02:00:00.000Z","webhookId":"w-2"}"#;
    let mut ghl = case(
        "ghl_max_age",
        Ghl::with_keys([key]).with_max_age(Duration::from_secs(300)),
        signer.ghl(body),
    )
    .headers("x-ghl-signature", &[])
    .timed(FIVE_MINUTES)
    .public_key(Ghl::with_keys([]));
    ghl.raw.body = body.as_slice().into();
    all.push(ghl);

    let seconds = at.as_second();
    let claims = json!({
        "iss": "https://accounts.google.com", "aud": URL, "email": "push@p.iam.gserviceaccount.com",
        "email_verified": true, "iat": seconds, "exp": seconds,
    });
    let headers = rsa.google_pubsub("k1", &claims).unwrap();
    let scheme = |keys| GooglePubSub::new(keys, URL, "push@p.iam.gserviceaccount.com");
    all.push(
        case("google_pubsub", scheme(rsa.jwks("k1").unwrap()), headers)
            .headers("authorization", &[])
            .timed(&[Time::Stale(60), Time::Future(60)])
            .public_key(scheme(Jwks::default()))
            .body_unsigned(),
    );

    let mut graph = case("graph", Graph, HeaderMap::new()).body_unsigned();
    graph.raw.body = json!({ "value": [{ "clientState": SECRET, "changeType": "created" }] })
        .to_string()
        .into();
    all.push(graph);

    let application = "11111111-2222-3333-4444-555555555555";
    let content = rsa
        .graph_content("cert", &[3; 32], b"{\"id\":\"m1\"}")
        .unwrap();
    let claims = json!({
        "iss": "https://sts.windows.net/t1/", "tid": "t1", "aud": application,
        "appid": "0bf30f3b-4a52-48df-9a82-234910c4a086", "iat": seconds, "nbf": seconds, "exp": seconds,
    });
    let mut graph = case(
        "graph_rich",
        GraphRich::new(rsa.jwks("k1").unwrap(), application)
            .with_certificate(rsa.graph_private_key("cert").unwrap()),
        HeaderMap::new(),
    )
    .timed(&[Time::Stale(60), Time::Future(60)])
    .body_unsigned();
    graph.keyless = Some(Box::new(GraphRich::new(Jwks::default(), application)));
    graph.raw.body = json!({
        "value": [{ "clientState": SECRET, "tenantId": "t1", "encryptedContent": content }],
        "validationTokens": [rsa.token("k1", &claims).unwrap()],
    })
    .to_string()
    .into();
    all.push(graph);
    all
}

/// The refusal, which must not show a header, the payload or a secret.
fn refused(case: &Case, raw: &RawRequest, secrets: &Secrets, at: Timestamp, why: &str) -> Error {
    let error = match case.scheme.verify(raw, secrets, at) {
        Err(error) => error,
        Ok(verified) => panic!("{} accepted {why}: {verified:?}", case.name),
    };
    assert_eq!(error.kind(), ErrorKind::Webhook, "{} {why}", case.name);
    let shown = format!("{error} {error:?} {:?}", case.scheme);
    assert!(
        !shown.contains("planted") && !shown.contains(SECRET),
        "{shown}"
    );
    for value in case.raw.headers.values() {
        let value = value.to_str().unwrap();
        assert!(value.len() < 8 || !shown.contains(value), "{shown}");
    }
    error
}

fn code(error: &Error) -> &str {
    error.code().unwrap_or_default()
}

#[test]
fn promise_02_every_scheme_accepts_what_is_genuine() {
    for case in cases() {
        let verified = case.scheme.verify(&case.raw, &case.secrets, case.at);
        let verified = verified.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(verified.body(), &case.raw.body);
        assert_eq!(verified.secret_index(), 0, "{}", case.name);
        assert_eq!(verified.received_at(), case.at);
    }
}

#[test]
fn promise_02_a_rotated_secret_still_verifies_and_is_reported() {
    for case in cases() {
        if let Some(rotated) = &case.rotated {
            let verified = case.scheme.verify(&case.raw, rotated, case.at);
            let verified = verified.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert_eq!(verified.secret_index(), 1, "{}", case.name);
        }
    }
}

#[test]
fn promise_02_no_secret_and_empty_secrets_are_refused() {
    for case in cases() {
        if let Some(keyless) = &case.keyless {
            let error = keyless
                .verify(&case.raw, &case.secrets, case.at)
                .unwrap_err();
            assert!(
                matches!(code(&error), "no_secret" | "unknown_key"),
                "{}",
                case.name
            );
        }
        if case.keyless.is_none() || case.name == "graph_rich" {
            let error = refused(&case, &case.raw, &Secrets::none(), case.at, "no secret");
            assert_eq!(code(&error), "no_secret", "{}", case.name);
            let error = refused(&case, &case.raw, &case.empty, case.at, "an empty secret");
            assert!(
                matches!(code(&error), "no_secret" | "unusable_secret"),
                "{}",
                case.name
            );
            let wrong = Secrets::one("wrong").with_named(Basic::USER, "wrong");
            refused(&case, &case.raw, &wrong, case.at, "a wrong secret");
        }
    }
}

#[test]
fn promise_02_missing_doubled_and_malformed_headers_are_refused() {
    for case in cases() {
        for &name in &case.required {
            let change = |change: &dyn Fn(&mut HeaderMap, HeaderValue)| {
                let mut raw = case.raw.clone();
                let value = raw.headers.remove(name).expect(case.name);
                change(&mut raw.headers, value);
                raw
            };
            let send = |raw: RawRequest, why: &str| {
                code(&refused(
                    &case,
                    &raw,
                    &case.secrets,
                    case.at,
                    &format!("{name} {why}"),
                ))
                .to_owned()
            };
            assert_eq!(
                send(change(&|_, _| ()), "missing"),
                "missing_header",
                "{}",
                case.name
            );
            let doubled = change(&|headers, value| {
                headers.append(name, value.clone());
                headers.append(name, value);
            });
            assert_eq!(
                send(doubled, "doubled"),
                "duplicate_header",
                "{}",
                case.name
            );
            for bytes in [b"".as_slice(), b"\xff", b"\xc3\xa9"] {
                let odd = change(&|headers, value| {
                    let kept = if bytes.is_empty() {
                        b""
                    } else {
                        value.as_bytes()
                    };
                    let value = HeaderValue::from_bytes(&[kept, bytes].concat()).unwrap();
                    headers.append(name, value);
                });
                // A header that is only covered by a signature may be empty, but not so after the signature was made.
                let code = send(odd, "not text");
                let covered = bytes.is_empty() && !case.proofs.contains(&name);
                assert!(
                    code == "malformed_header" || covered && code == "bad_signature",
                    "{} {name}: {code}",
                    case.name
                );
            }
        }
        for &name in &case.proofs {
            let value = case.raw.headers[name].to_str().unwrap();
            let lengths = (0..value.len()).map(|end| value[..end].to_owned());
            let longer = ["0", "00", "=", "A"].map(|tail| format!("{value}{tail}"));
            for changed in lengths.chain(longer) {
                let mut raw = case.raw.clone();
                raw.headers.insert(name, changed.parse().unwrap());
                refused(&case, &raw, &case.secrets, case.at, "a wrong length");
            }
        }
    }
}

#[test]
fn promise_02_stale_and_future_times_are_refused() {
    for case in cases() {
        for &time in case.times {
            let (expected, tolerance, sign) = match time {
                Time::Stale(seconds) => ("stale", Duration::from_secs(seconds), 1),
                Time::Future(seconds) => ("future", Duration::from_secs(seconds), -1),
            };
            let arrival = |tolerance: Duration| {
                let seconds = i64::try_from(tolerance.as_secs()).unwrap() * sign;
                Timestamp::from_second(case.at.as_second() + seconds).unwrap()
            };
            let late = arrival(tolerance + Duration::from_secs(1));
            let error = refused(&case, &case.raw, &case.secrets, late, expected);
            assert_eq!(code(&error), expected, "{}", case.name);
            let in_time = case
                .scheme
                .verify(&case.raw, &case.secrets, arrival(tolerance));
            assert!(in_time.is_ok(), "{}: {in_time:?}", case.name);
        }
    }
}

#[test]
fn promise_02_every_changed_byte_of_the_body_is_refused() {
    for case in cases().into_iter().filter(|case| case.binds_body) {
        for at in 0..case.raw.body.len() {
            let mut body = case.raw.body.to_vec();
            body[at] ^= 1;
            let mut raw = case.raw.clone();
            raw.body = body.into();
            refused(&case, &raw, &case.secrets, case.at, "a changed body");
        }
    }
}

#[test]
fn promise_02_a_failed_stronger_proof_is_not_made_up_for_by_a_weaker_one() {
    let mut tried = 0;
    for case in cases() {
        let Some(weaker) = &case.weaker else { continue };
        let mut alone = case.raw.clone();
        alone.headers = weaker.clone();
        if case.name != "meta" {
            assert!(
                case.scheme.verify(&alone, &case.secrets, case.at).is_ok(),
                "{} does not accept the weaker proof at all",
                case.name
            );
        }
        let proof = case.proofs[0];
        for broken in ["N/A", "", "sha256=00", "AAAA"] {
            let mut raw = case.raw.clone();
            raw.headers.extend(weaker.clone());
            raw.headers.insert(proof, broken.parse().unwrap());
            refused(&case, &raw, &case.secrets, case.at, "a weaker proof");
        }
        // Right in form, wrong in content.
        let mut raw = case.raw.clone();
        raw.headers.extend(weaker.clone());
        raw.body = [BODY, b" "].concat().into();
        refused(&case, &raw, &case.secrets, case.at, "a weaker proof");
        tried += 1;
    }
    assert_eq!(tried, 6);
}
