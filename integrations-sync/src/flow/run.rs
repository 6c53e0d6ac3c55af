//! Runs over many contacts: everything, or what changed since the last one; carried out, or only planned.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use integrations_core::lease::{Lease, LeaseStore as _};
use integrations_core::model::Contact;
use integrations_core::paging::Pages;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{RunCounts, RunId, RunKind, RunStatus, Side, Store};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::books::{Checkpoint, Entry};
use super::candidates::Index;
use super::config::Way;
use super::engine::{Flow, Inner};
use super::position::{Position, Progress};
use super::step::Step;
use super::sync::{Pass, Subject};

mod missing;
mod sweep;

use sweep::Sweep;

/// So long after a deletion nothing late is heard of the contact any more.
const GONE_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunProgress {
    /// What it does at the moment: `index`, `left`, `right`, `missing`.
    pub phase: &'static str,
    /// What it has done.
    pub counts: RunCounts,
    /// How many records it expects to read in all, when the providers say so.
    pub expected: Option<u64>,
}

/// What a run did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// Its row in the log; `None` for a plan.
    pub id: Option<RunId>,
    /// How much it read.
    pub kind: RunKind,
    /// What it did. Of a run that was cut off and gone on with, all of it.
    pub counts: RunCounts,
    /// Each step, if they were asked for.
    pub steps: Vec<Step>,
    /// Whether a person ended it.
    pub cancelled: bool,
    /// How long it took, this time.
    pub elapsed: Duration,
}

impl RunReport {
    /// Writes, and links of what was unknown: what the two sides had drifted apart. Nothing: they were equal.
    #[must_use]
    pub fn drift(&self) -> u64 {
        let counts = self.counts;
        counts.created + counts.updated + counts.deleted + counts.linked
    }
}

type Watcher = Arc<dyn Fn(&RunProgress) + Send + Sync>;

/// A run that is about to start.
#[must_use = "nothing happens until it is executed or planned"]
pub struct Run {
    flow: Flow,
    kind: RunKind,
    started_by: String,
    watcher: Option<Watcher>,
    keep_steps: bool,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("flow", &self.flow)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Flow {
    /// A run over many contacts.
    ///
    /// - [`RunKind::Incremental`]: what changed since the last run, by the cursors; without cursors, everything.
    /// - [`RunKind::Full`]: everything, and what is no longer there.
    /// - [`RunKind::Reconcile`]: the same, to heal what webhooks lost; [`RunReport::drift`] says how much that was.
    pub fn run(&self, kind: RunKind) -> Run {
        Run {
            flow: self.clone(),
            kind,
            started_by: "manual".to_owned(),
            watcher: None,
            keep_steps: false,
        }
    }
}

impl Run {
    /// What started it, for the log: `manual`, `schedule`, `user:42`.
    pub fn started_by(mut self, who: impl Into<String>) -> Self {
        self.started_by = who.into();
        self
    }

