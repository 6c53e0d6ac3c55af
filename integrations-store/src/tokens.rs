//! OAuth tokens, sealed.

use async_trait::async_trait;
use integrations_core::oauth::{StoredTokens, TokenKey, TokenSet, TokenStore};
use integrations_core::vault::{RecordScope, SealedRecord, Secrets, Vault};
use integrations_core::{
    AccessToken, Error, ErrorKind, ExposeSecret as _, IntegrationId, RefreshToken, Result, TenantId,
};

use crate::check::{Check, DOCUMENT, KEY};
use crate::session::{execute, fetch_optional};
use crate::{Store, error, time};

const ACCESS: &str = "/accessToken";
const REFRESH: &str = "/refreshToken";
const EXTRA: &str = "/extra";

/// The tokens of a [`Store`]: what a token endpoint answered, each field sealed for its tenant, integration and slot.
///
/// Only the expiry and the scopes are stored in clear. A deleted set keeps its generation and its fence, so that a
/// renewal that was on its way cannot bring it back.
#[derive(Debug, Clone)]
pub struct Tokens {
    store: Store,
    vault: Vault,
}

impl Store {
    /// The OAuth tokens, sealed with this vault.
    #[must_use]
    pub fn tokens(&self, vault: &Vault) -> Tokens {
        Tokens {
            store: self.clone(),
            vault: vault.clone(),
        }
    }
}

/// The vault's name of a token row.
pub(crate) fn record_name(integration: IntegrationId, slot: &str) -> String {
    format!("oauth_tokens:{integration}:{slot}")
}

/// The lease that `integrations_core::oauth` renews these tokens under.
fn lease_name(integration: IntegrationId, slot: &str) -> String {
    if slot.is_empty() {
        format!("oauth:{integration}")
    } else {
        format!("oauth:{integration}:{slot}")
    }
}

#[async_trait]
impl TokenStore for Tokens {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredTokens>> {
        let mut session = self.store.read("tokens.load").await?;
        let row = fetch_optional!(
            &mut session,
            (Option<String>, String, Option<i64>, i64),
            "SELECT sealed, scopes, expires_at, generation FROM main.oauth_tokens \
             WHERE tenant_id = $1 AND integration_id = $2 AND slot = $3",
            key.tenant.as_str(),
            key.integration.as_uuid(),
            key.slot.as_str(),
        )?;
        session.commit().await?;
        let Some((Some(sealed), scopes, expires_at, generation)) = row else {
            return Ok(None);
        };
        let mut tokens = self.open(key, &sealed).await?;
        tokens.scopes = serde_json::from_str(&scopes).map_err(|_| broken(key, "scopes"))?;
        let expires_at = expires_at.map(time::from_micros).transpose();
        tokens.expires_at = expires_at.map_err(|_| broken(key, "expires_at"))?;
        let generation = u64::try_from(generation).map_err(|_| broken(key, "generation"))?;
        Ok(Some(StoredTokens::new(tokens, generation)))
    }

    async fn save(&self, key: &TokenKey, tokens: &TokenSet, fence: Option<u64>) -> Result<u64> {
        let (sealed, sealed_key) = self.seal(key, tokens).await?;
        let scopes = serde_json::Value::from(tokens.scopes.clone()).to_string();
        Check::default()
            .optional("/slot", Some(&key.slot), KEY)
            .size("/tokens", sealed.len(), DOCUMENT)
            .size("/scopes", scopes.len(), DOCUMENT)
            .done()?;
        let now = time::to_micros(self.store.now());
        let mut session = self.store.write("tokens.save").await?;
        // A person's authorization (no fence) outruns whoever holds the lease now, by one.
        let saved = fetch_optional!(
            &mut session,
            (i64,),
            "INSERT INTO main.oauth_tokens (tenant_id, integration_id, slot, sealed, sealed_key, scopes, expires_at, \
             generation, fence, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, \
             COALESCE($8, (SELECT fence + 1 FROM main.leases WHERE tenant_id = $1 AND name = $9)), $10, $10) \
             ON CONFLICT (tenant_id, integration_id, slot) DO UPDATE SET sealed = excluded.sealed, \
             sealed_key = excluded.sealed_key, scopes = excluded.scopes, expires_at = excluded.expires_at, \
             generation = oauth_tokens.generation + 1, fence = COALESCE(excluded.fence, oauth_tokens.fence), \
             updated_at = excluded.updated_at \
             WHERE $8 IS NULL OR oauth_tokens.fence IS NULL OR oauth_tokens.fence <= $8 RETURNING generation",
            key.tenant.as_str(),
            key.integration.as_uuid(),
            key.slot.as_str(),
            sealed.as_str(),
            sealed_key.as_str(),
            scopes.as_str(),
            tokens.expires_at.map(time::to_micros),
            fence.map(|fence| i64::try_from(fence).unwrap_or(i64::MAX)),
            lease_name(key.integration, &key.slot),
            now,
        )?;
        let Some((generation,)) = saved else {
            return Err(
                Error::new(ErrorKind::Conflict, "tokens were saved under a later lease")
                    .with_code("fenced"),
            );
        };
        session.commit().await?;
        u64::try_from(generation).map_err(|_| broken(key, "generation"))
    }

