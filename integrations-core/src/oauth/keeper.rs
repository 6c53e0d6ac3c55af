use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use super::held::{Held, Margin};
use super::policy::RefreshPolicy;
use super::replica::replica;
use super::{StoredTokens, TokenKey, TokenSet, TokenStore};
use crate::lease::LeaseStore;
use crate::{AccessToken, Clock, Error, ErrorKind, Result};

/// Tokens that last longer than this are not refreshed ahead by more.
const LONGEST_MARGIN: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What is called when a refresh token is dead.
pub(super) type OnDead = Arc<dyn Fn(&TokenKey, &Error) + Send + Sync>;

/// Gets new tokens from the provider.
#[async_trait]
pub(super) trait Renewal: fmt::Debug + Send + Sync {
    fn provider(&self) -> &'static str;

    /// New tokens in place of `current`, complete as they are to be stored.
    async fn renew(&self, current: Option<&TokenSet>) -> Result<TokenSet, Trouble>;
}

/// Why there are no new tokens.
pub(super) enum Trouble {
    /// The provider was not asked; the next caller may try at once.
    Before(Error),
    /// The provider was asked, or could not be reached; it is left alone for a while.
    Provider(Error),
}

/// Keeps the tokens of one key: one renewal at a time in this process, one across processes.
pub(super) struct Keeper {
    pub(super) key: TokenKey,
    pub(super) renewal: Box<dyn Renewal>,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) leases: Arc<dyn LeaseStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) policy: RefreshPolicy,
    pub(super) on_dead: Option<OnDead>,
    ahead: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) held: Option<Arc<Held>>,
    flight: Option<watch::Receiver<Option<Outcome>>>,
    pub(super) pause: Option<Pause>,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Tokens that the provider gave and the store did not take: the only copy.
    pub(super) unsaved: Option<Unsaved>,
    pub(super) lifetime: Option<Duration>,
    /// The token that the provider refused last.
    pub(super) refused: Option<AccessToken>,
    /// The generation that was reported dead, so that it is reported once.
    pub(super) dead: Option<u64>,
}

impl State {
    pub(super) fn is_refused(&self, tokens: &StoredTokens) -> bool {
        self.refused.as_ref() == Some(&tokens.tokens.access_token)
    }
}

/// The provider is not to be asked again before `until`.
pub(super) struct Pause {
    pub(super) until: Instant,
    pub(super) error: Arc<Error>,
}

pub(super) struct Unsaved {
    pub(super) tokens: TokenSet,
    /// The generation that they replace.
    pub(super) base: Option<u64>,
}

type Outcome = Result<Arc<Held>, Arc<Error>>;

impl Keeper {
    pub(super) fn new(
        key: TokenKey,
        renewal: Box<dyn Renewal>,
        stores: (Arc<dyn TokenStore>, Arc<dyn LeaseStore>),
        clock: Arc<dyn Clock>,
        policy: RefreshPolicy,
        margin: Duration,
        on_dead: Option<OnDead>,
    ) -> Self {
        Self {
            key,
            renewal,
            store: stores.0,
            leases: stores.1,
            clock,
            policy,
            on_dead,
            ahead: margin
                .min(LONGEST_MARGIN)
                .mul_f64(1.0 + fastrand::f64() / 5.0),
            state: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn margin(&self) -> Margin {
        Margin {
            ahead: self.ahead,
            lifetime: self.state().lifetime,
        }
    }

    /// The held token, if nothing needs to be asked for it.
    fn ready(&self) -> Option<AccessToken> {
        let held = {
            let state = self.state();
            let held = state.held.clone()?;
            (!state.is_refused(&held.stored)).then_some(held)?
        };
        let now = self.clock.now();
        let good = Instant::now() < held.look_again
            && Margin::is_valid(&held.stored, now)
            && (held.deferred || self.margin().is_fresh(&held.stored, now));
        good.then(|| held.token().clone())
    }

    pub(super) async fn token(self: &Arc<Self>) -> Result<AccessToken> {
        if let Some(token) = self.ready() {
            return Ok(token);
        }
        self.join(None)
            .await
            .map(|held| held.token().clone())
            .map_err(|error| replica(&error))
    }

    pub(super) async fn renew(
        self: &Arc<Self>,
        refused: &AccessToken,
    ) -> Result<Option<AccessToken>> {
        // The first flight may have been under way for another reason and bring the refused token once more.
        for _ in 0..2 {
            let (held, useless) = {
                let state = self.state();
                let held = state.held.clone();
                let useless = held.as_ref().is_some_and(|h| state.is_refused(&h.stored));
                (held, useless)
            };
            if let Some(held) = held {
                if held.token() == refused {
                    // The provider refuses a token that it has just given: another one will not do either.
                    let young = |minted: Instant| minted.elapsed() < self.policy.cooldown;
                    if held.minted.is_some_and(young) {
                        return Ok(None);
                    }
                } else if !useless && Margin::is_valid(&held.stored, self.clock.now()) {
                    return Ok(Some(held.token().clone()));
                }
            }
            let held = self
                .join(Some(refused.clone()))
                .await
                .map_err(|error| replica(&error))?;
            if held.token() != refused {
                return Ok(Some(held.token().clone()));
            }
        }
        Ok(None)
    }

    /// Waits for the renewal that is under way, or starts one. It goes on when the caller gives up.
    async fn join(self: &Arc<Self>, refused: Option<AccessToken>) -> Outcome {
        let mut flight = {
            let mut state = self.state();
            match &state.flight {
                Some(flight) => flight.clone(),
                None => {
                    let (landed, flight) = watch::channel(None);
                    state.flight = Some(flight.clone());
                    let task = Flight(self.clone());
                    let span = tracing::debug_span!(
                        "oauth.renewal",
                        provider = self.renewal.provider(),
                        integration = %self.key.integration,
                    );
                    tokio::spawn(
                        async move {
                            let outcome = task.0.fly(refused).await.map_err(Arc::new);
                            drop(task);
                            landed.send_replace(Some(outcome));
                        }
                        .instrument(span),
                    );
                    flight
                }
            }
        };
        let landed = flight.wait_for(Option::is_some).await;
        match landed.ok().and_then(|outcome| outcome.clone()) {
            Some(outcome) => outcome,
            None => Err(Arc::new(Error::new(
                ErrorKind::Other,
                "the renewal of the token was cut off: the runtime is shutting down, or a store panicked",
            ))),
        }
    }

    /// Whether there is nothing in memory that is worth keeping.
    pub(super) fn is_blank(&self) -> bool {
        let state = self.state();
        let now = self.clock.now();
        let lasts = |held: &Arc<Held>| Margin::is_valid(&held.stored, now);
        let waits = |pause: &Pause| Instant::now() < pause.until;
        state.unsaved.is_none()
            && !state.held.as_ref().is_some_and(lasts)
            && !state.pause.as_ref().is_some_and(waits)
    }

    /// Forgets what this process holds, so that the next call asks the store.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.held = None;
        state.pause = None;
        state.failures = 0;
    }
}

/// Makes room for the next flight however this one ends.
struct Flight(Arc<Keeper>);

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.state().flight = None;
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("key", &self.key)
            .field("renewal", &self.renewal)
            .finish_non_exhaustive()
    }
}
