//! Senders: each has one connection and sends the next webhook when the last one was answered, or at a fixed rate.

use std::net::SocketAddr;
use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result};
use integrations_testkit::signer::HmacSigner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::provider::{SECRET, SIGNATURE, SLUG, body};

/// Connections of the measurement at a fixed rate.
const CONNECTIONS: u32 = 50;

/// What the senders saw.
#[derive(Default)]
pub(super) struct Load {
    pub(super) events: u64,
    pub(super) failed: u64,
    latencies: Vec<Duration>,
    span: Duration,
}

impl Load {
    /// As many as possible by so many senders.
    pub(super) async fn closed(
        address: SocketAddr,
        senders: usize,
        span: Duration,
        next: &mut u64,
    ) -> Result<Self> {
        let until = Instant::now() + span;
        let step = u64::try_from(senders).unwrap_or(1);
        let loads = (0..step).map(|at| one(address, *next + at, step, until, None));
        let load = Self::join(loads, span).await?;
        // Numbers are never used again: repeated events would be cheaper.
        *next += 10_000_000;
        Ok(load)
    }

    /// So many a second.
    pub(super) async fn paced(
        address: SocketAddr,
        rate: u32,
        span: Duration,
        next: &mut u64,
    ) -> Result<Self> {
        let until = Instant::now() + span;
        let every = Duration::from_secs(1) * CONNECTIONS / rate;
        let loads = (0..CONNECTIONS).map(|at| {
            let begin = Instant::now() + every * at / CONNECTIONS;
            let pace = Some((begin, every));
            let from = *next + u64::from(at);
            one(address, from, u64::from(CONNECTIONS), until, pace)
        });
        let load = Self::join(loads, span).await?;
        *next += 10_000_000;
        Ok(load)
    }

    async fn join(
        loads: impl Iterator<Item = impl Future<Output = std::io::Result<Self>> + Send + 'static>,
        span: Duration,
    ) -> Result<Self> {
        let mut running = JoinSet::new();
        for load in loads {
            running.spawn(load);
        }
        let mut all = Self {
            span,
            ..Self::default()
        };
        while let Some(load) = running.join_next().await {
            let load = load.map_err(|_| Error::new(ErrorKind::Other, "a sender panicked"))?;
            let load = load.map_err(|error| {
                Error::new(ErrorKind::Io, "the router hung up").with_source(error)
            })?;
            all.events += load.events;
            all.failed += load.failed;
            all.latencies.extend(load.latencies);
        }
        all.latencies.sort_unstable();
        Ok(all)
    }

    pub(super) fn rate(&self) -> f64 {
        let events = u32::try_from(self.events).unwrap_or(u32::MAX);
        f64::from(events) / self.span.as_secs_f64()
    }

    /// The latency below which this share of the answers came, in milliseconds.
    pub(super) fn percentile(&self, share: usize) -> f64 {
        let at = (self.latencies.len() * share / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(at)
            .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

async fn one(
    address: SocketAddr,
    from: u64,
    step: u64,
    until: Instant,
    mut pace: Option<(Instant, Duration)>,
) -> std::io::Result<Load> {
    let mut connection = TcpStream::connect(address).await?;
    connection.set_nodelay(true)?;
    let signer = HmacSigner::sha256(SECRET);
    let mut load = Load::default();
    let mut number = from;
    let mut answer = vec![0; 4096];
    loop {
        let body = body(number);
        let request = format!(
            "POST /{SLUG} HTTP/1.1\r\nhost: bench\r\n{SIGNATURE}: {}\r\ncontent-length: {}\r\n\r\n{body}",
            signer.hex(body.as_bytes()),
            body.len(),
        );
        // What came late is late: the wait counts from when it should have been sent.
        let mut begun = Instant::now();
        if let Some((due, every)) = &mut pace {
            sleep_until(*due).await;
            begun = *due;
            *due += *every;
        }
        if begun >= until {
            return Ok(load);
        }
        connection.write_all(request.as_bytes()).await?;
        let mut read = 0;
        // The answers have no body.
        while !answer[..read].windows(4).any(|end| end == b"\r\n\r\n") {
            let more = connection.read(&mut answer[read..]).await?;
            if more == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            read += more;
        }
        if answer.starts_with(b"HTTP/1.1 200") {
            load.events += 1;
            load.latencies.push(begun.elapsed());
        } else {
            load.failed += 1;
        }
        number += step;
    }
}
