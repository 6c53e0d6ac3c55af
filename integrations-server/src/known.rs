//! What the router remembers of integrations, for a moment: so that a burst of webhooks asks the database once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use integrations_core::webhook::Secrets;
use integrations_core::{IntegrationId, Result, TenantId};
use integrations_store::Deployment;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

/// How long a change in another process may go unnoticed.
const LOOK: Duration = Duration::from_millis(250);
/// How many answers are remembered, those that there is nothing included.
const MOST: usize = 10_000;

/// An integration that a request may be for.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) tenant: TenantId,
    pub(crate) id: IntegrationId,
    /// What webhooks name it by.
    pub(crate) key: Option<String>,
    pub(crate) secrets: Secrets,
    /// The kinds of events that it wants; `None`: all.
    pub(crate) wants: Option<Vec<String>>,
}

/// How a request names its integration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Key(String),
    Id(IntegrationId),
}

pub(crate) type Found = Arc<[Arc<Candidate>]>;

#[derive(Debug)]
pub(crate) struct Known {
    keep: Duration,
    looked: AsyncMutex<Option<Instant>>,
    state: Mutex<State>,
}

/// Two halves: the young one fills, becomes the old one, and what nobody asked for meanwhile goes.
#[derive(Debug, Default)]
struct State {
    generation: i64,
    young: HashMap<(String, Name), (Instant, Found)>,
    old: HashMap<(String, Name), (Instant, Found)>,
}

impl Known {
    pub(crate) fn new(keep: Duration) -> Self {
        Self {
            keep,
            looked: AsyncMutex::default(),
            state: Mutex::default(),
        }
    }

    /// Forgets everything when an integration was changed, wherever; returns the generation that is current. Nothing
    /// that is older than a quarter of a second is used after it.
    pub(crate) async fn refresh(&self, deployment: &Deployment) -> Result<i64> {
        if self.keep.is_zero() {
            return Ok(0);
        }
        let mut looked = self.looked.lock().await;
        if looked.is_none_or(|at| at.elapsed() >= LOOK) {
            let now = Instant::now();
            let generation = deployment.generation().await?;
            let mut state = self.lock();
            if state.generation != generation {
                *state = State {
                    generation,
                    ..State::default()
                };
            }
            drop(state);
            *looked = Some(now);
        }
        Ok(self.lock().generation)
    }

    pub(crate) fn get(&self, provider: &str, name: &Name) -> Option<Found> {
        if self.keep.is_zero() {
            return None;
        }
        let key = (provider.to_owned(), name.clone());
        let mut state = self.lock();
        let (at, found) = match state.young.get(&key) {
            Some(entry) => entry.clone(),
            None => {
                let entry = state.old.remove(&key)?;
                state.put(key, entry.clone());
                entry
            }
        };
        (at.elapsed() < self.keep).then_some(found)
    }

    /// Remembers what was read since `generation` was current, unless something has changed by now.
    pub(crate) fn put(&self, generation: i64, provider: &str, name: Name, found: &Found) {
        let mut state = self.lock();
        if !self.keep.is_zero() && state.generation == generation {
            let entry = (Instant::now(), Arc::clone(found));
            state.put((provider.to_owned(), name), entry);
        }
    }

    /// Forgets everything, because this process changed something.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.young.clear();
        state.old.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, key: (String, Name), entry: (Instant, Found)) {
        if self.young.len() >= MOST / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, entry);
    }
}
