use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result, Timestamp};

use super::{ClaimedEvent, EventStatus, Events, is_down, status_held};
use crate::check::shorten;
use crate::session::{execute, fetch_optional};
use crate::time;

/// What a reason is cut to.
const REASON: usize = 1000;

impl Events {
    /// Marks a claimed event as handled.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] with the code `lease_lost` when the lease ran out and somebody else has it,
    /// [`ErrorKind::Store`].
    pub async fn complete(&self, claimed: &ClaimedEvent) -> Result<()> {
        self.finish(claimed, EventStatus::Done, None).await
    }

    /// Gives a claimed event up, for a reason that trying again does not change. The reason holds no secret and no
    /// payload.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub async fn fail(&self, claimed: &ClaimedEvent, reason: &str) -> Result<()> {
        self.finish(claimed, EventStatus::Failed, Some(reason))
            .await
    }

    async fn finish(
        &self,
        claimed: &ClaimedEvent,
        to: EventStatus,
        reason: Option<&str>,
    ) -> Result<()> {
        let mut session = self.0.write("events.finish").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.webhook_events SET status = $4, error_message = $5, finished_at = $6, claim = NULL \
             WHERE tenant_id = $1 AND id = $2 AND status = 'processing' AND claim = $3",
            claimed.tenant.as_str(),
            claimed.id.as_uuid(),
            claimed.claim,
            to.as_str(),
            reason.map(|reason| shorten(reason, REASON)),
            time::to_micros(self.0.now()),
        )?;
        if rows == 0 {
            return Err(lost(claimed));
        }
        session.commit().await
    }

    /// Puts a claimed event back, due after `wait`. When its connection went down meanwhile, it is kept until that
    /// recovers.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub async fn retry(&self, claimed: &ClaimedEvent, wait: Duration, reason: &str) -> Result<()> {
        self.put_back(claimed, wait, Some(reason)).await
    }

    /// Puts a claimed event back as if it had not been claimed: for a worker that stops.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub async fn release(&self, claimed: &ClaimedEvent) -> Result<()> {
        self.put_back(claimed, Duration::ZERO, None).await
    }

    async fn put_back(
        &self,
        claimed: &ClaimedEvent,
        wait: Duration,
        reason: Option<&str>,
    ) -> Result<()> {
        let mut session = self.0.write("events.put_back").await?;
        let status = status_held(&mut session, &claimed.tenant, claimed.integration).await?;
        let to = if status.is_some_and(is_down) {
            EventStatus::Kept
        } else {
            EventStatus::Pending
        };
        let rows = execute!(
            &mut session,
            "UPDATE main.webhook_events SET status = $4, error_message = COALESCE($5, error_message), claim = NULL, \
             next_at = (SELECT us FROM main.clock) + $6, attempts = attempts - $7 \
             WHERE tenant_id = $1 AND id = $2 AND status = 'processing' AND claim = $3",
            claimed.tenant.as_str(),
            claimed.id.as_uuid(),
            claimed.claim,
            to.as_str(),
            reason.map(|reason| shorten(reason, REASON)),
            time::span(wait),
            i64::from(reason.is_none()),
        )?;
        if rows == 0 {
            return Err(lost(claimed));
        }
        session.commit().await
    }

    /// Extends the lease of a claimed event to `lease` from now; returns its new end.
    ///
    /// # Errors
    /// As [`complete`](Self::complete).
    pub async fn extend(&self, claimed: &mut ClaimedEvent, lease: Duration) -> Result<Timestamp> {
        let mut session = self.0.write("events.extend").await?;
        let until = fetch_optional!(
            &mut session,
            (i64,),
            "UPDATE main.webhook_events SET next_at = (SELECT us FROM main.clock) + $4 \
             WHERE tenant_id = $1 AND id = $2 AND status = 'processing' AND claim = $3 RETURNING next_at",
            claimed.tenant.as_str(),
            claimed.id.as_uuid(),
            claimed.claim,
            time::span(lease),
        )?;
        let Some((until,)) = until else {
            return Err(lost(claimed));
        };
        session.commit().await?;
        claimed.until = time::from_micros(until)?;
        Ok(claimed.until)
    }
}

fn lost(claimed: &ClaimedEvent) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "the lease on event {} ran out, and somebody else has it or it is gone",
            claimed.id
        ),
    )
    .with_code("lease_lost")
}
