//! OAuth 2.0: authorization, exchange, refresh, revocation.
//!
//! - [`OAuthProfile`] says, as data, how a provider speaks OAuth.
//! - [`OAuthClient`] starts an authorization with a single-use state, completes it, and calls the token endpoint.
//! - [`OAuthTokens`] is the [`TokenSource`](crate::http::TokenSource) of one integration: it refreshes ahead of expiry,
//!   once for all callers and all processes, and stores a rotated refresh token before it hands out the access token.
//! - [`DerivedTokens`] does the same for tokens got with another token, for example a location's with its company's.
//!
//! The state is kept by a [`TokenStore`], a [`LeaseStore`](crate::lease::LeaseStore) and a [`StateStore`]: those of
//! `integrations-store` share it between processes and keep it through a restart; [`MemoryTokenStore`] and its siblings
//! do neither.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use integrations_core::http::{BearerAuth, HttpContext};
//! use integrations_core::oauth::{
//!     Authorize, Callback, MemoryLeaseStore, MemoryStateStore, MemoryTokenStore, OAuthClient,
//!     OAuthProfile, OAuthTokens, TokenKey,
//! };
//! use integrations_core::{IntegrationId, TenantId};
//!
//! # async fn example(callback: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let mut profile = OAuthProfile::new("example", "https://api.example.com/oauth/token".parse()?);
//! profile.authorization_url = Some("https://example.com/oauth/authorize".parse()?);
//! let client = OAuthClient::builder(profile, "client-id")
//!     .client_secret("client-secret")
//!     .redirect_uri("https://app.example/oauth/example/callback".parse()?)
//!     .build(&HttpContext::new()?)?;
//!
//! // Send the user to `request.url` …
//! let (tenant, integration) = (TenantId::new("acme")?, IntegrationId::new());
//! let states = MemoryStateStore::new();
//! let ask = Authorize::new(tenant.clone(), integration).scopes(["contacts.read"]);
//! let request = client.authorize(ask, &states).await?;
//!
//! // … and when the user comes back:
//! let (tokens, _) = client.complete(&Callback::parse(callback), &tenant, &states).await?;
//! let source = OAuthTokens::builder(
//!     client,
//!     TokenKey::new(tenant, integration),
//!     Arc::new(MemoryTokenStore::new()),
//!     Arc::new(MemoryLeaseStore::new()),
//! )
//! .build()?;
//! source.install(&tokens).await?;
//! let auth = BearerAuth::new(source);
//! # Ok(())
//! # }
//! ```

mod answer;
mod authorize;
mod call;
mod callback;
mod client;
mod derived;
mod dialect;
mod held;
mod keeper;
mod memory;
mod policy;
mod profile;
mod refresh;
mod replica;
mod store;
mod tokens;

pub use authorize::{AuthorizationRequest, Authorize};
pub use callback::Callback;
pub use client::{OAuthClient, OAuthClientBuilder};
pub use derived::{DerivedTokens, TokenExchange};
pub use memory::{MemoryLeaseStore, MemoryStateStore, MemoryTokenStore};
pub use policy::RefreshPolicy;
pub use profile::{ClientAuth, Meaning, OAuthProfile, Pkce, Refusal, TokenBody};
pub use store::{PendingAuthorization, StateStore, StoredTokens, TokenKey, TokenSet, TokenStore};
pub use tokens::{OAuthTokens, OAuthTokensBuilder};
