//! A provider that counts, rows without a database, and processes that are threads of one test.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{Acquire, LimitClass, LimitKey, Permit, Priority, RateLimiter};
use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{Budget, Granted, Report, StoredBudget};
use integrations_sync::budget::{BudgetOptions, BudgetStore, SharedLimiter};
use tokio::time::{Instant, sleep};

pub(super) fn class(max: u32, per: Duration) -> LimitClass {
    LimitClass {
        name: "burst",
        max,
        per,
    }
}

pub(super) fn key() -> LimitKey {
    LimitKey::new("gohighlevel", "location", "burst")
}

/// Counts arrivals as a provider does: in a window that slides.
#[derive(Debug)]
pub(super) struct Provider {
    per: Duration,
    max: AtomicU64,
    seen: Mutex<VecDeque<Instant>>,
    pub(super) arrivals: AtomicU64,
    pub(super) peak: AtomicU64,
}

impl Provider {
    pub(super) fn new(class: LimitClass) -> Arc<Self> {
        Arc::new(Self {
            per: class.per,
            max: AtomicU64::new(class.max.into()),
            seen: Mutex::default(),
            arrivals: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        })
    }

    /// One request; what is over the limit fails the test.
    pub(super) fn arrive(&self) {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap();
        while seen.front().is_some_and(|at| now - *at >= self.per) {
            seen.pop_front();
        }
        seen.push_back(now);
        let count = seen.len() as u64;
        self.arrivals.fetch_add(1, Ordering::Relaxed);
        self.peak.fetch_max(count, Ordering::Relaxed);
    }

    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals.load(Ordering::Relaxed)
    }

    pub(super) fn check(&self) {
        let (peak, max) = (
            self.peak.load(Ordering::Relaxed),
            self.max.load(Ordering::Relaxed),
        );
        assert!(peak <= max, "{peak} requests in one span of {max}");
    }

    /// What is used of the limit while this runs.
    pub(super) async fn use_during(&self, time: Duration) -> f64 {
        let before = self.arrivals();
        sleep(time).await;
        let allowed =
            self.max.load(Ordering::Relaxed) as f64 * time.as_secs_f64() / self.per.as_secs_f64();
        (self.arrivals() - before) as f64 / allowed
    }
}

/// The rows of all processes, in memory, by the clock of the test.
#[derive(Debug)]
pub(super) struct Rows {
    rows: Mutex<HashMap<LimitKey, Budget>>,
    started: Instant,
    pub(super) exchanges: AtomicU64,
}

impl Rows {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            rows: Mutex::default(),
            started: Instant::now(),
            exchanges: AtomicU64::new(0),
        })
    }

    pub(super) fn exchanges(&self) -> u64 {
        self.exchanges.load(Ordering::Relaxed)
    }

    fn now(&self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap();
        // Whole milliseconds, as SQLite tells them.
        (1_700_000_000_000_000 + elapsed) / 1000 * 1000
    }

    pub(super) fn budget(&self) -> Budget {
        self.rows.lock().unwrap()[&key()].clone()
    }
}

/// One process's way to the rows.
#[derive(Debug)]
pub(super) struct Link {
    rows: Arc<Rows>,
    latency: Duration,
    /// How many of a hundred exchanges are lost, before or after they happened.
    loss: u8,
    random: Mutex<fastrand::Rng>,
    pub(super) cut: Arc<AtomicBool>,
}

impl Link {
    fn lost(&self) -> bool {
        self.cut.load(Ordering::Relaxed) || self.random.lock().unwrap().u8(..100) < self.loss
    }

    fn error() -> Error {
        Error::new(ErrorKind::Store, "cut").with_retryable(true)
    }
}

#[async_trait]
impl BudgetStore for Link {
    async fn exchange(&self, reports: &[Report]) -> Result<Vec<Granted>> {
        sleep(self.latency / 2).await;
        if self.lost() {
            return Err(Self::error());
        }
        let answers = {
            let now = self.rows.now();
            let mut rows = self.rows.rows.lock().unwrap();
            self.rows.exchanges.fetch_add(1, Ordering::Relaxed);
            reports
                .iter()
                .map(|report| {
                    let new = || Budget::new(report.class.max, report.class.per);
                    let row = rows.entry(report.key.clone()).or_insert_with(new);
                    let granted = row.exchange(now, report);
                    assert!(row.places() >= u64::from(row.max), "no place is lost");
                    granted
                })
                .collect()
        };
        sleep(self.latency / 2).await;
        if self.lost() {
            return Err(Self::error());
        }
        Ok(answers)
    }

