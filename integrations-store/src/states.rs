//! Authorizations that wait for their user to come back.

use async_trait::async_trait;
use integrations_core::oauth::{PendingAuthorization, StateStore};
use integrations_core::vault::{Scope, Sealed, Vault};
use integrations_core::{ExposeSecret as _, Result, SecretString, TenantId};
use sha2::{Digest as _, Sha256};

use crate::check::{Check, LONG};
use crate::session::{execute, fetch_optional};
use crate::{Store, error, time};

const VERIFIER: &str = "/pkceVerifier";

/// The pending authorizations of a [`Store`]: the `state` as its SHA-256, the PKCE verifier sealed.
#[derive(Debug, Clone)]
pub struct States {
    store: Store,
    vault: Vault,
}

impl Store {
    /// The pending OAuth authorizations, sealed with this vault.
    #[must_use]
    pub fn states(&self, vault: &Vault) -> States {
        States {
            store: self.clone(),
            vault: vault.clone(),
        }
    }
}

fn hash_of(state: &SecretString) -> [u8; 32] {
    Sha256::digest(state.expose_secret().as_bytes()).into()
}

fn record_name(hash: &[u8]) -> String {
    format!("oauth_states:{}", hex::encode(hash))
}

#[async_trait]
impl StateStore for States {
    async fn put(&self, pending: &PendingAuthorization) -> Result<()> {
        Check::default()
            .text("/redirectUri", &pending.redirect_uri, LONG)
            .done()?;
        let hash = hash_of(&pending.state);
        let sealed = match &pending.pkce_verifier {
            Some(verifier) => {
                let name = record_name(&hash);
                let scope = Scope::new(&pending.tenant, &name, VERIFIER);
                Some(
                    self.vault
                        .seal(&scope, verifier.expose_secret())
                        .await?
                        .to_string(),
                )
            }
            None => None,
        };
        let mut session = self.store.write("states.put").await?;
        execute!(
            &mut session,
            "INSERT INTO main.oauth_states (tenant_id, state_hash, integration_id, redirect_uri, sealed, expires_at, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            pending.tenant.as_str(),
            hash.as_slice(),
            pending.integration.as_uuid(),
            pending.redirect_uri.as_str(),
            sealed,
            time::to_micros(pending.expires_at),
            time::to_micros(self.store.now()),
        )?;
        session.commit().await
    }

    async fn take(
        &self,
        tenant: &TenantId,
        state: &SecretString,
    ) -> Result<Option<PendingAuthorization>> {
        let hash = hash_of(state);
        let mut session = self.store.write("states.take").await?;
        let row = fetch_optional!(
            &mut session,
            (uuid::Uuid, String, Option<String>, i64),
            "DELETE FROM main.oauth_states WHERE tenant_id = $1 AND state_hash = $2 \
             RETURNING integration_id, redirect_uri, sealed, expires_at",
            tenant.as_str(),
            hash.as_slice(),
        )?;
        session.commit().await?;
        let Some((integration, redirect_uri, sealed, expires_at)) = row else {
            return Ok(None);
        };
        let expires_at = time::from_micros(expires_at)?;
        if expires_at <= self.store.now() {
            return Ok(None);
        }
        let mut pending = PendingAuthorization::new(
            state.clone(),
            tenant.clone(),
            integration.into(),
            redirect_uri,
            expires_at,
        );
        if let Some(sealed) = sealed {
            let name = record_name(&hash);
            let scope = Scope::new(tenant, &name, VERIFIER);
            let opened = match sealed.parse::<Sealed>() {
                Ok(sealed) => self.vault.open(&scope, &sealed).await,
                Err(error) => Err(error),
            };
            let row = format_args!("oauth_states {tenant}/{integration}").to_string();
            pending.pkce_verifier = Some(opened.map_err(|source| error::in_row(row, &source))?);
        }
        Ok(Some(pending))
    }
}
