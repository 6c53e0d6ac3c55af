use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::Access;
use crate::Result;
use crate::http::{Body, ResponseBody};

/// Where a call of an endpoint goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The path below the system's base URL, converted, its parameters filled in and encoded.
    pub path: String,
    /// Who may call it.
    pub access: Access,
    /// The operation's name in the catalogue; `None` when the catalogue does not have it.
    pub operation: Option<String>,
}

impl Route {
    /// A path that everybody with this access may call.
    pub fn new(path: impl Into<String>, access: Access) -> Self {
        Self {
            path: path.into(),
            access,
            operation: None,
        }
    }
}

/// Who calls, proven by a token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Caller {
    /// The user's id.
    pub subject: String,
    /// The session's id.
    pub session: Option<String>,
    /// Whether the user administers the system.
    pub is_admin: bool,
}

impl Caller {
    /// A user who is no administrator.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            session: None,
            is_admin: false,
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("subject", &self.subject)
            .field("is_admin", &self.is_admin)
            .finish_non_exhaustive()
    }
}

/// A call to forward.
#[non_exhaustive]
pub struct UpstreamCall {
    /// The method.
    pub method: Method,
    /// Where it goes, of [`Upstream::route`].
    pub route: Route,
    /// The query as it goes on the wire, without the question mark.
    pub query: Option<String>,
    /// The headers that are let through. The credential is not among them: the upstream adds its own, or the caller's
    /// token.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// The caller's own token; without one the upstream's own is used.
    pub token: Option<crate::AccessToken>,
}

impl UpstreamCall {
    /// A call without query, headers, body and token.
    #[must_use]
    pub fn new(method: Method, route: Route) -> Self {
        Self {
            method,
            route,
            query: None,
            headers: HeaderMap::new(),
            body: Body::Empty,
            token: None,
        }
    }
}

impl fmt::Debug for UpstreamCall {
    /// Shows the names of the headers: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamCall")
            .field("method", &self.method)
            .field("route", &self.route)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// What the system answered, whatever the status.
#[non_exhaustive]
pub struct UpstreamAnswer {
    /// The status.
    pub status: StatusCode,
    /// All headers, as they were sent.
    pub headers: HeaderMap,
    /// The body, chunk by chunk.
    pub body: ResponseBody,
}

impl UpstreamAnswer {
    /// An answer.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: ResponseBody) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }
}

impl fmt::Debug for UpstreamAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamAnswer")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .finish()
    }
}

/// A system behind a gateway.
#[async_trait]
pub trait Upstream: fmt::Debug + Send + Sync {
    /// The catalogue as a document, for callers to read; `None` when there is none.
    fn document(&self) -> Option<Value>;

    /// Where a call of an endpoint goes. `parameters` fill the endpoint's placeholders, each as one encoded segment.
    ///
    /// An endpoint whose parameters are written into it already, encoded as on the wire, is the same operation as the one
    /// with placeholders, and as hard to get at: whoever calls may write either.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) for an endpoint that this system does not have the form
    /// of, whose fields begin with `/endpoint`; and for parameters that are missing, are not in the endpoint, or would
    /// leave their segment.
    fn route(
        &self,
        method: &Method,
        endpoint: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Route>;

    /// Checks that a call's parts fit what the catalogue says of the route's operation; nothing when it does not say.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with every fault.
    fn check(&self, route: &Route, query: &[(String, String)], body: Option<&Value>) -> Result<()> {
        let _ = (route, query, body);
        Ok(())
    }

    /// Who holds this token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when nobody does, [`ErrorKind::Connect`](crate::ErrorKind::Connect)
    /// when the keys that would tell cannot be had.
    async fn verify(&self, token: &str) -> Result<Caller>;

    /// Sends a call and returns when the headers of the answer are there. With the upstream's own credential, a 401 is
    /// answered by a new token and one repetition, when the body can be sent again
    /// ([`Body::is_repeatable`]). Dropping the future gives the call up.
    ///
    /// # Errors
    /// What kept the call from being answered: an answer of any status is none.
    async fn send(&self, call: UpstreamCall) -> Result<UpstreamAnswer>;
}
