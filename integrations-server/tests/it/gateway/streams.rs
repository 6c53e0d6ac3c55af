//! Bodies that are passed through are never kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use integrations_core::catalog::UpstreamAnswer;
use integrations_core::http::{Body as Outgoing, ResponseBody};
use integrations_core::{Error, ErrorKind};
use serde_json::json;
use tower::ServiceExt as _;

use super::support::{Fake, answer, ask, builder, call, mounted, router, through};

const CHUNK: usize = 64 * 1024;
/// 64 MiB: a thousand times the memory that the gateway may have.
const CHUNKS: usize = 1024;

/// Counts what was made and what was taken.
#[derive(Default)]
struct Line {
    made: AtomicUsize,
    taken: AtomicUsize,
    most: AtomicUsize,
}

impl Line {
    fn chunks(self: &Arc<Self>) -> impl Stream<Item = Bytes> + Send + use<> {
        let line = Arc::clone(self);
        stream::iter(0..CHUNKS).map(move |n| {
            let made = line.made.fetch_add(1, Ordering::SeqCst) + 1;
            let waiting = made - line.taken.load(Ordering::SeqCst);
            line.most.fetch_max(waiting, Ordering::SeqCst);
            Bytes::from(vec![u8::try_from(n % 251).unwrap(); CHUNK])
        })
    }

    fn take(&self) {
        self.taken.fetch_add(1, Ordering::SeqCst);
    }

    fn assert_bounded(&self) {
        assert_eq!(
            self.taken.load(Ordering::SeqCst),
            CHUNKS,
            "all of it arrived"
        );
        let most = self.most.load(Ordering::SeqCst);
        assert!(most <= 2, "{most} chunks were kept");
    }
}

async fn drain(body: Outgoing, line: &Line) -> usize {
    let Outgoing::Once(once) = body else {
        panic!("a stream that can be sent once");
    };
    let mut chunks = once.take();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        length += chunk.unwrap().len();
        line.take();
        // Slower than whoever sends.
        tokio::task::yield_now().await;
    }
    length
}

#[tokio::test]
async fn a_body_that_is_sent_is_never_whole_in_memory() {
    let line = Arc::new(Line::default());
    let fake = Fake::new({
        let line = line.clone();
        move |call| {
            let line = line.clone();
            async move {
                assert_eq!(call.body.len(), None);
                let length = drain(call.body, &line).await;
                Ok(answer(200, &[], length.to_string()))
            }
        }
    });
    let router = mounted(builder(&fake).memory(64 * 1024));
    let body = Body::from_stream(line.chunks().map(Ok::<_, std::io::Error>));
    let got = ask(&router, through("PUT", "/files/1", body)).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.body, (CHUNK * CHUNKS).to_string());
    line.assert_bounded();
}

#[tokio::test]
async fn an_answer_is_never_whole_in_memory() {
    let line = Arc::new(Line::default());
    let fake = Fake::new({
        let line = line.clone();
        move |_| {
            let chunks = line.chunks().map(Ok);
            async move {
                let body = ResponseBody::from_stream(chunks);
                Ok(UpstreamAnswer::new(StatusCode::OK, HeaderMap::new(), body))
            }
        }
    });
    let router = mounted(builder(&fake).memory(64 * 1024));
    let response = router
        .oneshot(through("GET", "/files/1", Body::empty()))
        .await
        .unwrap();
    assert_eq!(line.made.load(Ordering::SeqCst), 0, "nobody has asked yet");
    let mut chunks = response.into_body().into_data_stream();
    while let Some(chunk) = chunks.next().await {
        assert_eq!(chunk.unwrap().len(), CHUNK);
        line.take();
        tokio::task::yield_now().await;
    }
    line.assert_bounded();
}

