mod known;
mod save;
mod trouble;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::StoredTokens;
use super::dialect::INVALID_GRANT;
use super::held::{Held, Margin};
use super::keeper::{Keeper, Trouble};
use super::replica::replica;
use crate::http::later;
use crate::lease::Lease;
use crate::{AccessToken, Result};
use turn::Turn;

/// The store is asked this soon again while another process renews a token that still lasts.
const SOON: Duration = Duration::from_secs(1);

/// What the store holds.
struct Look {
    stored: Option<StoredTokens>,
    /// The same, if it will do.
    held: Option<Arc<Held>>,
}

impl Look {
    fn generation(&self) -> Option<u64> {
        self.stored.as_ref().map(|stored| stored.generation)
    }
}

impl Keeper {
    /// Good tokens: the store's, or else the provider's. A refused one is not good, whatever its end.
    pub(super) async fn fly(&self, refused: Option<AccessToken>) -> Result<Arc<Held>> {
        if refused.is_some() {
            self.state().refused = refused;
        }
        let result = self.renewed().await;
        if let Err(error) = &result
            && let Some(held) = self.fall_back()
        {
            tracing::warn!(
                provider = self.renewal.provider(),
                integration = %self.key.integration,
                error = %error,
                "the token could not be renewed ahead of its end"
            );
            return Ok(held);
        }
        result
    }

    async fn renewed(&self) -> Result<Arc<Held>> {
        let look = self.look().await?;
        if let Some(held) = look.held {
            return Ok(held);
        }
        let paused = {
            let state = self.state();
            let pause = state.pause.as_ref();
            pause
                .filter(|pause| Instant::now() < pause.until)
                .map(|pause| pause.error.clone())
        };
        if let Some(error) = paused {
            return Err(replica(&error));
        }
        let lease = match self.turn().await? {
            Turn::Ours(lease) => lease,
            Turn::Theirs(held) => return Ok(held),
        };
        let result = self.under(&lease).await;
        self.give_back(&lease).await;
        result
    }

    /// Reads the store. What it holds replaces what this process holds.
    async fn look(&self) -> Result<Look> {
        let stored = self.store.load(&self.key).await?;
        let Some(tokens) = stored.clone() else {
            self.state().held = None;
            return Ok(Look { stored, held: None });
        };
        let now = self.clock.now();
        let refused = self.state().is_refused(&tokens);
        let good = !refused && self.margin().is_fresh(&tokens, now);
        let held = self.hold(tokens, None);
        Ok(Look {
            stored,
            held: good.then_some(held),
        })
    }

    fn hold(&self, stored: StoredTokens, minted: Option<Instant>) -> Arc<Held> {
        let mut state = self.state();
        let known = state.held.as_ref().map(|held| held.stored.generation);
        if known != Some(stored.generation) {
            // What was wrong with the old tokens says nothing about these.
            state.pause = None;
            state.failures = 0;
        }
        let minted = minted.or_else(|| {
            let known = state.held.as_ref()?;
            (known.token() == &stored.tokens.access_token)
                .then_some(known.minted)
                .flatten()
        });
        let held = Arc::new(Held {
            grant: known::grant_of(&stored),
            stored,
            minted,
            look_again: later(Instant::now(), self.policy.look_again),
            deferred: false,
        });
        state.held = Some(held.clone());
        held
    }

    /// The held token while it lasts, although it should have been renewed.
    fn fall_back(&self) -> Option<Arc<Held>> {
        let now = Instant::now();
        let mut state = self.state();
        let held = state.held.as_ref()?;
        if state.is_refused(&held.stored) || !Margin::is_valid(&held.stored, self.clock.now()) {
            return None;
        }
        let pause = state.pause.as_ref().map(|pause| pause.until);
        let held = Arc::new(Held {
            deferred: true,
            look_again: pause.unwrap_or(now + SOON).max(now + SOON),
            ..Held::clone(held)
        });
        state.held = Some(held.clone());
        Some(held)
    }

    /// Renews while holding the lease.
    async fn under(&self, lease: &Lease) -> Result<Arc<Held>> {
        // The holder before us has just saved, as a rule.
        let mut look = self.look().await?;
        for _ in 0..3 {
            if let Some(held) = look.held {
                self.count("taken");
                return Ok(held);
            }
            let base = look.generation();
            let tokens = match self.unsaved(base) {
                Some(tokens) => tokens,
                None => {
                    let current = look.stored.as_ref().map(|stored| &stored.tokens);
                    match self.renewal.renew(current).await {
                        Ok(tokens) => tokens,
                        Err(Trouble::Provider(error)) if error.code() == Some(INVALID_GRANT) => {
                            // A sibling that was too slow for its lease may have used the refresh token.
                            let again = self.look().await?;
                            if again.generation() == base {
                                return Err(self.dead(error, base));
                            }
                            look = again;
                            continue;
                        }
                        Err(Trouble::Provider(error)) => return Err(self.failed(error)),
                        Err(Trouble::Before(error)) => return Err(error),
                    }
                }
            };
            return self.save(tokens, base, lease).await;
        }
        Err(self.overtaken())
    }
}
