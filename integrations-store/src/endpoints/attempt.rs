use std::fmt;
use std::time::Duration;

use integrations_core::{Result, TenantId, Timestamp, WebhookSecret};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::row::{RawEndpoint, endpoint_columns};
use super::{DeliveryId, EndpointId, EndpointState, Endpoints, seal};
use crate::audit::{self, NewAudit};
use crate::session::{Session, execute, fetch_optional};
use crate::{error, time};

/// Who the audit trail names for what nobody asked for.
const ACTOR: &str = "system";

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A 2xx.
    Delivered,
    /// Any other status.
    Status,
    /// No connection.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke.
    Broken,
    /// The URL leads into a network that is not public: nothing was sent.
    Refused,
    /// The request could not be made: the secrets do not open, or a header is not possible.
    Unsendable,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Delivered,
        Self::Status,
        Self::Connect,
        Self::Timeout,
        Self::Broken,
        Self::Refused,
        Self::Unsendable,
    ];

    /// The lowercase word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Status => "status",
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Refused => "refused",
            Self::Unsendable => "unsendable",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// One attempt as it went: nothing of what was sent or answered.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// The status that was answered.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
}

impl Attempt {
    /// An attempt.
    #[must_use]
    pub fn new(outcome: Outcome, status: Option<u16>, took: Duration) -> Self {
        Self {
            outcome,
            status,
            took,
        }
    }
}

/// An attempt in the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AttemptRow {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    #[serde(skip)]
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// The status that was answered.
    pub status: Option<u16>,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// It arrived.
    Delivered,
    /// It is tried again after this time.
    Again(Duration),
    /// It failed for good.
    GivenUp,
    /// The receiver is gone, and its endpoint with it.
    Gone,
}

/// What [`Endpoints::claim`] found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Claimed {
    /// The caller's, until the lease ends.
    Work(Box<Work>),
    /// Not due for so long, or somebody works on it.
    Wait(Duration),
    /// There is nothing to do any more.
    Nothing,
}

/// One delivery to attempt now. `Debug` shows no URL, secret or payload.
#[non_exhaustive]
pub struct Work {
    /// Whose it is.
    pub tenant: TenantId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The receiver.
    pub endpoint: EndpointId,
    /// Sent as `webhook-id`.
    pub message_id: String,
    /// The kind of the message.
    pub kind: String,
    /// The body.
    pub payload: Vec<u8>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Where it goes and what it is signed with, the current secret first.
    ///
    /// # Errors
    /// [`ErrorKind::Crypto`](integrations_core::ErrorKind::Crypto) when that does not open.
    pub target: Result<(Url, Vec<WebhookSecret>)>,
    claim: Uuid,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("tenant", &self.tenant)
            .field("delivery", &self.delivery)
            .field("endpoint", &self.endpoint)
            .field("kind", &self.kind)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// What [`Endpoints::finish`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// Whether the delivery still was the caller's; if not, it is as it was.
    pub ours: bool,
    /// The state that the endpoint came into by this attempt: tell somebody.
    pub stopped: Option<EndpointState>,
}

