//! What one process knows and has of one budget.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use integrations_core::http::{Demand, LimitClass, LimitKey, LimitSignal, Places, Returned};
use integrations_core::{Error, ErrorKind};
use integrations_store::{Budget, Granted, Report};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::{BudgetOptions, lock, no_room};

/// Two reports of one key, unless the first ever, are apart by this.
const GAP: Duration = Duration::from_millis(10);
/// Who lacks places says so again after this, which is before it is forgotten.
const REMIND: Duration = Duration::from_secs(1);
/// Who said that it lacks places and does not any more, says that after this.
const RECONSIDER: Duration = Duration::from_millis(200);
/// How long to wait after a report that failed; doubled up to a second.
const RETRY: Duration = Duration::from_millis(50);
/// What headers say about a span counts up to here, or up to the declared span.
const LONGEST_LEARNED: Duration = Duration::from_secs(60 * 60);

type Levels = [u32; 3];

pub(super) struct Key {
    pub(super) key: LimitKey,
    class: LimitClass,
    pub(super) places: Arc<Places>,
    /// Whether the driver was told to look at it.
    pub(super) dirty: AtomicBool,
    /// What waiting does not cure.
    pub(super) faults: watch::Sender<Option<Fault>>,
    known: Mutex<Known>,
}

/// The error that all who wait for a key get.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    kind: ErrorKind,
    message: String,
    code: Option<String>,
}

struct Known {
    holder: Uuid,
    /// The number of the last report that was answered.
    seq: u64,
    /// The report that was not answered yet.
    pending: Option<Pending>,
    retry_at: Instant,
    failures: u32,
    /// The row as it was last seen, and when, by the database's clock and by ours.
    seen: Option<(Budget, i64, Instant)>,
    said: Levels,
    said_at: Instant,
    news: News,
}

/// What the row must be told until it was told.
struct Pending {
    seq: u64,
    returned: Vec<Returned>,
    held: u32,
    /// What is under way comes back when it must have arrived.
    last: bool,
    news: News,
    sent: Instant,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct News {
    max: Option<u32>,
    per: Option<Duration>,
    blocked: Option<Instant>,
}

impl Key {
    pub(super) fn new(key: LimitKey, class: LimitClass) -> Self {
        let now = Instant::now();
        Self {
            key,
            class,
            places: Arc::new(Places::new(0, class.per)),
            dirty: AtomicBool::new(false),
            faults: watch::Sender::new(None),
            known: Mutex::new(Known {
                holder: Uuid::now_v7(),
                seq: 0,
                pending: None,
                retry_at: now,
                failures: 0,
                seen: None,
                said: [0; 3],
                said_at: now,
                news: News::default(),
            }),
        }
    }

    /// Learns from an answer; whether others must hear of it.
    pub(super) fn observe(&self, signal: &LimitSignal, refused: bool) -> bool {
        let blocked = self.places.observe(signal, refused);
        let mut known = lock(&self.known);
        let Some((budget, _, _)) = &known.seen else {
            return false;
        };
        let max = signal.max.filter(|max| *max > 0 && *max != budget.max);
        let longest = self.class.per.max(LONGEST_LEARNED);
        let per = signal.per.filter(|per| !per.is_zero());
        let per = per.map(|per| per.min(longest));
        let per = per.filter(|per| i64::try_from(per.as_micros()) != Ok(budget.per));
        let news = &mut known.news;
        news.max = max.or(news.max);
        news.per = per.or(news.per);
        news.blocked = news.blocked.max(blocked);
        *news != News::default()
    }

    /// Whether something is held, waited for or not yet said: then the driver must not sleep.
    pub(super) fn is_alive(&self) -> bool {
        let demand = self.places.demand();
        demand.places > 0 || waits(&demand) || lock(&self.known).pending.is_some()
    }

    /// Whether the row does not know yet that everything went back.
    pub(super) fn owes(&self) -> bool {
        let known = lock(&self.known);
        known.seq > 0 || known.pending.is_some()
    }

    /// Whether nothing would be lost if this were forgotten.
    pub(super) fn is_idle(&self, idle: Duration) -> bool {
        let demand = self.places.demand();
        let known = lock(&self.known);
        let blocked = known.seen.is_some() || known.news != News::default();
        demand.places == 0
            && demand.in_flight == 0
            && !waits(&demand)
            && demand.idle >= idle
            && !blocked
            && known.pending.is_none()
    }

    /// Whether others have, or the row has, what somebody here waits for.
    pub(super) fn lacks(&self) -> bool {
        let demand = self.places.demand();
        if !waits(&demand) || demand.free > 0 {
            return false;
        }
        let mut known = lock(&self.known);
        known
            .view(&demand, Instant::now())
            .is_none_or(|view| view.due > narrow(demand.places))
    }

