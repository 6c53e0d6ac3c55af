use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use tokio::{
    sync::{Semaphore, mpsc},
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use url::Url;

use super::{
    delivery::{Delivery, DeliveryPolicy},
    post::Poster,
    webhook_faults::WebhookFaults,
};

/// A webhook that is ready to go.
#[derive(Clone)]
pub(crate) struct Ready {
    /// The name of the event.
    pub(crate) kind: String,
    /// What it is about.
    pub(crate) record: String,
    /// What it is called among the deliveries: asked at the end, since it may mean reading the body.
    pub(crate) name: fn(&Ready) -> String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// How long after the change it goes out.
    pub(crate) after: Duration,
}

/// How a sender is set up.
pub(crate) struct Setup {
    pub(crate) url: String,
    pub(crate) policy: DeliveryPolicy,
    pub(crate) faults: WebhookFaults,
    pub(crate) at_once: usize,
    /// How many webhooks there were for it.
    pub(crate) told: Arc<AtomicU64>,
    /// Called when it ends.
    pub(crate) unsubscribe: Box<dyn Fn() + Send + Sync>,
}

impl Setup {
    /// Starts it; `prepare` makes the webhook of a change.
    pub(crate) fn start<C: Send + 'static>(
        self,
        changes: mpsc::UnboundedReceiver<C>,
        prepare: impl FnMut(C) -> Ready + Send + 'static,
    ) -> WebhookSender {
        let state = Arc::new(State {
            hang_up: self.faults.hang_up,
            url: Mutex::new(parse(&self.url)),
            policy: self.policy,
            poster: Poster::default(),
            slots: Semaphore::new(self.at_once),
            told: self.told,
            log: Mutex::default(),
            unsubscribe: self.unsubscribe,
        });
        let (again, resent) = mpsc::unbounded_channel();
        let running = run(Arc::clone(&state), self.faults, changes, prepare, resent);
        let task = tokio::spawn(running);
        WebhookSender { state, again, task }
    }
}

fn parse(url: &str) -> Url {
    Url::parse(url).expect("a webhook URL")
}

/// Sends webhooks as changes happen, with retries and faults. It stops when it is dropped; what it had
/// not delivered then is lost.
pub struct WebhookSender {
    state: Arc<State>,
    again: mpsc::UnboundedSender<Ready>,
    task: JoinHandle<()>,
}

/// Counters of a [`WebhookSender`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SenderStats {
    /// Changes that it was told of.
    pub changes: u64,
    /// Webhooks that it lost on purpose.
    pub lost: u64,
    /// Further deliveries of one webhook that the faults added.
    pub copies: u64,
    /// Deliveries that ended with a 2xx.
    pub delivered: u64,
    /// Deliveries that it gave up.
    pub given_up: u64,
    /// Tries that failed: another status, no answer, or nobody there.
    pub failed_tries: u64,
    /// Webhooks that were never sent, because deliveries to the URL were paused.
    pub withheld: u64,
    /// Deliveries that are not at their end.
    pub pending: u64,
}

/// What a provider thinks of the URL that a [`WebhookSender`] sends to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Nothing is wrong.
    #[default]
    Good,
    /// It failed for a period: a mail was sent, and the next time is the last one.
    Flagged,
    /// Nothing is sent any more, and what happens is lost, until it is enabled.
    Paused,
}

impl WebhookSender {
    /// The counters.
    #[must_use]
    pub fn stats(&self) -> SenderStats {
        let mut stats = self.state.log().stats;
        stats.changes = self.state.told.load(Ordering::SeqCst);
        stats
    }

