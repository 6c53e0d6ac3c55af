use std::error::Error as StdError;
use std::fmt::Debug;

use async_trait::async_trait;
use http::{HeaderMap, Method};
use url::Url;

use super::{Body, ResponseBody};
use crate::{Error, ErrorKind};

/// One attempt, complete with its credential.
#[derive(Clone)]
#[non_exhaustive]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Outgoing {
    /// An attempt without headers and body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
        }
    }
}

impl Debug for Outgoing {
    /// Shows the method, the host and the path: the query and the headers may hold a credential.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("headers", &self.headers.len())
            .field("body", &self.body)
            .finish()
    }
}

/// Sends one attempt and nothing else: no retry, no redirect, no cookie.
#[async_trait]
pub trait Transport: Debug + Send + Sync {
    /// Sends the request and returns as soon as the headers of the answer are there.
    ///
    /// # Errors
    /// [`TransportError`], which says whether the request may have left.
    async fn send(&self, request: Outgoing)
    -> Result<http::Response<ResponseBody>, TransportError>;
}

/// Where an attempt broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportFailure {
    /// The request could not be built.
    Build,
    /// No connection: the request never left.
    Connect,
    /// Time ran out after the request may have left.
    Timeout,
    /// The connection broke after the request may have left.
    Broken,
    /// The URL leads where no request may go: see [`AddressPolicy`](super::AddressPolicy). It never left.
    Refused,
}

/// An attempt without an answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    failure: TransportFailure,
    message: &'static str,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// An error of this kind; the source must not print a URL with a query.
    pub fn new(
        failure: TransportFailure,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::bare(failure)
        }
    }

    /// An error without a cause.
    #[must_use]
    pub fn bare(failure: TransportFailure) -> Self {
        let message = match failure {
            TransportFailure::Build => "the request could not be built",
            TransportFailure::Connect => "no connection to the host",
            TransportFailure::Timeout => "no answer in time",
            TransportFailure::Broken => "the connection broke before the answer was complete",
            TransportFailure::Refused => "the URL leads into a network that is not public",
        };
        Self {
            failure,
            message,
            source: None,
        }
    }

    /// The error for `https://` in a build without TLS.
    #[cfg(not(feature = "tls"))]
    pub(crate) fn no_tls() -> Self {
        Self {
            message: "this build speaks no HTTPS: turn on the feature `tls` of integrations-core or of the client crate",
            ..Self::bare(TransportFailure::Build)
        }
    }

    /// Where it broke.
    #[must_use]
    pub fn failure(&self) -> TransportFailure {
        self.failure
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let kind = match error.failure {
            TransportFailure::Build | TransportFailure::Refused => ErrorKind::Config,
            TransportFailure::Connect => ErrorKind::Connect,
            TransportFailure::Timeout => ErrorKind::Timeout,
            TransportFailure::Broken => ErrorKind::Io,
        };
        let message = error.message;
        Self::new(kind, message).with_source(error)
    }
}
