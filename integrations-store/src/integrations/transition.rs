use integrations_core::status::{self, Event, Status};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use serde_json::{Value, json};

use super::{Integrations, StoredIntegration, lock};
use crate::audit::{self, NewAudit};
use crate::check::{SHORT, shorten};
use crate::events::{hold_back, is_down, let_go};
use crate::session::execute;
use crate::time;

/// What an error message is cut to.
const MESSAGE: usize = 1000;

/// What moves an integration's status, and why.
#[derive(Debug, Clone)]
#[must_use]
pub struct Transition<'a> {
    event: Event,
    actor: &'a str,
    action: &'a str,
    always: bool,
    automatic: bool,
    reason: Option<String>,
    error: Option<(&'static str, String)>,
    proved: Option<u64>,
    synced: bool,
    probe: Option<(Value, Timestamp)>,
}

impl<'a> Transition<'a> {
    /// This event, caused by `actor`.
    pub fn new(event: Event, actor: &'a str) -> Self {
        Self {
            event,
            actor,
            action: "integration.status",
            always: false,
            automatic: false,
            reason: None,
            error: None,
            proved: None,
            synced: false,
            probe: None,
        }
    }

    /// Writes an audit row of this name, even when the status stays the same.
    pub fn action(mut self, action: &'a str) -> Self {
        self.action = action;
        self.always = true;
        self
    }

    /// Marks that no person asked for it: then a disconnected integration stays disconnected, with
    /// [`ErrorKind::Transition`].
    pub fn automatic(mut self) -> Self {
        self.automatic = true;
        self
    }

    /// Why, for the audit trail: holds no secret.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The error behind it: kept with the integration until the next success.
    pub fn error(mut self, error: &Error) -> Self {
        self.error = Some((error.kind().as_str(), shorten(&error.to_string(), MESSAGE)));
        self
    }

    /// Records that a test of the config with this version succeeded: webhooks that name its external key are its own
    /// from now on.
    pub fn proves(mut self, version: u64) -> Self {
        self.proved = Some(version);
        self
    }

    /// Records a successful sync.
    pub fn synced(mut self) -> Self {
        self.synced = true;
        self
    }

    /// Keeps the health probe's new state in the same transaction.
    pub fn probe(mut self, state: Value, due_at: Timestamp) -> Self {
        self.probe = Some((state, due_at));
        self
    }
}

/// What a transition did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Transitioned {
    /// The status before.
    pub from: Status,
    /// The status now.
    pub to: Status,
    /// How many events that were kept while the connection was down are due now.
    pub events_released: u64,
    /// The integration now.
    pub integration: StoredIntegration,
}

impl Integrations {
    /// Moves the status: the only way to. The new status, the audit row and the events that wait for a recovery change
    /// in one transaction; the database itself refuses a status that may not follow.
    ///
    /// # Errors
    /// [`ErrorKind::Transition`] when the event is not possible in this
    /// status, [`ErrorKind::NotFound`](integrations_core::ErrorKind::NotFound),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn transition(
        &self,
        tenant: &TenantId,
        id: IntegrationId,
        transition: &Transition<'_>,
    ) -> Result<Transitioned> {
        let now = time::stored(self.0.now());
        let mut session = self.0.write("integrations.transition").await?;
        let before = lock(&mut session, tenant, id).await?;
        let (from, to) = (
            before.status,
            status::apply(before.status, transition.event)?,
        );
        if transition.automatic && from == Status::Disconnected {
            let message = "a person disconnected the integration; only a test that a person asks for brings it back";
            return Err(Error::new(ErrorKind::Transition, message));
        }
        let after = transition.next(&before, to, now);
        let (probe, probe_due_at) = transition.probe.clone().unzip();
        execute!(
            &mut session,
            "UPDATE main.integrations SET status = $3, status_changed_at = $4, error_kind = $5, error_message = $6, \
             last_sync_at = $7, external_proved = $8, probe = COALESCE($9, probe), \
             probe_due_at = COALESCE($10, probe_due_at), updated_at = $11 WHERE tenant_id = $1 AND id = $2",
            tenant.as_str(),
            id.as_uuid(),
            to.as_str(),
            time::to_micros(after.status_changed_at),
            after.error_kind.as_deref(),
            after.error_message.as_deref(),
            after.last_sync_at.map(time::to_micros),
            after.external_proved,
            probe.map(|state| state.to_string()),
            probe_due_at.map(time::to_micros),
            time::to_micros(now),
        )?;
        let events_released = match (is_down(from), is_down(to)) {
            (false, true) => {
                hold_back(&mut session, tenant, id).await?;
                0
            }
            (true, false) => let_go(&mut session, tenant, id).await?,
            _ => 0,
        };
        if from != to || transition.always {
            let entry = NewAudit::new(transition.actor, transition.action)
                .integration(id)
                .details(transition.details(from, to, events_released));
            audit::append(&mut session, tenant, &entry, now).await?;
        }
        let integration = lock(&mut session, tenant, id).await?;
        session.commit().await?;
        Ok(Transitioned {
            from,
            to,
            events_released,
            integration,
        })
    }
}

impl Transition<'_> {
    fn next(&self, before: &StoredIntegration, to: Status, now: Timestamp) -> StoredIntegration {
        let mut after = before.clone();
        if before.status != to {
            after.status_changed_at = now;
        }
        if to == Status::Active {
            (after.error_kind, after.error_message) = (None, None);
            after.external_proved |= self.proved == Some(before.version);
            if self.synced {
                after.last_sync_at = before.last_sync_at.max(Some(now));
            }
        } else if let Some((kind, message)) = &self.error {
            after.error_kind = Some((*kind).to_owned());
            after.error_message = Some(message.clone());
        } else if to == Status::Error {
            after.error_message.clone_from(
                &self
                    .reason
                    .as_deref()
                    .map(|reason| shorten(reason, MESSAGE)),
            );
            after.error_kind = None;
        }
        after
    }

    fn details(&self, from: Status, to: Status, events_released: u64) -> Value {
        let mut details = json!({ "event": self.event.as_str(), "from": from, "to": to });
        if let Some(reason) = &self.reason {
            details["reason"] = shorten(reason, SHORT).into();
        }
        if let Some((kind, message)) = &self.error {
            details["error"] = json!({ "kind": kind, "message": message });
        }
        if events_released > 0 {
            details["eventsReleased"] = events_released.into();
        }
        details
    }
}
