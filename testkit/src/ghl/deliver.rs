use std::{io, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use super::{server::Shared, webhooks::SignedWebhook};
use crate::fault::Fault;

/// How often and how fast failed webhooks come again.
///
/// GHL waits minutes to hours. Here the delays are compressed to milliseconds; the number of
/// tries and what causes them are GHL's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryPolicy {
    /// Tries after the first.
    pub retries: u32,
    /// Whether only a 429 is tried again, as it was until 2026.
    pub only_429: bool,
    /// The delay before the first retry; it doubles with each.
    pub first_delay: Duration,
    /// The longest delay.
    pub longest_delay: Duration,
    /// How long one try may take.
    pub timeout: Duration,
}

impl DeliveryPolicy {
    /// What GHL documents since 2026: any answer but 2xx, and no answer, is tried again up to 12
    /// times, with exponential backoff.
    #[must_use]
    pub fn current() -> Self {
        Self {
            retries: 12,
            only_429: false,
            first_delay: Duration::from_millis(2),
            longest_delay: Duration::from_millis(50),
            timeout: Duration::from_secs(5),
        }
    }

    /// What GHL did before: only a 429 is tried again, 6 times. Everything else is lost at the
    /// first failure.
    #[must_use]
    pub fn before_2026() -> Self {
        Self {
            retries: 6,
            only_429: true,
            ..Self::current()
        }
    }

    /// The same with another timeout per try.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn tries_again(&self, status: Option<u16>) -> bool {
        match status {
            Some(200..=299) => false,
            Some(429) => true,
            _ => !self.only_429,
        }
    }
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self::current()
    }
}

/// What became of one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The webhook's id.
    pub webhook_id: String,
    /// The status of each try; `None` where no answer came.
    pub attempts: Vec<Option<u16>>,
    /// Whether it is a second delivery that a fault plan added.
    pub duplicate: bool,
}

impl Delivery {
    /// Whether a 2xx came in the end.
    #[must_use]
    pub fn delivered(&self) -> bool {
        matches!(self.attempts.last(), Some(Some(200..=299)))
    }
}

impl Shared {
    /// Delivers in rounds: what fails is tried again after the rest, so that later webhooks
    /// overtake it, as they do in reality.
    pub(crate) async fn deliver(
        &self,
        url: &Url,
        webhooks: Vec<SignedWebhook>,
        policy: &DeliveryPolicy,
    ) -> Vec<Delivery> {
        let webhooks = self.disturb(webhooks);
        let mut deliveries: Vec<_> = webhooks
            .iter()
            .map(|(webhook, duplicate)| Delivery {
                webhook_id: webhook.webhook_id(),
                attempts: Vec::new(),
                duplicate: *duplicate,
            })
            .collect();
        let mut open: Vec<usize> = (0..webhooks.len()).collect();
        let mut delay = policy.first_delay;
        for round in 0..=policy.retries {
            let mut failed = Vec::new();
            for at in open {
                let attempt = tokio::time::timeout(policy.timeout, post(url, &webhooks[at].0));
                let status = attempt.await.ok().and_then(Result::ok);
                deliveries[at].attempts.push(status);
                if policy.tries_again(status) {
                    failed.push(at);
                }
            }
            open = failed;
            if open.is_empty() || round == policy.retries {
                break;
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(policy.longest_delay);
        }
        deliveries
    }

    /// Duplicates and reorders by the fault plan.
    fn disturb(&self, webhooks: Vec<SignedWebhook>) -> Vec<(SignedWebhook, bool)> {
        let mut faults = self.faults();
        // Each has a place; a disturbed one moves back by up to four places.
        let mut placed = Vec::new();
        for (at, webhook) in webhooks.into_iter().enumerate() {
            let place = at * 2;
            let (fault, drawn) = faults.decide_webhook();
            let astray = place + 3 + usize::try_from(drawn % 4).unwrap_or(0) * 2;
            match fault {
                Some(Fault::DuplicateWebhooks) => {
                    placed.push((place, webhook.clone(), false));
                    placed.push((astray, webhook, true));
                }
                Some(Fault::OutOfOrderWebhooks) => placed.push((astray, webhook, false)),
                _ => placed.push((place, webhook, false)),
            }
        }
        placed.sort_by_key(|(place, _, _)| *place);
        let placed = placed.into_iter();
        placed.map(|(_, webhook, twice)| (webhook, twice)).collect()
    }
}

/// One POST. Redirects are not followed.
async fn post(url: &Url, webhook: &SignedWebhook) -> io::Result<u16> {
    let bad = |message: &str| io::Error::new(io::ErrorKind::InvalidInput, message.to_owned());
    if url.scheme() != "http" {
        return Err(bad("webhooks are delivered to http URLs only"));
    }
    let host = url.host_str().ok_or_else(|| bad("the URL has no host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let host = host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        target = format!("{target}?{query}");
    }
    let mut request = Request::post(target)
        .header(
            header::HOST,
            &url[url::Position::BeforeHost..url::Position::AfterPort],
        )
        .body(Full::new(Bytes::clone(&webhook.body)))
        .map_err(io::Error::other)?;
    request.headers_mut().extend(webhook.headers.clone());
    // Dropping the sender with the answer lets the connection end.
    let exchange = async move {
        let response = sender.send_request(request).await?;
        Ok::<_, hyper::Error>(StatusCode::as_u16(&response.status()))
    };
    let (status, _) = tokio::join!(exchange, connection);
    status.map_err(io::Error::other)
}