    /// Is told how far it is, a few times per page.
    pub fn on_progress(mut self, watcher: impl Fn(&RunProgress) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// Keeps each step for the report: memory for each contact that changes.
    pub fn keep_steps(mut self) -> Self {
        self.keep_steps = true;
        self
    }

    /// What the run would do now, step by step: the same reads and the same decisions, and nothing is written.
    ///
    /// # Errors
    /// What the providers or the database report.
    pub async fn plan(mut self) -> Result<RunReport> {
        self.keep_steps = true;
        let started = Instant::now();
        let mut state = State::new(&self, None, Pass::run(true));
        self.phases(&mut state).await?;
        state.steps.sort();
        Ok(RunReport {
            id: None,
            kind: self.kind,
            counts: state.counts,
            steps: state.steps,
            cancelled: false,
            elapsed: started.elapsed(),
        })
    }

    /// Runs. One at a time per flow; after a crash the next one of its kind goes on where it was. Dropped before it
    /// ends, it is a crash.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `running`, retryable, while another process runs this flow; what the
    /// providers or the database report: then the cursors stand where everything before them is done.
    pub async fn execute(self) -> Result<RunReport> {
        let started = Instant::now();
        let inner = &self.flow.0;
        let lease = self.lease().await?;
        let runs = inner.store().runs();
        let row = runs
            .begin_run(&inner.tenant, &inner.name, self.kind, &self.started_by)
            .await?;
        let mut state = State::new(&self, Some(row.id), Pass::run(false));
        state.counts = row.counts;
        let result = tokio::select! {
            result = self.phases(&mut state) => result,
            error = beat(inner.store(), &lease, inner.claim()) => Err(error),
        };
        let status = match &result {
            Ok(()) if state.cancelled => RunStatus::Cancelled,
            Ok(()) => RunStatus::Done,
            Err(_) => RunStatus::Failed,
        };
        let closing = async {
            inner.books.write(state.checkpoint(inner, None)).await?;
            if status == RunStatus::Done {
                self.tidy().await?;
            }
            runs.finish(&inner.tenant, row.id, status, result.as_ref().err())
                .await
        };
        let closed = closing.await;
        let _ = inner.store().release(&lease).await;
        tracing::info!(
            flow = inner.name.as_str(),
            kind = self.kind.as_str(),
            status = status.as_str(),
            read = state.counts.read,
            created = state.counts.created,
            updated = state.counts.updated,
            deleted = state.counts.deleted,
            conflicts = state.counts.conflicts,
            failed = state.counts.failed,
            "sync run ended"
        );
        metrics::counter!("integrations_sync_runs_total", "kind" => self.kind.as_str(), "status" => status.as_str())
            .increment(1);
        metrics::histogram!("integrations_sync_run_seconds", "kind" => self.kind.as_str())
            .record(started.elapsed());
        result?;
        closed?;
        state.steps.sort();
        Ok(RunReport {
            id: Some(row.id),
            kind: self.kind,
            counts: state.counts,
            steps: state.steps,
            cancelled: state.cancelled,
            elapsed: started.elapsed(),
        })
    }

    /// What a run that went well does in the end.
    async fn tidy(&self) -> Result<()> {
        let inner = &self.flow.0;
        for side in Side::ALL {
            let integrations = inner.store().integrations();
            integrations
                .touch_sync(&inner.tenant, inner.integration(side), inner.clock.now())
                .await?;
        }
        if self.kind != RunKind::Incremental {
            inner.store().echoes().purge(&inner.tenant).await?;
            let mappings = inner.store().mappings();
            mappings.purge(&inner.tenant, &inner.name, GONE_FOR).await?;
        }
        Ok(())
    }

    /// Waits for a process that ended without giving the flow back, not for one that works.
    async fn lease(&self) -> Result<Lease> {
        let inner = &self.flow.0;
        let (name, owner) = (format!("flow:{}", inner.name), Uuid::new_v4().to_string());
        let patience = Instant::now() + inner.claim() + Duration::from_secs(1);
        loop {
            let store = inner.store();
            let lease = store
                .try_acquire(&inner.tenant, &name, &owner, inner.claim())
                .await?;
            if let Some(lease) = lease {
                return Ok(lease);
            }
            if Instant::now() > patience {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "this flow is being run; wait for the end, or cancel it",
                )
                .with_code("running")
                .with_retryable(true));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn phases(&self, state: &mut State<'_>) -> Result<()> {
        let inner = &self.flow.0;
        if inner.map.config().way == Way::Off {
            return Ok(());
        }
        let mut sides = Vec::new();
        for side in Side::ALL {
            if inner.contacts(side)?.lists() {
                sides.push((side, inner.position(side).await?));
            }
        }
        if sides.is_empty() {
            return Err(Error::config(
                "neither side of the flow lists its contacts: it lives by webhooks alone",
            )
            .with_code("unsupported"));
        }
        let known = sides.iter().all(|(_, position)| position.at.is_some());
        if self.kind == RunKind::Incremental && known {
            for (side, position) in sides {
                let lookback = Duration::from_secs(inner.map.config().lookback);
                let pages = inner.contacts(side)?.list(position.since(lookback));
                let sweep = Sweep::new(state, side, None, Progress::new(position));
                sweep.run(inner, pages).await?;
                if state.cancelled {
                    return Ok(());
                }
            }
            return Ok(());
        }
        // A side that is not listed is asked for each contact of the other.
        let listed = Side::ALL.map(|side| sides.iter().any(|(listed, _)| *listed == side));
        let mut seen = [HashSet::new(), HashSet::new()];
        let right = Arc::new(Index::default());
        if listed[1] {
            let pages = inner.contacts(Side::Right)?.list(None);
            index(inner, state, pages, &right, &mut seen[1]).await?;
        }
        let left = Arc::new(Index::default());
        for (side, position) in sides {
            let pages = inner.contacts(side)?.list(None);
            let [of_left, of_right] = &mut seen;
            let (own, across, seen) = match side {
                Side::Left => (&left, listed[1].then_some(&right), of_left),
                Side::Right => (&right, listed[0].then_some(&left), of_right),
            };
            let listed = sweep::Listed {
                own: (side == Side::Left).then(|| Arc::clone(own)),
                across: across.map(Arc::clone),
                seen,
            };
            let sweep = Sweep::new(state, side, Some(listed), Progress::new(position));
            sweep.run(inner, pages).await?;
            if state.cancelled {
                return Ok(());
            }
        }
        if self.kind == RunKind::Incremental {
            return Ok(());
        }
        let [left, right] = seen;
        let seen = [listed[0].then_some(left), listed[1].then_some(right)];
        missing::phase(inner, state, &seen).await
    }
}

/// Says that the run lives; comes back when it lost the flow.
async fn beat(store: &Store, lease: &Lease, ttl: Duration) -> Error {
    let mut lease = lease.clone();
    let mut held_until = Instant::now() + ttl;
    loop {
        sleep(ttl / 4).await;
        let asked = Instant::now();
        match timeout_at(held_until, store.renew(&lease, ttl)).await {
            Ok(Ok(Some(renewed))) => {
                lease = renewed;
                held_until = asked + ttl;
            }
            // The database is away, for a moment or for longer.
            Ok(Err(_)) if Instant::now() < held_until => {}
            Ok(Err(error)) => return error,
            Ok(Ok(None)) | Err(_) => break,
        }
    }
    Error::new(
        ErrorKind::Conflict,
        "another process took this run over, since this one was not heard of for too long",
    )
    .with_code("running")
    .with_retryable(true)
}

/// Lists a side without looking at the contacts: who is there, and by what they are found.
async fn index(
    inner: &Inner,
    state: &mut State<'_>,
    mut pages: Pages<Contact>,
    index: &Index,
    seen: &mut HashSet<Box<str>>,
) -> Result<()> {
    state.phase = "index";
    let keys = &inner.map.config().match_by;
    while let Some(page) = pages.try_next().await? {
        state.expect(Side::Right, page.total);
        for contact in &page.items {
            if let Some(id) = &contact.id {
                index.add(id.as_str(), super::matching::Card::of(contact, keys));
                seen.insert(id.as_str().into());
            }
        }
        state.report();
    }
    Ok(())
}

/// A run under way.
pub(crate) struct State<'a> {
    run: &'a Run,
    id: Option<RunId>,
    pass: Pass,
    phase: &'static str,
    counts: RunCounts,
    expected: [Option<u64>; 2],
    steps: Vec<Step>,
    /// Contacts that a plan would have written or linked already.
    planned: HashSet<(Side, String)>,
    cancelled: bool,
}

impl<'a> State<'a> {
    fn new(run: &'a Run, id: Option<RunId>, pass: Pass) -> Self {
        Self {
            run,
            id,
            pass,
            phase: "",
            counts: RunCounts::default(),
            expected: [None, None],
            steps: Vec::new(),
            planned: HashSet::new(),
            cancelled: false,
        }
    }

