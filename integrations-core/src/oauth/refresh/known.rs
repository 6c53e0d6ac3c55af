use std::sync::Arc;

use tokio::time::Instant;

use crate::http::Grant;
use crate::oauth::StoredTokens;
use crate::oauth::held::Margin;
use crate::oauth::keeper::Keeper;

pub(super) fn grant_of(stored: &StoredTokens) -> Arc<Grant> {
    let tokens = &stored.tokens;
    Arc::new(Grant::new(tokens.scopes.clone(), tokens.extra.clone()))
}

impl Keeper {
    /// What is known of the token that the next caller gets, without a renewal.
    ///
    /// Of a token that has ended or was refused nothing is said: the next one may be another. And the store is asked
    /// as often as for the token itself, or else a wider authorization would never be seen by a caller who is held
    /// back by the old one.
    pub(in crate::oauth) async fn grant(&self) -> Option<Arc<Grant>> {
        let good = |stored: &StoredTokens| {
            Margin::is_valid(stored, self.clock.now()) && !self.state().is_refused(stored)
        };
        let held = self.state().held.clone();
        if let Some(held) = held
            && Instant::now() < held.look_again
        {
            return good(&held.stored).then(|| held.grant.clone());
        }
        let stored = self.store.load(&self.key).await.ok()??;
        good(&stored).then(|| grant_of(&stored))
    }
}
