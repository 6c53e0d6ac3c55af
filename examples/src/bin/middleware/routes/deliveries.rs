//! Messages that GoHighLevel's conversation provider is to send come to a URL of their own, proven by a secret in it.

use std::sync::Arc;

use ghl_client::GoHighLevel;
use ghl_client::webhook::GhlDeliveries;
use integrations_core::Result;
use integrations_core::provider::{Context, Integration, Provider, Providers};
use integrations_core::template::{Config, Template};
use integrations_core::webhook::WebhookSource;

use crate::settings::GhlSettings;

/// The query parameter of the delivery URL that holds the secret.
const PARAMETER: &str = "key";

/// GoHighLevel with its deliveries in place of its webhooks.
#[derive(Debug)]
struct Deliveries {
    provider: GoHighLevel,
    source: GhlDeliveries,
}

impl Provider for Deliveries {
    fn template(&self) -> &Template {
        self.provider.template()
    }

    fn connect(&self, config: Config, context: &Context) -> Result<Arc<dyn Integration>> {
        self.provider.connect(config, context)
    }

    fn webhooks(&self) -> Option<&dyn WebhookSource> {
        Some(&self.source)
    }
}

/// The one provider of the delivery route.
pub(super) fn providers(settings: &GhlSettings) -> Providers {
    let source = match settings.webhook_keys.as_slice() {
        [] => GhlDeliveries::production(),
        keys => GhlDeliveries::with_keys(keys.iter().cloned()),
    };
    let source = match &settings.delivery_secret {
        // GoHighLevel does not sign them: who knows the secret is believed.
        Some(secret) => source
            .allow_unsigned()
            .with_url_secret(PARAMETER, [secret.clone()]),
        None => source,
    };
    Providers::new().with(Deliveries {
        provider: GoHighLevel::new(),
        source,
    })
}
