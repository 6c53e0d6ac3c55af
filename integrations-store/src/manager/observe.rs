//! What a test, a probe or a call says about a connection, and what follows.

use integrations_core::provider::ConnectionReport;
use integrations_core::status::probe::{Notification, Probe};
use integrations_core::status::{self, Event, Status};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use serde_json::{Value, json};

use super::{IntegrationManager, Notice};
use crate::{NewAudit, StoredIntegration, Transition, Transitioned};

const TESTED: &str = "integration.tested";
/// Who moves what nobody asked for.
pub(super) const SYSTEM: &str = "system";

/// Who saw it.
#[derive(Clone, Copy)]
pub(super) enum Seen<'a> {
    /// A test that a person asked for.
    Test(&'a str),
    /// The health probe.
    Probe,
    /// A call in the course of work.
    Call,
}

impl IntegrationManager {
    /// Tests the connection with a call that changes nothing, as `actor` asks: success makes it `active` from any
    /// status, a refusal makes it `error`; an outage says nothing about the credential, so the status stays. The
    /// audit row `integration.tested` is written either way.
    ///
    /// # Errors
    /// What the test found wrong; [`ErrorKind::NotFound`]; [`ErrorKind::Store`].
    pub async fn test_connection(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        actor: &str,
    ) -> Result<ConnectionReport> {
        let row = self.0.store.integrations().get(tenant, id).await?;
        let result = self.try_out(&row).await;
        self.observe(&row, result.as_ref().map(drop), Seen::Test(actor))
            .await?;
        result
    }

    pub(super) async fn try_out(&self, row: &StoredIntegration) -> Result<ConnectionReport> {
        let entry = self.live(row).await?;
        entry.connection.test_connection().await
    }

    /// Tells how a call through a connection went: [`status::event_of`] judges errors. A success moves `last_sync_at`
    /// (at most once a second) and ends `error`; a refused credential makes it `error`; a refused permission
    /// only hurries the next probe, since other calls may be permitted; all else says nothing. A
    /// disconnected integration stays disconnected.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn record(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        result: Result<(), &Error>,
    ) -> Result<()> {
        let cached = self.0.connections.get(tenant, id);
        let now = self.0.store.now();
        match result {
            Err(error) if status::event_of(error).is_none() => return Ok(()),
            Ok(())
                if cached
                    .as_ref()
                    .is_some_and(|entry| entry.synced_lately(now)) =>
            {
                return Ok(());
            }
            Err(_) => cached.iter().for_each(|entry| entry.forget_sync()),
            Ok(()) => {}
        }
        let row = self.0.store.integrations().get(tenant, id).await?;
        match (row.status, result) {
            (Status::Disconnected, _) => Ok(()),
            (Status::Active, Ok(())) => {
                self.0
                    .store
                    .integrations()
                    .touch_sync(tenant, id, now)
                    .await
            }
            // One call may lack a scope that the others do not need: a probe finds out about the connection, soon.
            (_, Err(error)) if error.kind() == ErrorKind::Permission => {
                self.hurry_probe(&row).await
            }
            (Status::Error, Err(error))
                if row.error_kind.as_deref() == Some(error.kind().as_str()) =>
            {
                Ok(())
            }
            _ => self.observe(&row, result, Seen::Call).await.map(drop),
        }
    }

    async fn hurry_probe(&self, row: &StoredIntegration) -> Result<()> {
        let now = self.0.store.now();
        let mut probe = probe_of(row, now);
        probe.hurry(now);
        let state = serde_json::to_value(&probe).unwrap_or(Value::Null);
        let due = Some(probe.next_due());
        self.0
            .store
            .integrations()
            .save_probe(&row.tenant, row.id, &state, due)
            .await
    }

    /// Moves the probe's state and the status, writes the audit row, and raises the notice.
    pub(super) async fn observe(
        &self,
        row: &StoredIntegration,
        result: Result<(), &Error>,
        seen: Seen<'_>,
    ) -> Result<Option<Notification>> {
        let now = self.0.store.now();
        let mut probe = probe_of(row, now);
        let observation = probe.record(&self.0.policy, result, now, fastrand::f64());
        let state = serde_json::to_value(&probe).unwrap_or(Value::Null);
        let due = probe.next_due();
        let event = match (seen, result) {
            (Seen::Test(_), Err(error)) => status::event_of(error).or(observation.event),
            _ => observation.event,
        };
        let moved = match event {
            Some(event) => {
                let transition = transition(row, event, result, seen).probe(state, due);
                self.0
                    .store
                    .integrations()
                    .transition(&row.tenant, row.id, &transition)
                    .await
                    .map(Some)
            }
            None => {
                self.0
                    .store
                    .integrations()
                    .save_probe(&row.tenant, row.id, &state, Some(due))
                    .await?;
                self.audit_test(row, result, seen).await.map(|()| None)
            }
        };
        match moved {
            // A person disconnected it while the probe or the call was under way.
            Err(error) if error.kind() == ErrorKind::Transition => return Ok(None),
            Err(error) => return Err(error),
            Ok(moved) => log(row, moved.as_ref()),
        }
        if let (Some(notifier), Some(notification)) = (&self.0.notifier, &observation.notification)
        {
            notifier.notify(Notice {
                tenant: row.tenant.clone(),
                integration: row.id,
                provider: row.provider.clone(),
                name: row.name.clone(),
                notification: notification.clone(),
            });
        }
        Ok(observation.notification)
    }

    /// A test that moved nothing is in the trail all the same.
    async fn audit_test(
        &self,
        row: &StoredIntegration,
        result: Result<(), &Error>,
        seen: Seen<'_>,
    ) -> Result<()> {
        let (Seen::Test(actor), Err(error)) = (seen, result) else {
            return Ok(());
        };
        let error = json!({ "kind": error.kind().as_str(), "message": error.to_string() });
        let details = json!({ "from": row.status, "to": row.status, "error": error });
        let entry = NewAudit::new(actor, TESTED)
            .integration(row.id)
            .details(details);
        self.0
            .store
            .audit()
            .append(&row.tenant, &entry)
            .await
            .map(drop)
    }
}

fn probe_of(row: &StoredIntegration, now: Timestamp) -> Probe {
    let stored = row
        .probe
        .clone()
        .and_then(|state| serde_json::from_value(state).ok());
    stored.unwrap_or_else(|| Probe::new(now))
}

fn transition<'a>(
    row: &StoredIntegration,
    event: Event,
    result: Result<(), &Error>,
    seen: Seen<'a>,
) -> Transition<'a> {
    let transition = match seen {
        Seen::Test(actor) => Transition::new(event, actor)
            .action(TESTED)
            .proves(row.version),
        Seen::Probe => Transition::new(event, SYSTEM)
            .automatic()
            .reason("health probe")
            .proves(row.version),
        Seen::Call => Transition::new(event, SYSTEM)
            .automatic()
            .reason("call")
            .synced(),
    };
    match result {
        Ok(()) => transition,
        Err(error) => transition.error(error),
    }
}

fn log(row: &StoredIntegration, moved: Option<&Transitioned>) {
    let Some(moved) = moved.filter(|moved| moved.from != moved.to) else {
        return;
    };
    tracing::info!(
        tenant = %row.tenant,
        integration = %row.id,
        provider = %row.provider,
        from = moved.from.as_str(),
        to = moved.to.as_str(),
        events_released = moved.events_released,
        "integration status changed"
    );
}
