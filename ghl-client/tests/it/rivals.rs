//! What other clients of this provider get wrong about calls, a test for each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use ghl_client::calendars::AppointmentStatus;
use ghl_client::{ApiError, Client, ErrorKind, Location, Upload, Version};
use http::{Method, header};
use integrations_core::http::{
    Body, CannedTransport, HttpContext, Outgoing, ResponseBody, TokenSource, Transport,
    TransportError,
};
use integrations_core::{AccessToken, Result};
use integrations_testkit::LeakDetector;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::{LOCATION, TOKEN, client, location};

/// What left, the last call.
fn last(transport: &CannedTransport) -> Outgoing {
    transport.sent().pop().unwrap()
}

fn text<'a>(outgoing: &'a Outgoing, name: &str) -> &'a str {
    outgoing.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn a_204_after_a_delete_is_a_success() {
    let transport = CannedTransport::new()
        .answer(204, "")
        .answer(200, "")
        .answer(204, "")
        .answer(204, "");
    let location = location(&transport);
    location.contacts().delete("c1").send().await.unwrap();
    location.contacts().delete("c1").send().await.unwrap();
    let note = location.contacts().delete_note("c1", "n1");
    note.send().await.unwrap();
    let v3 = location.v3();
    v3.contacts().delete_note("c1", "n1").send().await.unwrap();
    assert_eq!(transport.sent().len(), 4);
}

#[tokio::test]
async fn audio_is_not_decoded_as_json() {
    let wave = "RIFF\u{1}\u{2}WAVE";
    let kind = [("content-type", "audio/x-wav")];
    let transport = CannedTransport::new().answer_with(200, &kind, wave);
    let recording = location(&transport).messages().recording("m1");
    let file = recording.send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap(), wave.as_bytes());
}

#[tokio::test]
async fn a_multipart_upload_is_not_sent_as_json() {
    let transport = CannedTransport::new().answer(200, r#"{"fileId":"f1"}"#);
    let file = Upload::from_bytes("logo.png", &b"png"[..]);
    let upload = location(&transport).medias().upload(file);
    upload.send().await.unwrap();
    let sent = last(&transport);
    let kind = text(&sent, "content-type");
    assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
    let Body::Bytes(body) = &sent.body else {
        panic!("{:?}", sent.body);
    };
    assert!(body.starts_with(b"--"));
    assert!(!body.starts_with(b"{"));
}

#[tokio::test]
async fn what_is_documented_as_a_form_is_sent_as_one() {
    let transport = CannedTransport::new().answer(200, "{}").answer(200, "{}");
    let client = Client::builder().private_token(TOKEN).check_access(false);
    let context = HttpContext::builder().transport(transport.clone());
    let client = client.context(&context.build().unwrap()).build().unwrap();
    // The answers name no token, which is an error of its own.
    let _ = client.oauth().location_token("com1", "loc&1").send().await;
    let _ = client
        .v3()
        .oauth()
        .get_location_access_token("com1", "loc&1")
        .send()
        .await;
    let sent = transport.sent();
    assert_eq!(sent.len(), 2);
    for sent in sent {
        let kind = text(&sent, "content-type");
        assert_eq!(kind, "application/x-www-form-urlencoded", "{}", sent.url);
        let Body::Bytes(body) = &sent.body else {
            panic!("{:?}", sent.body);
        };
        assert_eq!(&**body, b"companyId=com1&locationId=loc%261");
    }
}

#[tokio::test]
async fn the_body_of_a_deletion_is_sent() {
    let transport = CannedTransport::new().answer(200, r#"{"tags":[]}"#);
    let remove = location(&transport).contacts().remove_tags("c1", ["vip"]);
    remove.send().await.unwrap();
    let sent = last(&transport);
    assert_eq!(sent.method, Method::DELETE);
    let Body::Bytes(body) = &sent.body else {
        panic!("{:?}", sent.body);
    };
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body, json!({"tags": ["vip"]}));
}

#[tokio::test]
async fn conversations_and_calendars_send_their_own_version() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    let client = client(&transport);
    // Nothing is answered: what was sent is what counts.
    let _ = location.conversations().get("con1").send().await;
    assert_eq!(text(&last(&transport), "version"), "2021-04-15");
    let _ = location.calendars().list().send().await;
    assert_eq!(text(&last(&transport), "version"), "2021-04-15");
    let _ = location.contacts().get("c1").send().await;
    assert_eq!(text(&last(&transport), "version"), "2021-07-28");
    let _ = location.v3().contacts().get_all_tasks("c1").send().await;
    assert_eq!(text(&last(&transport), "version"), "v3");
    // The advertising of `v3` stayed with the dated contract.
    let dated = ghl_client::operations().iter().filter(|spec| {
        let name = spec.operation.name;
        name.starts_with("v3.ad_publishing.") && spec.version == Version::V2021_07_28
    });
    assert!(dated.count() > 90);
    // And whoever wants another one says so.
    let other = client.location(LOCATION).contacts().get("c1");
    let _ = other.with_version(Version::V3).send().await;
    assert_eq!(text(&last(&transport), "version"), "v3");
}

