use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::http::StaticBearer;
use integrations_core::oauth::{TokenExchange, TokenSet};
use integrations_core::{AccessToken, Error, ErrorKind, Result};
use jiff::SignedDuration;

use super::GetLocationToken;
use crate::ids::{AppId, CompanyId, LocationId, UserId};
use crate::{Client, Endpoint, PROVIDER};

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
            // The parent knows what it may; the provider refuses what it may not.
            known: self.client.known.of_other(None),
        };
        let now = client.pipeline.context().clock().now();
        let answer = client
            .call(GetLocationToken::new(&self.company, &self.location))
            .send()
            .await
            .map_err(|error| {
                // As a rule it ends a call of another operation.
                let message = format!("the location's token cannot be got: {}", error.message());
                error.with_message(message)
            })?;
        // Whoever asks for one location must not act in another.
        if answer
            .location_id
            .as_ref()
            .is_some_and(|id| *id != self.location)
        {
            return Err(Error::new(
                ErrorKind::Decode,
                "the provider answered with another location's token: check the location id",
            )
            .with_provider(PROVIDER)
            .with_operation(GetLocationToken::SPEC.operation.name));
        }
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
        // What the token endpoint says in its own answers, and here leaves to be understood.
        tokens
            .extra
            .insert("userType".to_owned(), "Location".into());
        tokens
            .extra
            .insert("expires_in".to_owned(), lifetime.into());
        let known = [
            ("locationId", Some(self.location.as_str())),
            ("companyId", Some(self.company.as_str())),
            ("userId", answer.user_id.as_ref().map(UserId::as_str)),
            ("planId", answer.plan_id.as_deref()),
            ("appId", answer.app_id.as_ref().map(AppId::as_str)),
            ("versionId", answer.version_id.as_deref()),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                tokens.extra.insert(name.to_owned(), value.into());
            }
        }
        Ok(tokens)
    }
}