impl Endpoints {
    /// Takes a delivery for `lease`. No delivery is handed to two callers within its lease, and each claim counts as an
    /// attempt, so that one that kills its process ends some day.
    ///
    /// A delivery to an endpoint that is not served fails here, and can be recovered.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn claim(
        &self,
        tenant: &TenantId,
        delivery: DeliveryId,
        lease: Duration,
    ) -> Result<Claimed> {
        let claim = Uuid::new_v4();
        let mut session = self.store.write("endpoints.claim").await?;
        let taken = fetch_optional!(
            &mut session,
            (i64, Uuid, Uuid, i64),
            "UPDATE main.outgoing_deliveries SET attempts = attempts + 1, claim = $3, \
             next_at = (SELECT us FROM main.clock) + $4 WHERE tenant_id = $1 AND id = $2 AND status = 'pending' \
             AND next_at <= (SELECT us FROM main.clock) \
             RETURNING attempts, endpoint_id, message, (SELECT us FROM main.clock)",
            tenant.as_str(),
            delivery.as_uuid(),
            claim,
            time::span(lease),
        )?;
        let Some((attempts, endpoint, message, now)) = taken else {
            return self.unclaimed(session, tenant, delivery).await;
        };
        let row = fetch_optional!(
            &mut session,
            RawEndpoint,
            concat!(
                "SELECT ",
                endpoint_columns!(),
                " FROM main.outgoing_endpoints WHERE tenant_id = $1 AND id = $2"
            ),
            tenant.as_str(),
            endpoint,
        )?;
        let sent = fetch_optional!(
            &mut session,
            (String, String, Vec<u8>),
            "SELECT message_id, kind, payload FROM main.outgoing_messages WHERE tenant_id = $1 AND id = $2",
            tenant.as_str(),
            message,
        )?;
        let (Some(row), Some((message_id, kind, payload))) = (row, sent) else {
            // Deleted this moment, and the delivery with it.
            return Ok(Claimed::Nothing);
        };
        if row.state != EndpointState::Active.as_str() {
            execute!(
                &mut session,
                "UPDATE main.outgoing_deliveries SET status = 'failed', attempts = attempts - 1, claim = NULL, \
                 finished_at = $3, next_at = $3 WHERE tenant_id = $1 AND id = $2",
                tenant.as_str(),
                delivery.as_uuid(),
                now,
            )?;
            session.commit().await?;
            return Ok(Claimed::Nothing);
        }
        session.commit().await?;
        let now = time::from_micros(now)?;
        let opened = seal::open(&self.vault, &row).await;
        Ok(Claimed::Work(Box::new(Work {
            tenant: tenant.clone(),
            delivery,
            endpoint: endpoint.into(),
            message_id,
            kind,
            payload,
            attempt: u32::try_from(attempts)
                .map_err(|_| error::corrupt("a stored count is negative"))?,
            target: opened.map(|opened| (opened.url.clone(), opened.signing(now))),
            claim,
        })))
    }

    async fn unclaimed(
        &self,
        mut session: Session,
        tenant: &TenantId,
        delivery: DeliveryId,
    ) -> Result<Claimed> {
        let waits = fetch_optional!(
            &mut session,
            (i64,),
            "SELECT next_at - (SELECT us FROM main.clock) FROM main.outgoing_deliveries \
             WHERE tenant_id = $1 AND id = $2 AND status = 'pending'",
            tenant.as_str(),
            delivery.as_uuid(),
        )?;
        session.commit().await?;
        Ok(match waits {
            None => Claimed::Nothing,
            // At least a little: whoever asks again at once finds the same.
            Some((micros,)) => Claimed::Wait(Duration::from_micros(
                u64::try_from(micros).unwrap_or(0).max(1000),
            )),
        })
    }

    /// Writes down how an attempt went and what becomes of the delivery, in one transaction; with it the endpoint stops
    /// when the receiver is gone, or when nothing but failures came for `patience`, and an audit row says so.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn finish(
        &self,
        work: &Work,
        attempt: Attempt,
        next: Next,
        patience: Duration,
    ) -> Result<Finished> {
        let mut session = self.store.write("endpoints.finish").await?;
        // The endpoint before the delivery, always: two attempts at one endpoint take turns instead of a deadlock.
        let stopped = mark_endpoint(&mut session, work, next, patience).await?;
        let (status, wait) = match next {
            Next::Delivered => ("delivered", None),
            Next::Again(wait) if stopped.is_none() => ("pending", Some(time::span(wait))),
            Next::Again(_) | Next::GivenUp | Next::Gone => ("failed", None),
        };
        let rows = execute!(
            &mut session,
            "UPDATE main.outgoing_deliveries SET status = $4, claim = NULL, \
             next_at = (SELECT us FROM main.clock) + $5, \
             finished_at = CASE WHEN $4 = 'pending' THEN NULL ELSE (SELECT us FROM main.clock) END \
             WHERE tenant_id = $1 AND id = $2 AND claim = $3",
            work.tenant.as_str(),
            work.delivery.as_uuid(),
            work.claim,
            status,
            wait.unwrap_or(0),
        )?;
        let there = rows == 1 || exists(&mut session, work).await?;
        if there {
            execute!(
                &mut session,
                "INSERT INTO main.outgoing_attempts (tenant_id, delivery_id, id, at, took, outcome, status) \
                 VALUES ($1, $2, $3, (SELECT us FROM main.clock), $4, $5, $6)",
                work.tenant.as_str(),
                work.delivery.as_uuid(),
                Uuid::now_v7(),
                time::span(attempt.took),
                attempt.outcome.as_str(),
                attempt.status.map(i64::from),
            )?;
        }
        if let Some(state) = stopped {
            execute!(
                &mut session,
                "UPDATE main.outgoing_deliveries SET status = 'failed', claim = NULL, \
                 finished_at = (SELECT us FROM main.clock) \
                 WHERE tenant_id = $1 AND endpoint_id = $2 AND status = 'pending'",
                work.tenant.as_str(),
                work.endpoint.as_uuid(),
            )?;
            let entry = NewAudit::new(ACTOR, "endpoint.disabled")
                .details(json!({ "endpoint": work.endpoint, "reason": state }));
            audit::append(&mut session, &work.tenant, &entry, self.store.now()).await?;
        }
        session.commit().await?;
        Ok(Finished {
            ours: rows == 1,
            stopped,
        })
    }
}

/// The state that the endpoint comes into, if it stops.
async fn mark_endpoint(
    session: &mut Session,
    work: &Work,
    next: Next,
    patience: Duration,
) -> Result<Option<EndpointState>> {
    let (tenant, endpoint) = (work.tenant.as_str(), work.endpoint.as_uuid());
    let stop = match next {
        Next::Delivered => {
            execute!(
                session,
                "UPDATE main.outgoing_endpoints SET failing_since = NULL \
                 WHERE tenant_id = $1 AND id = $2 AND failing_since IS NOT NULL AND state = 'active'",
                tenant,
                endpoint,
            )?;
            return Ok(None);
        }
        Next::Gone => EndpointState::Gone,
        Next::Again(_) | Next::GivenUp => {
            execute!(
                session,
                "UPDATE main.outgoing_endpoints SET failing_since = (SELECT us FROM main.clock) \
                 WHERE tenant_id = $1 AND id = $2 AND failing_since IS NULL AND state = 'active'",
                tenant,
                endpoint,
            )?;
            EndpointState::Failing
        }
    };
    let stopped = execute!(
        session,
        "UPDATE main.outgoing_endpoints SET state = $3, version = version + 1, \
         updated_at = (SELECT us FROM main.clock) WHERE tenant_id = $1 AND id = $2 AND state = 'active' \
         AND ($3 = 'gone' OR failing_since <= (SELECT us FROM main.clock) - $4)",
        tenant,
        endpoint,
        stop.as_str(),
        time::span(patience),
    )?;
    Ok((stopped == 1).then_some(stop))
}

async fn exists(session: &mut Session, work: &Work) -> Result<bool> {
    let found = fetch_optional!(
        session,
        (i64,),
        "SELECT attempts FROM main.outgoing_deliveries WHERE tenant_id = $1 AND id = $2",
        work.tenant.as_str(),
        work.delivery.as_uuid(),
    )?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        assert_eq!(EndpointState::parse("gone"), Some(EndpointState::Gone));
    }
}
