use integrations_core::{Error, FieldError, Result, TenantId};
use uuid::Uuid;

use super::row::patterns;
use super::{DeliveryId, Endpoints, MessageId, pattern};
use crate::check::{Check, PAYLOAD};
use crate::session::{execute, fetch_all, fetch_optional};
use crate::{Transaction, error};

/// The longest id of a message.
const ID: usize = 128;

/// Something that happened here, for whoever wants to hear of it.
#[derive(Clone)]
#[must_use]
pub struct NewMessage {
    pub(super) kind: String,
    pub(super) id: Option<String>,
    pub(super) payload: Vec<u8>,
}

impl NewMessage {
    /// Of this kind (`contact.created`), with this JSON, which is sent as it is.
    ///
    /// The specification of Standard Webhooks recommends an object with `type`, `timestamp` and `data`.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when it cannot be written as JSON.
    pub fn json<T: serde::Serialize + ?Sized>(
        kind: impl Into<String>,
        payload: &T,
    ) -> Result<Self> {
        let payload = serde_json::to_vec(payload).map_err(|source| {
            Error::validation("the payload cannot be written as JSON", Vec::new())
                .with_source(source)
        })?;
        Ok(Self {
            kind: kind.into(),
            id: None,
            payload,
        })
    }

    /// Names it, so that publishing it again does nothing, and receivers can tell repetitions: sent as `webhook-id`.
    /// Letters, digits, `_` and `-`. One is made by default.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    fn check(&self) -> Result<()> {
        let wrong =
            |path, message| Err(Error::validation("", vec![FieldError::new(path, message)]));
        if !pattern::is_kind(&self.kind) {
            return wrong("/kind", "is not a kind such as contact.created");
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if let Some(id) = &self.id
            && (id.is_empty() || id.len() > ID || !id.bytes().all(plain))
        {
            return wrong("/id", "is not 1 to 128 letters, digits, _ and -");
        }
        Check::default()
            .size("/payload", self.payload.len(), PAYLOAD)
            .done()
    }
}

impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("payload", &self.payload.len())
            .finish()
    }
}

/// What [`Endpoints::publish_in`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The message; `None` when the tenant has no endpoint at all, and when it was published before.
    pub message: Option<MessageId>,
    /// Whether a message of this id was published before: nothing happened.
    pub duplicate: bool,
    /// One for each endpoint that wants it.
    pub deliveries: Vec<DeliveryId>,
}

impl Endpoints {
    /// Publishes a message in the caller's transaction: what it is about and the duty to tell of it commit together.
    /// One delivery for each active endpoint that wants its kind.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation),
    /// [`ErrorKind::Store`](integrations_core::ErrorKind::Store).
    pub async fn publish_in(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        message: &NewMessage,
    ) -> Result<Published> {
        message.check()?;
        let session = transaction.session();
        // Locked so that none is deleted before its delivery refers to it.
        let endpoints = fetch_all!(
            session,
            (Uuid, String, String),
            "SELECT id, events, state FROM main.outgoing_endpoints WHERE tenant_id = $1 ORDER BY id \
             /*pg FOR KEY SHARE */",
            tenant.as_str(),
        )?;
        let mut published = Published {
            message: None,
            duplicate: false,
            deliveries: Vec::new(),
        };
        if endpoints.is_empty() {
            return Ok(published);
        }
        let id = MessageId::new();
        let made = format!("msg_{}", id.as_uuid().simple());
        let stored = fetch_optional!(
            session,
            (i64,),
            "INSERT INTO main.outgoing_messages (tenant_id, id, message_id, kind, payload, created_at) \
             VALUES ($1, $2, $3, $4, $5, (SELECT us FROM main.clock)) \
             ON CONFLICT (tenant_id, message_id) DO NOTHING RETURNING created_at",
            tenant.as_str(),
            id.as_uuid(),
            message.id.as_deref().unwrap_or(&made),
            message.kind.as_str(),
            message.payload.as_slice(),
        )?;
        let Some((at,)) = stored else {
            published.duplicate = true;
            return Ok(published);
        };
        published.message = Some(id);
        for (endpoint, events, state) in endpoints {
            let wanted = patterns(&events).ok_or_else(|| {
                error::corrupt(format!(
                    "outgoing_endpoints {tenant}/{endpoint}: events is not readable"
                ))
            })?;
            if state == "active" && wanted.iter().any(|pattern| pattern.matches(&message.kind)) {
                let delivery = DeliveryId::new();
                execute!(
                    session,
                    "INSERT INTO main.outgoing_deliveries (tenant_id, id, endpoint_id, message, status, attempts, \
                     next_at, created_at) VALUES ($1, $2, $3, $4, 'pending', 0, $5, $5)",
                    tenant.as_str(),
                    delivery.as_uuid(),
                    endpoint,
                    id.as_uuid(),
                    at,
                )?;
                published.deliveries.push(delivery);
            }
        }
        Ok(published)
    }
}
