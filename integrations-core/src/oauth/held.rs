use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::StoredTokens;
use crate::AccessToken;
use crate::http::Grant;

/// A token that ends sooner than this is not handed out: the call would arrive too late.
const FLOOR: SignedDuration = SignedDuration::from_secs(5);

/// Tokens as this process holds them.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) stored: StoredTokens,
    /// What is known of them, for whoever asks before a call.
    pub(super) grant: Arc<Grant>,
    /// When the store is to be asked again, whatever the token's end: somebody may have replaced or deleted them.
    pub(super) look_again: Instant,
    /// A refresh is due, but not before `look_again`: another process is at it, or it failed just now.
    pub(super) deferred: bool,
    /// When this process got them from the provider; `None` when it read them.
    pub(super) minted: Option<Instant>,
}

impl Held {
    pub(super) fn token(&self) -> &AccessToken {
        &self.stored.tokens.access_token
    }
}

/// How long before its end a token is refreshed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Margin {
    /// As configured, with this process's share of jitter, so that processes do not come all at once.
    pub(super) ahead: Duration,
    /// How long the tokens last, once this process got one: the margin never eats more than half of it.
    pub(super) lifetime: Option<Duration>,
}

impl Margin {
    /// Whether the tokens can still be used.
    pub(super) fn is_valid(tokens: &StoredTokens, now: Timestamp) -> bool {
        left(tokens, now).is_none_or(|left| left > FLOOR)
    }

    /// Whether they need no refresh yet.
    pub(super) fn is_fresh(self, tokens: &StoredTokens, now: Timestamp) -> bool {
        let margin = match self.lifetime {
            Some(lifetime) => self.ahead.min(lifetime / 2),
            None => self.ahead,
        };
        let margin = SignedDuration::try_from(margin).unwrap_or(SignedDuration::MAX);
        left(tokens, now).is_none_or(|left| left > margin.max(FLOOR))
    }
}

/// How long the token lasts from `now`; `None` for ever.
fn left(tokens: &StoredTokens, now: Timestamp) -> Option<SignedDuration> {
    let expires_at = tokens.tokens.expires_at?;
    Some(expires_at.duration_since(now))
}
