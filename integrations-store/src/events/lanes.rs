use std::time::Duration;

use integrations_core::{EventId, Result, TenantId};
use serde_json::json;
use uuid::Uuid;

use super::claim::{fence_of, lost};
use super::row::RawEvent;
use super::{
    ClaimedEvent, Ended, EventStatus, Failure, Lane, LaneLease, Step, is_down, status_held,
};
use crate::check::shorten;
use crate::columns::event_columns;
use crate::session::{Session, execute, fetch_optional};
use crate::{DeadSource, NewDeadLetter, Store, Transaction, time};

/// What a reason is cut to.
const REASON: usize = 1000;

/// The lanes of a [`Store`]: events of one lane are worked on one at a time and in order, in whatever process.
#[derive(Debug, Clone)]
pub struct Lanes(Store);

impl Store {
    /// The lanes in which webhook events wait.
    #[must_use]
    pub fn lanes(&self) -> Lanes {
        Lanes(self.clone())
    }
}

/// The first event of a lane that is not finished.
struct Head {
    id: Uuid,
    integration: Uuid,
    status: EventStatus,
    attempts: i64,
    wait: i64,
}

impl Lanes {
    /// Begins to work on a lane: takes it for `ttl` when nobody has it, and its first event.
    ///
    /// An event whose worker died is begun again, `max_attempts` times at most; then it is given up.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn enter(
        &self,
        tenant: &TenantId,
        lane: &Lane,
        ttl: Duration,
        max_attempts: u32,
    ) -> Result<Step> {
        let owner = Uuid::new_v4();
        let mut transaction = self.0.begin("lanes.enter").await?;
        let granted = fetch_optional!(
            transaction.session(),
            (i64, i64),
            "INSERT INTO main.lanes (tenant_id, lane, owner, fence, expires_at) \
             VALUES ($1, $2, $3, (SELECT us FROM main.clock), (SELECT us FROM main.clock) + $4) \
             ON CONFLICT (tenant_id, lane) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at, \
             fence = CASE WHEN excluded.fence > lanes.fence THEN excluded.fence ELSE lanes.fence + 1 END \
             WHERE lanes.expires_at <= (SELECT us FROM main.clock) RETURNING fence, expires_at",
            tenant.as_str(),
            lane.as_str(),
            owner,
            time::span(ttl),
        )?;
        let Some((fence, until)) = granted else {
            return Ok(Step::Busy);
        };
        let lease = LaneLease {
            tenant: tenant.clone(),
            lane: lane.clone(),
            fence: fence_of(fence)?,
            until: time::from_micros(until)?,
            owner,
            ttl,
            max_attempts,
        };
        let step = self.take(&mut transaction, lease).await?;
        transaction.commit().await?;
        Ok(step)
    }

    /// Stores what became of the event in hand and goes on to the lane's next one, in one transaction. After
    /// [`Ended::Released`] nothing more is taken.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `lease_lost` when the lane or the event is somebody else's by now, or gone;
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn next(
        &self,
        mut lease: LaneLease,
        claimed: &ClaimedEvent,
        ended: &Ended,
    ) -> Result<Step> {
        let mut transaction = self.0.begin("lanes.next").await?;
        if !extend(transaction.session(), &mut lease).await? {
            return Err(lost(claimed));
        }
        self.finish(&mut transaction, claimed, ended).await?;
        let step = if let Ended::Released = ended {
            leave(transaction.session(), &lease).await?;
            Step::Empty
        } else {
            self.take(&mut transaction, lease).await?
        };
        transaction.commit().await?;
        Ok(step)
    }

    /// Holds the lane for its whole time from now on; false when it is somebody else's by now.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn keep(&self, lease: &mut LaneLease) -> Result<bool> {
        let mut session = self.0.write("lanes.keep").await?;
        let held = extend(&mut session, lease).await?;
        session.commit().await?;
        Ok(held)
    }

    /// Marks an event as handled in the caller's transaction, so that its effect and its completion are one. The
    /// holder of the lane goes on with [`next`](Self::next) as ever.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](integrations_core::ErrorKind::Conflict) with the code `lease_lost` when somebody else has the event by now: then the transaction
    /// must not be committed. [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn complete_in(
        &self,
        transaction: &mut Transaction,
        claimed: &ClaimedEvent,
    ) -> Result<()> {
        self.finish(transaction, claimed, &Ended::Done).await
    }

    /// Takes the lane's first event, or gives the lane back. The session holds the lane's row, so that whoever knocks
    /// waits for the end of it, and finds the lane free or its event taken.
    async fn take(&self, transaction: &mut Transaction, lease: LaneLease) -> Result<Step> {
        loop {
            let session = transaction.session();
            let Some(head) = head(session, &lease).await? else {
                leave(session, &lease).await?;
                return Ok(Step::Empty);
            };
            if head.wait > 0 && head.status == EventStatus::Pending {
                leave(session, &lease).await?;
                let wait = u64::try_from(head.wait).unwrap_or_default();
                return Ok(Step::Later(Duration::from_micros(wait)));
            }
            // Its worker died. While the connection is down nothing that is in work is held back with the rest.
            if head.status == EventStatus::Processing {
                let of = head.integration.into();
                let status = status_held(session, &lease.tenant, of).await?;
                if status.is_some_and(is_down) {
                    hold_back_one(session, &lease, head.id).await?;
                    continue;
                }
            }
            let claimed = claim(session, &lease, head.id).await?;
            // Held back meanwhile, or gone.
            let Some(claimed) = claimed else { continue };
            if head.attempts < i64::from(lease.max_attempts) {
                return Ok(Step::Work(lease, Box::new(claimed)));
            }
            let failure = Failure::new(
                "crashed",
                "the handler took too long, or the process ended in it",
            );
            self.finish(transaction, &claimed, &Ended::Failed(failure))
                .await?;
        }
    }

    async fn finish(
        &self,
        transaction: &mut Transaction,
        claimed: &ClaimedEvent,
        ended: &Ended,
    ) -> Result<()> {
        let (to, reason) = match ended {
            Ended::Done => (EventStatus::Done, None),
            Ended::Failed(failure) => (EventStatus::Failed, Some(failure.message.as_str())),
            Ended::Retry { wait, reason } => {
                return put_back(transaction.session(), claimed, *wait, Some(reason)).await;
            }
            Ended::Released => {
                return put_back(transaction.session(), claimed, Duration::ZERO, None).await;
            }
        };
        let rows = execute!(
            transaction.session(),
            "UPDATE main.webhook_events SET status = $4, error_message = $5, finished_at = $6, claim = NULL \
             WHERE tenant_id = $1 AND id = $2 AND status = 'processing' AND claim = $3",
            claimed.tenant.as_str(),
            claimed.id.as_uuid(),
            claimed.claim,
            to.as_str(),
            reason.map(|reason| shorten(reason, REASON)),
            time::to_micros(self.0.now()),
        )?;
        match ended {
            // Completed with its effect, in the handler's own transaction.
            Ended::Done if rows == 0 && is_done(transaction.session(), claimed).await? => Ok(()),
            _ if rows == 0 => Err(lost(claimed)),
            Ended::Failed(failure) => self.bury(transaction, claimed, failure).await,
            _ => Ok(()),
        }
    }

    /// The dead letter of an event. Its payload stays where it is: with the event.
    async fn bury(
        &self,
        transaction: &mut Transaction,
        claimed: &ClaimedEvent,
        failure: &Failure,
    ) -> Result<()> {
        let payload =
            json!({ "provider": claimed.event.provider(), "eventId": claimed.event.id() });
        // Some providers send events without a kind.
        let kind = match claimed.event.kind() {
            "" => "event",
            kind => kind,
        };
        let mut letter = NewDeadLetter::new(
            DeadSource::Event,
            claimed.id.to_string(),
            kind,
            failure.cause.clone(),
            failure.message.clone(),
        );
        letter.subject = Some(claimed.lane.to_string());
        letter.integration = Some(claimed.integration);
        letter.code.clone_from(&failure.code);
        letter.attempts = claimed.attempts;
        letter.payload = payload.to_string();
        let letters = self.0.dead_letters();
        letters
            .add_in(transaction, &claimed.tenant, &letter)
            .await
            .map(drop)
    }

    /// Whether an event is finished: for a handler that completed it and failed afterwards.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn is_finished(&self, tenant: &TenantId, id: EventId) -> Result<bool> {
        let event = self.0.events().find(tenant, id).await?;
        Ok(event.is_some_and(|event| event.finished_at.is_some()))
    }
}

