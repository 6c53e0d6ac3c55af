//! Providers that answer nonsense, by mistake or by intent: no panic, no hang, no lasting harm.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use http::StatusCode;
use integrations_core::ErrorKind;
use integrations_core::http::{
    CannedTransport, Dialect, Fault, Outgoing, Pipeline, RawReply, ResponseBody, Transport,
    TransportError,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::support::{context, get, pipeline, post};

#[tokio::test(start_paused = true)]
async fn an_absurd_retry_after_is_no_panic_and_no_wait() {
    for value in [
        "1e19",
        "1e18",
        "9223372036854775808",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        for status in [429, 503] {
            let transport =
                CannedTransport::new().answer_with(status, &[("retry-after", value)], "");
            let started = Instant::now();
            let error = pipeline(&transport).send(get()).await.unwrap_err();
            assert!(error.retry_after().unwrap() <= Duration::from_secs(7 * 24 * 3600));
            assert_eq!(started.elapsed(), Duration::ZERO, "{status} {value}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_absurd_timeout_is_as_good_as_none() {
    let transport = CannedTransport::new().answer(200, "{}");
    let mut request = get();
    request.options.timeout = Some(Duration::MAX);
    request.options.attempt_timeout = Some(Duration::MAX);
    request.options.max_attempts = Some(0);
    pipeline(&transport).send(request).await.unwrap();
}

/// Says "too many" with 200, and how long to wait in the body.
#[derive(Debug)]
struct Polite;

impl Dialect for Polite {
    fn provider(&self) -> &'static str {
        "polite"
    }

    fn fault_in_success(&self, reply: RawReply<'_>) -> Option<Fault> {
        let mut fault = Fault::new(ErrorKind::RateLimited, "");
        let body: Value = serde_json::from_slice(reply.body).ok()?;
        fault.retry_after = Some(Duration::from_secs(body["wait"].as_u64()?));
        Some(fault)
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_only_the_body_names_is_kept_by_all() {
    let transport = CannedTransport::new()
        .answer(200, r#"{"wait":20}"#)
        .answer(200, "{}");
    let base = "https://api.polite.example".parse().unwrap();
    let pipeline = Pipeline::builder(&context(transport.clone()), Polite, base)
        .build()
        .unwrap();
    let started = Instant::now();
    assert_eq!(pipeline.send(post()).await.unwrap().attempts, 2);
    assert!(started.elapsed() >= Duration::from_secs(20));
}

/// The head at once, then a chunk, then silence.
#[derive(Debug, Clone, Copy)]
struct Stalls(u16);

#[async_trait]
impl Transport for Stalls {
    async fn send(&self, _: Outgoing) -> Result<http::Response<ResponseBody>, TransportError> {
        let chunks = futures_util::stream::iter([Ok(Bytes::from_static(b"{"))])
            .chain(futures_util::stream::pending());
        let mut response = http::Response::new(ResponseBody::from_stream(chunks));
        *response.status_mut() = StatusCode::from_u16(self.0).unwrap();
        Ok(response)
    }
}

fn stalling(status: u16) -> Pipeline {
    let base = "https://api.plain.example".parse().unwrap();
    let context = context(Stalls(status));
    Pipeline::builder(&context, crate::support::Plain, base)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn promise_09_a_refusal_whose_body_stalls_is_still_a_refusal() {
    let error = stalling(422).send(post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!((error.attempts(), error.is_outcome_unknown()), (1, false));

    let error = stalling(200).send(post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.status(), Some(StatusCode::OK));
    assert!(error.is_outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn a_download_that_stalls_fails() {
    let started = Instant::now();
    let reply = stalling(200).stream(get()).await.unwrap();
    let chunks: Vec<_> = reply.body.into_stream().collect().await;
    assert_eq!(chunks.len(), 2);
    assert!(chunks[0].is_ok() && chunks[1].is_err());
    assert_eq!(started.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn promise_09_a_write_whose_answer_cannot_be_read_is_uncertain() {
    for (request, uncertain) in [(post(), true), (get(), false)] {
        let page = [("content-type", "text/html")];
        let transport = CannedTransport::new().answer_with(200, &page, "<html>");
        let reply = pipeline(&transport).send(request).await.unwrap();
        let error = reply.json::<Value>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.is_outcome_unknown(), uncertain);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_id_of_a_kilobyte_is_cut() {
    let long = "x".repeat(1000);
    let id = [("x-request-id", long.as_str())];
    let transport = CannedTransport::new()
        .answer_with(200, &id, "{}")
        .answer_with(404, &id, "{}");
    let pipeline = pipeline(&transport);
    let reply = pipeline.send(get()).await.unwrap();
    assert!(reply.request_id.unwrap().len() < 110);
    let error = pipeline.send(get()).await.unwrap_err();
    assert!(error.request_id().unwrap().len() < 110);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_built_says_which() {
    let mut request = get();
    request.options.idempotency_key = Some("a\nb".to_owned());
    let error = pipeline(&CannedTransport::new())
        .send(request)
        .await
        .unwrap_err();
    assert_eq!(error.operation(), Some("things.do"));
    assert_eq!(error.provider(), Some("plain"));
}
