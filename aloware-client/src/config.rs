use integrations_core::template::SecretSchema;
use integrations_core::{AccessToken, WebhookSecret};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ids::LineId;

/// What a connection to Aloware needs: the config of its template.
///
/// Where the API answers is no setting of a tenant: whoever chooses the address is sent the token. See
/// [`Aloware::with_base_url`](crate::Aloware::with_base_url).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct AlowareConfig {
    /// API token of a user of the account, from Integrations, API Tokens.
    #[schemars(title = "API token", with = "SecretSchema", extend("x-env" = "ALOWARE_API_TOKEN"))]
    pub api_token: AccessToken,
    /// A name of your own for the account. Aloware's webhooks do not say which account they come from.
    #[schemars(title = "Account", length(min = 1, max = 64), extend("x-env" = "ALOWARE_ACCOUNT"))]
    pub account: Option<String>,
    /// Number that text messages come from, in E.164 form.
    #[schemars(title = "Sender number", regex(pattern = r"^\+[1-9][0-9]{6,14}$"), extend("x-env" = "ALOWARE_FROM_NUMBER"))]
    pub from_number: Option<String>,
    /// Line that text messages come from, when no number is given.
    #[schemars(title = "Line ID", with = "Option<String>", length(min = 1, max = 64), extend("x-env" = "ALOWARE_LINE_ID"))]
    pub line_id: Option<LineId>,
    /// User that the webhook in Aloware's settings sends with Basic authentication.
    #[schemars(title = "Webhook user", length(min = 1, max = 128), extend("x-env" = "ALOWARE_WEBHOOK_BASIC_USER"))]
    pub webhook_user: Option<String>,
    /// Password of that user, or the token of Bearer authentication.
    #[schemars(title = "Webhook password", with = "Option<SecretSchema>", extend("x-env" = "ALOWARE_WEBHOOK_BASIC_PASS"))]
    pub webhook_secret: Option<WebhookSecret>,
}
