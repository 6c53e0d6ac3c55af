//! What both ways to the upstream have in common: where a call goes, who may make it.

use std::collections::BTreeMap;

use http::Method;
use integrations_core::catalog::{Access, Route};
use integrations_core::{AccessToken, ErrorKind};
use tokio::time::timeout;

use super::Gateway;
use super::body::Fault;
use super::path;
use super::refusal::{Code, Refusal};
use super::report::{self, Report};

/// The longest token, in bytes.
const LONGEST_TOKEN: usize = 16 * 1024;

impl Gateway {
    /// Where a call goes, of what is an endpoint by its form.
    pub(super) fn route(
        &self,
        method: &Method,
        endpoint: &str,
        parameters: &BTreeMap<String, String>,
        report: &mut Report,
    ) -> Result<Route, Refusal> {
        let route = self
            .upstream()
            .route(method, endpoint, parameters)
            .map_err(|error| Refusal::of_input(&error))?;
        // Whatever the upstream made of it, no path leaves here that means another one.
        if !path::is_endpoint(&route.path) || route.path.contains(['[', ']', '{', '}']) {
            let message = "The parameters do not fit the endpoint";
            return Err(Refusal::new(Code::InvalidRequest, message));
        }
        report.operation(route.operation.as_deref());
        if route.operation.is_none() {
            if self.settings().listed_only {
                let message = "The endpoint is not in the catalogue";
                return Err(Refusal::new(Code::NotFound, message));
            }
            report::unlisted();
        }
        Ok(route)
    }

    /// Whether a caller with this token may make this call.
    pub(super) async fn allow(
        &self,
        route: &Route,
        token: Option<&str>,
    ) -> Result<Option<AccessToken>, Refusal> {
        let caller = match token {
            None => None,
            Some(token) => Some(self.verify(token).await?),
        };
        match route.access {
            Access::Anyone => {}
            Access::User if caller.is_some() || !self.settings().token_required => {}
            Access::User => return Err(Refusal::invalid_token()),
            // Administrators, and whatever there will be beside them.
            _ if caller.is_some_and(|caller| caller.is_admin) => {}
            _ => return Err(Refusal::new(Code::Forbidden, "Forbidden")),
        }
        Ok(token.map(AccessToken::from))
    }

    async fn verify(&self, token: &str) -> Result<integrations_core::catalog::Caller, Refusal> {
        let plain = |byte: u8| byte.is_ascii_graphic();
        if token.len() > LONGEST_TOKEN || !token.bytes().all(plain) {
            return Err(Refusal::invalid_token());
        }
        let verified = timeout(self.settings().timeout, self.upstream().verify(token)).await;
        match verified {
            Ok(Ok(caller)) => Ok(caller),
            Ok(Err(error)) => match error.kind() {
                ErrorKind::Auth | ErrorKind::Permission | ErrorKind::Validation => {
                    Err(Refusal::invalid_token())
                }
                kind => {
                    tracing::error!(kind = kind.as_str(), "a token could not be verified");
                    Err(Refusal::busy("Tokens cannot be verified now"))
                }
            },
            Err(_) => Err(Refusal::busy("Tokens cannot be verified now")),
        }
    }
}

/// A caller's body that could not be read.
pub(super) fn of_caller(fault: Fault) -> Refusal {
    match fault {
        Fault::TooLarge => Refusal::new(Code::PayloadTooLarge, "The body is too large"),
        Fault::NoRoom => Refusal::busy("Too many requests at once"),
        Fault::TooSlow => Refusal::new(Code::RequestTimeout, "The body did not arrive in time"),
        Fault::Broken => Refusal::new(Code::InvalidRequest, "The body broke off"),
    }
}

/// An answer that could not be read.
pub(super) fn of_answer(fault: Fault) -> Refusal {
    match fault {
        Fault::TooLarge => {
            Refusal::proxy_error("The upstream's answer is too large for an envelope")
        }
        Fault::NoRoom => Refusal::busy("Too many requests at once"),
        Fault::TooSlow => Refusal::upstream_timeout(),
        Fault::Broken => Refusal::proxy_error("The upstream's answer broke off"),
    }
}
