use integrations_core::oauth::Authorize;
use integrations_core::{IntegrationId, TenantId};

use super::{AUTHORIZE_WHITE_LABEL, constant};
use crate::ids::AppId;

/// Where a user chooses the location or company to install the app in: give it to
/// [`OAuthClient::authorize`](integrations_core::oauth::OAuthClient::authorize), which adds the client id, the redirect
/// URI and a single-use `state`. The provider's own template has no `state`; it is sent all the same and comes back.
///
/// ```no_run
/// # use ghl_client::oauth::ChooseLocation;
/// # use integrations_core::oauth::{OAuthClient, StateStore};
/// # use integrations_core::{IntegrationId, TenantId};
/// # async fn demo(client: OAuthClient, states: &dyn StateStore, tenant: TenantId) -> ghl_client::Result<()> {
/// let ask = ChooseLocation::new(tenant, IntegrationId::new())
///     .scopes(["contacts.readonly", "contacts.write"])
///     .white_label()
///     .same_tab();
/// let page = client.authorize(ask.into(), states).await?.url;
/// # Ok(()) }
/// ```
///
/// <https://github.com/GoHighLevel/highlevel-api-docs/blob/main/docs/oauth/Authorization.md>
#[derive(Debug, Clone)]
#[must_use = "this only describes a page: give it to OAuthClient::authorize"]
pub struct ChooseLocation(Authorize);

impl ChooseLocation {
    /// The page under the provider's own name.
    pub fn new(tenant: TenantId, integration: IntegrationId) -> Self {
        Self(Authorize::new(tenant, integration))
    }

    /// Asks for these scopes. The app must have them too, and its target user limits which it can have.
    pub fn scopes(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(self.0.scopes(scopes))
    }

    /// The page without the provider's name, for the users of white-label agencies.
    pub fn white_label(self) -> Self {
        Self(self.0.url(constant(AUTHORIZE_WHITE_LABEL)))
    }

    /// Users who are not signed in do so in the same tab instead of a new one.
    pub fn same_tab(self) -> Self {
        Self(self.0.param("loginWindowOpenMode", "self"))
    }

    /// Names the version of the app, as the links of private apps do.
    pub fn version(self, version_id: impl Into<String>) -> Self {
        Self(self.0.param("version_id", version_id))
    }

    /// Adds another parameter.
    pub fn param(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self(self.0.param(name, value))
    }
}

impl From<ChooseLocation> for Authorize {
    fn from(ask: ChooseLocation) -> Self {
        ask.0
    }
}

/// The id of the app that a client id belongs to: what stands before the dash.
#[must_use]
pub fn app_of(client_id: &str) -> AppId {
    AppId::from(client_id.split('-').next().unwrap_or_default())
}
