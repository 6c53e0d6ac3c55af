//! Messages of the past, filed one by one.

use std::time::Duration;

use async_trait::async_trait;
use integrations_core::{Error, ErrorKind, Result, Timestamp};
use integrations_sync::jobs::{Handler, Job, JobContext, Outcome, RetryPolicy};
use serde::{Deserialize, Serialize};

use super::{QUEUE, TIMEOUT, Work};
use crate::filing::{Content, Filed, Item};

/// Files a message of the past.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportJob {
    /// Its id where it comes from: imported once.
    pub(crate) id: String,
    /// The number that is not ours.
    pub(crate) phone: String,
    pub(crate) inbound: bool,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}

impl Job for ImportJob {
    const KIND: &'static str = "middleware.import";
    const QUEUE: &'static str = QUEUE;

    fn timeout() -> Duration {
        TIMEOUT
    }

    fn retry() -> RetryPolicy {
        RetryPolicy::new(10, Duration::from_secs(30))
    }

    fn subject(&self) -> Option<String> {
        Some(self.id.clone())
    }
}

#[async_trait]
impl Handler<ImportJob> for Work {
    async fn run(&self, cx: &JobContext, job: ImportJob) -> Result<Outcome> {
        let done = self.import(job).await;
        done.map_err(|error| self.paced::<ImportJob>(cx, error))
    }
}

impl Work {
    async fn import(&self, job: ImportJob) -> Result<Outcome> {
        let hub = &self.0;
        let phone = hub.phone(Some(&job.phone)).ok_or_else(|| {
            Error::new(
                ErrorKind::Validation,
                "the imported message has no phone number",
            )
        })?;
        let item = Item {
            key: format!("import:{}", job.id),
            phone,
            ours: None,
            inbound: job.inbound,
            content: Content::Text(job.text),
            at: job.at,
        };
        let name = format!("file:{}", item.key);
        match hub.alone(&name, Box::pin(hub.file(&item))).await? {
            None => Ok(Outcome::Snooze(Duration::from_secs(1))),
            Some(Filed::Nobody) => Err(Error::new(
                ErrorKind::NotFound,
                "nobody in GoHighLevel has the number of this message: create the contact, and replay the dead letter",
            )),
            Some(_) => Ok(Outcome::Done),
        }
    }
}
