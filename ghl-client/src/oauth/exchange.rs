use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::http::StaticBearer;
use integrations_core::oauth::{TokenExchange, TokenSet};
use integrations_core::{AccessToken, Result};
use jiff::SignedDuration;

use super::GetLocationToken;
use crate::Client;
use crate::ids::{CompanyId, LocationId};

/// Gets a location's token with its company's: give it to
/// [`OAuthTokens::derive`](integrations_core::oauth::OAuthTokens::derive).
#[derive(Debug, Clone)]
pub struct LocationTokenExchange {
    client: Client,
    company: CompanyId,
    location: LocationId,
}

impl LocationTokenExchange {
    /// An exchange over the connections of `client`, whatever token that client has itself.
    pub fn new(
        client: &Client,
        company: impl Into<CompanyId>,
        location: impl Into<LocationId>,
    ) -> Self {
        Self {
            client: client.clone(),
            company: company.into(),
            location: location.into(),
        }
    }
}

#[async_trait]
impl TokenExchange for LocationTokenExchange {
    async fn exchange(&self, parent: &AccessToken) -> Result<TokenSet> {
        let auth = Arc::new(StaticBearer::new(parent)?);
        let pipeline = self.client.pipeline.with_auth(auth, self.company.as_str());
        let client = Client {
            pipeline,
            version: self.client.version,
        };
        let now = client.pipeline.context().clock().now();
        let answer = client
            .call(GetLocationToken::new(&self.company, &self.location))
            .send()
            .await?;
        let mut tokens = TokenSet::new(answer.access_token);
        tokens.refresh_token = answer.refresh_token;
        // An answer without a lifetime is taken for the documented day.
        let lifetime = answer.expires_in.unwrap_or(86_399).clamp(0, 366 * 86_400);
        tokens.expires_at = now.checked_add(SignedDuration::from_secs(lifetime)).ok();
        tokens.scopes = answer
            .scope
            .iter()
            .flat_map(|scope| scope.split_whitespace())
            .map(str::to_owned)
            .collect();
        if let Some(location) = answer.location_id {
            tokens
                .extra
                .insert("locationId".to_owned(), location.as_str().into());
        }
        Ok(tokens)
    }
}
