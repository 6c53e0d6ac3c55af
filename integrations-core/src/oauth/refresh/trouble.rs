use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::SOON;
use crate::http::later;
use crate::oauth::keeper::{Keeper, Pause};
use crate::oauth::replica::replica;
use crate::{Error, ErrorKind};

/// A provider that asks for more patience than this is asked again anyway: one wrong header must not end a connection.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

impl Keeper {
    pub(super) fn overtaken(&self) -> Error {
        self.own(
            Error::new(
                ErrorKind::Conflict,
                "the tokens were replaced or deleted while they were being renewed",
            )
            .with_code("fenced")
            .with_retryable(true),
        )
    }

    pub(super) fn dead(&self, cause: Error, generation: Option<u64>) -> Error {
        self.count("dead");
        let mut error = Error::new(
            ErrorKind::Auth,
            "the refresh token is no longer accepted: authorize the connection again",
        )
        .with_code("token_dead");
        if let Some(status) = cause.status() {
            error = error.with_status(status);
        }
        let error = Arc::new(self.own(error.with_source(cause)));
        let first = {
            let mut state = self.state();
            state.pause = Some(Pause {
                until: later(Instant::now(), self.policy.cooldown),
                error: error.clone(),
            });
            std::mem::replace(&mut state.dead, generation) != generation || generation.is_none()
        };
        if first && let Some(report) = &self.on_dead {
            report(&self.key, &error);
        }
        replica(&error)
    }

    /// Leaves the provider alone for a while.
    pub(super) fn failed(&self, error: Error) -> Error {
        let passes = error.is_retryable() || error.is_outcome_unknown();
        self.count(if error.is_outcome_unknown() {
            "unknown"
        } else if passes {
            "temporary"
        } else {
            "refused"
        });
        let error = Arc::new(error);
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let wait = if passes {
            let step = SOON
                .saturating_mul(2u32.saturating_pow(state.failures - 1))
                .min(self.policy.max_backoff)
                .mul_f64(0.5 + fastrand::f64() / 2.0);
            let asked = error.retry_after().unwrap_or_default();
            step.max(asked.min(LONGEST_ASKED))
        } else {
            self.policy.cooldown
        };
        state.pause = Some(Pause {
            until: later(Instant::now(), wait),
            error: error.clone(),
        });
        drop(state);
        replica(&error)
    }

    pub(super) fn own(&self, error: Error) -> Error {
        error
            .with_provider(self.renewal.provider())
            .with_operation("oauth.renewal")
    }

    pub(super) fn count(&self, outcome: &'static str) {
        let provider = self.renewal.provider();
        metrics::counter!("integrations_oauth_refreshes_total", "provider" => provider, "outcome" => outcome)
            .increment(1);
    }
}
