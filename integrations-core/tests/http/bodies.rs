//! Answers and requests over real sockets.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use integrations_core::ErrorKind;
use integrations_core::http::{Body, Empty, Multipart, Part, Pipeline, Request};
use serde_json::Value;

use crate::sockets::{Act, Server, real};
use crate::support::{Plain, get, policy, post};

#[tokio::test]
async fn json_comes_back() {
    let server = Server::start(|_| Act::json(r#"{"id":"1"}"#)).await;
    let reply = server.pipeline().send(get()).await.unwrap();
    assert_eq!(reply.json::<Value>().unwrap()["id"], "1");
    let head = &server.seen()[0].head;
    assert!(head.starts_with("GET /things/1 HTTP/1.1"), "{head}");
    assert!(head.contains("user-agent: integrations-rust/"), "{head}");
}

#[tokio::test]
async fn a_list_without_end_is_an_error_that_says_so() {
    integrations_core::object! {
        /// A page.
        struct Page {
            /// Its things.
            things: Vec<Page> = "things",
        }
    }
    let things = vec![r#"{"things":[]}"#; integrations_core::lenient::MAX_ITEMS + 1].join(",");
    let body = format!(r#"{{"page":{{"things":[{things}]}}}}"#);
    let server = Server::start(move |_| Act::json(&body)).await;
    let reply = server.pipeline().send(get()).await.unwrap();
    let error = reply.json_member::<Page>("page").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let text = error.to_string();
    assert!(
        text.contains("more than 100000 items at page.things"),
        "{text}"
    );
    reply.json_member::<Page>("things").unwrap_err();
}

#[tokio::test]
async fn html_with_200_keeps_its_status() {
    let page = b"<html>maintenance</html>";
    let server =
        Server::start(|_| Act::answer("200 OK", "content-type: text/html\r\n", page)).await;
    let reply = server.pipeline().send(get()).await.unwrap();
    let error = reply.json::<Value>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert_eq!(error.body().unwrap(), &Bytes::from_static(page));
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("text/html") && !shown.contains("<html>"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_error_page_keeps_its_status_and_body() {
    let server =
        Server::start(|_| Act::answer("404 Not Found", "content-type: text/html\r\n", b"<p>"))
            .await;
    let error = server.pipeline().send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.body().unwrap(), &Bytes::from_static(b"<p>"));
}

#[tokio::test]
async fn an_empty_answer_is_nothing() {
    for status in ["204 No Content", "200 OK"] {
        let server = Server::start(move |_| Act::answer(status, "", b"")).await;
        let reply = server.pipeline().send(post()).await.unwrap();
        assert_eq!(reply.json::<Option<Value>>().unwrap(), None);
        reply.json::<Empty>().unwrap();
        assert!(reply.json::<Vec<u8>>().is_err());
    }
}

#[tokio::test]
async fn a_truncated_answer_is_an_error_with_its_status() {
    let cut =
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-type: application/json\r\n\r\n{\"a\":";
    let server = Server::start(|_| Act::WriteAndClose(cut.to_vec())).await;
    let error = server.pipeline().send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert_eq!(error.attempts(), 3);

    let error = server.pipeline().send(post()).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(
        error.is_outcome_unknown(),
        "the write arrived, its answer did not"
    );
}

#[tokio::test]
async fn gzip_is_read() {
    let gz = include_bytes!("fixtures/hello.json.gz");
    let headers = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let server = Server::start(move |_| Act::answer("200 OK", headers, gz)).await;
    let reply = server.pipeline().send(get()).await.unwrap();
    assert_eq!(reply.json::<Value>().unwrap()["hello"], "world");
    assert!(server.seen()[0].head.contains("accept-encoding: gzip"));
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_off() {
    // 64 KiB that become 64 MiB.
    let bomb = include_bytes!("fixtures/zeros-64mb.json.gz");
    let headers = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let server = Server::start(move |index| match index {
        0 => Act::answer("200 OK", headers, bomb),
        _ => Act::answer("400 Bad Request", headers, bomb),
    })
    .await;
    let mut request = get();
    request.options.max_response_bytes = Some(1024 * 1024);
    let error = server.pipeline().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.status().unwrap().as_u16(), 200);
    assert_eq!(error.attempts(), 1, "it would be as large the next time");
    // An error status says enough without its body.
    let error = server.pipeline().send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(error.body().is_none_or(|body| body.len() <= 64 * 1024));
}

#[tokio::test]
async fn a_huge_answer_is_cut_off() {
    let server = Server::start(|_| Act::answer("200 OK", "", &vec![b'x'; 3_000_000])).await;
    let mut request = get();
    request.options.max_response_bytes = Some(2_000_000);
    let error = server.pipeline().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("2000000"), "{error}");
}

#[tokio::test]
async fn a_closed_port_is_a_connect_error_and_a_write_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let quick = policy(|policy| policy.base = Duration::from_millis(1));
    let pipeline = Pipeline::builder(&real(), Plain, url.parse().unwrap())
        .retry(quick)
        .build()
        .unwrap();
    let error = pipeline.send(post()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
    assert!(!error.is_outcome_unknown() && error.is_retryable());
}

#[tokio::test]
async fn promise_09_a_write_on_a_connection_that_breaks_arrives_once() {
    // Also on a connection that was used before, where an HTTP library may be tempted to send again.
    for healthy in [0, 1] {
        let server = Server::start(move |index| match index < healthy {
            true => Act::json("{}"),
            false => Act::Close,
        })
        .await;
        let pipeline = server.pipeline();
        for _ in 0..healthy {
            pipeline.send(get()).await.unwrap();
        }
        let error = pipeline.send(post()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.is_outcome_unknown());
        assert_eq!(server.seen().len(), healthy + 1);
    }
}

#[tokio::test]
async fn a_read_on_a_connection_that_breaks_is_tried_again() {
    let server = Server::start(|index| match index {
        0 => Act::Close,
        _ => Act::json("{}"),
    })
    .await;
    assert_eq!(server.pipeline().send(get()).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let server = Server::start(|_| Act::Stall).await;
    let mut request = post();
    request.options.attempt_timeout = Some(Duration::from_millis(50));
    let error = server.pipeline().send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_outcome_unknown());
}

#[tokio::test]
async fn connections_are_reused() {
    let server = Server::start(|index| match index % 3 {
        0 => Act::json("{}"),
        1 => Act::answer("404 Not Found", "content-type: application/json\r\n", b"{}"),
        _ => Act::answer("204 No Content", "", b""),
    })
    .await;
    let pipeline = server.pipeline();
    for _ in 0..12 {
        let _ = pipeline.send(get()).await;
    }
    assert_eq!((server.seen().len(), server.connections()), (12, 1));
}

#[tokio::test]
async fn a_download_streams() {
    let server = Server::start(|_| Act::answer("200 OK", "", &vec![7; 5_000_000])).await;
    let reply = server.pipeline().stream(get()).await.unwrap();
    let (mut total, mut chunks) = (0, 0);
    let mut stream = reply.body.into_stream();
    while let Some(chunk) = stream.next().await {
        total += chunk.unwrap().len();
        chunks += 1;
    }
    assert_eq!(total, 5_000_000);
    assert!(chunks > 1);

    let server = Server::start(|_| {
        Act::WriteAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_vec())
    })
    .await;
    let reply = server.pipeline().stream(get()).await.unwrap();
    let chunks: Vec<_> = reply.body.into_stream().collect().await;
    assert!(chunks.last().unwrap().is_err(), "a cut download says so");

    let server = Server::start(|_| Act::answer("403 Forbidden", "", b"no")).await;
    let error = server.pipeline().stream(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert_eq!(error.body().unwrap(), &Bytes::from_static(b"no"));
}

#[tokio::test]
async fn multipart_arrives_whole() {
    let server = Server::start(|index| match index {
        0 => Act::answer("429 Too Many Requests", "retry-after: 0\r\n", b""),
        _ => Act::json("{}"),
    })
    .await;
    let file = Body::stream(Some(6), || {
        let chunks = ["abc", "def"].map(|chunk| Ok(Bytes::from(chunk)));
        Box::pin(futures_util::stream::iter(chunks))
    });
    let mut request: Request = post();
    request.body = Multipart::new()
        .with(Part::text("name", "logo"))
        .with(Part::file("file", "a.txt", "text/plain", file))
        .into_body(&mut request.headers);
    server.pipeline().send(request).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "a streamed body is opened again");
    for seen in seen {
        let body = String::from_utf8(seen.body).unwrap();
        let boundary = seen.head.split("boundary=").nth(1).unwrap();
        let boundary = boundary.lines().next().unwrap();
        assert_eq!(
            body,
            format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nlogo\r\n\
                 --{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                 content-type: text/plain\r\n\r\nabcdef\r\n--{boundary}--\r\n"
            )
        );
    }
}
