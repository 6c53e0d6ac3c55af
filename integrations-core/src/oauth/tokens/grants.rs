use async_trait::async_trait;

use crate::oauth::dialect::INVALID_GRANT;
use crate::oauth::keeper::{Renewal, Trouble};
use crate::oauth::{OAuthClient, TokenSet};
use crate::{Error, ErrorKind, Result};

/// By refresh token.
#[derive(Debug)]
pub(super) struct ForUser(pub(super) OAuthClient);

#[async_trait]
impl Renewal for ForUser {
    fn provider(&self) -> &'static str {
        self.0.profile().provider
    }

    async fn renew(&self, current: Option<&TokenSet>) -> Result<TokenSet, Trouble> {
        let own = |error: Error| error.with_provider(self.provider());
        let current = current.ok_or_else(|| {
            Trouble::Before(own(Error::new(
                ErrorKind::Auth,
                "the connection is not authorized yet: authorize it first",
            )
            .with_code("token_missing")))
        })?;
        let refresh_token = current.refresh_token.as_ref().ok_or_else(|| {
            Trouble::Provider(own(Error::new(
                ErrorKind::Auth,
                "the token has ended and the provider gave no refresh token",
            )
            .with_code(INVALID_GRANT)))
        })?;
        let mut new = self
            .0
            .refresh(refresh_token)
            .await
            .map_err(Trouble::Provider)?;
        // An answer says what changed.
        if new.refresh_token.is_none() {
            new.refresh_token = Some(refresh_token.clone());
        }
        if new.scopes.is_empty() {
            new.scopes.clone_from(&current.scopes);
        }
        for (name, value) in &current.extra {
            if !new.extra.contains_key(name) {
                new.extra.insert(name.clone(), value.clone());
            }
        }
        Ok(new)
    }
}

/// By client credentials.
#[derive(Debug)]
pub(super) struct ForApplication(pub(super) OAuthClient, pub(super) Vec<String>);

#[async_trait]
impl Renewal for ForApplication {
    fn provider(&self) -> &'static str {
        self.0.profile().provider
    }

    async fn renew(&self, _: Option<&TokenSet>) -> Result<TokenSet, Trouble> {
        self.0
            .client_credentials(&self.1)
            .await
            .map_err(Trouble::Provider)
    }
}
