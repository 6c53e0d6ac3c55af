//! OAuth 2.0: authorization, exchange, refresh, revocation.

mod store;

pub use store::{PendingAuthorization, StateStore, StoredTokens, TokenKey, TokenSet, TokenStore};
