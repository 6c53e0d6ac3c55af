//! Messages that the app's own conversation provider is to send: what the provider posts to its delivery URL.
//!
//! They are not like other webhooks. `type` is the channel and not the name of an event, there is no `webhookId`, and as
//! of January 2026 they were not signed at all. So they have a source of their own, [`GhlDeliveries`], for an address of
//! their own.
//!
//! ```
//! use ghl_client::webhook::delivery::{GhlDeliveries, OutboundDelivery};
//! use integrations_core::webhook::{Outcome, RawRequest, Reply, Secrets, WebhookSource};
//!
//! fn source() -> GhlDeliveries {
//!     // The delivery URL in the app's settings: https://example.com/deliveries?key=…
//!     GhlDeliveries::production().allow_unsigned().with_url_secret("key", ["a long random text"])
//! }
//!
//! fn receive(raw: &RawRequest, now: jiff::Timestamp) -> ghl_client::Result<Reply> {
//!     let source = source();
//!     for event in source.events(source.verify(raw, &Secrets::none(), now)?)? {
//!         let delivery = OutboundDelivery::try_from(&event)?;
//!         println!("to send: {:?} by {:?}", delivery.message_id, delivery.channel);
//!     }
//!     Ok(source.reply(Outcome::Accepted))
//! }
//! ```
//!
//! Answer 200 with an empty body as soon as the message is stored, and send it afterwards: any other status, and no
//! answer, makes the provider deliver it again. What became of the message is told with
//! `PUT /conversations/messages/{messageId}/status`, by the token of the app that owns the conversation provider; no
//! other app may tell it.
//!
//! <https://marketplace.gohighlevel.com/docs/webhook/ProviderOutboundMessage>

use integrations_core::webhook::schemes::{Ed25519Key, Ghl};
use integrations_core::webhook::{
    Event, Outcome, RawRequest, Rejection, Reply, ReplyPolicy, Secrets, TenantKey, Verified,
    WebhookSource,
};
use integrations_core::{Error, ErrorKind, Result, WebhookSecret, open_enum};
use jiff::Timestamp;

use super::envelope::ours;
use super::{Envelope, Event as Typed};
use crate::ids::{ContactId, LocationId, MessageId, UserId};

/// The name under which deliveries are kept; the provider's page is called so, the bodies are not.
const KIND: &str = "ProviderOutboundMessage";
const SIGNATURE: &str = "x-ghl-signature";
/// What the provider writes in place of a signature.
const UNSIGNED: &str = "N/A";

open_enum! {
    /// How a message is to be sent.
    pub enum DeliveryChannel {
        /// As a text message.
        Sms = "SMS",
        /// As an e-mail.
        Email = "Email",
        /// Over the app's own channel.
        Custom = "Custom",
    }
}

integrations_core::object! {
    /// A message that the app's conversation provider is to send.
    pub struct OutboundDelivery {
        /// The message: its outcome is reported under this id.
        message_id: Option<MessageId> = "messageId",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The contact it goes to.
        contact_id: Option<ContactId> = "contactId",
        /// The user who wrote it.
        user_id: Option<UserId> = "userId",
        /// How it is to be sent.
        channel: Option<DeliveryChannel> = "type",
        /// The phone number it goes to.
        phone: Option<String> = "phone",
        /// The text.
        message: Option<String> = "message",
        /// Where the attachments are.
        attachments: Vec<String> = "attachments",
        /// The addresses an e-mail goes to.
        email_to: Vec<String> = "emailTo",
        /// Who the e-mail is from, with the name.
        email_from: Option<String> = "emailFrom",
        /// The subject of the e-mail.
        subject: Option<String> = "subject",
        /// The e-mail, as HTML.
        html: Option<String> = "html",
        /// The e-mail inside the message.
        email_message_id: Option<String> = "emailMessageId",
        /// The app's own id of the message that is answered, as it was given when that one was reported.
        reply_to_alt_id: Option<String> = "replyToAltId",
    }
}

impl TryFrom<&Event> for OutboundDelivery {
    type Error = Error;

    /// Reads a delivery.
    ///
    /// # Errors
    /// [`ErrorKind::Webhook`] for an event that did not come through [`GhlDeliveries`], [`ErrorKind::Decode`] when the
    /// body is not an object.
    fn try_from(event: &Event) -> Result<Self> {
        ours(event)?;
        if event.kind() == KIND {
            event.decode()
        } else {
            Err(Error::new(
                ErrorKind::Webhook,
                "the event is no delivery for a conversation provider: verify it with GhlDeliveries",
            ))
        }
    }
}

