use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use integrations_core::http::Reply;
use integrations_core::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sending::{Reading, Sending};

/// What an operation can answer: every type that decodes from JSON, [`Untyped`], [`Download`](crate::Download).
///
/// Implement [`serde::Deserialize`], not this: the JSON is then read whole and taken out of its envelope.
pub trait Answer: Sized + Send + 'static {
    /// Sends a call and reads its answer.
    #[doc(hidden)]
    fn receive(sending: Sending) -> impl Future<Output = Result<Self>> + Send;
}

/// An answer that is read whole, so that [`Call::send_full`](crate::Call::send_full) can hand over its bytes too: all
/// but [`Download`](crate::Download).
pub trait WholeAnswer: Sized + Send + 'static {
    /// Reads an answer that is there.
    #[doc(hidden)]
    fn read(reply: &Reply, reading: Reading) -> Result<Self>;
}

impl<T: WholeAnswer> Answer for T {
    async fn receive(sending: Sending) -> Result<Self> {
        let (reply, reading) = sending.reply().await?;
        Self::read(&reply, reading)
    }
}

impl<T: DeserializeOwned + Send + 'static> WholeAnswer for T {
    fn read(reply: &Reply, reading: Reading) -> Result<Self> {
        reading.json(reply)
    }
}

/// The answer of an operation whose answer the provider does not document.
///
/// Whatever comes with a status of success is one: JSON, text, audio, nothing. Read it as what it turns out to be. Only a
/// page of HTML is an error, as everywhere: gateways in front of the provider answer such, and what happened is not known.
///
/// ```no_run
/// # fn demo(answer: ghl_client::Untyped) -> ghl_client::Result<()> {
/// if answer.is_empty() {
///     println!("{}: nothing to read", answer.status());
/// } else {
///     println!("{}", answer.value()?["id"]);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Untyped {
    reply: Reply,
    reading: Reading,
}

impl WholeAnswer for Untyped {
    fn read(reply: &Reply, reading: Reading) -> Result<Self> {
        if !reply.body.is_empty() && is_html(&reply.headers) {
            let error = reading
                .unreadable(gateway_page())
                .with_status(reply.status)
                .with_attempts(reply.attempts)
                .with_body(reply.body.clone());
            return Err(match &reply.request_id {
                Some(id) => error.with_request_id(id.clone()),
                None => error,
            });
        }
        Ok(Self {
            reply: reply.clone(),
            reading,
        })
    }
}

impl Untyped {
    /// The status, always 2xx.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.reply.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.reply.headers
    }

    /// The provider's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.reply.request_id.as_deref()
    }

    /// The content type, as the provider says it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        content_type(&self.reply.headers)
    }

    /// Whether there is no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reply.body.is_empty()
    }

    /// The body. A clone of it is cheap.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.reply.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        self.reply
            .text()
            .map_err(|error| self.reading.unreadable(error))
    }

    /// The body as JSON of your type.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) that keeps the body and names the place that does not fit, or the
    /// content type when it is not JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.reply
            .json()
            .map_err(|error| self.reading.unreadable(error))
    }

    /// The body as JSON of any shape; null when there is none.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn value(&self) -> Result<Value> {
        self.json()
    }
}

impl fmt::Debug for Untyped {
    /// Shows the length of the body: it may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Untyped")
            .field("status", &self.reply.status)
            .field("content_type", &self.content_type())
            .field("body", &format_args!("{} bytes", self.reply.body.len()))
            .finish_non_exhaustive()
    }
}

pub(crate) fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

/// Whether an answer says that it is a page of HTML.
pub(crate) fn is_html(headers: &HeaderMap) -> bool {
    let essence = content_type(headers).and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/html"))
}

/// A page where no operation answers one.
pub(crate) fn gateway_page() -> Error {
    let message = "the answer is text/html, a page of a gateway and not the provider's answer: check the base URL, or the \
                   provider is in maintenance";
    Error::new(ErrorKind::Decode, message)
}