    fn expect(&mut self, side: Side, total: Option<u64>) {
        let place = match side {
            Side::Left => &mut self.expected[0],
            Side::Right => &mut self.expected[1],
        };
        *place = total.or(*place);
    }

    fn progress(&self) -> RunProgress {
        let expected = match self.expected {
            [Some(left), Some(right)] => Some(left + right),
            [Some(one), None] | [None, Some(one)] => Some(one),
            [None, None] => None,
        };
        RunProgress {
            phase: self.phase,
            counts: self.counts,
            expected,
        }
    }

    fn report(&self) {
        if let Some(watcher) = &self.run.watcher {
            watcher(&self.progress());
        }
    }

    /// How far it is, for the books; with the cursor that may move now.
    fn checkpoint(&self, inner: &Inner, cursor: Option<(Side, &Position)>) -> Entry {
        let mut entry = Entry::new(&inner.tenant, &inner.name);
        entry.cursor = cursor.and_then(|(side, position)| {
            let json = serde_json::to_string(position).ok()?;
            Some((side.as_str().to_owned(), json))
        });
        let progress = self.progress();
        entry.run = self.id.map(|id| Checkpoint {
            id,
            phase: progress.phase,
            expected: progress.expected,
            counts: progress.counts,
        });
        entry
    }

