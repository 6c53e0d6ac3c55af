//! Real sockets: what HTTP libraries do not let one send.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::acme::SIGNATURE;
use crate::house::{House, SECRET_A, body, detector, eventually, mounted, signature};

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Writes the bytes, and reads until the server closes or has answered.
async fn talk(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes.as_ref()).await.unwrap();
    answer(&mut socket).await
}

async fn answer(socket: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while !text.windows(4).any(|end| end == b"\r\n\r\n") {
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => text.extend_from_slice(&buffer[..read]),
        }
    }
    detector().scan("wire", &text);
    String::from_utf8(text).unwrap()
}

fn head(sent: &str, extra: &str) -> String {
    let signature = signature(SECRET_A, sent);
    format!(
        "POST /hooks/acme HTTP/1.1\r\nhost: evil.example\r\n{SIGNATURE}: {signature}\r\n{extra}\r\n"
    )
}

fn delivery(sent: &str, length: usize) -> String {
    let head = head(sent, &format!("content-length: {length}\r\n"));
    format!("{head}{sent}")
}

fn code(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("closed")
}

#[tokio::test]
async fn headers_and_lengths_that_lie() {
    let house = House::new().await;
    let acme = house.acme().await;
    let address = serve(house.router()).await;
    let sent = body("A1", "e1");
    let length = sent.len();
    let signature = signature(SECRET_A, &sent);

    let twice = format!("content-length: {length}\r\n{SIGNATURE}: {signature}\r\n");
    let twice = head(&sent, &twice) + &sent;
    assert_eq!(code(&talk(address, twice).await), "401", "header twice");
    let upper = SIGNATURE.to_uppercase();
    let mixed = format!("content-length: {length}\r\n{upper}: {signature}\r\n");
    let mixed = head(&sent, &mixed) + &sent;
    assert_eq!(
        code(&talk(address, mixed).await),
        "401",
        "twice, other case"
    );

    let short = talk(address, delivery(&sent, length - 1)).await;
    assert_eq!(code(&short), "401", "a body cut short is another body");
    let lengths = format!("content-length: {length}\r\ncontent-length: 3\r\n");
    let lengths = talk(address, head(&sent, &lengths) + &sent).await;
    assert_eq!(code(&lengths), "400", "two lengths");
    for bad in ["-1", "+5", "1e3", "0x10", "99999999999999999999999", ""] {
        let request = head(&sent, &format!("content-length: {bad}\r\n")) + &sent;
        assert_eq!(code(&talk(address, request).await), "400", "{bad:?}");
    }
    let both = format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n");
    let both = talk(address, head(&sent, &both) + "0\r\n\r\n").await;
    assert_ne!(code(&both), "200", "smuggled");
    let none = talk(address, head(&sent, "")).await;
    assert_eq!(code(&none), "401", "no length is no body");
    let garbled = "transfer-encoding: chunked\r\n";
    let garbled = talk(address, head(&sent, garbled) + "zz\r\n{}\r\n").await;
    assert_ne!(code(&garbled), "200", "no chunks");
    assert!(house.events(&acme).await.is_empty());

    let good = talk(address, delivery(&sent, length)).await;
    assert_eq!(code(&good), "200");
    assert_eq!(house.events(&acme).await.len(), 1);
}

#[tokio::test]
async fn chunks_are_joined_and_counted() {
    let house = House::new().await;
    let acme = house.acme().await;
    let sent = body("A1", "e1");
    let limit = sent.len();
    let address = serve(mounted(&house.builder().body_limit(limit).build())).await;
    let chunked = |sent: &str| {
        let chunks = sent.as_bytes().chunks(10).map(|chunk| {
            let text = String::from_utf8(chunk.to_vec()).unwrap();
            format!("{:x}\r\n{text}\r\n", chunk.len())
        });
        head(sent, "transfer-encoding: chunked\r\n") + &chunks.collect::<String>()
    };
    // The end never comes, and is not waited for.
    let over = chunked(&format!("{sent}{}", " ".repeat(20)));
    assert_eq!(code(&talk(address, over).await), "413");
    let announced = head(&sent, "content-length: 1000000\r\n");
    assert_eq!(code(&talk(address, announced).await), "413");
    assert!(house.events(&acme).await.is_empty());
    let whole = chunked(&sent) + "0\r\n\r\n";
    assert_eq!(code(&talk(address, whole).await), "200");
    assert_eq!(house.events(&acme).await.len(), 1);
}

#[tokio::test]
async fn slow_bodies_are_sent_away_and_half_ones_forgotten() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.builder().read_timeout(Duration::from_millis(50));
    let address = serve(mounted(&webhooks.build())).await;
    let sent = body("A1", "e1");
    let whole = delivery(&sent, sent.len());
    let slow = talk(address, &whole[..whole.len() - 1]).await;
    assert_eq!(code(&slow), "429", "come back");
    for cut in [whole.len() - 1, whole.len() - sent.len(), 20] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(&whole.as_bytes()[..cut]).await.unwrap();
        socket.shutdown().await.unwrap();
        assert_ne!(code(&answer(&mut socket).await), "200");
    }
    assert!(house.events(&acme).await.is_empty());
    assert_eq!(code(&talk(address, &whole).await), "200");
}

/// Counts the requests whose handling has ended, by an answer or because nobody waits for one any more.
fn counted(router: Router, ended: &Arc<AtomicUsize>) -> Router {
    struct Ended(Arc<AtomicUsize>);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let ended = Arc::clone(ended);
    router.layer(from_fn(move |request: Request, next: Next| {
        let ended = Ended(Arc::clone(&ended));
        async move {
            let _ended = ended;
            next.run(request).await
        }
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_hangs_up_is_stored_all_the_same() {
    let house = House::new().await;
    let acme = house.acme().await;
    let ended = Arc::new(AtomicUsize::new(0));
    let address = serve(counted(house.router(), &ended)).await;
    house.keys.close_gate();
    for n in 0..10 {
        let sent = body("A1", &format!("e{n}"));
        let mut socket = TcpStream::connect(address).await.unwrap();
        let whole = delivery(&sent, sent.len());
        socket.write_all(whole.as_bytes()).await.unwrap();
        eventually("it is looked up", async || house.keys.asked() == n + 1).await;
        if n % 2 == 0 {
            // A reset, in place of a polite end.
            socket.set_zero_linger().unwrap();
        }
        drop(socket);
        eventually("nobody waits any more", async || {
            ended.load(Ordering::SeqCst) == n + 1
        })
        .await;
    }
    assert!(house.events(&acme).await.is_empty());
    house.keys.gate.add_permits(10);
    eventually("all are stored", async || {
        house.events(&acme).await.len() == 10
    })
    .await;
    let sent = body("A1", "e1");
    let again = talk(address, delivery(&sent, sent.len())).await;
    assert_eq!(code(&again), "200");
    assert_eq!(house.events(&acme).await.len(), 10);
}

#[tokio::test]
async fn one_connection_carries_many_deliveries() {
    let house = House::new().await;
    let acme = house.acme().await;
    let address = serve(house.router()).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    for n in 0..5 {
        let sent = body("A1", &format!("e{n}"));
        let whole = delivery(&sent, sent.len());
        socket.write_all(whole.as_bytes()).await.unwrap();
        assert_eq!(code(&answer(&mut socket).await), "200");
    }
    assert_eq!(house.events(&acme).await.len(), 5);
}
