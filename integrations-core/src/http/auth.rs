use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderValue, header};
use serde_json::{Map, Value};

use super::Outgoing;
use crate::{AccessToken, Error, ErrorKind, Result};

/// Puts the credential on each attempt.
#[async_trait]
pub trait Authorizer: Debug + Send + Sync {
    /// Adds the credential.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when there is none that could work.
    async fn authorize(&self, request: &mut Outgoing) -> Result<()>;

    /// Called when the provider says that the credential has expired: gets a newer one than `refused`, the
    /// `Authorization` header of the attempt. `false` when there is none, so that another attempt is useless.
    ///
    /// # Errors
    /// What the renewal reports, for example [`ErrorKind::Auth`] for a dead refresh token.
    async fn renew(&self, refused: Option<&HeaderValue>) -> Result<bool>;
}

/// No credential at all: for token endpoints and public calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAuth;

#[async_trait]
impl Authorizer for NoAuth {
    async fn authorize(&self, _: &mut Outgoing) -> Result<()> {
        Ok(())
    }

    async fn renew(&self, _: Option<&HeaderValue>) -> Result<bool> {
        Ok(false)
    }
}

/// What is known of a token beside the token itself: see [`TokenSource::grant`].
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Grant {
    /// The granted scopes; empty when the provider did not say.
    pub scopes: Vec<String>,
    /// The rest of what the provider said: account ids, user types.
    pub extra: Map<String, Value>,
}

impl Grant {
    /// What a provider said of a token.
    #[must_use]
    pub fn new(scopes: Vec<String>, extra: Map<String, Value>) -> Self {
        Self { scopes, extra }
    }
}

impl Debug for Grant {
    /// Shows the names of the other fields: a value may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("scopes", &self.scopes)
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Where access tokens come from.
#[async_trait]
pub trait TokenSource: Debug + Send + Sync {
    /// A token that is valid now, refreshed ahead of its expiry.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when there is none and none can be got.
    async fn token(&self) -> Result<AccessToken>;

    /// A token other than `refused`, which the provider called expired; `None` when there is no way to get one.
    ///
    /// Many callers may come with the same `refused` at once: one renewal serves them all.
    ///
    /// # Errors
    /// What the renewal reports.
    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>>;

    /// What is known of the token that [`token`](Self::token) would give now, without asking the provider: so that a
    /// call that the token does not allow can be refused before it is sent. `None`, as by default, when nothing is.
    async fn grant(&self) -> Option<Arc<Grant>> {
        None
    }
}

#[async_trait]
impl<T: TokenSource + ?Sized> TokenSource for Arc<T> {
    async fn token(&self) -> Result<AccessToken> {
        (**self).token().await
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        (**self).renew(refused).await
    }

    async fn grant(&self) -> Option<Arc<Grant>> {
        (**self).grant().await
    }
}

/// `Authorization: Bearer …` with a token that never changes: an API key or a private integration token.
#[derive(Debug, Clone)]
pub struct StaticBearer(HeaderValue);

impl StaticBearer {
    /// Sends this token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when the token is empty or holds characters that no header may carry.
    pub fn new(token: &AccessToken) -> Result<Self> {
        if token.is_empty() {
            return Err(Error::new(
                ErrorKind::Auth,
                "the token is empty: paste it as the provider shows it",
            ));
        }
        bearer(token).map(Self)
    }
}

#[async_trait]
impl Authorizer for StaticBearer {
    async fn authorize(&self, request: &mut Outgoing) -> Result<()> {
        request
            .headers
            .insert(header::AUTHORIZATION, self.0.clone());
        Ok(())
    }

    async fn renew(&self, _: Option<&HeaderValue>) -> Result<bool> {
        Ok(false)
    }
}

/// `Authorization: Bearer …` from a [`TokenSource`].
#[derive(Debug, Clone)]
pub struct BearerAuth<T>(T);

impl<T: TokenSource> BearerAuth<T> {
    /// Sends the tokens of this source.
    pub fn new(source: T) -> Self {
        Self(source)
    }
}

const SCHEME: &str = "Bearer ";

fn bearer(token: &AccessToken) -> Result<HeaderValue> {
    let mut value =
        HeaderValue::try_from(format!("{SCHEME}{}", token.expose_secret())).map_err(|_| {
            Error::new(
                ErrorKind::Auth,
                "the token holds characters that no header may carry: copy it again",
            )
        })?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl<T: TokenSource> Authorizer for BearerAuth<T> {
    async fn authorize(&self, request: &mut Outgoing) -> Result<()> {
        let value = bearer(&self.0.token().await?)?;
        request.headers.insert(header::AUTHORIZATION, value);
        Ok(())
    }

    async fn renew(&self, refused: Option<&HeaderValue>) -> Result<bool> {
        let sent = refused.and_then(|value| value.to_str().ok());
        let Some(token) = sent.and_then(|value| value.strip_prefix(SCHEME)) else {
            return Ok(false);
        };
        Ok(self.0.renew(&AccessToken::from(token)).await?.is_some())
    }
}
