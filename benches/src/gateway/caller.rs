//! Callers: each has one connection and sends its call when the last one was answered, or at a fixed rate.

use std::net::SocketAddr;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Connections of the measurement at a fixed rate.
const CONNECTIONS: u32 = 20;

/// What the callers saw.
#[derive(Default)]
pub(super) struct Load {
    latencies: Vec<Duration>,
    span: Duration,
}

impl Load {
    /// As many as possible by so many callers.
    pub(super) async fn closed(
        address: SocketAddr,
        request: &str,
        callers: usize,
        span: Duration,
    ) -> Result<Self> {
        let until = Instant::now() + span;
        let calls = (0..callers).map(|_| one(address, request.to_owned(), until, None));
        Self::join(calls, span).await
    }

    /// So many a second.
    pub(super) async fn paced(
        address: SocketAddr,
        request: &str,
        rate: u32,
        span: Duration,
    ) -> Result<Self> {
        let until = Instant::now() + span;
        let every = Duration::from_secs(1) * CONNECTIONS / rate;
        let calls = (0..CONNECTIONS).map(|at| {
            let begin = Instant::now() + every * at / CONNECTIONS;
            one(address, request.to_owned(), until, Some((begin, every)))
        });
        Self::join(calls, span).await
    }

    async fn join(
        calls: impl Iterator<
            Item = impl Future<Output = std::io::Result<Vec<Duration>>> + Send + 'static,
        >,
        span: Duration,
    ) -> Result<Self> {
        let mut running = JoinSet::new();
        for call in calls {
            running.spawn(call);
        }
        let mut latencies = Vec::new();
        while let Some(seen) = running.join_next().await {
            let seen = seen.map_err(|_| Error::new(ErrorKind::Other, "a caller panicked"))?;
            let seen = seen.map_err(|error| {
                Error::new(ErrorKind::Io, "a call was not answered with 200").with_source(error)
            })?;
            latencies.extend(seen);
        }
        latencies.sort_unstable();
        Ok(Self { latencies, span })
    }

    pub(super) fn rate(&self) -> f64 {
        let calls = u32::try_from(self.latencies.len()).unwrap_or(u32::MAX);
        f64::from(calls) / self.span.as_secs_f64()
    }

    /// The latency below which so many of a thousand answers came, in milliseconds.
    pub(super) fn percentile(&self, share: usize) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (self.latencies.len() * share / 1000).min(last);
        let latency = self.latencies.get(at);
        latency.map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

async fn one(
    address: SocketAddr,
    request: String,
    until: Instant,
    mut pace: Option<(Instant, Duration)>,
) -> std::io::Result<Vec<Duration>> {
    let mut connection = TcpStream::connect(address).await?;
    connection.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(8192);
    loop {
        // What came late is late: the wait counts from when it should have been sent.
        let mut begun = Instant::now();
        if let Some((due, every)) = &mut pace {
            sleep_until(*due).await;
            begun = *due;
            *due += *every;
        }
        if begun >= until {
            return Ok(latencies);
        }
        connection.write_all(request.as_bytes()).await?;
        answer(&mut connection, &mut buffer).await?;
        latencies.push(begun.elapsed());
    }
}

/// Reads one answer, whose length its head says.
async fn answer(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    let invalid =
        |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned());
    buffer.clear();
    let head = loop {
        if let Some(at) = buffer.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        if connection.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(invalid(text.lines().next().unwrap_or_default()));
    }
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length
        .and_then(|length| length.trim().parse().ok())
        .ok_or_else(|| invalid("no length"))?;
    while buffer.len() < head + length {
        if connection.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