    /// The report that is due now, if one is.
    pub(super) fn report(&self, options: &BudgetOptions, closing: bool) -> Option<Report> {
        let now = Instant::now();
        let demand = self.places.demand();
        let want = match closing {
            true => [0; 3],
            false => want(&demand, u32::MAX),
        };
        let mut known = lock(&self.known);
        if known.pending.is_none() {
            let give = known.due(&demand, now, options, closing)?;
            let returned = self.places.take_back(give);
            let gone: usize = returned.iter().map(|one| one.count).sum();
            known.pending = Some(Pending {
                seq: known.seq + 1,
                returned,
                held: narrow(demand.places.saturating_sub(gone)),
                last: closing,
                news: std::mem::take(&mut known.news),
                sent: now,
            });
        } else if now < known.retry_at {
            return None;
        }
        (known.said, known.said_at) = (want, now);
        let holder = known.holder;
        let pending = known.pending.as_mut()?;
        pending.sent = now;
        let mut report = Report::new(self.key.clone(), self.class, holder);
        report.seq = pending.seq;
        report.held = pending.held;
        // The ages are taken before the report leaves: the row takes the places for younger than they are.
        let returned = pending.returned.iter();
        report.returned = returned
            .map(|one| {
                let age = one.answered.map(|answered| now.duration_since(answered));
                (narrow(one.count), age)
            })
            .collect();
        report.want = want;
        report.weight = narrow(demand.tenants);
        report.travel = options.travel;
        report.lease = match closing {
            true => Duration::ZERO,
            false => options.lease,
        };
        report.max = pending.news.max;
        report.per = pending.news.per;
        let blocked = pending.news.blocked;
        report.blocked = blocked.map(|until| until.saturating_duration_since(now));
        Some(report)
    }

    /// What the row answered to the pending report.
    pub(super) fn answered(&self, granted: Granted, options: &BudgetOptions) {
        let now = Instant::now();
        let mut known = lock(&self.known);
        let Some(pending) = known.pending.take() else {
            return;
        };
        known.failures = 0;
        if granted.lost {
            tracing::warn!(
                provider = self.key.provider,
                class = self.key.class,
                "the process was silent for so long that its rate budget went to others"
            );
            known.start_again();
            self.places.forget();
            return;
        }
        // The row keeps nobody who has nothing and wants nothing.
        let mut holders = granted.budget.holders.iter();
        if pending.last || !holders.any(|one| one.id == known.holder) {
            known.start_again();
            self.places.forget();
            return;
        }
        known.seq = pending.seq;
        // A lease counts from before it was asked for, and by a clock that may be slow.
        self.places
            .use_until(pending.sent + options.lease.mul_f64(0.99));
        self.adopt(&mut known, granted.budget, granted.now, now);
        for (count, wait) in granted.places {
            self.places.give(count as usize, wait);
        }
    }

    /// The row as somebody else left it.
    pub(super) fn seen(&self, budget: Budget, at: i64) {
        let mut known = lock(&self.known);
        if known.seen.is_some() {
            self.adopt(&mut known, budget, at, Instant::now());
        }
    }

    fn adopt(&self, known: &mut Known, budget: Budget, at: i64, now: Instant) {
        let span = u64::try_from(budget.per).unwrap_or_default();
        self.places.set_span(Duration::from_micros(span));
        if let Ok(blocked @ 1..) = u64::try_from(budget.blocked_until - at) {
            self.places.block(now + Duration::from_micros(blocked));
        }
        self.places.pace(known.paced(&budget, at));
        known.seen = Some((budget, at, now));
    }

    /// The pending report failed: whether it happened is not known. It is sent again, under the same number.
    pub(super) fn failed(&self, error: &Error) {
        let mut known = lock(&self.known);
        let wait = RETRY.saturating_mul(2u32.saturating_pow(known.failures.min(8)));
        known.retry_at = Instant::now() + wait.min(Duration::from_secs(1));
        known.failures = known.failures.saturating_add(1);
        drop(known);
        if !error.is_retryable() {
            self.fail(Fault::of(error));
        }
    }

    /// Nobody is let in any more; who waits fails.
    pub(super) fn close(&self) {
        self.places.use_until(Instant::now());
        self.fail(Fault::closed());
    }

    fn fail(&self, fault: Fault) {
        self.faults.send_replace(Some(fault));
    }

    /// The error of one for whom there was no room in time.
    pub(super) fn no_room(&self) -> Error {
        let known = lock(&self.known);
        if known.failures == 0 {
            return no_room();
        }
        Error::new(
            ErrorKind::Store,
            "the rate budget that the processes share could not be reached before the call's deadline, \
             and nothing is sent without it",
        )
        .with_code("budget_unavailable")
        .with_retryable(true)
    }
}

/// How the row looks from here.
struct View {
    /// What this process may have.
    due: u32,
    slack: u32,
    /// What others lack and the row does not have, and what is too much in all.
    lacking: u32,
    pool: bool,
}

impl Known {
    /// Nothing is held any more, under a name that was never used.
    fn start_again(&mut self) {
        self.holder = Uuid::now_v7();
        self.seq = 0;
        self.pending = None;
        self.seen = None;
        self.said = [0; 3];
    }

