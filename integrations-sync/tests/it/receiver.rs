//! A receiver of webhooks on a real socket that does as it is told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use integrations_core::webhook::RawRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers this status, with these header lines.
    Answer(u16, &'static str),
    /// Closes without a word.
    Close,
    /// Never answers.
    Stall,
    /// Answers 200 and never ends the body.
    StallBody,
}

#[derive(Clone)]
pub struct Receiver(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    connections: AtomicUsize,
    act: Mutex<Act>,
    seen: Mutex<Vec<RawRequest>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self(Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            connections: AtomicUsize::new(0),
            act: Mutex::new(Act::Answer(200, "")),
            seen: Mutex::default(),
        }));
        let shared = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.0.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        receiver
    }

    pub fn act(&self, act: Act) {
        *self.0.act.lock().unwrap() = act;
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    pub fn url(&self) -> Url {
        format!(
            "http://{}/hooks/planted-path?token=planted-query",
            self.0.address
        )
        .parse()
        .unwrap()
    }

    pub fn seen(&self) -> Vec<RawRequest> {
        self.0.seen.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.0.seen.lock().unwrap().clear();
    }

    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, receiver: Receiver) {
    while let Some(request) = read(&mut stream).await {
        receiver.0.seen.lock().unwrap().push(request);
        let act = receiver.0.act.lock().unwrap().clone();
        let text = match act {
            Act::Answer(status, headers) => {
                format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n{headers}\r\nok")
            }
            Act::StallBody => "HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nok".to_owned(),
            Act::Close => return,
            Act::Stall => std::future::pending().await,
        };
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<RawRequest> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Some((name, value)) = line.split_once(": ") {
            headers.append(
                HeaderName::try_from(name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
    }
    let length = headers
        .get("content-length")
        .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = bytes[end..end + length].to_vec();
    Some(RawRequest::new(Method::POST, path, headers, body))
}
