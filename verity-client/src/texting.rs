//! Text messages.

use std::fmt;

use async_trait::async_trait;
use http::Method;
use integrations_core::http::{Body, Idempotency, Operation, Request};
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, ErrorKind, FieldError, Result};
use serde::Serialize;

use crate::client::{Client, operation};
use crate::endpoint::SEND_MESSAGE;
use crate::ids::{ChatId, MessageId};

// A second call is a second message.
const SEND: Operation = operation(
    "texting.send",
    Method::POST,
    SEND_MESSAGE,
    Idempotency::Unsafe,
);
const OPTED_OUT: &str = "opted_out";

/// Who knows which numbers have opted out: the application's register.
#[async_trait]
pub trait OptOuts: fmt::Debug + Send + Sync {
    /// Whether nothing may be sent to this number.
    ///
    /// # Errors
    /// When that is not known; nothing is sent then.
    async fn is_opted_out(&self, number: &PhoneNumber) -> Result<bool>;
}

#[async_trait]
impl<T: OptOuts + ?Sized> OptOuts for std::sync::Arc<T> {
    async fn is_opted_out(&self, number: &PhoneNumber) -> Result<bool> {
        (**self).is_opted_out(number).await
    }
}

/// Whether an error says that the receiver has opted out. Nothing was sent.
#[must_use]
pub fn is_opted_out(error: &Error) -> bool {
    error.kind() == ErrorKind::Permission && error.code() == Some(OPTED_OUT)
}

integrations_core::open_enum! {
    /// How far a message got.
    pub enum MessageStatus {
        /// Taken, not sent yet.
        Pending = "pending",
        /// Waiting to be sent.
        Queued = "queued",
        /// Handed to the network.
        Sent = "sent",
        /// Arrived.
        Delivered = "delivered",
        /// Not delivered, and will not be.
        Failed = "failed",
        /// Came from the other side.
        Received = "received",
    }
}

/// A message to send. `Debug` shows neither the numbers nor the text.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SendMessage {
    /// To whom.
    pub to: PhoneNumber,
    /// From which number of the account; Verity chooses one when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The text.
    pub body: String,
    /// The thread that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<ChatId>,
    /// The caller's own name of the message, for example its id in the system that it was written in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

impl SendMessage {
    /// A text to a number.
    pub fn new(to: PhoneNumber, body: impl Into<String>) -> Self {
        Self {
            to,
            from: None,
            body: body.into(),
            conversation_id: None,
            correlation_id: None,
        }
    }

    /// Sends from this number of the account.
    #[must_use]
    pub fn from(mut self, number: impl Into<String>) -> Self {
        self.from = Some(number.into());
        self
    }

    /// Puts it into this thread.
    #[must_use]
    pub fn conversation(mut self, id: impl Into<ChatId>) -> Self {
        self.conversation_id = Some(id.into());
        self
    }

    /// Names it for the caller.
    #[must_use]
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }
}

impl fmt::Debug for SendMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMessage")
            .field("to", &self.to)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("conversation_id", &self.conversation_id)
            .field("correlation_id", &self.correlation_id)
            .finish_non_exhaustive()
    }
}

integrations_core::object! {
    /// What Verity says of a message that it took. Whether it arrives is told by webhook.
    pub struct SendReceipt {
        required {
            /// The message.
            message_id: MessageId = "messageId" | "id",
        }
        /// The thread that it went into.
        chat_id: Option<ChatId> = "chatId",
        /// How far it is.
        status: Option<MessageStatus> = "status",
    }
}

integrations_core::object! {
    /// The part of the answer that says whether it is one.
    struct Outcome {
        success: Option<bool> = "success",
        code: Option<String> = "code",
    }
}

integrations_core::object! {
    /// The part of a message that says who gets it.
    struct Receiver {
        to: Option<String> = "to",
    }
}

/// The operations: see [`Client::texting`].
#[derive(Debug, Clone, Copy)]
pub struct Texting<'a>(pub(crate) &'a Client);

impl Texting<'_> {
    /// Asks the register about a message that is written as JSON already. One of which it cannot be asked is refused:
    /// nobody knows who would get it.
    pub(crate) async fn may_send(&self, body: &Body) -> Result<()> {
        if self.0.opt_outs.is_none() {
            return Ok(());
        }
        let receiver: Option<Receiver> = match body {
            Body::Bytes(bytes) => serde_json::from_slice(bytes).ok(),
            _ => None,
        };
        let to = receiver.and_then(|receiver| receiver.to);
        let to = to.and_then(|to| PhoneNumber::from_e164(&to).ok());
        let to = to.ok_or_else(|| {
            let fault = FieldError::new("/body/to", "must be a phone number such as +12025550123");
            Error::validation("the register of opt-outs cannot be asked", vec![fault])
                .with_provider(crate::PROVIDER)
        })?;
        self.ask(&to).await
    }

    async fn ask(&self, to: &PhoneNumber) -> Result<()> {
        let Some(register) = &self.0.opt_outs else {
            return Ok(());
        };
        match register.is_opted_out(to).await? {
            false => Ok(()),
            true => Err(Error::new(
                ErrorKind::Permission,
                "the receiver has opted out: nothing was sent",
            )
            .with_provider(crate::PROVIDER)
            .with_code(OPTED_OUT)),
        }
    }

    /// Sends a message, unless its receiver has opted out: see
    /// [`ClientBuilder::opt_outs`](crate::ClientBuilder::opt_outs). Not repeated when it may have arrived.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`] when the receiver has opted out (see [`is_opted_out`]), whatever kept the register from
    /// answering, [`ErrorKind::Validation`] without a text or when Verity refuses the message;
    /// what else its answer means. [`Error::is_outcome_unknown`] when the message may have gone out.
    pub async fn send(&self, message: &SendMessage) -> Result<SendReceipt> {
        let named = |error: Error| {
            error
                .with_provider(crate::PROVIDER)
                .with_operation(SEND.name)
        };
        if message.body.trim().is_empty() {
            return Err(named(Error::new(
                ErrorKind::Validation,
                "a message needs a text",
            )));
        }
        self.ask(&message.to).await.map_err(named)?;
        let request = Request::new(SEND, SEND.path).json(message)?;
        let reply = self.0.sending.send(request).await?;
        let outcome: Outcome = reply.json()?;
        if outcome.success == Some(false) {
            let mut error = named(Error::new(
                ErrorKind::Validation,
                "Verity did not take the message",
            ))
            .with_status(reply.status)
            .with_body(reply.body.clone());
            let code = crate::ApiError::parse(&reply.body).code.or(outcome.code);
            if let Some(code) = code {
                error = error.with_code(code);
            }
            return Err(error);
        }
        reply.json()
    }
}
