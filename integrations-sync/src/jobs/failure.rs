//! What a failed try leads to: another one, or the dead letters.

use std::fmt;
use std::time::Duration;

use integrations_core::status::event_of;
use integrations_core::{Error, IntegrationId, Result, TenantId};
use integrations_store::{DeadSource, NewDeadLetter, Transaction};
use serde::{Deserialize, Serialize};

use super::database::execute;
use super::{JobId, Jobs, Priority};
use crate::again::is_lost_commit;

/// The provider's wait is made longer by up to this share, so that what was refused together does not return together.
const SPREAD: f64 = 0.1;

/// Why a try failed, in words that may be stored and shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cause {
    pub(super) cause: String,
    pub(super) code: Option<String>,
    pub(super) message: String,
    #[serde(skip)]
    pub(super) retryable: bool,
    #[serde(skip)]
    pub(super) wait: Option<Duration>,
}

impl Cause {
    /// An error that a later try may not meet is retried, and so is one that speaks against the connection: somebody can
    /// repair that meanwhile. Any other would fail in the same way again.
    pub(super) fn of(error: &Error) -> Self {
        Self {
            cause: error.kind().as_str().to_owned(),
            code: error.code().map(str::to_owned),
            message: error.to_string(),
            retryable: error.is_retryable()
                || is_lost_commit(error)
                || (event_of(error).is_some() && !error.is_outcome_unknown()),
            wait: error
                .retry_after()
                .map(|wait| wait.mul_f64(1.0 + SPREAD * fastrand::f64())),
        }
    }

    /// The panic's own words are not kept: they may hold anything.
    pub(super) fn panic() -> Self {
        Self::word("panic", "the handler panicked")
    }

    pub(super) fn timeout(after: Duration) -> Self {
        Self::word(
            "timeout",
            format!("the handler took longer than {} s", after.as_secs_f64()),
        )
    }

    pub(super) fn crashed() -> Self {
        Self::word(
            "crashed",
            "the process that ran it ended without a result, each time",
        )
    }

    pub(super) fn unreadable() -> Self {
        Self {
            retryable: false,
            ..Self::word(
                "decode",
                "the stored arguments are not those of this kind of job any more",
            )
        }
    }

    pub(super) fn discarded() -> Self {
        Self::word("other", "the job engine gave it up")
    }

    fn word(cause: &str, message: impl Into<String>) -> Self {
        Self {
            cause: cause.to_owned(),
            code: None,
            message: message.into(),
            retryable: true,
            wait: None,
        }
    }
}

/// What the engine is told to try again later. It records the words.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) wait: Duration,
    pub(super) message: String,
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Retry {}

/// What this crate keeps in the engine's metadata of a job.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    pub(super) tenant: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) integration: Option<IntegrationId>,
    pub(super) failure: Option<Cause>,
    pub(super) cancel_attempted_at: Option<String>,
}

impl Meta {
    pub(super) fn tenant(&self) -> Option<TenantId> {
        TenantId::new(self.tenant.as_deref()?).ok()
    }
}

/// How a job is enqueued again.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Options {
    pub(super) queue: String,
    pub(super) priority: Priority,
    pub(super) tries: u16,
}

/// A job that is given up.
pub(super) struct Dead<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) id: JobId,
    pub(super) kind: &'a str,
    pub(super) queue: &'a str,
    pub(super) priority: i16,
    pub(super) attempt: i64,
    pub(super) max_attempts: i64,
    pub(super) args: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) integration: Option<IntegrationId>,
}

impl Jobs {
    /// Moves a running job to the dead letters, in one transaction; `false` when it is not this worker's any more.
    pub(super) async fn bury_running(&self, dead: &Dead<'_>, cause: &Cause) -> Result<bool> {
        let mut transaction = self.store().begin("jobs.bury").await?;
        let rows = execute!(
            self,
            &mut transaction,
            "jobs.bury",
            &self.statements().delete_running,
            dead.id.0,
            dead.attempt,
        )?;
        if rows == 0 {
            return Ok(false);
        }
        self.letter(&mut transaction, dead, cause).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes the letter; the job itself is removed by the caller, in the same transaction.
    pub(super) async fn letter(
        &self,
        transaction: &mut Transaction,
        dead: &Dead<'_>,
        cause: &Cause,
    ) -> Result<()> {
        let options = Options {
            queue: dead.queue.to_owned(),
            priority: Priority::of_number(dead.priority),
            tries: u16::try_from(dead.max_attempts).unwrap_or(1),
        };
        let mut letter = NewDeadLetter::new(
            DeadSource::Job,
            dead.id.to_string(),
            dead.kind,
            cause.cause.as_str(),
            cause.message.as_str(),
        );
        letter.code.clone_from(&cause.code);
        letter.subject = dead.subject.map(str::to_owned);
        letter.integration = dead.integration;
        letter.attempts = u32::try_from(dead.attempt).unwrap_or_default();
        dead.args.clone_into(&mut letter.payload);
        letter.options = serde_json::to_string(&options).unwrap_or_default();
        self.store()
            .dead_letters()
            .add_in(transaction, dead.tenant, &letter)
            .await?;
        metrics::counter!("integrations_jobs_dead_total", "kind" => dead.kind.to_owned(), "cause" => cause.cause.clone())
            .increment(1);
        tracing::warn!(
            tenant = dead.tenant.as_str(),
            job = dead.id.0,
            kind = dead.kind,
            cause = cause.cause,
            attempts = dead.attempt,
            "job given up"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use integrations_core::ErrorKind;

    use super::*;

    #[test]
    fn what_can_succeed_later_is_retried_and_nothing_else() {
        for (kind, expected) in [
            (ErrorKind::Server, true),
            (ErrorKind::Timeout, true),
            (ErrorKind::RateLimited, true),
            (ErrorKind::Auth, true),
            (ErrorKind::Permission, true),
            (ErrorKind::Config, true),
            (ErrorKind::Validation, false),
            (ErrorKind::NotFound, false),
            (ErrorKind::Decode, false),
        ] {
            let cause = Cause::of(&Error::new(kind, "made up"));
            assert_eq!(cause.retryable, expected, "{kind:?}");
            assert_eq!(cause.cause, kind.as_str());
        }
        let unknown = Error::new(ErrorKind::Timeout, "made up").with_outcome_unknown(true);
        assert!(!Cause::of(&unknown).retryable, "never written twice");
        let commit = Error::new(ErrorKind::Store, "made up").with_outcome_unknown(true);
        assert!(Cause::of(&commit).retryable, "as after a crash");
        let asked =
            Error::new(ErrorKind::RateLimited, "made up").with_retry_after(Duration::from_secs(10));
        let wait = Cause::of(&asked).wait.unwrap().as_secs_f64();
        assert!((10.0..=11.0).contains(&wait), "{wait}");
    }
}
