use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::Result;
use crate::lease::Lease;
use crate::oauth::held::Held;
use crate::oauth::keeper::{Keeper, Unsaved};
use crate::oauth::{StoredTokens, TokenSet};

/// How often new tokens are offered to a store that does not take them.
const SAVES: u32 = 4;

impl Keeper {
    /// What an earlier renewal could not save, unless the store has moved on.
    pub(super) fn unsaved(&self, base: Option<u64>) -> Option<TokenSet> {
        let unsaved = self.state().unsaved.take()?;
        (unsaved.base == base).then_some(unsaved.tokens)
    }

    /// Saves first; only then does anybody see the access token.
    pub(super) async fn save(
        &self,
        tokens: TokenSet,
        base: Option<u64>,
        lease: &Lease,
    ) -> Result<Arc<Held>> {
        let mut wait = Duration::from_millis(100);
        let mut attempt = 1;
        let error = loop {
            // A person may have authorized anew or disconnected meanwhile.
            if let Ok(now) = self.store.load(&self.key).await
                && now.map(|stored| stored.generation) != base
            {
                return self.theirs().await;
            }
            match self.store.save(&self.key, &tokens, Some(lease.fence)).await {
                Ok(generation) => return Ok(self.saved(StoredTokens::new(tokens, generation))),
                Err(error) if error.code() == Some("fenced") => return self.theirs().await,
                Err(error) if attempt == SAVES => break error,
                Err(_) => {}
            }
            attempt += 1;
            tokio::time::sleep(wait).await;
            wait *= 2;
        };
        self.count("unsaved");
        tracing::error!(
            provider = self.renewal.provider(),
            integration = %self.key.integration,
            error = %error,
            "renewed tokens could not be saved; they are kept in memory for the next attempt"
        );
        self.state().unsaved = Some(Unsaved { tokens, base });
        Err(error)
    }

    fn saved(&self, stored: StoredTokens) -> Arc<Held> {
        self.count("renewed");
        let lifetime = stored.tokens.expires_at.and_then(|end| {
            let left = end.duration_since(self.clock.now());
            Duration::try_from(left).ok()
        });
        {
            let mut state = self.state();
            state.lifetime = lifetime;
            // Even if it is the same token: the provider has just given it.
            state.refused = None;
        }
        self.hold(stored, Some(Instant::now()))
    }

    /// Somebody else saved: theirs count.
    pub(super) async fn theirs(&self) -> Result<Arc<Held>> {
        self.count("overtaken");
        self.look().await?.held.ok_or_else(|| self.overtaken())
    }
}
