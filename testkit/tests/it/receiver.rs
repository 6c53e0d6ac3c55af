//! A receiver of webhooks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) type Seen = Arc<Mutex<Vec<Value>>>;

/// A receiver that keeps connections open and answers every request with this status.
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) seen: Seen,
    /// The heads of the requests.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    pub(crate) connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn receiver(status: u16) -> Receiver {
    serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), status)
}

/// The same, but every request waits this long for its answer.
pub(crate) async fn slow_receiver(status: u16, delay: Duration) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve_after(listener, status, delay)
}

pub(crate) fn serve(listener: TcpListener, status: u16) -> Receiver {
    serve_after(listener, status, Duration::ZERO)
}

fn serve_after(listener: TcpListener, status: u16, delay: Duration) -> Receiver {
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let (seen, connections) = (Seen::default(), Arc::new(Mutex::new(0)));
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let (log, count) = (Arc::clone(&seen), Arc::clone(&connections));
    let kept = Arc::clone(&heads);
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            *count.lock().unwrap() += 1;
            let (log, kept) = (Arc::clone(&log), Arc::clone(&kept));
            tokio::spawn(answer(stream, log, kept, status, delay));
        }
    });
    Receiver {
        url,
        seen,
        heads,
        connections,
        task,
    }
}

async fn answer(
    mut stream: TcpStream,
    seen: Seen,
    heads: Arc<Mutex<Vec<String>>>,
    status: u16,
    delay: Duration,
) {
    let mut text = String::new();
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut part).await {
        text.push_str(std::str::from_utf8(&part[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if let Ok(body) = serde_json::from_str::<Value>(body) {
            seen.lock().unwrap().push(body);
            heads.lock().unwrap().push(head.to_ascii_lowercase());
            text.clear();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                // The sender hung up.
                return;
            }
        }
    }
}