async fn extend(session: &mut Session, lease: &mut LaneLease) -> Result<bool> {
    let until = fetch_optional!(
        session,
        (i64,),
        "UPDATE main.lanes SET expires_at = (SELECT us FROM main.clock) + $4 \
         WHERE tenant_id = $1 AND lane = $2 AND owner = $3 AND expires_at > (SELECT us FROM main.clock) \
         RETURNING expires_at",
        lease.tenant.as_str(),
        lease.lane.as_str(),
        lease.owner,
        time::span(lease.ttl),
    )?;
    let Some((until,)) = until else {
        return Ok(false);
    };
    lease.until = time::from_micros(until)?;
    Ok(true)
}

/// Gives the lane back: its row goes, so that the table holds only what is worked on.
async fn leave(session: &mut Session, lease: &LaneLease) -> Result<()> {
    execute!(
        session,
        "DELETE FROM main.lanes WHERE tenant_id = $1 AND lane = $2 AND owner = $3",
        lease.tenant.as_str(),
        lease.lane.as_str(),
        lease.owner,
    )
    .map(drop)
}

async fn head(session: &mut Session, lease: &LaneLease) -> Result<Option<Head>> {
    let row = fetch_optional!(
        session,
        (Uuid, Uuid, String, i64, i64),
        "SELECT id, integration_id, status, attempts, next_at - (SELECT us FROM main.clock) \
         FROM main.webhook_events WHERE tenant_id = $1 AND lane = $2 AND status IN ('pending', 'processing') \
         ORDER BY id LIMIT 1",
        lease.tenant.as_str(),
        lease.lane.as_str(),
    )?;
    let Some((id, integration, status, attempts, wait)) = row else {
        return Ok(None);
    };
    Ok(Some(Head {
        id,
        integration,
        status: status.parse()?,
        attempts,
        wait,
    }))
}

