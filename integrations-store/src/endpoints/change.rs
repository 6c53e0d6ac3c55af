use std::time::Duration;

use integrations_core::{Error, ErrorKind, Result, TenantId, Timestamp, WebhookSecret};
use serde_json::json;
use url::Url;

use super::row::{RawEndpoint, endpoint_columns};
use super::{Endpoint, EndpointId, EndpointState, Endpoints, EventPattern, create, model, seal};
use crate::audit::{self, NewAudit};
use crate::session::{execute, fetch_one, fetch_optional};
use crate::time;

/// How many secrets sign at once: the current one and those being rotated out.
const SECRETS: usize = 4;

/// What to change of an endpoint; the rest stays.
#[derive(Clone, Default)]
#[must_use]
pub struct EndpointChanges {
    url: Option<Url>,
    events: Option<Vec<EventPattern>>,
    description: Option<String>,
}

impl EndpointChanges {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another URL, which the caller has checked.
    pub fn url(mut self, url: Url) -> Self {
        self.url = Some(url);
        self
    }

    /// Other events.
    pub fn events(mut self, events: impl IntoIterator<Item = EventPattern>) -> Self {
        self.events = Some(events.into_iter().collect());
        self
    }

    /// Another description.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The URL that it is to have, when that changes.
    #[must_use]
    pub fn new_url(&self) -> Option<&Url> {
        self.url.as_ref()
    }
}

impl std::fmt::Debug for EndpointChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EndpointChanges")
            .field("origin", &self.url.as_ref().map(model::origin))
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

impl Endpoints {
    /// Changes an endpoint, and writes the audit row `endpoint.updated`, in one transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`], [`ErrorKind::NotFound`], [`ErrorKind::Crypto`], [`ErrorKind::Store`];
    /// [`ErrorKind::Conflict`] with the code `version` when it was changed meanwhile.
    pub async fn update(
        &self,
        tenant: &TenantId,
        id: EndpointId,
        changes: &EndpointChanges,
        actor: &str,
    ) -> Result<Endpoint> {
        let row = self.raw(tenant, id).await?;
        let opened = seal::open(&self.vault, &row).await?;
        let before = row.clone().read(opened.url)?;
        let url = changes.url.as_ref().unwrap_or(&before.url);
        let events = changes.events.as_ref().unwrap_or(&before.events);
        let description = changes.description.as_ref().unwrap_or(&before.description);
        create::check(url.as_str(), description, events)?;
        let (sealed, key) = seal::seal(&self.vault, tenant, id, url, &opened.secrets).await?;
        let mut session = self.store.write("endpoints.update").await?;
        let after = fetch_optional!(
            &mut session,
            RawEndpoint,
            concat!(
                "UPDATE main.outgoing_endpoints SET description = $4, origin = $5, sealed = $6, sealed_key = $7, \
                 events = $8, version = version + 1, updated_at = (SELECT us FROM main.clock) \
                 WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING ",
                endpoint_columns!()
            ),
            tenant.as_str(),
            id.as_uuid(),
            row.version,
            description.as_str(),
            model::origin(url),
            sealed.as_str(),
            key.as_str(),
            create::stored(events),
        )?;
        let after = after.ok_or_else(changed_meanwhile)?;
        let entry = NewAudit::new(actor, "endpoint.updated")
            .details(json!({ "endpoint": id, "origin": model::origin(url) }));
        audit::append(&mut session, tenant, &entry, self.store.now()).await?;
        session.commit().await?;
        after.read(url.clone())
    }

