use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::lock;
use crate::oauth::{StoredTokens, TokenKey, TokenSet, TokenStore};
use crate::{Error, ErrorKind, IntegrationId, Result, TenantId};

/// Tokens in memory, for tests and for programs without a database.
///
/// They are lost when the process ends, and with them every refresh token that rotated since: the user must authorize
/// again. Clones share the tokens.
#[derive(Clone, Default)]
pub struct MemoryTokenStore(Arc<Mutex<HashMap<TokenKey, Entry>>>);

#[derive(Default)]
struct Entry {
    /// `None` once deleted; the counters go on.
    tokens: Option<TokenSet>,
    generation: u64,
    fence: u64,
}

impl MemoryTokenStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemoryTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryTokenStore({} keys)", lock(&self.0).len())
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredTokens>> {
        Ok(lock(&self.0).get(key).and_then(|entry| {
            let tokens = entry.tokens.clone()?;
            Some(StoredTokens::new(tokens, entry.generation))
        }))
    }

    async fn save(&self, key: &TokenKey, tokens: &TokenSet, fence: Option<u64>) -> Result<u64> {
        let mut entries = lock(&self.0);
        let entry = entries.entry(key.clone()).or_default();
        if let Some(fence) = fence {
            if fence < entry.fence {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "tokens were saved under a later lease",
                )
                .with_code("fenced"));
            }
            entry.fence = fence;
        }
        entry.generation += 1;
        entry.tokens = Some(tokens.clone());
        Ok(entry.generation)
    }

    async fn delete(&self, tenant: &TenantId, integration: IntegrationId) -> Result<()> {
        for (key, entry) in lock(&self.0).iter_mut() {
            if key.tenant == *tenant && key.integration == integration {
                entry.tokens = None;
            }
        }
        Ok(())
    }

    async fn delete_slot(&self, key: &TokenKey) -> Result<()> {
        if let Some(entry) = lock(&self.0).get_mut(key) {
            entry.tokens = None;
        }
        Ok(())
    }
}
