use integrations_core::{Error, ErrorKind, FieldError, Result, TenantId, WebhookSecret};
use serde_json::json;

use super::row::{RawEndpoint, endpoint_columns};
use super::{ENDPOINTS, Endpoint, EndpointId, Endpoints, EventPattern, NewEndpoint, model, seal};
use crate::audit::{self, NewAudit};
use crate::check::{Check, LONG, SHORT};
use crate::session::{execute, fetch_one};

/// How many patterns an endpoint may have.
const PATTERNS: usize = 100;

impl Endpoints {
    /// Stores a receiver, and writes the audit row `endpoint.created`, in one transaction.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it wants no events, its secret is not base64, something is too long, or the
    /// tenant has a hundred already (code `too_many`); [`ErrorKind::Crypto`], [`ErrorKind::Store`].
    pub async fn create(
        &self,
        tenant: &TenantId,
        new: &NewEndpoint,
        actor: &str,
    ) -> Result<Endpoint> {
        check(new.url.as_str(), &new.description, &new.events)?;
        let secret = match &new.secret {
            Some(secret) => secret.clone(),
            None => seal::new_secret()?,
        };
        usable(&secret)?;
        let id = EndpointId::new();
        let (sealed, key) =
            seal::seal(&self.vault, tenant, id, &new.url, &[(secret, None)]).await?;
        let mut session = self.store.write("endpoints.create").await?;
        let (there,) = fetch_one!(
            &mut session,
            (i64,),
            "SELECT COUNT(*) FROM main.outgoing_endpoints WHERE tenant_id = $1",
            tenant.as_str(),
        )?;
        if usize::try_from(there).is_ok_and(|there| there >= ENDPOINTS) {
            return Err(Error::new(
                ErrorKind::Validation,
                "a tenant may have a hundred endpoints",
            )
            .with_code("too_many"));
        }
        let row = fetch_one!(
            &mut session,
            RawEndpoint,
            concat!(
                "INSERT INTO main.outgoing_endpoints (tenant_id, id, description, origin, sealed, sealed_key, events, \
                 state, version, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', 1, \
                 $8, (SELECT us FROM main.clock), (SELECT us FROM main.clock)) RETURNING ",
                endpoint_columns!()
            ),
            tenant.as_str(),
            id.as_uuid(),
            new.description.as_str(),
            model::origin(&new.url),
            sealed.as_str(),
            key.as_str(),
            stored(&new.events),
            actor,
        )?;
        let entry = NewAudit::new(actor, "endpoint.created")
            .details(json!({ "endpoint": id, "origin": model::origin(&new.url) }));
        audit::append(&mut session, tenant, &entry, self.store.now()).await?;
        session.commit().await?;
        row.read(new.url.clone())
    }

    /// Forgets a receiver with its deliveries, and writes the audit row `endpoint.deleted`, in one transaction.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`].
    pub async fn delete(&self, tenant: &TenantId, id: EndpointId, actor: &str) -> Result<()> {
        let mut session = self.store.write("endpoints.delete").await?;
        let rows = execute!(
            &mut session,
            "DELETE FROM main.outgoing_endpoints WHERE tenant_id = $1 AND id = $2",
            tenant.as_str(),
            id.as_uuid(),
        )?;
        if rows == 0 {
            return Err(super::not_found(id.as_uuid()));
        }
        let entry = NewAudit::new(actor, "endpoint.deleted").details(json!({ "endpoint": id }));
        audit::append(&mut session, tenant, &entry, self.store.now()).await?;
        session.commit().await
    }
}

pub(super) fn check(url: &str, description: &str, events: &[EventPattern]) -> Result<()> {
    let wrong = |message: &'static str| {
        Err(Error::validation(
            "",
            vec![FieldError::new("/events", message)],
        ))
    };
    if events.is_empty() {
        return wrong("names no events");
    }
    if events.len() > PATTERNS {
        return wrong("has more than a hundred patterns");
    }
    Check::default()
        .text("/url", url, LONG)
        .optional("/description", Some(description), SHORT)
        .done()
}

/// A secret that cannot sign is found out now, not with the first delivery.
pub(super) fn usable(secret: &WebhookSecret) -> Result<()> {
    use integrations_core::webhook::schemes::StandardWebhooks;

    let at = integrations_core::Timestamp::UNIX_EPOCH;
    StandardWebhooks::sign(std::slice::from_ref(secret), "check", at, b"")
        .map(drop)
        .map_err(|_| {
            Error::validation(
                "",
                vec![FieldError::new("/secret", "is not base64 after whsec_")],
            )
        })
}

pub(super) fn stored(events: &[EventPattern]) -> String {
    serde_json::Value::from_iter(events.iter().map(EventPattern::as_str)).to_string()
}