    fn count(&mut self, synced: super::step::Synced) {
        self.counts += synced.counts();
        if self.pass.plan {
            for step in &synced.steps {
                let source = step.source_id.clone().map(|id| (step.side.other(), id));
                let target = step.id.clone().map(|id| (step.side, id));
                self.planned.extend(source.into_iter().chain(target));
            }
        }
        if self.run.keep_steps {
            self.steps.extend(synced.steps);
        }
    }
}

impl Inner {
    async fn position(&self, side: Side) -> Result<Position> {
        let saved = self
            .store()
            .cursors()
            .find(&self.tenant, &self.name, side.as_str())
            .await?;
        saved.map_or_else(
            || Ok(Position::default()),
            |json| {
                serde_json::from_str(&json).map_err(|_| {
                    Error::new(ErrorKind::Store, "a cursor is not readable").with_code("corrupt")
                })
            },
        )
    }

    /// Works on a contact of a run: tries again what can be, gives a person what cannot, and stops the run for what
    /// speaks against the connection or the database.
    pub(crate) async fn work(&self, pass: Pass, subject: Subject) -> Result<super::step::Synced> {
        const TRIES: u32 = 4;
        let (side, id, lookup) = (subject.side, subject.id.clone(), subject.lookup.clone());
        let mut subject = Some(subject);
        let mut tries = 1;
        loop {
            let next = subject.take().unwrap_or_else(|| {
                let mut again = Subject::new(side, &id);
                again.lookup = lookup.clone();
                again
            });
            let error = match self.sync(&pass, next).await {
                Ok(synced) => return Ok(synced),
                Err(error) => error,
            };
            if error.is_retryable() && tries < TRIES {
                let backoff = Duration::from_millis(250 * u64::from(tries));
                let wait = error.retry_after().unwrap_or(backoff);
                sleep(
                    wait.min(Duration::from_secs(60))
                        .mul_f64(1.0 + fastrand::f64() / 4.0),
                )
                .await;
                tries += 1;
                continue;
            }
            let fatal = error.is_retryable()
                || matches!(
                    error.kind(),
                    ErrorKind::Auth | ErrorKind::Permission | ErrorKind::Config | ErrorKind::Store
                );
            if fatal {
                return Err(error);
            }
            return self.refuse_one(&pass, side, &id, &error).await;
        }
    }
}
