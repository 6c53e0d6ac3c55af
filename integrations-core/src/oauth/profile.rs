use std::time::Duration;

use url::Url;

/// Whether a provider takes PKCE (RFC 7636, always S256).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Pkce {
    /// Refuses an authorization without it: sent.
    Required,
    /// Checks it when it is there: sent.
    #[default]
    Supported,
    /// Neither checks nor minds it: not sent, because it would protect nothing.
    Ignored,
    /// Refuses unknown parameters: not sent.
    Rejected,
}

impl Pkce {
    /// Whether the challenge is sent.
    #[must_use]
    pub fn is_sent(self) -> bool {
        matches!(self, Self::Required | Self::Supported)
    }
}

/// How the body of a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TokenBody {
    /// `application/x-www-form-urlencoded`, as the standard has it.
    #[default]
    Form,
    /// A flat JSON object of strings.
    Json,
}

/// Where a token request carries the client's id and secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ClientAuth {
    /// As `client_id` and `client_secret` in the body.
    #[default]
    Body,
    /// As `Authorization: Basic …`.
    Basic,
}

/// What a certain error answer of the token endpoint means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Meaning {
    /// The same refresh token will work again later, for example when a suspended account is paid for: never dead.
    Temporary,
    /// The code or refresh token is used up, expired or revoked: what the standard calls `invalid_grant`.
    InvalidGrant,
}

/// An error answer of a provider that does not use the standard's words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The status; `None` for any.
    pub status: Option<u16>,
    /// A part of the body, compared without regard to case.
    pub needle: String,
    /// What it means.
    pub meaning: Meaning,
}

impl Refusal {
    /// A refusal that passes.
    pub fn temporary(status: impl Into<Option<u16>>, needle: impl Into<String>) -> Self {
        Self {
            status: status.into(),
            needle: needle.into(),
            meaning: Meaning::Temporary,
        }
    }

    /// The provider's words for `invalid_grant`.
    pub fn invalid_grant(status: impl Into<Option<u16>>, needle: impl Into<String>) -> Self {
        Self {
            status: status.into(),
            needle: needle.into(),
            meaning: Meaning::InvalidGrant,
        }
    }
}

/// How one provider speaks OAuth 2.0, as plain data. Start with [`OAuthProfile::new`] and set what differs.
///
/// ```
/// use integrations_core::oauth::{OAuthProfile, Pkce};
///
/// let mut profile = OAuthProfile::new("example", "https://api.example.com/oauth/token".parse()?);
/// profile.authorization_url = Some("https://example.com/oauth/authorize".parse()?);
/// profile.pkce = Pkce::Required;
/// profile.rotates = true;
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OAuthProfile {
    /// The provider's slug: in errors, logs and metrics.
    pub provider: &'static str,
    /// Where a person consents; `None` when there is only the client-credentials grant. For a white-label address of
    /// the same provider, replace it. Parameters go into the fragment when it has one (`https://app.example/#/oauth`).
    pub authorization_url: Option<Url>,
    /// More parameters of the authorization URL, for example `access_type=offline`.
    pub authorization_params: Vec<(String, String)>,
    /// What stands between two scopes in the authorization URL; a space by default.
    pub scope_separator: String,
    /// The scopes asked for when the caller names none.
    pub default_scopes: Vec<String>,
    /// Whether PKCE is sent.
    pub pkce: Pkce,
    /// Where tokens are got.
    pub token_url: Url,
    /// Where tokens are revoked (RFC 7009); `None` when the provider has no such endpoint.
    pub revoke_url: Option<Url>,
    /// How the body of a token request is written.
    pub token_body: TokenBody,
    /// Where the client's id and secret go.
    pub client_auth: ClientAuth,
    /// More parameters of the code exchange.
    pub exchange_params: Vec<(String, String)>,
    /// More parameters of a refresh.
    pub refresh_params: Vec<(String, String)>,
    /// More headers of every token request.
    pub token_headers: Vec<(String, String)>,
    /// Parameters under another name than the standard's, as (standard name, provider's name): in token requests and
    /// in the authorization URL.
    pub renamed_params: Vec<(String, String)>,
    /// The object in the answer that holds the tokens, as a JSON pointer (`/authed_user`); empty for the answer itself.
    pub token_object: String,
    /// The fields of the answer to keep in [`TokenSet::extra`](super::TokenSet::extra); a dot leads into an object
    /// (`team.id`). Empty keeps all but those whose name speaks of a token, secret or password.
    pub extra_fields: Vec<String>,
    /// Whether `expires_in` counts milliseconds.
    pub expires_in_milliseconds: bool,
    /// How long a token lasts when the answer does not say; `None` for no end.
    pub default_expiry: Option<Duration>,
    /// How long before its end a token is refreshed; 5 minutes by default, and never more than half a token's life.
    pub refresh_margin: Duration,
    /// Whether a refresh answers with a new refresh token and ends the old one: such a refresh is never repeated after
    /// it may have arrived. `true` by default, which is always safe.
    pub rotates: bool,
    /// Error answers in the provider's own words.
    pub refusals: Vec<Refusal>,
}

impl OAuthProfile {
    /// A provider that keeps to the standard: form body, client in the body, PKCE supported, rotating refresh tokens.
    #[must_use]
    pub fn new(provider: &'static str, token_url: Url) -> Self {
        Self {
            provider,
            authorization_url: None,
            authorization_params: Vec::new(),
            scope_separator: " ".to_owned(),
            default_scopes: Vec::new(),
            pkce: Pkce::default(),
            token_url,
            revoke_url: None,
            token_body: TokenBody::default(),
            client_auth: ClientAuth::default(),
            exchange_params: Vec::new(),
            refresh_params: Vec::new(),
            token_headers: Vec::new(),
            renamed_params: Vec::new(),
            token_object: String::new(),
            extra_fields: Vec::new(),
            expires_in_milliseconds: false,
            default_expiry: None,
            refresh_margin: Duration::from_secs(300),
            rotates: true,
            refusals: Vec::new(),
        }
    }

    /// The provider's name of a standard parameter.
    pub(super) fn param<'a>(&'a self, standard: &'a str) -> &'a str {
        self.renamed_params
            .iter()
            .find(|(from, _)| from == standard)
            .map_or(standard, |(_, to)| to)
    }
}
