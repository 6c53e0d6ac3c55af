use integrations_core::AccessToken;
use integrations_core::template::SecretSchema;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::ids::{CompanyId, LocationId};

/// What a connection to GoHighLevel needs: the config of its template.
///
/// Either `apiKey` holds a private integration token, or the integration is authorized through the application's
/// marketplace app, whose client id and secret belong to the application and not to one connection.
///
/// Where the API answers is no setting of a tenant: whoever chooses the address is sent the token, and can claim any
/// location with a server of their own. See [`GoHighLevel::with_base_url`](crate::GoHighLevel::with_base_url).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct GoHighLevelConfig {
    /// Private integration token of the location (`pit-…`). Leave it out when the app is authorized with OAuth.
    #[schemars(title = "API key", with = "Option<SecretSchema>", extend("x-env" = "GHL_API_KEY"))]
    pub api_key: Option<AccessToken>,
    /// Id of the location (sub-account).
    #[schemars(title = "Location ID", with = "String", length(min = 1, max = 64), extend("x-env" = "GHL_LOCATION_ID"))]
    pub location_id: LocationId,
    /// Id of the company (agency), when the app was installed there.
    #[schemars(
        title = "Company ID",
        with = "Option<String>",
        length(min = 1, max = 64)
    )]
    pub company_id: Option<CompanyId>,
    /// Calendar for bookings.
    #[schemars(title = "Calendar ID", length(max = 64), extend("x-env" = "GHL_CALENDAR_ID"))]
    pub calendar_id: Option<String>,
    /// Conversation provider that reports messages of other channels.
    #[schemars(title = "Conversation provider ID", length(max = 64), extend("x-env" = "GHL_CONVERSATION_PROVIDER_ID"))]
    pub conversation_provider_id: Option<String>,
}
