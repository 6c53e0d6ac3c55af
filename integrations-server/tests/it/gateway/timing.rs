//! What is slow, with the time paused.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use integrations_core::catalog::UpstreamAnswer;
use integrations_core::http::{Body as Outgoing, ResponseBody};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use super::support::{Fake, answer, ask, builder, call, mounted, post, through};

fn slow(wait: Duration) -> std::sync::Arc<Fake> {
    Fake::new(move |_| async move {
        sleep(wait).await;
        Ok(answer(200, &[("content-type", "application/json")], "1"))
    })
}

#[tokio::test(start_paused = true)]
async fn an_upstream_has_so_long() {
    for (wait, status) in [(29, 200), (31, 504), (3600, 504)] {
        let fake = slow(Duration::from_secs(wait));
        let router = mounted(builder(&fake));
        let begun = Instant::now();
        let got = ask(
            &router,
            call(&json!({"endpoint": "/api/x", "method": "GET"})),
        )
        .await;
        assert_eq!(got.status, status);
        let json = got.json();
        assert_eq!(json["meta"]["status"], status);
        assert_eq!(json["meta"]["duration"], wait.min(30) * 1000);
        if status == 504 {
            assert_eq!(got.code(), "UPSTREAM_TIMEOUT");
        }
        assert_eq!(begun.elapsed().as_secs(), wait.min(30));
        let got = ask(&router, through("GET", "/x", Body::empty())).await;
        assert_eq!(got.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_for_an_envelope_must_end_in_time() {
    let fake = Fake::new(|_| async {
        let chunks = stream::repeat(()).then(|()| async {
            sleep(Duration::from_secs(5)).await;
            Ok(Bytes::from_static(b"x"))
        });
        Ok(UpstreamAnswer::new(
            StatusCode::OK,
            HeaderMap::new(),
            ResponseBody::from_stream(chunks),
        ))
    });
    let router = mounted(builder(&fake));
    let begun = Instant::now();
    let got = ask(
        &router,
        call(&json!({"endpoint": "/api/x", "method": "GET"})),
    )
    .await;
    assert_eq!((got.status, got.code()), (504, "UPSTREAM_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_stream_may_take_long_but_not_stand_still() {
    let fake = Fake::new(|call| async move {
        let Outgoing::Once(once) = call.body else {
            // Two minutes, a chunk every ten seconds, then nothing more.
            let chunks = stream::iter(0..13).then(|n| async move {
                sleep(Duration::from_secs(if n < 12 { 10 } else { 3600 })).await;
                Ok(Bytes::from_static(b"x"))
            });
            let body = ResponseBody::from_stream(chunks);
            return Ok(UpstreamAnswer::new(StatusCode::OK, HeaderMap::new(), body));
        };
        let length = once
            .take()
            .filter(|chunk| std::future::ready(chunk.is_ok()))
            .count()
            .await;
        Ok(answer(200, &[], length.to_string()))
    });
    let router = mounted(builder(&fake));
    let upload = |last: u64| {
        let chunks = stream::iter(0..13).then(move |n| async move {
            sleep(Duration::from_secs(if n < 12 { 10 } else { last })).await;
            Ok::<_, std::io::Error>("x")
        });
        through("PUT", "/x", Body::from_stream(chunks))
    };
    let got = ask(&router, upload(10)).await;
    assert_eq!((got.status, &got.body[..]), (200, &b"13"[..]));

    let begun = Instant::now();
    let response = router
        .clone()
        .oneshot(through("GET", "/x", Body::empty()))
        .await
        .unwrap();
    let mut chunks = response.into_body().into_data_stream();
    let mut whole = 0;
    let mut broken = false;
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(_) => whole += 1,
            Err(_) => broken = true,
        }
    }
    assert_eq!((whole, broken), (12, true));
    assert_eq!(begun.elapsed(), Duration::from_secs(150));
}

#[tokio::test(start_paused = true)]
async fn callers_have_so_long_for_their_bodies() {
    let fake = Fake::new(|call| async move {
        let Outgoing::Once(once) = call.body else {
            return Ok(answer(200, &[], ""));
        };
        let broken = once
            .take()
            .any(|chunk| std::future::ready(chunk.is_err()))
            .await;
        assert!(broken);
        Err(integrations_core::Error::new(
            integrations_core::ErrorKind::Io,
            "it broke",
        ))
    });
    let router = mounted(builder(&fake));
    let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let begun = Instant::now();
    let got = ask(&router, post(never())).await;
    assert_eq!((got.status, got.code()), (408, "REQUEST_TIMEOUT".into()));
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    let got = ask(&router, through("PUT", "/x", never())).await;
    assert_eq!((got.status, got.code()), (408, "REQUEST_TIMEOUT".into()));
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_slowly_is_waited_for() {
    let fake = Fake::new(|_| async {
        let chunks = stream::iter((0..5).map(|_| Ok(Bytes::from_static(b"x"))));
        Ok(UpstreamAnswer::new(
            StatusCode::OK,
            HeaderMap::new(),
            ResponseBody::from_stream(chunks),
        ))
    });
    let router = mounted(builder(&fake));
    let response = router
        .oneshot(through("GET", "/x", Body::empty()))
        .await
        .unwrap();
    let mut body = response.into_body();
    for _ in 0..5 {
        sleep(Duration::from_secs(600)).await;
        assert!(body.frame().await.unwrap().is_ok());
    }
    assert!(body.frame().await.is_none());
}

/// A caller who stalls for longer than the upstream may take, and then goes on.
#[tokio::test(start_paused = true)]
async fn a_slow_caller_is_not_the_upstreams_slowness() {
    let fake = Fake::new(|call| async move {
        let Outgoing::Once(once) = call.body else {
            return Ok(answer(200, &[], ""));
        };
        let length = once.take().count().await;
        Ok(answer(200, &[], length.to_string()))
    });
    let router = mounted(builder(&fake).timeout(Duration::from_secs(5)));
    let chunks = stream::iter(0..4).then(|_| async {
        sleep(Duration::from_secs(20)).await;
        Ok::<_, std::io::Error>("x")
    });
    let got = ask(&router, through("PUT", "/x", Body::from_stream(chunks))).await;
    assert_eq!((got.status, &got.body[..]), (200, &b"4"[..]));
}
