//! Real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode};
use integrations_core::catalog::UpstreamAnswer;
use integrations_core::http::{Body as Outgoing, ResponseBody};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::support::{Fake, KEY, answer, clean, router};
use crate::house::{detector, eventually};

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Writes the bytes and reads until the server closes.
async fn talk(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = socket.read_to_end(&mut answer).await;
    detector().scan("wire", &answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(method: &str, path: &str, extra: &str) -> String {
    format!(
        "{method} /api/verity{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {KEY}\r\n{extra}\r\n"
    )
}

struct Ended(Arc<AtomicUsize>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn whoever_hangs_up_gives_the_call_up() {
    let ended = Arc::new(AtomicUsize::new(0));
    let fake = Fake::new({
        let ended = ended.clone();
        move |_| {
            let ended = Ended(ended.clone());
            async move {
                let _ended = ended;
                std::future::pending().await
            }
        }
    });
    let address = serve(router(&fake)).await;
    let envelope = r#"{"endpoint":"/api/calls/agents","method":"GET"}"#;
    let json = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        envelope.len()
    );
    for (n, request) in [
        head("GET", "/calls/agents", ""),
        head("POST", "", &json) + envelope,
    ]
    .into_iter()
    .enumerate()
    {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        eventually("it is on its way", async || fake.seen().len() == n + 1).await;
        assert_eq!(ended.load(Ordering::SeqCst), n);
        drop(socket);
        eventually("the call is given up", async || {
            ended.load(Ordering::SeqCst) == n + 1
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_stops_reading_ends_the_stream() {
    let ended = Arc::new(AtomicUsize::new(0));
    let fake = Fake::new({
        let ended = ended.clone();
        move |_| {
            let ended = Ended(ended.clone());
            async move {
                let chunks = futures_util::stream::repeat_with(move || {
                    let _ended = &ended;
                    Ok(Bytes::from_static(&[0; 4096]))
                });
                let body = ResponseBody::from_stream(chunks);
                Ok(UpstreamAnswer::new(StatusCode::OK, HeaderMap::new(), body))
            }
        }
    });
    let address = serve(router(&fake)).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket
        .write_all(head("GET", "/endless", "").as_bytes())
        .await
        .unwrap();
    let mut some = [0; 1000];
    socket.read_exact(&mut some).await.unwrap();
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    drop(socket);
    eventually("the stream is dropped", async || {
        ended.load(Ordering::SeqCst) == 1
    })
    .await;
}

#[tokio::test]
async fn half_a_body_is_no_body() {
    let fake = Fake::new(|call| async move {
        let Outgoing::Once(once) = call.body else {
            return Ok(answer(200, &[], "none"));
        };
        let chunks: Vec<_> = once.take().collect().await;
        match chunks.iter().all(Result::is_ok) {
            true => Ok(answer(200, &[], "whole")),
            false => Err(integrations_core::Error::new(
                integrations_core::ErrorKind::Io,
                "cut",
            )),
        }
    });
    let address = serve(router(&fake)).await;
    let whole = talk(address, head("PUT", "/x", "content-length: 4\r\n") + "four").await;
    assert!(
        whole.starts_with("HTTP/1.1 200") && whole.contains("\r\nwhole\r\n"),
        "{whole}"
    );
    let mut socket = TcpStream::connect(address).await.unwrap();
    let cut = head("PUT", "/x", "content-length: 40\r\n") + "four";
    socket.write_all(cut.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert!(
        !answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn heads_lengths_and_smuggled_requests() {
    let fake = Fake::new(|_| async { Ok(answer(200, &[("content-length", "5")], "hello")) });
    let address = serve(router(&fake)).await;
    let got = talk(address, head("HEAD", "/x", "")).await;
    assert!(
        got.contains("content-length: 5\r\n") && got.ends_with("\r\n\r\n"),
        "{got}"
    );
    let got = talk(address, head("GET", "/x", "")).await;
    assert!(got.ends_with("hello"), "{got}");
    let seen = fake.seen().len();
    let both = head(
        "PUT",
        "/x",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
    ) + "0\r\n\r\nGET /api/verity/x HTTP/1.1\r\nhost: x\r\n\r\n";
    let _ = talk(address, both).await;
    let two = head("PUT", "/x", "content-length: 5\r\ncontent-length: 6\r\n") + "hello!";
    assert!(talk(address, two).await.starts_with("HTTP/1.1 400"));
    assert!(
        fake.seen().len() <= seen + 1,
        "no second request was made of a body"
    );
    clean();
}
