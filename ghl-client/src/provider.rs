//! GoHighLevel behind the shared contracts: [`GoHighLevel`] is a [`Provider`].

mod contacts;
mod find;
mod messages;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::oauth::OAuthProfile;
use integrations_core::provider::{
    ConnectionReport, ContactApi, Context, Integration, MessageApi, Provider,
};
use integrations_core::template::{Category, Config, Template};
use integrations_core::webhook::WebhookSource;
use tokio::time::Instant;

use crate::oauth::LocationTokenExchange;
use crate::webhook::GhlWebhooks;
use crate::{Client, Error, ErrorKind, GoHighLevelConfig, Location, PROVIDER, Result};

const SETUP_GUIDE: &str = "\
# Connect GoHighLevel

1. In the location, open *Settings → Private Integrations* and create one with the scopes that you need
   (`contacts.readonly`, `contacts.write`, `conversations.readonly`, `conversations/message.write`, `locations.readonly`).
2. Copy the token, which starts with `pit-`, into **API key**.
3. Copy the location's id from *Settings → Business Profile* into **Location ID**.

Webhooks are set up in the marketplace app (*Advanced Settings → Webhooks*): there is no API for them.
";

/// GoHighLevel as a provider of integrations.
#[derive(Debug)]
pub struct GoHighLevel {
    template: Template,
    oauth: OAuthProfile,
    webhooks: GhlWebhooks,
    base_url: Option<String>,
}

impl GoHighLevel {
    /// The provider with the production keys for webhooks.
    #[must_use]
    pub fn new() -> Self {
        Self::with_webhooks(GhlWebhooks::production())
    }

    /// The provider with other keys or rules for webhooks.
    ///
    /// # Panics
    /// Never: the template is a constant of this crate, and a test builds it.
    #[must_use]
    pub fn with_webhooks(webhooks: GhlWebhooks) -> Self {
        let template = Template::builder(PROVIDER)
            .name("GoHighLevel")
            .display_name("GoHighLevel CRM")
            .category(Category::Crm)
            .description("Contacts, conversations and calendars of a GoHighLevel location.")
            .api_version("2021-07-28")
            .docs_url("https://marketplace.gohighlevel.com/docs/")
            .setup_guide(SETUP_GUIDE)
            .external_key("locationId")
            .order([
                "apiKey",
                "locationId",
                "calendarId",
                "conversationProviderId",
                "companyId",
            ])
            .config::<GoHighLevelConfig>()
            .build()
            .expect("the template of this crate is sound");
        Self {
            template,
            oauth: crate::oauth::profile(),
            webhooks,
            base_url: None,
        }
    }

    /// Calls another address than the provider's own: a simulator, or a proxy. For the whole deployment, since whoever
    /// chooses the address is sent every token.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Replaces how OAuth is spoken: white-label addresses, another token endpoint.
    #[must_use]
    pub fn with_oauth(mut self, oauth: OAuthProfile) -> Self {
        self.oauth = oauth;
        self
    }
}

impl Default for GoHighLevel {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for GoHighLevel {
    fn template(&self) -> &Template {
        &self.template
    }

    fn connect(&self, config: Config, context: &Context) -> Result<Arc<dyn Integration>> {
        let config: GoHighLevelConfig = config.get()?;
        let mut builder = Client::builder().context(&context.http);
        if let Some(company) = &config.company_id {
            builder = builder.company(company.as_str());
        }
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url);
        }
        let location = match (&context.tokens, config.api_key, config.company_id) {
            // The app was installed in the company: its token is exchanged for the location's.
            (Some(tokens), _, Some(company)) => {
                let client = builder.tokens(tokens.clone()).build()?;
                let exchange = LocationTokenExchange::new(&client, company, &config.location_id);
                let tokens = tokens.derive(format!("location:{}", config.location_id), exchange);
                client
                    .with_tokens(tokens, config.location_id.as_str())
                    .location(config.location_id)
            }
            (Some(tokens), _, None) => builder
                .tokens(tokens.clone())
                .build()?
                .location(config.location_id),
            (None, Some(token), _) => builder
                .private_token(token)
                .build()?
                .location(config.location_id),
            (None, None, _) => {
                return Err(Error::config(
                    "no credential: set apiKey, or authorize the app with OAuth",
                )
                .with_provider(PROVIDER)
                .with_code("no_credential"));
            }
        };
        Ok(Arc::new(Connection { location }))
    }

    fn oauth(&self) -> Option<&OAuthProfile> {
        Some(&self.oauth)
    }

    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        Some(&self.webhooks)
    }
}

/// One location, behind the shared contracts.
#[derive(Debug)]
struct Connection {
    location: Location,
}

#[async_trait]
impl Integration for Connection {
    /// Reads the location: that needs the scope `locations.readonly` and proves that the token belongs to it. A token
    /// without that scope is tried on a search for one contact.
    async fn test_connection(&self) -> Result<ConnectionReport> {
        let started = Instant::now();
        match self.location.details().send().await {
            Ok(details) => Ok(ConnectionReport::new(started.elapsed())
                .with_account(details.id.as_str(), details.name)),
            Err(error)
                if error.kind() == ErrorKind::Permission
                    && error.code() == Some("missing_scope") =>
            {
                self.location
                    .contacts()
                    .search()
                    .page_limit(1u32)
                    .send()
                    .await?;
                Ok(ConnectionReport::new(started.elapsed())
                    .with_account(self.location.id().as_str(), None))
            }
            Err(error) => Err(error),
        }
    }

    fn typed(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(&self.location)
    }

    fn contacts(&self) -> Option<&dyn ContactApi> {
        Some(self)
    }

    fn messages(&self) -> Option<&dyn MessageApi> {
        Some(self)
    }
}