    /// Serves an endpoint again, whatever stopped it, or stops it; with the audit row `endpoint.enabled` or
    /// `endpoint.paused`. What is on its way to one that is stopped fails and can be recovered: see
    /// [`recover_in`](Self::recover_in).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Crypto`], [`ErrorKind::Store`].
    pub async fn set_active(
        &self,
        tenant: &TenantId,
        id: EndpointId,
        active: bool,
        actor: &str,
    ) -> Result<Endpoint> {
        let (state, action) = match active {
            true => (EndpointState::Active, "endpoint.enabled"),
            false => (EndpointState::Paused, "endpoint.paused"),
        };
        let mut session = self.store.write("endpoints.set_active").await?;
        let row = fetch_optional!(
            &mut session,
            RawEndpoint,
            concat!(
                "UPDATE main.outgoing_endpoints SET state = $3, failing_since = NULL, version = version + 1, \
                 updated_at = (SELECT us FROM main.clock) WHERE tenant_id = $1 AND id = $2 RETURNING ",
                endpoint_columns!()
            ),
            tenant.as_str(),
            id.as_uuid(),
            state.as_str(),
        )?;
        let row = row.ok_or_else(|| super::not_found(id.as_uuid()))?;
        let entry = NewAudit::new(actor, action).details(json!({ "endpoint": id }));
        audit::append(&mut session, tenant, &entry, self.store.now()).await?;
        session.commit().await?;
        row.open(&self.vault).await
    }

    /// The secrets that sign now, the current one first: for showing it to the receiver's owner, once.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Crypto`], [`ErrorKind::Store`].
    pub async fn secrets(&self, tenant: &TenantId, id: EndpointId) -> Result<Vec<WebhookSecret>> {
        let row = self.raw(tenant, id).await?;
        let now = self.database_now().await?;
        Ok(seal::open(&self.vault, &row).await?.signing(now))
    }

    /// Signs with a new secret from now on (this one, or one that is made), and for `keep` also with those before, so
    /// that the receiver can change over; with the audit row `endpoint.secret_rotated`. Returns the new secret.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the secret is not base64, and as [`update`](Self::update).
    pub async fn rotate_secret(
        &self,
        tenant: &TenantId,
        id: EndpointId,
        new: Option<WebhookSecret>,
        keep: Duration,
        actor: &str,
    ) -> Result<WebhookSecret> {
        let new = match new {
            Some(new) => new,
            None => seal::new_secret()?,
        };
        create::usable(&new)?;
        let row = self.raw(tenant, id).await?;
        let now = self.database_now().await?;
        let end = time::from_micros(time::to_micros(now).saturating_add(time::span(keep)))
            .unwrap_or(Timestamp::MAX);
        let opened = seal::open(&self.vault, &row).await?;
        let old = opened.secrets.into_iter().filter_map(|(secret, until)| {
            let until = until.map_or(end, |until| until.min(end));
            (until > now && secret != new).then_some((secret, Some(until)))
        });
        let secrets: Vec<_> = std::iter::once((new.clone(), None))
            .chain(old)
            .take(SECRETS)
            .collect();
        let (sealed, key) = seal::seal(&self.vault, tenant, id, &opened.url, &secrets).await?;
        let mut session = self.store.write("endpoints.rotate_secret").await?;
        let rows = execute!(
            &mut session,
            "UPDATE main.outgoing_endpoints SET sealed = $4, sealed_key = $5, version = version + 1, \
             updated_at = (SELECT us FROM main.clock) WHERE tenant_id = $1 AND id = $2 AND version = $3",
            tenant.as_str(),
            id.as_uuid(),
            row.version,
            sealed.as_str(),
            key.as_str(),
        )?;
        if rows == 0 {
            return Err(changed_meanwhile());
        }
        let entry =
            NewAudit::new(actor, "endpoint.secret_rotated").details(json!({ "endpoint": id }));
        audit::append(&mut session, tenant, &entry, self.store.now()).await?;
        session.commit().await?;
        Ok(new)
    }

    pub(super) async fn database_now(&self) -> Result<Timestamp> {
        let mut session = self.store.read("endpoints.now").await?;
        let (now,) = fetch_one!(&mut session, (i64,), "SELECT us FROM main.clock")?;
        session.commit().await?;
        time::from_micros(now)
    }
}

fn changed_meanwhile() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the endpoint was changed or deleted meanwhile",
    )
    .with_code("version")
}