#[tokio::test]
async fn an_answer_begins_before_the_body_has_ended() {
    let fake = Fake::new(|call| async move {
        let Outgoing::Once(once) = call.body else {
            panic!("a stream");
        };
        // Echoes while it comes.
        let chunks = once.take().map(|chunk| Ok(chunk.unwrap()));
        Ok(UpstreamAnswer::new(
            StatusCode::OK,
            HeaderMap::new(),
            ResponseBody::from_stream(chunks),
        ))
    });
    let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(chunk), receiver))
    });
    let response = router(&fake)
        .oneshot(through("POST", "/echo", Body::from_stream(chunks)))
        .await
        .unwrap();
    let mut body = response.into_body();
    for text in ["one", "two", "three"] {
        sender
            .send(Bytes::from_static(text.as_bytes()))
            .await
            .unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), text);
    }
    drop(sender);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn the_length_goes_along_and_an_empty_body_is_none() {
    let fake = Fake::new(|call| async move {
        let said = match &call.body {
            Outgoing::Empty => "none".to_owned(),
            body => format!("{:?}", body.len()),
        };
        Ok(answer(
            200,
            &[("content-length", &said.len().to_string())],
            said,
        ))
    });
    let router = router(&fake);
    let got = ask(&router, through("POST", "/x", "four")).await;
    assert_eq!(got.body, "Some(4)");
    assert_eq!(got.header("content-length"), Some("7"));
    for method in ["GET", "POST", "DELETE"] {
        let got = ask(&router, through(method, "/x", Body::empty())).await;
        assert_eq!(got.body, "none");
    }
    let mut request = through("POST", "/x", "four");
    let kind = HeaderValue::from_static("text/csv");
    request.headers_mut().insert("content-type", kind);
    ask(&router, request).await;
    assert_eq!(
        fake.seen().last().unwrap().headers["content-type"],
        "text/csv"
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_or_on_the_way() {
    let fake = Fake::new(|call| async move {
        let Outgoing::Once(once) = call.body else {
            return Ok(answer(200, &[], ""));
        };
        let mut chunks = once.take();
        while let Some(chunk) = chunks.next().await {
            chunk.map_err(|error| Error::new(ErrorKind::Io, "it broke").with_source(error))?;
        }
        Ok(answer(200, &[], "all"))
    });
    let router = mounted(builder(&fake).stream_limit(1000));
    let got = ask(&router, through("PUT", "/x", vec![0; 1000])).await;
    assert_eq!((got.status, &got.body[..]), (200, &b"all"[..]));
    let got = ask(&router, through("PUT", "/x", vec![0; 1001])).await;
    assert_eq!((got.status, got.code()), (413, "PAYLOAD_TOO_LARGE".into()));
    assert_eq!(fake.seen().len(), 1, "it was never begun");
    let chunks = stream::iter((0..11).map(|_| Ok::<_, std::io::Error>(vec![0; 100])));
    let got = ask(&router, through("PUT", "/x", Body::from_stream(chunks))).await;
    assert_eq!((got.status, got.code()), (413, "PAYLOAD_TOO_LARGE".into()));
    assert_eq!(fake.seen().len(), 2);
    let broken = stream::iter([Ok(vec![0; 10]), Err(std::io::Error::other("gone"))]);
    let got = ask(&router, through("PUT", "/x", Body::from_stream(broken))).await;
    assert_eq!((got.status, got.code()), (400, "INVALID_REQUEST".into()));
}

#[tokio::test]
async fn a_body_that_was_sent_is_not_sent_again() {
    let fake = Fake::new(|call| async move {
        assert!(!call.body.is_repeatable());
        let Outgoing::Once(once) = &call.body else {
            panic!("a stream");
        };
        assert!(once.take().next().await.unwrap().is_ok());
        assert!(once.take().next().await.unwrap().is_err());
        Ok(answer(401, &[], ""))
    });
    let got = ask(&router(&fake), through("PUT", "/x", "some")).await;
    assert_eq!(got.status, 401, "the upstream's own");

    // One in an envelope can.
    let fake = Fake::new(|call| async move {
        assert!(call.body.is_repeatable());
        Ok(answer(200, &[], ""))
    });
    let envelope = json!({"endpoint": "/api/x", "method": "POST", "body": {"a": 1}});
    assert_eq!(ask(&router(&fake), call(&envelope)).await.status, 200);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_taken_for_a_whole_one() {
    let fake = Fake::new(|_| async {
        let broken = integrations_core::http::TransportError::bare(
            integrations_core::http::TransportFailure::Broken,
        );
        let chunks = stream::iter([Ok(Bytes::from_static(b"half")), Err(broken)]);
        Ok(UpstreamAnswer::new(
            StatusCode::OK,
            HeaderMap::new(),
            ResponseBody::from_stream(chunks),
        ))
    });
    let response = router(&fake)
        .oneshot(through("GET", "/x", Body::empty()))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.is_err());
}