    async fn wanted(&self) -> Result<Vec<StoredBudget>> {
        sleep(self.latency / 2).await;
        if self.cut.load(Ordering::Relaxed) {
            return Err(Self::error());
        }
        let now = self.rows.now();
        let rows = self.rows.rows.lock().unwrap();
        let wanted = rows
            .iter()
            .filter(|(_, row)| row.attention_until(now) > now);
        Ok(wanted
            .map(|(key, row)| StoredBudget::new(key, row.clone(), now))
            .collect())
    }
}

/// One process: a limiter, its way to the rows, and its workers.
pub(super) struct Process {
    pub(super) limiter: SharedLimiter,
    pub(super) cut: Arc<AtomicBool>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

pub(super) fn options() -> BudgetOptions {
    BudgetOptions::new()
        .lease(Duration::from_secs(3))
        .travel(Duration::from_secs(2))
}

impl Process {
    pub(super) fn start(rows: &Arc<Rows>, latency: Duration, loss: u8, seed: u64) -> Self {
        let cut = Arc::new(AtomicBool::new(false));
        let link = Link {
            rows: Arc::clone(rows),
            latency,
            loss,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            cut: Arc::clone(&cut),
        };
        Self {
            limiter: SharedLimiter::over(link, options()),
            cut,
            workers: Vec::new(),
        }
    }

    /// Workers that send one request after the other; each travels up to `flight` there, and back.
    pub(super) fn work(&mut self, count: usize, job: &Job) {
        for at in 0..count {
            let (limiter, job) = (self.limiter.clone(), job.clone());
            let mut random = fastrand::Rng::with_seed(job.seed + at as u64);
            self.workers.push(tokio::spawn(async move {
                loop {
                    job.send(&limiter, &mut random).await;
                    if !job.pause.is_zero() {
                        sleep(job.pause.mul_f64(random.f64() * 2.0)).await;
                    }
                }
            }));
        }
    }

    /// No more work; the process lives.
    pub(super) fn rest(&mut self) {
        for worker in self.workers.drain(..) {
            worker.abort();
        }
    }

    /// Dead: nothing is given back. What was sent arrives still.
    pub(super) fn kill(mut self) {
        self.cut.store(true, Ordering::Relaxed);
        self.rest();
    }
}

/// What workers do.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) provider: Arc<Provider>,
    pub(super) class: LimitClass,
    pub(super) flight: Duration,
    pub(super) pause: Duration,
    pub(super) priority: Priority,
    pub(super) tenant: Option<TenantId>,
    pub(super) seed: u64,
    pub(super) sent: Arc<AtomicU64>,
    pub(super) waits: Arc<Mutex<Vec<Duration>>>,
}

impl Job {
    pub(super) fn new(provider: &Arc<Provider>, class: LimitClass, flight: Duration) -> Self {
        Self {
            provider: Arc::clone(provider),
            class,
            flight,
            pause: Duration::ZERO,
            priority: Priority::Normal,
            tenant: None,
            seed: 1,
            sent: Arc::default(),
            waits: Arc::default(),
        }
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    async fn send(&self, limiter: &SharedLimiter, random: &mut fastrand::Rng) {
        let key = key();
        let asked = Instant::now();
        let mut ask = Acquire::new(&key, self.class, asked + Duration::from_secs(3600));
        ask.priority = self.priority;
        ask.tenant = self.tenant.as_ref();
        let Ok(permit) = limiter.acquire(ask).await else {
            return sleep(Duration::from_millis(100)).await;
        };
        self.waits.lock().unwrap().push(asked.elapsed());
        let there = self.flight.mul_f64(random.f64() / 2.0);
        let back = self.flight.mul_f64(random.f64() / 2.0);
        let (provider, sent) = (Arc::clone(&self.provider), Arc::clone(&self.sent));
        // Of its own: it arrives even when the sender is killed.
        let mut flight = Flight(Some(permit));
        let arriving = tokio::spawn(async move {
            sleep(there).await;
            provider.arrive();
            sent.fetch_add(1, Ordering::Relaxed);
        });
        let _ = arriving.await;
        sleep(back).await;
        flight.0 = None;
    }
}

/// As the pipeline does: what ends without an answer is given up.
struct Flight(Option<Permit>);

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            permit.abandon();
        }
    }
}
