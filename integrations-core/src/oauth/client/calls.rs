use std::borrow::Cow;

use oauth2::{RequestTokenError, StandardRevocableToken};
use url::Url;

use super::OAuthClient;
use crate::http::Idempotency;
use crate::oauth::TokenSet;
use crate::oauth::call::{Call, Carried, scrub};
use crate::{Error, ExposeSecret, RefreshToken, Result, SecretString};

impl OAuthClient {
    fn token_url(&self) -> oauth2::TokenUrl {
        oauth2::TokenUrl::from_url(self.profile().token_url.clone())
    }

    /// Exchanges an authorization code for tokens. Prefer [`complete`](Self::complete), which checks the state first.
    ///
    /// `redirect_uri` and `pkce_verifier` are those of the authorization.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) with the code `invalid_grant` when the code is used up or expired;
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) for an unreadable answer; what the HTTP pipeline reports.
    pub async fn exchange_code(
        &self,
        code: &SecretString,
        redirect_uri: Option<&Url>,
        pkce_verifier: Option<&SecretString>,
    ) -> Result<TokenSet> {
        let client = self.crate_client().set_token_uri(self.token_url());
        let code = oauth2::AuthorizationCode::new(code.expose_secret().to_owned());
        let mut request = client.exchange_code(code);
        if let Some(uri) = redirect_uri {
            request =
                request.set_redirect_uri(Cow::Owned(oauth2::RedirectUrl::from_url(uri.clone())));
        }
        if let Some(verifier) = pkce_verifier {
            let verifier = verifier.expose_secret().to_owned();
            request = request.set_pkce_verifier(oauth2::PkceCodeVerifier::new(verifier));
        }
        for (name, value) in &self.profile().exchange_params {
            request = request.add_extra_param(name, value);
        }
        let call = Call::new("oauth.exchange", Idempotency::Unsafe);
        let sent = request.request_async(&self.sender(call)).await;
        self.finish(sent, call.name)
    }

    /// Gets new tokens for a refresh token. [`OAuthTokens`](crate::oauth::OAuthTokens) does it in time, once, and stores them.
    ///
    /// The answer holds a refresh token only when the provider sent one: keep the old one otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) with the code `invalid_grant` when the refresh token is used up,
    /// expired or revoked; [`ErrorKind::Permission`](crate::ErrorKind::Permission) with the code
    /// `temporarily_refused` for the profile's temporary refusals; [`ErrorKind::Decode`](crate::ErrorKind::Decode);
    /// what the HTTP pipeline reports.
    pub async fn refresh(&self, refresh_token: &RefreshToken) -> Result<TokenSet> {
        let client = self.crate_client().set_token_uri(self.token_url());
        let token = oauth2::RefreshToken::new(refresh_token.expose_secret().to_owned());
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in &self.profile().refresh_params {
            request = request.add_extra_param(name, value);
        }
        let idempotency = match self.profile().rotates {
            true => Idempotency::Unsafe,
            false => Idempotency::Idempotent,
        };
        let call = Call::new("oauth.refresh", idempotency);
        let sent = request.request_async(&self.sender(call)).await;
        self.finish(sent, call.name)
    }

    /// Gets a token for the application itself.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    pub async fn client_credentials(&self, scopes: &[String]) -> Result<TokenSet> {
        let client = self.crate_client().set_token_uri(self.token_url());
        let mut request = client.exchange_client_credentials();
        if !scopes.is_empty() {
            let scopes = scopes.join(&self.profile().scope_separator);
            request = request.add_scope(oauth2::Scope::new(scopes));
        }
        let call = Call::new("oauth.client_credentials", Idempotency::Idempotent);
        let sent = request.request_async(&self.sender(call)).await;
        self.finish(sent, call.name)
    }

    /// Ends the tokens at the provider (RFC 7009): the refresh token, which ends the access tokens with it, or else the
    /// access token. `false` when the provider has no revocation endpoint. Tokens that are ended already are no error.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`](crate::ErrorKind::Auth) when the client is refused; what the HTTP pipeline reports.
    pub async fn revoke(&self, tokens: &TokenSet) -> Result<bool> {
        let Some((_, url)) = self.revocation() else {
            return Ok(false);
        };
        // The crate insists on https; where the request really goes, and whether that is safe, the pipeline decides.
        let mut nominal = url.clone();
        let _ = nominal.set_scheme("https");
        let client = self
            .crate_client()
            .set_revocation_url(oauth2::RevocationUrl::from_url(nominal));
        let token: StandardRevocableToken = match &tokens.refresh_token {
            Some(token) => oauth2::RefreshToken::new(token.expose_secret().to_owned()).into(),
            None => oauth2::AccessToken::new(tokens.access_token.expose_secret().to_owned()).into(),
        };
        let call = Call {
            revokes: true,
            ..Call::new("oauth.revoke", Idempotency::Idempotent)
        };
        let request = client
            .revoke_token(token)
            .map_err(|_| Error::config("the revocation URL is not usable"))?;
        match request.request_async(&self.sender(call)).await {
            Err(RequestTokenError::Request(Carried(error))) => match error.code() {
                Some("invalid_token" | "invalid_grant") => Ok(true),
                _ => Err(scrub(&error)),
            },
            _ => Ok(true),
        }
    }
}