async fn hold_back_one(session: &mut Session, lease: &LaneLease, id: Uuid) -> Result<()> {
    execute!(
        session,
        "UPDATE main.webhook_events SET status = 'kept', claim = NULL \
         WHERE tenant_id = $1 AND id = $2 AND status = 'processing'",
        lease.tenant.as_str(),
        id,
    )
    .map(drop)
}

async fn claim(session: &mut Session, lease: &LaneLease, id: Uuid) -> Result<Option<ClaimedEvent>> {
    let row = fetch_optional!(
        session,
        RawEvent,
        concat!(
            "UPDATE main.webhook_events SET status = 'processing', attempts = attempts + 1, claim = $3, \
             knock_at = (SELECT us FROM main.clock) + $4 \
             WHERE tenant_id = $1 AND id = $2 AND status IN ('pending', 'processing') RETURNING ",
            event_columns!()
        ),
        lease.tenant.as_str(),
        id,
        lease.owner,
        time::span(lease.ttl),
    )?;
    let Some(row) = row else { return Ok(None) };
    let stored = row.read()?;
    Ok(Some(ClaimedEvent {
        tenant: stored.tenant,
        id: stored.id,
        integration: stored.integration,
        event: stored.event,
        sealed: stored.sealed,
        lane: stored.lane,
        attempts: stored.attempts,
        claim: lease.owner,
    }))
}

/// To be tried again; without a reason, as if it had not been begun.
async fn put_back(
    session: &mut Session,
    claimed: &ClaimedEvent,
    wait: Duration,
    reason: Option<&str>,
) -> Result<()> {
    let status = status_held(session, &claimed.tenant, claimed.integration).await?;
    let to = if status.is_some_and(is_down) {
        EventStatus::Kept
    } else {
        EventStatus::Pending
    };
    let rows = execute!(
        session,
        "UPDATE main.webhook_events SET status = $4, error_message = COALESCE($5, error_message), claim = NULL, \
         next_at = (SELECT us FROM main.clock) + $6, knock_at = (SELECT us FROM main.clock) + $6, \
         attempts = attempts - $7 WHERE tenant_id = $1 AND id = $2 AND status = 'processing' AND claim = $3",
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
    Ok(())
}

async fn is_done(session: &mut Session, claimed: &ClaimedEvent) -> Result<bool> {
    let row = fetch_optional!(
        session,
        (i64,),
        "SELECT CAST(1 AS BIGINT) FROM main.webhook_events WHERE tenant_id = $1 AND id = $2 AND status = 'done'",
        claimed.tenant.as_str(),
        claimed.id.as_uuid(),
    )?;
    Ok(row.is_some())
}
