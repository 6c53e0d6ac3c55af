//! What a token may do, so that a call it does not allow is refused before it is sent.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use integrations_core::http::{Grant, TokenSource};
use integrations_core::{AccessToken, Error, ErrorKind, Result};
use serde_json::Value;

use crate::{Spec, TokenClasses};

const CLASSES: [TokenClasses; 4] = [
    TokenClasses::LOCATION_PRIVATE,
    TokenClasses::LOCATION_OAUTH,
    TokenClasses::COMPANY_PRIVATE,
    TokenClasses::COMPANY_OAUTH,
];
const PRIVATE: TokenClasses = TokenClasses::LOCATION_PRIVATE.or(TokenClasses::COMPANY_PRIVATE);

/// What is known of a token: see [`Client::access`](crate::Client::access).
///
/// ```no_run
/// # async fn demo(client: ghl_client::Client) {
/// let access = client.access().await;
/// let allowed = ghl_client::operations().iter().filter(|spec| access.check(spec).is_ok());
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// The classes that the token may be of; [`TokenClasses::ANY`] when nothing is known.
    pub classes: TokenClasses,
    /// The granted scopes; `None` when they are not known.
    pub scopes: Option<Arc<BTreeSet<String>>>,
}

impl Access {
    /// A token of which nothing is known: everything is left to the provider.
    pub const UNKNOWN: Self = Self {
        classes: TokenClasses::ANY,
        scopes: None,
    };

    /// Whether the token allows this operation, as far as it is known.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`], with the code `token_class` or `missing_scope`, that says what to do.
    /// [`ErrorKind::Config`] with the code `no_token` for a client without a token.
    pub fn check(&self, spec: &Spec) -> Result<()> {
        self.check_class(spec)?;
        let Some(granted) = &self.scopes else {
            return Ok(());
        };
        let missing: Vec<_> = spec
            .scopes
            .iter()
            .copied()
            .filter(|scope| !granted.contains(*scope))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        Err(refusal(
            spec,
            "missing_scope",
            format!(
                "missing scope {missing}: add it to the private integration, or to the app and install it again"
            ),
        ))
    }

    fn check_class(&self, spec: &Spec) -> Result<()> {
        let takes = |classes: TokenClasses| {
            let both =
                |class: &TokenClasses| spec.tokens.contains(*class) && classes.contains(*class);
            CLASSES.iter().any(both)
        };
        if spec.tokens == TokenClasses::NONE || takes(self.classes) {
            return Ok(());
        }
        if self.classes == TokenClasses::NONE {
            let error = Error::config(
                "this client has no token: give it one with private_token() or tokens()",
            );
            return Err(own(error, spec).with_code("no_token"));
        }
        let location = takes(TokenClasses::LOCATION);
        let whose = match (location, takes(TokenClasses::COMPANY)) {
            (true, false) => "a location's",
            (false, true) => "a company's",
            _ => "an",
        };
        let message = if PRIVATE.contains(self.classes) && !takes(PRIVATE) {
            format!(
                "this operation refuses private integration tokens: authorize the marketplace app and use {whose} OAuth token"
            )
        } else if location {
            "this operation takes a location's token, and this one is a company's: get the location's with \
             oauth().location_token(), or authorize the location"
                .to_owned()
        } else {
            "this operation takes a company's token, and this one is a location's: authorize the app in the company"
                .to_owned()
        };
        Err(refusal(spec, "token_class", message))
    }
}

fn own(error: Error, spec: &Spec) -> Error {
    error
        .with_provider(crate::PROVIDER)
        .with_operation(spec.operation.name)
}

fn refusal(spec: &Spec, code: &'static str, message: String) -> Error {
    own(Error::new(ErrorKind::Permission, message), spec).with_code(code)
}

/// What a client knows of its token, and where it asks.
#[derive(Clone)]
pub(crate) struct Known {
    /// Whether calls are refused by it.
    pub(crate) check: bool,
    /// What the caller said, or the token's form says.
    pub(crate) class: Option<TokenClasses>,
    pub(crate) scopes: Option<Arc<BTreeSet<String>>>,
    /// Knows what nobody said.
    pub(crate) source: Option<Arc<dyn TokenSource>>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            check: true,
            class: None,
            scopes: None,
            source: None,
        }
    }
}

impl Known {
    /// The same settings for another token, of which nothing is known yet.
    pub(crate) fn of_other(&self, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self {
            check: self.check,
            source,
            ..Self::default()
        }
    }

    pub(crate) async fn access(&self) -> Access {
        let grant = match &self.source {
            Some(source) if self.class.is_none() || self.scopes.is_none() => source.grant().await,
            _ => None,
        };
        let grant = grant.as_deref();
        Access {
            classes: self
                .class
                .or_else(|| grant.and_then(class_of))
                .unwrap_or(TokenClasses::ANY),
            scopes: self.scopes.clone().or_else(|| {
                let scopes = &grant?.scopes;
                (!scopes.is_empty()).then(|| Arc::new(scopes.iter().cloned().collect()))
            }),
        }
    }

    /// Refuses what the token does not allow. Operations that take no token, and need no scope, are not held back.
    pub(crate) async fn allows(&self, spec: &Spec) -> Result<()> {
        if !self.check || (spec.tokens == TokenClasses::NONE && spec.scopes.is_empty()) {
            return Ok(());
        }
        self.access().await.check(spec)
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("check", &self.check)
            .field("class", &self.class)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The class that the token's form tells.
pub(crate) fn class_of_text(token: &AccessToken) -> Option<TokenClasses> {
    token.expose_secret().starts_with("pit-").then_some(PRIVATE)
}

/// The class that the token endpoint told.
fn class_of(grant: &Grant) -> Option<TokenClasses> {
    match grant.extra.get("userType").and_then(Value::as_str)? {
        "Company" => Some(TokenClasses::COMPANY_OAUTH),
        "Location" => Some(TokenClasses::LOCATION_OAUTH),
        _ => None,
    }
}