    /// Which levels give way to what others want: those below theirs, and all but the urgent when there is too little.
    fn paced(&self, budget: &Budget, at: i64) -> [bool; 3] {
        let live = budget.holders.iter().filter(|one| one.deadline > at);
        let others = live.filter(|one| one.id != self.holder);
        let (mut above, mut wanted) = ([0_u32; 3], 0_u32);
        for other in others {
            for (level, above) in above.iter_mut().enumerate() {
                *above = above.saturating_add(sum_from(other.want, level + 1));
            }
            wanted = wanted.saturating_add(sum(other.want));
        }
        let short = wanted > 0 && wanted.saturating_add(sum(self.said)) > budget.max;
        std::array::from_fn(|level| above[level] > 0 || short && level < 2)
    }

    /// The row as last seen, with what this process has and wants now; `None` when it is not known there.
    fn view(&mut self, demand: &Demand, now: Instant) -> Option<View> {
        let holder = self.holder;
        let (budget, at, seen_at) = self.seen.as_mut()?;
        let elapsed = now.duration_since(*seen_at).as_micros();
        let at = at.saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX));
        let me = budget.holders.iter().position(|one| one.id == holder)?;
        let mine = &mut budget.holders[me];
        mine.want = want(demand, budget.max);
        mine.held = narrow(demand.places);
        mine.weight = narrow(demand.tenants.max(1));
        mine.deadline = mine.deadline.max(at + 1);
        let held = mine.held;
        let shares = budget.shares(at);
        let due = shares.due[me];
        let others = u64::from(shares.missing - due.saturating_sub(held));
        let lacking = others.saturating_sub(budget.pool());
        Some(View {
            due,
            slack: shares.slack,
            lacking: u32::try_from(lacking)
                .unwrap_or(u32::MAX)
                .saturating_add(shares.too_many),
            pool: budget.pool() > 0,
        })
    }

    /// How many places go back with the report that is due now, if one is.
    fn due(
        &mut self,
        demand: &Demand,
        now: Instant,
        options: &BudgetOptions,
        closing: bool,
    ) -> Option<usize> {
        let registered = self.seq > 0;
        let idle = !waits(demand) && demand.in_flight == 0 && demand.idle >= options.linger;
        if registered && (closing || idle) {
            return Some(demand.places);
        }
        if closing {
            return None;
        }
        if !registered {
            return waits(demand).then_some(0);
        }
        let silent = now.duration_since(self.said_at);
        if silent < GAP {
            return None;
        }
        let Some(view) = self.view(demand, now) else {
            return Some(0);
        };
        // What others lack and nobody here is due; what is under way cannot go.
        let spare = narrow(demand.places).saturating_sub(view.due.saturating_add(view.slack));
        let spare = (spare.min(view.lacking) as usize).min(demand.places - demand.in_flight);
        let news = self.news != News::default();
        if spare > 0 || news || silent >= options.lease / 3 {
            return Some(spare);
        }
        let lacks = view.due > narrow(demand.places);
        if waits(demand) && demand.free == 0 && lacks {
            let wants = want(demand, u32::MAX);
            let (said, says): (u32, u32) = (sum(self.said), sum(wants));
            let more = says > said.saturating_add(said / 8);
            let urgent = (1..3).any(|at| sum_from(wants, at) > 2 * sum_from(self.said, at));
            let grew = more || urgent;
            return (view.pool || grew || silent >= REMIND).then_some(0);
        }
        // It said that it wants more than it has, and that is over: the others need not hurry.
        let over = !waits(demand) && sum(self.said) > narrow(demand.places);
        (over && silent >= RECONSIDER).then_some(0)
    }
}

impl Default for Fault {
    fn default() -> Self {
        Self::closed()
    }
}

impl Fault {
    pub(super) fn closed() -> Self {
        Self {
            kind: ErrorKind::Store,
            message: "the rate limiter is closed".to_owned(),
            code: Some("closed".to_owned()),
        }
    }

    fn of(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
            code: error.code().map(str::to_owned),
        }
    }

    pub(super) fn error(self) -> Error {
        let error = Error::new(self.kind, self.message).with_retryable(false);
        match self.code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

fn waits(demand: &Demand) -> bool {
    demand.waiting.iter().any(|count| *count > 0)
}

/// Places that could be used: those in use, and one for each who waits.
fn want(demand: &Demand, max: u32) -> Levels {
    std::array::from_fn(|level| narrow(demand.used[level] + demand.waiting[level]).min(max))
}

fn sum(levels: Levels) -> u32 {
    sum_from(levels, 0)
}

fn sum_from(levels: Levels, from: usize) -> u32 {
    levels
        .iter()
        .skip(from)
        .fold(0, |sum, count| sum.saturating_add(*count))
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