/// The delivery URL of a conversation provider: how a delivery is proven, to whom it belongs, what it is answered.
///
/// A signature is checked whenever there is one, and a wrong one refuses the delivery whatever else is allowed. A
/// delivery without one is refused too, unless you [`allow_unsigned`](Self::allow_unsigned): then whoever learns the
/// address can make your provider send messages, so keep a secret in it with
/// [`with_url_secret`](Self::with_url_secret), and keep that address out of logs.
///
/// The provider signs with one key for all apps, and a delivery does not say for which app it is: the secret in the URL
/// also keeps away what it signed for somebody else. A body that names an event is refused (`not_allowed`), so that no
/// event passes for a message to be sent.
///
/// A repeated delivery is known by its `webhookId` when it has one, by its `messageId` else, and by the SHA-256 of the
/// body when it has neither.
#[derive(Debug, Clone, Default)]
pub struct GhlDeliveries {
    scheme: Ghl,
    unsigned: bool,
    url_secret: Option<(String, Vec<WebhookSecret>)>,
}

impl GhlDeliveries {
    /// Takes what the provider signed.
    #[must_use]
    pub fn production() -> Self {
        Self::default()
    }

    /// Verifies with other keys: any may match.
    #[must_use]
    pub fn with_keys(keys: impl IntoIterator<Item = Ed25519Key>) -> Self {
        Self {
            scheme: Ghl::with_keys(keys),
            ..Self::default()
        }
    }

    /// Also takes deliveries without a signature.
    #[must_use]
    pub fn allow_unsigned(mut self) -> Self {
        self.unsigned = true;
        self
    }

    /// Refuses deliveries whose URL does not have one of these secrets in this query parameter, signed or not. Several
    /// allow to change the address step by step; empty ones match nothing.
    #[must_use]
    pub fn with_url_secret(
        mut self,
        parameter: impl Into<String>,
        secrets: impl IntoIterator<Item = impl Into<WebhookSecret>>,
    ) -> Self {
        let secrets = secrets.into_iter().map(Into::into);
        let secrets = secrets.filter(|secret| !secret.is_empty()).collect();
        self.url_secret = Some((parameter.into(), secrets));
        self
    }

    /// Checks the secret in the URL; `false` when none is asked for.
    fn check_url(&self, raw: &RawRequest) -> Result<bool, Rejection> {
        let Some((parameter, secrets)) = &self.url_secret else {
            return Ok(false);
        };
        if secrets.is_empty() {
            return Err(Rejection::NoSecret);
        }
        let given = raw.query_value(parameter).ok_or(Rejection::BadToken)?;
        let given = WebhookSecret::from(given);
        // All are compared, so that the time does not tell which one came close.
        if secrets.iter().filter(|own| **own == given).count() == 0 {
            return Err(Rejection::BadToken);
        }
        Ok(true)
    }
}

impl WebhookSource for GhlDeliveries {
    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey> {
        Some(Envelope::read(&raw.body)?.tenant_key()?.into())
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        let known = self.check_url(raw)?;
        let kind = Envelope::read(&raw.body).and_then(|envelope| envelope.kind);
        let signature = raw.optional_header(SIGNATURE)?;
        let signed = signature.is_some_and(|signature| signature != UNSIGNED);
        let verified = if signed || !self.unsigned {
            self.scheme.verify(raw, secrets, received_at)?
        } else if known {
            Verified::vouched_for(raw, "ghl_delivery_url_secret", received_at)
        } else {
            Verified::vouched_for(raw, "ghl_delivery_unsigned", received_at)
        };
        if kind.is_some_and(|kind| Typed::KNOWN.contains(&kind.as_str())) {
            return Err(Rejection::NotAllowed.into());
        }
        Ok(verified)
    }

    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let envelope = Envelope::read(verified.body()).ok_or(Rejection::MalformedPayload)?;
        let mut event = Event::new(&verified, crate::PROVIDER, KIND);
        let delivery: OutboundDelivery = event.decode()?;
        let message = delivery
            .message_id
            .as_ref()
            .map(|id| format!("message:{id}"));
        let id = envelope.webhook_id.as_ref().filter(|id| !id.is_empty());
        if let Some(id) = id.cloned().or(message) {
            event = event.with_id(id);
        }
        if let Some(key) = envelope.tenant_key() {
            event = event.with_tenant_key(key);
        }
        if let Some(at) = envelope.timestamp {
            event = event.with_occurred_at(at);
        }
        Ok(vec![event])
    }

    /// Messages to one contact go in order, apart from what else happens to the contact.
    fn order_key(&self, event: &Event) -> Option<String> {
        let delivery: OutboundDelivery = event.decode().ok()?;
        let contact = delivery.contact_id.map(|id| format!("messages:{id}"));
        contact.or_else(|| Some(format!("message:{}", delivery.message_id?)))
    }

    fn reply(&self, outcome: Outcome) -> Reply {
        ReplyPolicy::GHL.reply(outcome)
    }
}
