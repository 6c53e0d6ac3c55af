//! Verity behind the shared contracts: [`Verity`] is a [`Provider`].

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use integrations_core::http::{Idempotency, Operation, Request};
use integrations_core::model::{Channel, Conversation, ExternalId, Message, Party};
use integrations_core::paging::{Page, Pages};
use integrations_core::phone::PhoneNumber;
use integrations_core::provider::{
    ConnectionReport, Context, Integration, MessageApi, Provider, Sent,
};
use integrations_core::template::{Category, Config, SecretSchema, Template};
use integrations_core::webhook::WebhookSource;
use integrations_core::{AccessToken, Error, ErrorKind, Result, WebhookSecret};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::client::{Client, operation};
use crate::endpoint::SEND_MESSAGE;
use crate::texting::{OptOuts, SendMessage};
use crate::webhook::VerityWebhooks;

const PROBE: Operation = operation(
    "texting.probe",
    Method::POST,
    SEND_MESSAGE,
    Idempotency::Safe,
);

const SETUP_GUIDE: &str = "\
# Connect Verity

1. Copy the key that Verity shares with this service into **API key**.
2. In Verity, set the addresses of the texting and broadcast webhooks, and the secret that signs them.
";

/// What a connection to Verity needs: the config of its template.
///
/// Where Verity answers is no setting of a tenant: whoever chooses the address is sent the key. See
/// [`Verity::with_base_url`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VerityConfig {
    /// The key that Verity shares with this service.
    #[schemars(title = "API key", with = "SecretSchema", extend("x-env" = "VERITY_API_KEY"))]
    pub api_key: AccessToken,
    /// The name of the account, as the addresses of its webhooks have it (`?account=…`).
    #[schemars(title = "Account", with = "String", length(min = 1, max = 64), extend("x-env" = "VERITY_ACCOUNT"))]
    pub account: String,
    /// What signs the webhooks of Verity.
    #[schemars(title = "Webhook secret", with = "Option<SecretSchema>", extend("x-env" = "VERITY_WEBHOOK_SECRET"))]
    pub webhook_secret: Option<WebhookSecret>,
    /// The number that messages are sent from; Verity chooses one when there is none.
    #[schemars(title = "Sender", length(max = 32), extend("x-env" = "VERITY_FROM_NUMBER"))]
    pub from: Option<String>,
}

/// Verity as a provider of integrations: it sends text messages, and tells of them by webhook.
#[derive(Debug)]
pub struct Verity {
    template: Template,
    webhooks: VerityWebhooks,
    base_url: Option<String>,
    opt_outs: Option<Arc<dyn OptOuts>>,
}

impl Verity {
    /// The provider, with signed webhooks.
    #[must_use]
    pub fn new() -> Self {
        Self::with_webhooks(VerityWebhooks::new())
    }

    /// The provider with other rules for webhooks.
    ///
    /// # Panics
    /// Never: the template is a constant of this crate, and a test builds it.
    #[must_use]
    pub fn with_webhooks(webhooks: VerityWebhooks) -> Self {
        let template = Template::builder(crate::PROVIDER)
            .name("Verity")
            .display_name("Verity")
            .category(Category::Texting)
            .description("Text messages and broadcasts of Verity.")
            .docs_url("https://docs.rs/verity-client")
            .setup_guide(SETUP_GUIDE)
            .external_key("account")
            .order(["apiKey", "account", "from", "webhookSecret"])
            .config::<VerityConfig>()
            .build()
            .expect("the template of this crate is sound");
        Self {
            template,
            webhooks,
            base_url: None,
            opt_outs: None,
        }
    }

    /// Where Verity answers, for the whole deployment.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Asks this before each message whether the receiver has opted out.
    #[must_use]
    pub fn with_opt_outs(mut self, opt_outs: impl OptOuts + 'static) -> Self {
        self.opt_outs = Some(Arc::new(opt_outs));
        self
    }
}

impl Default for Verity {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Verity {
    fn template(&self) -> &Template {
        &self.template
    }

