//! Files over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use ghl_client::{Client, ErrorKind, Location};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{file, names};

const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = 1024;

async fn listen() -> (TcpListener, Location) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder().private_token("pit-1").base_url(&url);
    let location = client.build().unwrap().location("loc1");
    (listener, location)
}

/// Reads a request without a body, and answers these headers.
async fn answer(listener: &TcpListener, headers: &str) -> TcpStream {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(socket.read_u8().await.unwrap());
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: audio/x-wav\r\n{headers}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_large_file_is_never_in_memory_as_a_whole() {
    let (listener, location) = listen().await;
    let written = Arc::new(AtomicUsize::new(0));
    let (first_arrived, go_on) = oneshot::channel();
    let server = tokio::spawn({
        let written = written.clone();
        async move {
            let length = format!("content-length: {}", CHUNK * CHUNKS);
            let mut socket = answer(&listener, &length).await;
            let mut chunk = vec![0_u8; CHUNK];
            let mut go_on = Some(go_on);
            for number in 0..CHUNKS {
                chunk.fill(u8::try_from(number % 251).unwrap());
                socket.write_all(&chunk).await.unwrap();
                written.fetch_add(CHUNK, Ordering::SeqCst);
                // The rest is not even made before the client has the first part of it.
                if let Some(go_on) = go_on.take() {
                    go_on.await.unwrap();
                }
            }
        }
    });

    let download = file(&location).send().await.unwrap();
    assert_eq!(download.content_length(), Some((CHUNK * CHUNKS) as u64));
    let mut stream = download.into_stream();
    let first = stream.try_next().await.unwrap().unwrap();
    assert_eq!(written.load(Ordering::SeqCst), CHUNK);
    first_arrived.send(()).unwrap();

    let mut read = 0;
    let mut next = Some(first);
    while let Some(chunk) = next {
        for (at, byte) in chunk.iter().enumerate() {
            assert_eq!(usize::from(*byte), (read + at) / CHUNK % 251);
        }
        read += chunk.len();
        // Nothing between here and there takes more than sockets and a few buffers hold.
        let ahead = written.load(Ordering::SeqCst).saturating_sub(read);
        assert!(ahead < 24 * 1024 * 1024, "{ahead}");
        next = stream.try_next().await.unwrap();
    }
    assert_eq!(read, CHUNK * CHUNKS);
    server.await.unwrap();
}

#[tokio::test]
async fn a_large_file_is_saved_byte_for_byte() {
    let (listener, location) = listen().await;
    let content: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 253) as u8).collect();
    let sent = content.clone();
    let server = tokio::spawn(async move {
        let mut socket = answer(&listener, "content-length: 5000000").await;
        socket.write_all(&sent).await.unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let download = file(&location).send().await.unwrap();
    assert_eq!(download.save_to(&path).await.unwrap(), 5_000_000);
    assert!(std::fs::read(&path).unwrap() == content);
    assert_eq!(names(folder.path()), ["call.wav"]);
    server.await.unwrap();
}

#[tokio::test]
async fn a_file_that_breaks_off_is_an_error_and_leaves_nothing() {
    for headers in ["content-length: 1000", "transfer-encoding: chunked"] {
        let (listener, location) = listen().await;
        let server = tokio::spawn(async move {
            let mut socket = answer(&listener, headers).await;
            socket.write_all(b"4\r\nRIFF\r\n").await.unwrap();
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        let download = file(&location).send().await.unwrap();
        let error = download.save_to(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{headers}: {error}");
        assert_eq!(error.operation(), Some("test.file"));
        assert!(names(folder.path()).is_empty(), "{headers}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_save_that_is_dropped_leaves_nothing() {
    let (listener, location) = listen().await;
    let (close, closed) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let mut socket = answer(&listener, "content-length: 1000").await;
        socket.write_all(b"RIFF").await.unwrap();
        let _ = closed.await;
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let download = file(&location).send().await.unwrap();
    {
        let mut save = std::pin::pin!(download.save_to(&path));
        // Goes on until the file is there, which is never complete.
        while names(folder.path()).is_empty() {
            let step = std::time::Duration::from_millis(1);
            let step = tokio::time::timeout(step, &mut save).await;
            assert!(step.is_err(), "{step:?}");
        }
    }
    assert!(names(folder.path()).is_empty());
    close.send(()).unwrap();
    server.await.unwrap();
}
