use http::Method;
use integrations_core::http::{Idempotency, Operation, Reply};
use integrations_core::{Error, Result};
use serde::de::DeserializeOwned;

pub use crate::members::Members;

/// What is known of an operation of Aloware, as data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Spec {
    /// Name, method, path and idempotency.
    pub operation: Operation,
    /// The member of the answer that holds the object, when it is wrapped.
    pub envelope: Option<&'static str>,
    /// The provider's page.
    pub docs: &'static str,
}

impl Spec {
    /// An operation. Only a GET may be repeated: no document says that a second POST does what one does.
    #[must_use]
    pub const fn new(name: &'static str, method: Method, path: &'static str) -> Self {
        let idempotency = match method {
            Method::GET => Idempotency::Safe,
            _ => Idempotency::Unsafe,
        };
        Self {
            operation: Operation {
                name,
                method,
                path,
                idempotency,
                limit: None,
            },
            envelope: None,
            docs: "https://support.aloware.com/",
        }
    }

    /// Names the member of the answer that may hold the object.
    #[must_use]
    pub const fn envelope_if_present(mut self, member: &'static str) -> Self {
        self.envelope = Some(member);
        self
    }

    /// Links the provider's page.
    #[must_use]
    pub const fn docs(mut self, url: &'static str) -> Self {
        self.docs = url;
        self
    }
}

/// One operation: its request, with what is known of it as data.
///
/// Requests are plain values: build one, look at it, send it with a [`Client`](crate::Client) or not.
pub trait Endpoint: Clone + Send + Sync + 'static {
    /// What is known of the operation.
    const SPEC: Spec;

    /// What it answers: a type that decodes from JSON, or
    /// [`UpsertOutcome`](crate::contacts::UpsertOutcome).
    type Response: Answer;

    /// The values of the path's parameters, in their order.
    fn path(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Writes what the request says.
    fn members(&self, members: &mut Members) {
        let _ = members;
    }
}

/// What an operation can answer: every type that decodes from JSON.
///
/// Implement [`serde::Deserialize`], not this.
pub trait Answer: Sized + Send + 'static {
    /// Reads an answer.
    #[doc(hidden)]
    fn read(reply: &Reply, envelope: Option<&'static str>) -> Result<Self>;

    /// Reads a refusal: for operations where one of them is an answer.
    #[doc(hidden)]
    fn refused(error: Error) -> Result<Self> {
        Err(error)
    }
}

impl<T: DeserializeOwned + Send + 'static> Answer for T {
    fn read(reply: &Reply, envelope: Option<&'static str>) -> Result<Self> {
        match envelope {
            Some(member) if reply.json_member::<Whole>(member).is_ok() => reply.json_member(member),
            _ => reply.json(),
        }
    }
}

/// An object, whatever is in it.
type Whole = std::collections::HashMap<String, serde::de::IgnoredAny>;

integrations_core::object! {
    /// What an operation says that returns nothing.
    pub struct Confirmation {
        /// The provider's words.
        message: Option<String> = "message",
    }
}
