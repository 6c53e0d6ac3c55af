use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::{Body, Operation, Priority, Query};
use crate::{Error, Result};

/// How one call differs from the client's settings.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// How long the call may take in all, waiting included.
    pub timeout: Option<Duration>,
    /// How long one attempt may take.
    pub attempt_timeout: Option<Duration>,
    /// Attempts in all.
    pub max_attempts: Option<u32>,
    /// The caller's word that repeating this call does no harm (or does).
    pub idempotent: Option<bool>,
    /// Sent as `Idempotency-Key`, and makes the call repeatable.
    pub idempotency_key: Option<String>,
    /// Which call goes first under a rate limit.
    pub priority: Priority,
    /// The largest answer to read, in bytes after decompression; 32 MiB by default.
    pub max_response_bytes: Option<usize>,
}

/// The setters of a call's [`CallOptions`], inside an `impl` of a type that keeps them in the named field.
///
/// ```
/// use integrations_core::http::CallOptions;
///
/// /// A call.
/// #[must_use]
/// pub struct Call {
///     options: CallOptions,
/// }
///
/// impl Call {
///     integrations_core::call_options!(options);
/// }
///
/// let call = Call { options: CallOptions::default() }.with_max_attempts(1);
/// assert_eq!(call.options.max_attempts, Some(1));
/// ```
#[macro_export]
macro_rules! call_options {
    ($field:ident) => {
        /// How long the call may take in all, waiting for a rate limit included.
        pub fn with_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.$field.timeout = Some(timeout);
            self
        }

        /// How long one attempt may take.
        pub fn with_attempt_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.$field.attempt_timeout = Some(timeout);
            self
        }

        /// How many attempts are made; 1 turns retries off.
        pub fn with_max_attempts(mut self, attempts: u32) -> Self {
            self.$field.max_attempts = Some(attempts);
            self
        }

        /// Your word that this call may be repeated although it may have arrived, or may not.
        pub fn with_idempotent(mut self, idempotent: bool) -> Self {
            self.$field.idempotent = Some(idempotent);
            self
        }

        /// Which call goes first when the rate limit is tight.
        pub fn with_priority(mut self, priority: $crate::http::Priority) -> Self {
            self.$field.priority = priority;
            self
        }
    };
}

/// A call before it is sent: no credential, no base URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// What is known of the operation.
    pub operation: Operation,
    /// The path below the base URL, its parameters filled in and encoded.
    pub path: String,
    /// The query.
    pub query: Query,
    /// Headers beside those of the pipeline.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// What differs from the client's settings.
    pub options: CallOptions,
    /// Whose rate limit it counts against, when not the client's own.
    pub subject: Option<Arc<str>>,
}

impl fmt::Debug for Request {
    /// Shows the names of the headers: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A call of this operation at this path.
    pub fn new(operation: Operation, path: impl Into<String>) -> Self {
        Self {
            operation,
            path: path.into(),
            query: Query::new(),
            headers: HeaderMap::new(),
            body: Body::Empty,
            options: CallOptions::default(),
            subject: None,
        }
    }

    /// Sets a header.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when the value has characters that no header may carry.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self> {
        let parsed = HeaderValue::from_str(value).map_err(|_| {
            Error::new(
                crate::ErrorKind::Validation,
                format!("the value for the header {name} has characters that no header may carry"),
            )
        })?;
        self.headers.insert(name, parsed);
        Ok(self)
    }

    /// Sets a JSON body.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) when the value cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        self.body = Body::json(value, &mut self.headers)?;
        Ok(self)
    }

    /// Sets a form body.
    #[must_use]
    pub fn form<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.body = Body::form(pairs, &mut self.headers);
        self
    }
}