    async fn delete(&self, tenant: &TenantId, integration: IntegrationId) -> Result<()> {
        let mut session = self.store.write("tokens.delete").await?;
        execute!(
            &mut session,
            "UPDATE main.oauth_tokens SET sealed = NULL, sealed_key = NULL, scopes = '[]', expires_at = NULL, \
             generation = generation + 1, updated_at = $3, fence = COALESCE((SELECT l.fence + 1 FROM main.leases l \
             WHERE l.tenant_id = $1 AND l.name = CASE slot WHEN '' THEN $4 ELSE $4 || ':' || slot END), fence) \
             WHERE tenant_id = $1 AND integration_id = $2",
            tenant.as_str(),
            integration.as_uuid(),
            time::to_micros(self.store.now()),
            lease_name(integration, ""),
        )?;
        session.commit().await
    }
}

impl Tokens {
    /// Whether the integration's own tokens are there; opens nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Store`].
    pub async fn exist(&self, tenant: &TenantId, integration: IntegrationId) -> Result<bool> {
        let mut session = self.store.read("tokens.exist").await?;
        let found = fetch_optional!(
            &mut session,
            (i64,),
            "SELECT generation FROM main.oauth_tokens \
             WHERE tenant_id = $1 AND integration_id = $2 AND slot = '' AND sealed IS NOT NULL",
            tenant.as_str(),
            integration.as_uuid(),
        )?;
        session.commit().await?;
        Ok(found.is_some())
    }

    async fn seal(&self, key: &TokenKey, tokens: &TokenSet) -> Result<(String, String)> {
        let mut secrets = Secrets::new();
        secrets.insert(
            ACCESS.to_owned(),
            tokens.access_token.expose_secret().into(),
        );
        if let Some(refresh) = &tokens.refresh_token {
            secrets.insert(REFRESH.to_owned(), refresh.expose_secret().into());
        }
        if !tokens.extra.is_empty() {
            let extra = serde_json::Value::Object(tokens.extra.clone()).to_string();
            secrets.insert(EXTRA.to_owned(), extra.into());
        }
        let name = record_name(key.integration, &key.slot);
        let scope = RecordScope::new(&key.tenant, &name);
        let record = self.vault.seal_record(&scope, &secrets, None).await?;
        Ok((record.to_text(), record.key_id().as_str().to_owned()))
    }

    async fn open(&self, key: &TokenKey, sealed: &str) -> Result<TokenSet> {
        let name = record_name(key.integration, &key.slot);
        let record = SealedRecord::parse(sealed).map_err(|error| named(key, error))?;
        let scope = RecordScope::new(&key.tenant, &name);
        let mut secrets = self
            .vault
            .open_record(&scope, &record)
            .await
            .map_err(|error| named(key, error))?;
        let access = secrets
            .remove(ACCESS)
            .ok_or_else(|| broken(key, "access token"))?;
        let mut tokens = TokenSet::new(AccessToken::from(access));
        tokens.refresh_token = secrets.remove(REFRESH).map(RefreshToken::from);
        if let Some(extra) = secrets.remove(EXTRA) {
            tokens.extra =
                serde_json::from_str(extra.expose_secret()).map_err(|_| broken(key, "extra"))?;
        }
        Ok(tokens)
    }
}

fn broken(key: &TokenKey, what: &str) -> Error {
    error::corrupt(format!(
        "oauth_tokens {}/{}/{}: {what} is not readable",
        key.tenant, key.integration, key.slot
    ))
}

/// Names the row whose ciphertext does not open.
fn named(key: &TokenKey, source: Error) -> Error {
    error::in_row(
        format!(
            "oauth_tokens {}/{}/{}",
            key.tenant, key.integration, key.slot
        ),
        &source,
    )
}