#[tokio::test]
async fn path_segments_with_umlauts_and_slashes_are_utf8_percent_encoded() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    for (id, expected) in [
        ("größe/1", "gr%C3%B6%C3%9Fe%2F1"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("100%", "100%25"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
    ] {
        let _ = location.contacts().get(id).send().await;
        let path = format!("/contacts/{expected}");
        assert_eq!(last(&transport).url.path(), path);
        let _ = location.contacts().get_all_notes(id).send().await;
        let path = format!("/contacts/{expected}/notes");
        assert_eq!(last(&transport).url.path(), path);
    }
    let sent = transport.sent().len();
    for id in ["", ".", ".."] {
        let error = location.contacts().get_all_notes(id).send().await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Validation, "{id:?}");
    }
    assert_eq!(transport.sent().len(), sent, "an id never leaves its place");
}

/// Tokens without end, each refused.
#[derive(Debug, Clone, Default)]
struct Endless(Arc<AtomicUsize>);

#[async_trait]
impl TokenSource for Endless {
    async fn token(&self) -> Result<AccessToken> {
        Ok("token-0".into())
    }

    async fn renew(&self, _refused: &AccessToken) -> Result<Option<AccessToken>> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Some(format!("token-{}", count + 1).into()))
    }
}

async fn refused(message: &str) -> (integrations_core::Error, usize, usize) {
    let body = json!({"statusCode": 401, "message": message}).to_string();
    let transport = (0..20).fold(CannedTransport::new(), |transport, _| {
        transport.answer(401, &body)
    });
    let context = HttpContext::builder().transport(transport.clone());
    let tokens = Endless::default();
    let client = Client::builder()
        .tokens(tokens.clone())
        .context(&context.build().unwrap())
        .build()
        .unwrap();
    let call = client.location(LOCATION).contacts().get("c1");
    let error = call.send().await.unwrap_err();
    (
        error,
        transport.sent().len(),
        tokens.0.load(Ordering::Relaxed),
    )
}

#[tokio::test(start_paused = true)]
async fn a_permanent_401_is_not_retried_for_ever() {
    let (error, sent, renewed) = refused("Invalid JWT").await;
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!((sent, renewed), (2, 1), "one new token, one more attempt");
}

