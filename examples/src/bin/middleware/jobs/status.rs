//! GoHighLevel is told how far a message is.

use std::time::Duration;

use async_trait::async_trait;
use ghl_client::conversations::{ErrorDto, SendMessageResponseStatus};
use integrations_core::{Error, ErrorKind, Result};
use integrations_sync::jobs::{Handler, Job, JobContext, Outcome, RetryPolicy};
use serde::{Deserialize, Serialize};

use super::{QUEUE, TIMEOUT, Work};
use crate::records::Kind;
use crate::sending::{Reason, Text};

/// Reports a message's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StatusJob {
    /// GoHighLevel's message.
    pub(crate) message: String,
    /// `delivered`, `failed` or `pending`.
    pub(crate) status: String,
    pub(crate) reason: Option<Reason>,
}

impl Job for StatusJob {
    const KIND: &'static str = "middleware.status";
    const QUEUE: &'static str = QUEUE;

    fn timeout() -> Duration {
        TIMEOUT
    }

    fn retry() -> RetryPolicy {
        RetryPolicy::new(10, Duration::from_secs(5))
    }

    fn subject(&self) -> Option<String> {
        Some(self.message.clone())
    }
}

#[async_trait]
impl Handler<StatusJob> for Work {
    async fn run(&self, cx: &JobContext, job: StatusJob) -> Result<Outcome> {
        let done = self.status(job).await;
        done.map_err(|error| self.paced::<StatusJob>(cx, error))
    }
}

impl Work {
    async fn status(&self, job: StatusJob) -> Result<Outcome> {
        // Of several reports of one text the last one to be sent says how it is now.
        let text: Option<Text> = self.0.records.read(Kind::Text, &job.message).await?;
        let status = text.map_or(job.status.as_str(), |text| text.state.status());
        let location = self.0.location().await?;
        let conversations = location.conversations();
        let mut call = conversations
            .update_message_status(job.message, SendMessageResponseStatus::from(status));
        if let (Some(reason), "failed") = (job.reason, status) {
            let mut error = ErrorDto::default();
            error.code = Some(reason.code);
            error.kind = Some("saas".to_owned());
            error.message = Some(reason.message);
            call = call.error(error);
        }
        call.send().await.map_err(early)?;
        Ok(Outcome::Done)
    }
}

/// For some seconds after a message was sent, GoHighLevel refuses its state with a 401 or 403: that says nothing of the token.
fn early(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Auth | ErrorKind::Permission | ErrorKind::NotFound => error.with_retryable(true),
        _ => error,
    }
}

/// Asks a person about a text of which nobody knows whether it went.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SettleJob {
    /// GoHighLevel's message.
    pub(crate) message: String,
}

impl Job for SettleJob {
    const KIND: &'static str = "middleware.settle";
    const QUEUE: &'static str = QUEUE;

    fn timeout() -> Duration {
        TIMEOUT
    }

    fn subject(&self) -> Option<String> {
        Some(self.message.clone())
    }
}

#[async_trait]
impl Handler<SettleJob> for Work {
    async fn run(&self, _: &JobContext, job: SettleJob) -> Result<Outcome> {
        self.0.settle(&job.message).await?;
        Ok(Outcome::Done)
    }
}
