//! A handler that notes what it is given and does what a test tells it.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use integrations_core::{EventId, IntegrationId, Result};
use integrations_sync::inbox::{Delivery, EventHandler};

use crate::house::detector;

/// What to do with an event.
pub enum Do {
    Return(Result<()>),
    Panic(String),
}

pub struct Recorder {
    begun: Mutex<Vec<Seen>>,
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
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder(..)")
    }
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, delivery: &Delivery) -> Result<()> {
        detector().scan("delivery", format!("{delivery:?}"));
        self.begun.lock().unwrap().push(Seen {
            id: delivery.id,
            integration: delivery.integration,
            attempt: delivery.attempt,
            name: delivery.event.id().unwrap_or_default().to_owned(),
        });
        match (self.plan)(delivery) {
            Do::Return(result) => result,
            Do::Panic(text) => panic!("{text}"),
        }
    }
}
