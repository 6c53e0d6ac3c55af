//! Aloware behind the shared contracts: [`Aloware`] is a [`Provider`].

mod contacts;
mod messages;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::provider::{
    ConnectionReport, ContactApi, Context, Integration, MessageApi, Provider,
};
use integrations_core::template::{Category, Config, Template};
use integrations_core::webhook::WebhookSource;
use tokio::time::Instant;

use crate::messages::Sender;
use crate::webhook::AlowareWebhooks;
use crate::{AlowareConfig, Client, Error, PROVIDER, Result};

const SETUP_GUIDE: &str = "\
# Connect Aloware

1. In Aloware, open *Integrations → API Tokens* and copy the token of an admin into **API token**.
2. Choose the number that text messages come from: **Sender number**, or the **Line ID** of a line.
3. Open *Integrations → Webhooks*, add the URL that this application shows, choose *Basic*, and put the same user and
   password there and here. Choose the events *Communication Initiated*, *Communication Disposed*, *Call Disposed*,
   *Contact Created*, *Contact Updated*, *Contact DNC Updated* and those of recordings and summaries that you need.

There is no API for webhooks, and Aloware never sends one again: what is missed while the URL does not answer is gone.
";

/// Aloware as a provider of integrations.
///
/// Contacts are found by phone number and by nothing else: what the shared contract asks beyond that is refused with the
/// code `unsupported` before anything is sent.
#[derive(Debug)]
pub struct Aloware {
    template: Template,
    webhooks: AlowareWebhooks,
    base_url: Option<String>,
    limit: Option<(u32, Duration)>,
}

impl Aloware {
    /// The provider, with webhooks that are proven by a user and a password.
    #[must_use]
    pub fn new() -> Self {
        Self::with_webhooks(AlowareWebhooks::basic())
    }

    /// The provider with other rules for webhooks.
    ///
    /// # Panics
    /// Never: the template is a constant of this crate, and a test builds it.
    #[must_use]
    pub fn with_webhooks(webhooks: AlowareWebhooks) -> Self {
        let template = Template::builder(PROVIDER)
            .name("Aloware")
            .display_name("Aloware")
            .category(Category::Dialer)
            .description("Contacts, text messages, calls and sequences of an Aloware account.")
            .api_version("1")
            .docs_url("https://support.aloware.com/")
            .setup_guide(SETUP_GUIDE)
            .external_key("account")
            .order([
                "apiToken",
                "account",
                "fromNumber",
                "lineId",
                "webhookUser",
                "webhookSecret",
            ])
            .config::<AlowareConfig>()
            .build()
            .expect("the template of this crate is sound");
        Self {
            template,
            webhooks,
            base_url: None,
            limit: None,
        }
    }

    /// Calls another address than the provider's own: `https://app.aloware.com/api/v1`, a simulator, or a proxy. For the
    /// whole deployment, since whoever chooses the address is sent every token.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// At most this many calls in this span for each account; the provider documents no limit.
    #[must_use]
    pub fn with_rate_limit(mut self, max: u32, per: Duration) -> Self {
        self.limit = Some((max, per));
        self
    }
}

impl Default for Aloware {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Aloware {
    fn template(&self) -> &Template {
        &self.template
    }

    fn connect(&self, config: Config, context: &Context) -> Result<Arc<dyn Integration>> {
        let config: AlowareConfig = config.get()?;
        let account = config
            .account
            .clone()
            .unwrap_or_else(|| context.integration.to_string());
        let mut builder = Client::builder()
            .context(&context.http)
            .api_token(config.api_token)
            .account(account);
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url);
        }
        if let Some((max, per)) = self.limit {
            builder = builder.rate_limit(max, per);
        }
        let number = config.from_number.map(Sender::Number);
        Ok(Arc::new(Connection {
            client: builder.build()?,
            account: config.account,
            sender: number.or(config.line_id.map(Sender::Line)),
        }))
    }

    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        Some(&self.webhooks)
    }
}

/// One account, behind the shared contracts.
#[derive(Debug)]
struct Connection {
    client: Client,
    account: Option<String>,
    sender: Option<Sender>,
}

#[async_trait]
impl Integration for Connection {
    /// Lists the users. A page of HTML, which wrong addresses answer with a 200, is no success.
    async fn test_connection(&self) -> Result<ConnectionReport> {
        let started = Instant::now();
        self.client.users().list().send().await?;
        let report = ConnectionReport::new(started.elapsed());
        Ok(match &self.account {
            // The provider names no account: it is the one that was meant.
            Some(account) => report.with_account(account, None),
            None => report,
        })
    }

    fn typed(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(&self.client)
    }

    fn contacts(&self) -> Option<&dyn ContactApi> {
        Some(self)
    }

    fn messages(&self) -> Option<&dyn MessageApi> {
        Some(self)
    }
}

/// The error for what the provider has no way to do.
fn unsupported(operation: &'static str, message: &'static str) -> Error {
    Error::config(message)
        .with_code("unsupported")
        .with_provider(PROVIDER)
        .with_operation(operation)
}