    /// All deliveries that are at their end, in that order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.log().deliveries.clone()
    }

    /// Sends to another URL from now on, retries included: the receiver was started again elsewhere.
    ///
    /// # Panics
    ///
    /// If it is not a URL.
    pub fn set_url(&self, url: &str) {
        *self.state.url() = parse(url);
    }

    /// Delivers again what it gave up, as somebody does by hand in the provider's portal. Returns how
    /// many that is. What was lost stays lost.
    pub fn resend(&self) -> usize {
        let mut log = self.state.log();
        let failed = std::mem::take(&mut log.failed);
        log.stats.pending += u64::try_from(failed.len()).unwrap_or(0);
        let count = failed.len();
        for webhook in failed {
            let _ = self.again.send(webhook);
        }
        count
    }

    /// Ends a period of the policy's [`Breaker`](super::delivery::Breaker), three days at GHL: looks at the tries since
    /// the one before, and pauses what failed twice.
    pub fn end_period(&self) -> Standing {
        let mut log = self.state.log();
        let (tries, successes) = std::mem::take(&mut log.period);
        let breaker = self.state.policy.breaker;
        if breaker.is_some_and(|breaker| breaker.flags(tries, successes)) {
            log.standing = match log.standing {
                Standing::Good => Standing::Flagged,
                Standing::Flagged | Standing::Paused => Standing::Paused,
            };
        }
        log.standing
    }

    /// Sends again from now on, as after a click in the provider's portal. What was withheld stays lost.
    pub fn enable(&self) {
        self.state.log().standing = Standing::Good;
    }

    /// Waits until every change so far has been delivered, given up or lost. Returns whether that came
    /// true within the limit.
    pub async fn settled(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let told = self.state.told.load(Ordering::SeqCst);
            {
                let log = self.state.log();
                if log.taken >= told && log.stats.pending == 0 {
                    return true;
                }
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl fmt::Debug for WebhookSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSender")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Drop for WebhookSender {
    fn drop(&mut self) {
        self.task.abort();
        (self.state.unsubscribe)();
    }
}

struct State {
    /// How likely a try breaks off, and within which time.
    hang_up: (f64, Duration),
    url: Mutex<Url>,
    policy: DeliveryPolicy,
    poster: Poster,
    slots: Semaphore,
    /// How many changes there were for this sender.
    told: Arc<AtomicU64>,
    log: Mutex<Log>,
    unsubscribe: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Log {
    stats: SenderStats,
    /// How many changes have become deliveries, or were lost.
    taken: u64,
    /// Tries and successes since the last period ended.
    period: (u64, u64),
    standing: Standing,
    deliveries: Vec<Delivery>,
    failed: Vec<Ready>,
}

impl State {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self) -> MutexGuard<'_, Url> {
        self.url.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run<C>(
    state: Arc<State>,
    mut faults: WebhookFaults,
    mut inbox: mpsc::UnboundedReceiver<C>,
    mut prepare: impl FnMut(C) -> Ready,
    mut resent: mpsc::UnboundedReceiver<Ready>,
) {
    // Dropping the set ends what is on its way.
    let mut deliveries = JoinSet::new();
    loop {
        tokio::select! {
            change = inbox.recv() => {
                let Some(change) = change else { break };
                accept(&state, &mut faults, prepare(change), &mut deliveries);
            }
            webhook = resent.recv() => {
                let Some(webhook) = webhook else { break };
                let seed = fastrand::u64(..);
                deliveries.spawn(deliver(Arc::clone(&state), webhook, Duration::ZERO, false, seed));
            }
            Some(_) = deliveries.join_next(), if !deliveries.is_empty() => {}
        }
    }
}

fn accept(
    state: &Arc<State>,
    faults: &mut WebhookFaults,
    webhook: Ready,
    deliveries: &mut JoinSet<()>,
) {
    let fate = faults.decide(&webhook.kind, &webhook.record);
    let mut log = state.log();
    log.taken += 1;
    if log.standing == Standing::Paused {
        log.stats.withheld += 1;
        return;
    }
    let copies = u64::try_from(fate.waits.len()).unwrap_or(0);
    log.stats.pending += copies;
    log.stats.copies += copies.saturating_sub(1);
    if copies == 0 {
        log.stats.lost += 1;
        return;
    }
    drop(log);
    for (at, wait) in fate.waits.into_iter().enumerate() {
        let seed = fate.seed.wrapping_add(u64::try_from(at).unwrap_or(0));
        let wait = wait + webhook.after;
        let copy = deliver(Arc::clone(state), webhook.clone(), wait, at > 0, seed);
        deliveries.spawn(copy);
    }
}

/// One delivery, to its end.
async fn deliver(state: Arc<State>, webhook: Ready, wait: Duration, duplicate: bool, seed: u64) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let policy = &state.policy;
    let mut attempts = Vec::new();
    let mut delay = policy.first_delay;
    let delivered = loop {
        let status = {
            // Closed never: it lives as long as this.
            let _slot = state.slots.acquire().await;
            let url = state.url().clone();
            let attempt = state.poster.post(&url, &webhook.headers, &webhook.body);
            let (probability, within) = state.hang_up;
            let patience = if rng.f64() < probability {
                within.mul_f64(rng.f64())
            } else {
                policy.timeout
            };
            let attempt = tokio::time::timeout(patience, attempt).await;
            attempt.ok().and_then(Result::ok)
        };
        attempts.push(status);
        let success = matches!(status, Some(200..=299));
        let paused = {
            let mut log = state.log();
            log.period.0 += 1;
            log.period.1 += u64::from(success);
            log.stats.failed_tries += u64::from(!success);
            log.standing == Standing::Paused
        };
        if success {
            break true;
        }
        let exhausted = attempts.len() > usize::try_from(policy.retries).unwrap_or(usize::MAX);
        if paused || exhausted || !policy.tries_again(status) {
            break false;
        }
        // Half of it is jitter.
        tokio::time::sleep(delay.mul_f64(0.5 + 0.5 * rng.f64())).await;
        delay = (delay * 2).min(policy.longest_delay);
    };
    let mut log = state.log();
    log.stats.pending -= 1;
    if delivered {
        log.stats.delivered += 1;
    } else {
        log.stats.given_up += 1;
    }
    log.deliveries.push(Delivery {
        webhook_id: (webhook.name)(&webhook),
        attempts,
        duplicate,
    });
    if !delivered {
        log.failed.push(webhook);
    }
}
