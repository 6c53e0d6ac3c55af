//! A handler that notes what it is given and does what a test tells it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use integrations_core::{EventId, IntegrationId, Result};
use integrations_server::{Delivery, EventHandler};
use tokio::sync::Semaphore;

use crate::house::detector;

/// What to do with an event.
pub enum Do {
    Return(Result<()>),
    Panic(String),
    /// Waits for a permit of the gate.
    Wait,
    Hang,
}

pub struct Recorder {
    begun: Mutex<Vec<Seen>>,
    done: AtomicUsize,
    active: Mutex<Vec<IntegrationId>>,
    overlaps: AtomicUsize,
    pub gate: Semaphore,
    plan: Box<dyn Fn(&Delivery) -> Do + Send + Sync>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: EventId,
    pub integration: IntegrationId,
    pub attempt: u32,
    pub name: String,
}

impl Recorder {
    pub fn new(plan: impl Fn(&Delivery) -> Do + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            begun: Mutex::default(),
            done: AtomicUsize::new(0),
            active: Mutex::default(),
            overlaps: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            plan: Box::new(plan),
        })
    }

    /// Takes everything.
    pub fn ok() -> Arc<Self> {
        Self::new(|_| Do::Return(Ok(())))
    }

    pub fn begun(&self) -> Vec<Seen> {
        self.begun.lock().unwrap().clone()
    }

    /// The provider's ids of the events, in the order of their attempts.
    pub fn names(&self) -> Vec<String> {
        self.begun().into_iter().map(|seen| seen.name).collect()
    }

    /// How often it was left by a return.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    /// How many are in it now, those that were dropped left out.
    pub fn active(&self) -> usize {
        self.active.lock().unwrap().len()
    }

    /// How often two events of one integration were in it at once.
    pub fn overlaps(&self) -> usize {
        self.overlaps.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder(..)")
    }
}

struct Active<'a>(&'a Recorder, IntegrationId);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        let mut active = self.0.active.lock().unwrap();
        let at = active.iter().position(|id| *id == self.1).unwrap();
        active.swap_remove(at);
    }
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        detector().scan("delivery", format!("{delivery:?}"));
        let integration = delivery.integration;
        let _active = {
            let mut active = self.active.lock().unwrap();
            if active.contains(&integration) {
                self.overlaps.fetch_add(1, Ordering::SeqCst);
            }
            active.push(integration);
            Active(self, integration)
        };
        self.begun.lock().unwrap().push(Seen {
            id: delivery.id,
            integration,
            attempt: delivery.attempt,
            name: delivery.event.id().unwrap_or_default().to_owned(),
        });
        let result = match (self.plan)(delivery) {
            Do::Return(result) => result,
            Do::Panic(text) => panic!("{text}"),
            Do::Wait => {
                self.gate.acquire().await.unwrap().forget();
                Ok(())
            }
            Do::Hang => std::future::pending().await,
        };
        self.done.fetch_add(1, Ordering::SeqCst);
        result
    }
}