#[tokio::test(start_paused = true)]
async fn a_401_that_no_token_cures_asks_for_none() {
    for (message, kind) in [
        (
            "The token is not authorized for this scope.",
            ErrorKind::Permission,
        ),
        ("version header was not found.", ErrorKind::Config),
    ] {
        let (error, sent, renewed) = refused(message).await;
        assert_eq!(error.kind(), kind, "{message}");
        assert_eq!((sent, renewed), (1, 0), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_not_in_errors_or_logs() {
    let secrets = LeakDetector::new();
    secrets.plant("token", TOKEN);
    secrets.plant("e-mail", "jane@example.com");
    let logs = tracing_subscriber::registry().with(secrets.layer());
    let _logs = logs.set_default();
    let body = json!({"message": format!("bad {TOKEN}"), "email": "jane@example.com"}).to_string();
    let transport = CannedTransport::new()
        .answer(500, &body)
        .answer(401, &body)
        .answer(422, &body);
    let location = location(&transport);
    for _ in 0..4 {
        let call = location.contacts().upsert().email("jane@example.com");
        let error = call.with_max_attempts(1).send().await.unwrap_err();
        secrets.scan("display", error.to_string());
        secrets.scan("debug", format!("{error:#?}"));
    }
    let sent = last(&transport);
    assert_eq!(text(&sent, "authorization"), format!("Bearer {TOKEN}"));
    secrets.scan("outgoing", format!("{sent:?}"));
    secrets.assert_clean();
}

#[tokio::test]
async fn the_providers_words_and_ids_are_kept() {
    let body = r#"{"statusCode":422,"message":["email must be an email"],"error":"Unprocessable Entity","traceId":"trace-1"}"#;
    let transport = CannedTransport::new().answer(422, body);
    let call = location(&transport).contacts().get("c1");
    let error = call.send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 422);
    assert_eq!(error.body().unwrap(), body.as_bytes());
    let api = ApiError::of(&error).unwrap();
    assert_eq!(api.messages, ["email must be an email"]);
    assert_eq!(api.trace_id.as_deref(), Some("trace-1"));
}

/// Answers everything at once and keeps when it was asked.
#[derive(Debug, Clone, Default)]
struct Clocked(Arc<Mutex<Vec<Instant>>>);

#[async_trait]
impl Transport for Clocked {
    async fn send(
        &self,
        _request: Outgoing,
    ) -> std::result::Result<http::Response<ResponseBody>, TransportError> {
        self.0.lock().unwrap().push(Instant::now());
        let body = ResponseBody::from_bytes(Bytes::from_static(br#"{"contact":{"id":"c1"}}"#));
        let mut response = http::Response::new(body);
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(response)
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_kept_ahead() {
    let transport = Clocked::default();
    let context = HttpContext::builder().transport(transport.clone());
    let client = Client::builder()
        .private_token(TOKEN)
        .context(&context.build().unwrap())
        .build()
        .unwrap();
    let one: Location = client.location("loc1");
    // A clone is no way around the limit, and neither is the other contract.
    let other = client.clone().location("loc1");
    let calls = (0..350).map(|index| {
        let (one, other) = (one.clone(), other.clone());
        async move {
            match index % 2 {
                0 => one.contacts().get("c1").send().await.map(drop),
                _ => other
                    .v3()
                    .contacts()
                    .get_all_notes("c1")
                    .send()
                    .await
                    .map(drop),
            }
        }
    });
    try_join_all(calls).await.unwrap();
    let times = transport.0.lock().unwrap().clone();
    assert_eq!(times.len(), 350);
    for (first, later) in times.iter().zip(times.iter().skip(100)) {
        let apart = later.duration_since(*first);
        assert!(apart >= Duration::from_secs(10), "101 calls in {apart:?}");
    }
    let whole = times.last().unwrap().duration_since(times[0]);
    assert!(whole < Duration::from_secs(60), "{whole:?} for 350 calls");
}

#[tokio::test(start_paused = true)]
async fn another_location_has_its_own_limit() {
    let transport = Clocked::default();
    let context = HttpContext::builder().transport(transport.clone());
    let client = Client::builder()
        .private_token(TOKEN)
        .context(&context.build().unwrap())
        .build()
        .unwrap();
    let begun = Instant::now();
    let locations = [client.location("loc1"), client.location("loc2")];
    let calls = (0..180).map(|index| locations[index % 2].contacts().get("c1").send());
    try_join_all(calls).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn contact_search_does_not_use_the_retired_list() {
    let transport = CannedTransport::new().answer(200, r#"{"contacts":[{"id":"c1"}],"total":1}"#);
    let location = location(&transport);
    let search = location.contacts().search();
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 1);
    let sent = last(&transport);
    assert_eq!(sent.method, Method::POST);
    assert_eq!(sent.url.path(), "/contacts/search");
    // Of `v3` the list is gone.
    let retired = ghl_client::operations()
        .iter()
        .filter(|spec| spec.operation.method == Method::GET && spec.operation.path == "/contacts/");
    let names: Vec<_> = retired.map(|spec| spec.operation.name).collect();
    assert!(
        names.iter().all(|name| !name.starts_with("v3.")),
        "{names:?}"
    );
}

#[tokio::test]
async fn the_location_is_never_a_header() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    let _ = location
        .contacts()
        .upsert()
        .email("a@example.com")
        .send()
        .await;
    let _ = location.calendars().list().send().await;
    let _ = location.contacts().get("c1").send().await;
    for sent in transport.sent() {
        for (name, value) in &sent.headers {
            assert!(!name.as_str().contains("location"), "{name}");
            assert_ne!(value, LOCATION, "{name}");
        }
    }
}

#[test]
fn numbers_are_not_all_floats() {
    let page: ghl_client::forms::FormsResponse =
        serde_json::from_value(json!({"forms": [], "total": "20"})).unwrap();
    let total: Option<i64> = page.total;
    assert_eq!(total, Some(20));
    // Beyond 2^53 a float is another number.
    let meta = json!({"startAfter": 9_007_199_254_740_993_i64});
    let meta: ghl_client::contacts::ContactsSearchResponseMeta =
        serde_json::from_value(meta).unwrap();
    assert_eq!(meta.start_after, Some(9_007_199_254_740_993));
    // And money is no whole number.
    let estimate: ghl_client::invoices::EstimateResponse =
        serde_json::from_value(json!({"total": 1222.03})).unwrap();
    assert_eq!(estimate.total, Some(1222.03));
}

#[test]
fn enums_survive_new_values() {
    let status: AppointmentStatus = serde_json::from_str("\"beamed-up\"").unwrap();
    assert_eq!(status.as_str(), "beamed-up");
    assert_eq!(serde_json::to_string(&status).unwrap(), "\"beamed-up\"");
    let known: AppointmentStatus = serde_json::from_str("\"confirmed\"").unwrap();
    assert_eq!(known, AppointmentStatus::Confirmed);
}

#[tokio::test(start_paused = true)]
async fn a_429_is_waited_for_as_long_as_the_provider_says() {
    let transport = CannedTransport::new()
        .answer_with(429, &[("retry-after", "7")], "{}")
        .answer(200, r#"{"contact":{"id":"c1"}}"#);
    let begun = Instant::now();
    let call = location(&transport).contacts().get("c1");
    call.send().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(7));
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_may_have_gone_out_is_not_sent_again() {
    let transport = CannedTransport::new().answer(502, "").answer(200, "{}");
    let message = location(&transport).messages().sms("c1", "Hello");
    let error = message.send().await.unwrap_err();
    assert!(error.is_outcome_unknown());
    assert_eq!(transport.sent().len(), 1);
}
