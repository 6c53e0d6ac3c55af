use std::fmt;

use crate::{Error, ErrorKind, Result, SecretString};

/// What the user's browser brought back to the redirect URI.
#[derive(Clone, Default)]
pub struct Callback {
    state: Option<SecretString>,
    code: Option<SecretString>,
    error: Option<String>,
}

impl Callback {
    /// Reads a whole URL, a path with a query, or a query.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        Self::from_pairs(url::form_urlencoded::parse(query.as_bytes()))
    }

    /// Takes decoded pairs. A parameter that is there twice counts as missing: nobody says which one is meant.
    #[must_use]
    pub fn from_pairs(pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> Self {
        let mut found: [(u8, Option<String>); 3] = Default::default();
        for (name, value) in pairs {
            let slot = match name.as_ref() {
                "state" => 0,
                "code" => 1,
                "error" => 2,
                _ => continue,
            };
            let (count, kept) = &mut found[slot];
            *count = count.saturating_add(1);
            *kept = (*count == 1 && !value.as_ref().is_empty()).then(|| value.as_ref().to_owned());
        }
        let [(_, state), (_, code), (_, error)] = found;
        Self {
            state: state.map(Into::into),
            code: code.map(Into::into),
            error,
        }
    }

    pub(super) fn state(&self) -> Option<&SecretString> {
        self.state.as_ref()
    }

    /// The code, unless the provider reports an error.
    pub(super) fn code(&self) -> Result<&SecretString> {
        let Some(error) = self.error.as_deref() else {
            return self.code.as_ref().ok_or_else(|| {
                Error::new(
                    ErrorKind::Auth,
                    "the provider sent the user back without a code",
                )
                .with_code("code_missing")
            });
        };
        Err(match error {
            "access_denied"
            | "user_cancelled_login"
            | "user_cancelled_authorize"
            | "consent_required"
            | "interaction_required"
            | "login_required" => {
                Error::new(ErrorKind::Auth, "the user declined").with_code("access_denied")
            }
            "temporarily_unavailable" | "server_error" => {
                Error::new(ErrorKind::Server, "the provider asks to try later").with_code(error)
            }
            "invalid_request"
            | "invalid_scope"
            | "invalid_client"
            | "unauthorized_client"
            | "unsupported_response_type"
            | "redirect_uri_mismatch" => Error::config(
                "the provider refuses the authorization: compare the application's settings there",
            )
            .with_code(error),
            // Anybody can write anything into a callback.
            _ => Error::new(ErrorKind::Auth, "the provider refused the authorization")
                .with_code("authorization_refused"),
        })
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("state", &self.state.is_some())
            .field("code", &self.code.is_some())
            .field("error", &self.error.is_some())
            .finish()
    }
}
