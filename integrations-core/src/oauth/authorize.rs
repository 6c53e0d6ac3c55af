use std::fmt;

use jiff::SignedDuration;
use oauth2::{CsrfToken, PkceCodeChallenge};
use url::Url;

use super::callback::Callback;
use super::{OAuthClient, PendingAuthorization, Pkce, StateStore, TokenSet};
use crate::{Error, ErrorKind, IntegrationId, Result, SecretString, TenantId};

/// Random bytes in a state: 256 bits.
const STATE_BYTES: u32 = 32;
/// The code of an error for a state that is unknown, used, expired, or another tenant's.
const STATE_UNKNOWN: &str = "state_unknown";

/// An authorization to start.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct Authorize {
    /// Who asks: only this tenant can complete it.
    pub tenant: TenantId,
    /// The integration that the tokens are for.
    pub integration: IntegrationId,
    /// The scopes; empty for the profile's default.
    pub scopes: Vec<String>,
    /// More parameters of the URL, for example `login_hint`.
    pub params: Vec<(String, String)>,
    /// Another authorization URL than the profile's, for example a white-label one.
    pub url: Option<Url>,
}

impl Authorize {
    /// An authorization with the profile's scopes and URL.
    pub fn new(tenant: TenantId, integration: IntegrationId) -> Self {
        Self {
            tenant,
            integration,
            scopes: Vec::new(),
            params: Vec::new(),
            url: None,
        }
    }

    /// Asks for these scopes.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a parameter to the URL.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sends the user to this URL instead of the profile's.
    pub fn url(mut self, url: Url) -> Self {
        self.url = Some(url);
        self
    }
}

/// Where to send the user. The URL holds the state: it is for this user's browser only.
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// The provider's consent page.
    pub url: Url,
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

impl OAuthClient {
    /// Starts an authorization: makes a random state (and a PKCE verifier where the provider takes one), keeps them in
    /// `states`, and returns the URL to send the user to.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the profile has no authorization URL or the client no redirect URI; what the store
    /// reports.
    pub async fn authorize(
        &self,
        ask: Authorize,
        states: &dyn StateStore,
    ) -> Result<AuthorizationRequest> {
        let profile = self.profile();
        let own = |error: Error| error.with_provider(profile.provider);
        let page = ask
            .url
            .or_else(|| profile.authorization_url.clone())
            .ok_or_else(|| own(Error::config("the provider has no authorization URL")))?;
        let redirect = self
            .redirect_uri()
            .ok_or_else(|| own(Error::config("the OAuth client has no redirect URI")))?;
        let expires_at = SignedDuration::try_from(self.state_ttl())
            .ok()
            .and_then(|ttl| self.clock().now().checked_add(ttl).ok())
            .ok_or_else(|| own(Error::config("the state's lifetime is too long")))?;

        let client = self
            .crate_client()
            .set_auth_uri(oauth2::AuthUrl::from_url(page.clone()))
            .set_redirect_uri(oauth2::RedirectUrl::from_url(redirect.clone()));
        let mut request = client.authorize_url(|| CsrfToken::new_random_len(STATE_BYTES));
        let scopes = match ask.scopes.as_slice() {
            [] => &profile.default_scopes,
            _ => &ask.scopes,
        };
        if !scopes.is_empty() {
            let scopes = scopes.join(&profile.scope_separator);
            request = request.add_scope(oauth2::Scope::new(scopes));
        }
        for (name, value) in profile.authorization_params.iter().chain(&ask.params) {
            request = request.add_extra_param(name, value);
        }
        let mut verifier = None;
        if profile.pkce.is_sent() {
            let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier = Some(SecretString::from(secret.into_secret()));
        }
        let (url, state) = request.url();

        let mut pending = PendingAuthorization::new(
            state.into_secret().into(),
            ask.tenant,
            ask.integration,
            redirect.as_str(),
            expires_at,
        );
        pending.pkce_verifier = verifier;
        states.put(&pending).await?;
        Ok(AuthorizationRequest {
            url: self.dressed(&page, &url),
        })
    }

    /// The URL with the provider's parameter names, each once, and in the fragment where the page has one.
    fn dressed(&self, page: &Url, built: &Url) -> Url {
        let profile = self.profile();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in built.query_pairs() {
            let name = profile.param(&name).to_owned();
            // What is set explicitly replaces what was there: `response_type=code` twice is an error to some.
            match pairs.iter_mut().find(|(known, _)| *known == name) {
                Some(pair) => pair.1 = value.into_owned(),
                None => pairs.push((name, value.into_owned())),
            }
        }
        let mut url = page.clone();
        match page.fragment() {
            Some(fragment) => {
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(pairs)
                    .finish();
                url.set_fragment(Some(&format!("{fragment}?{query}")));
            }
            None => {
                url.query_pairs_mut().clear().extend_pairs(pairs);
            }
        }
        url
    }

    /// Completes an authorization: checks the state, then exchanges the code.
    ///
    /// `tenant` is the one that is signed in where the user came back, never one that the callback names.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] with the code `state_unknown` when the state is missing, was used, has expired, or belongs to
    /// another tenant or redirect URI; with `access_denied` when the user declined; with `invalid_grant` when the code
    /// does not work. [`ErrorKind::Config`] when the provider refuses the application's settings. What the store and
    /// the HTTP pipeline report.
    pub async fn complete(
        &self,
        callback: &Callback,
        tenant: &TenantId,
        states: &dyn StateStore,
    ) -> Result<(TokenSet, PendingAuthorization)> {
        let own = |error: Error| {
            error
                .with_provider(self.profile().provider)
                .with_operation("oauth.complete")
        };
        let unknown = || {
            own(Error::new(
                ErrorKind::Auth,
                "this authorization was not started here, was completed already, or took too long: start again",
            )
            .with_code(STATE_UNKNOWN))
        };
        let state = callback.state().ok_or_else(unknown)?;
        let pending = states.take(tenant, state).await?.ok_or_else(unknown)?;
        let redirect = self.redirect_uri().ok_or_else(unknown)?;
        // The store has looked already; a careless one must not open the door.
        if pending.tenant != *tenant
            || pending.expires_at <= self.clock().now()
            || pending.redirect_uri != redirect.as_str()
        {
            return Err(unknown());
        }
        let code = callback.code().map_err(own)?;
        if self.profile().pkce == Pkce::Required && pending.pkce_verifier.is_none() {
            return Err(unknown());
        }
        let verifier = pending.pkce_verifier.as_ref();
        let tokens = self.exchange_code(code, Some(redirect), verifier).await?;
        Ok((tokens, pending))
    }
}