    fn connect(&self, config: Config, context: &Context) -> Result<Arc<dyn Integration>> {
        let config: VerityConfig = config.get()?;
        let mut builder = Client::builder()
            .context(&context.http)
            .service_key(config.api_key);
        if let Some(url) = &self.base_url {
            builder = builder.base_url(url);
        }
        if let Some(register) = &self.opt_outs {
            builder = builder.opt_outs(Arc::clone(register));
        }
        Ok(Arc::new(Connection {
            client: builder.build()?,
            account: config.account,
            from: config.from,
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
    account: String,
    from: Option<String>,
}

#[async_trait]
impl Integration for Connection {
    /// Sends a message that is none: Verity refuses it for what it lacks when the key is good, and for the key when it is
    /// not. Verity documents nothing that could be read with the key.
    async fn test_connection(&self) -> Result<ConnectionReport> {
        let started = Instant::now();
        let request = Request::new(PROBE, PROBE.path).json(&serde_json::json!({}))?;
        match self.client.sending.send(request).await {
            Err(error) if is_refusal(&error) => {
                // Without Verity's own words it was another's refusal, or half of one.
                if crate::ApiError::of(&error).is_none() {
                    return Err(Error::new(
                        ErrorKind::Io,
                        "the refusal is not Verity's own: it broke off, or something else answered",
                    )
                    .with_provider(crate::PROVIDER)
                    .with_operation(PROBE.name));
                }
            }
            Err(error) => return Err(error),
            // A page that says 200 to everything is not Verity.
            Ok(reply) => drop(reply.json::<serde_json::Map<String, serde_json::Value>>()?),
        }
        Ok(ConnectionReport::new(started.elapsed()).with_account(self.account.clone(), None))
    }

    fn typed(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(&self.client)
    }

    fn messages(&self) -> Option<&dyn MessageApi> {
        Some(self)
    }
}

/// Whether a call was refused for what it lacks.
fn is_refusal(error: &Error) -> bool {
    let status = error.status().map(|status| status.as_u16());
    error.kind() == ErrorKind::Validation && matches!(status, Some(400 | 422))
}

#[async_trait]
impl MessageApi for Connection {
    /// Sends a text to the one phone number in `to`. Verity knows no contacts of ours.
    async fn send(&self, message: &Message) -> Result<Sent> {
        let refused = |what: &'static str| {
            Error::new(ErrorKind::Validation, what)
                .with_provider(crate::PROVIDER)
                .with_operation("texting.send")
        };
        match &message.channel {
            Some(Channel::Sms) => {}
            Some(_) => return Err(refused("Verity sends text messages only")),
            None => return Err(refused("the message names no channel")),
        }
        let to = match message.to.as_slice() {
            [Party::Phone(number)] => number.clone(),
            [Party::Other(text)] => PhoneNumber::from_e164(text)
                .map_err(|_| refused("the receiver is no phone number in E.164 form"))?,
            [_] => return Err(refused("the receiver is no phone number")),
            [] => {
                return Err(refused(
                    "the message names no receiver: put the number into `to`",
                ));
            }
            _ => return Err(refused("a text goes to one number at a time")),
        };
        let mut text = SendMessage::new(to, message.body.clone().unwrap_or_default());
        text.from = match &message.from {
            Some(Party::Phone(number)) => Some(number.as_str().to_owned()),
            _ => self.from.clone(),
        };
        if let Some(thread) = &message.conversation {
            text = text.conversation(thread.as_str());
        }
        if let Some(id) = &message.id {
            text = text.correlation(id.as_str());
        }
        let receipt = self.client.texting().send(&text).await?;
        let sent = Sent::new(receipt.message_id.as_str());
        Ok(match &receipt.chat_id {
            Some(thread) => sent.with_conversation(thread.as_str()),
            None => sent,
        })
    }

    /// Refused: Verity has no list of messages, it tells of each by webhook.
    fn list(&self, _: &ExternalId<Conversation>) -> Pages<Message> {
        Pages::new(None, |_| async {
            Err::<Page<Message>, _>(
                Error::config("Verity lists no messages: it tells of each by webhook")
                    .with_provider(crate::PROVIDER)
                    .with_code("unsupported"),
            )
        })
    }
}
