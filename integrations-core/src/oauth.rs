//! OAuth 2.0: authorization, exchange, refresh, revocation.

mod profile;
mod store;

pub use profile::{ClientAuth, Meaning, OAuthProfile, Pkce, Refusal, TokenBody};
pub use store::{PendingAuthorization, StateStore, StoredTokens, TokenKey, TokenSet, TokenStore};
