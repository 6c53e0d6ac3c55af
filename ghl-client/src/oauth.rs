//! OAuth 2.0 of marketplace apps, from the page where a user chooses a location to the last token.
//!
//! - [`profile`] says how GoHighLevel speaks OAuth; with it, `integrations_core::oauth` starts authorizations
//!   ([`ChooseLocation`]), exchanges codes, and refreshes tokens ahead of their end, once for all callers.
//! - [`Installation`] is what the provider says beside the tokens: whose they are, and which locations were chosen.
//! - [`LocationTokens`] has the tokens of a company's locations, each got with the company's token when it is needed;
//!   [`LocationTokens::bulk_install`] gets all at once.
//! - [`Lifecycle`] reads the webhooks `INSTALL`, `UNINSTALL` and `PLAN_CHANGE`, and [`LocationTokens::apply`] does what
//!   they ask for.
//! - [`BillingVisit`] reads who is to pay for an app with external billing, and [`ReportPayment`] reports who did.
//!
//! ```no_run
//! use ghl_client::Client;
//! use ghl_client::oauth::{self, ChooseLocation, Installation, LocationTokens};
//! use integrations_core::oauth::{Callback, OAuthClient, OAuthTokens, StateStore};
//! use integrations_core::{IntegrationId, TenantId};
//!
//! # async fn demo(
//! #     app: OAuthClient, states: &dyn StateStore, tenant: TenantId, came_back: &str, tokens: OAuthTokens,
//! # ) -> ghl_client::Result<()> {
//! // Send the user to the page, and when the user comes back, exchange the code.
//! let ask = ChooseLocation::new(tenant.clone(), IntegrationId::new()).scopes(["contacts.readonly"]);
//! let page = app.authorize(ask.into(), states).await?.url;
//! let (set, _) = app.complete(&Callback::parse(came_back), &tenant, states).await?;
//! tokens.install(&set).await?;
//!
//! // A company's token gets its locations' tokens, one each, shared by all callers.
//! let client = Client::builder().without_token().build()?;
//! if let Installation { company_id: Some(company), location_id: None, .. } = Installation::of(&set) {
//!     let locations = LocationTokens::new(&client, company, tokens);
//!     let location = locations.location("location-id");
//! }
//! # Ok(()) }
//! ```
//!
//! While a location is paused or unpaid, the provider gives no tokens for it: [`is_location_inactive`] tells that from
//! a dead token. The refresh token is kept, and works again once the location does.

mod authorize;
mod billing;
mod broker;
mod bulk;
mod exchange;
mod fields;
mod installation;
mod lifecycle;
mod requests;
mod visit;

use std::time::Duration;

use integrations_core::oauth::{OAuthProfile, OAuthTokens, Pkce, Refusal};
use url::Url;

pub use authorize::{ChooseLocation, app_of};
pub use billing::{ClientKey, Payer, PaymentStatus, PaymentType, ReportPayment};
pub use broker::LocationTokens;
pub use bulk::{BulkInstall, BulkInstalled};
pub use exchange::LocationTokenExchange;
pub use installation::{Installation, UserType};
pub use lifecycle::{Ignored, Lifecycle, LifecycleKind, Step};
pub use requests::{
    GetLocationToken, InstalledLocation, InstalledLocations, ListInstalledLocations, LocationToken,
};
pub use visit::{BillingVisit, InstallType};

use crate::ids::{AppId, CompanyId, LocationId};
use crate::{Call, Client, DEFAULT_BASE_URL, Error, ErrorKind, PROVIDER, Result};

const AUTHORIZE: &str = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation";
const AUTHORIZE_WHITE_LABEL: &str =
    "https://marketplace.leadconnectorhq.com/v2/oauth/chooselocation";

/// Marketplace apps: see [`Client::oauth`].
#[derive(Debug, Clone, Copy)]
pub struct OAuth<'a>(pub(crate) &'a Client);

impl OAuth<'_> {
    /// Gets a location's token for the company's. Scope `oauth.write`; refuses private integration tokens.
    ///
    /// [`LocationTokens`] does it with a cache, and once for all callers.
    pub fn location_token(
        &self,
        company: impl Into<CompanyId>,
        location: impl Into<LocationId>,
    ) -> Call<GetLocationToken> {
        self.0.call(GetLocationToken::new(company, location))
    }

    /// Lists the locations that an app is installed in; pages with [`items`](Call::items). Scope `oauth.readonly`;
    /// refuses private integration tokens.
    pub fn installed_locations(
        &self,
        company: impl Into<CompanyId>,
        app: impl Into<AppId>,
    ) -> Call<ListInstalledLocations> {
        self.0.call(ListInstalledLocations::new(company, app))
    }

    /// The tokens of a company's locations, got with the company's: see [`LocationTokens`].
    #[must_use]
    pub fn location_tokens(
        &self,
        company: impl Into<CompanyId>,
        tokens: OAuthTokens,
    ) -> LocationTokens {
        LocationTokens::new(self.0, company, tokens)
    }

    /// Reports a payment for an app with external billing. Takes no token: see
    /// [`without_token`](crate::ClientBuilder::without_token).
    pub fn report_payment(&self, report: ReportPayment) -> Call<ReportPayment> {
        self.0.call(report)
    }
}

/// How GoHighLevel speaks OAuth 2.0.
///
/// Access tokens last a day. A refresh token lasts a year or until it is used, whichever comes first. PKCE is ignored.
/// Bodies are forms, in the words of the dated contract. Of the answer, [`Installation`]'s fields are kept.
#[must_use]
pub fn profile() -> OAuthProfile {
    let token_url = format!("{DEFAULT_BASE_URL}/oauth/token");
    let mut profile = OAuthProfile::new(PROVIDER, constant(&token_url));
    profile.authorization_url = Some(constant(AUTHORIZE));
    profile.pkce = Pkce::Ignored;
    profile.rotates = true;
    profile.exchange_params = vec![("user_type".to_owned(), "Location".to_owned())];
    profile.refresh_params = vec![("user_type".to_owned(), "Location".to_owned())];
    profile.default_expiry = Some(Duration::from_secs(86_399));
    profile.extra_fields = installation::KEPT
        .iter()
        .map(|&field| field.to_owned())
        .collect();
    profile.refusals = vec![
        // The location is paused or unpaid: the same refresh token works again later.
        Refusal::temporary(400, "location is not active"),
        Refusal::invalid_grant(None, "refresh token is invalid"),
        Refusal::invalid_grant(401, "authorization code not found"),
    ];
    profile
}

/// The same for white-label agencies, whose users choose the location elsewhere.
#[must_use]
pub fn white_label_profile() -> OAuthProfile {
    let mut profile = profile();
    profile.authorization_url = Some(constant(AUTHORIZE_WHITE_LABEL));
    profile
}

/// The profile against another server: a simulator, or a proxy.
///
/// # Errors
/// [`ErrorKind::Config`] when the base URL is not a URL.
pub fn profile_at(base_url: &str) -> Result<OAuthProfile> {
    let url = |path: &str| {
        Url::parse(&format!("{}{path}", base_url.trim_end_matches('/')))
            .map_err(|_| Error::config("the base URL is not a URL").with_provider(PROVIDER))
    };
    let mut profile = profile();
    profile.token_url = url("/oauth/token")?;
    Ok(profile)
}

/// For an app whose target is the agency: tokens are asked for as `Company`.
#[must_use]
pub fn for_company(mut profile: OAuthProfile) -> OAuthProfile {
    for (name, value) in profile
        .exchange_params
        .iter_mut()
        .chain(&mut profile.refresh_params)
    {
        if name == "user_type" {
            "Company".clone_into(value);
        }
    }
    profile
}

/// Whether a refresh or exchange was refused because the location is paused or unpaid at the provider. No token is
/// dead then: the same ones work again once the location is active.
#[must_use]
pub fn is_location_inactive(error: &Error) -> bool {
    // The first is what the token endpoint's refusals are called in every provider, the second what calls are.
    error.provider() == Some(PROVIDER)
        && error.kind() == ErrorKind::Permission
        && matches!(
            error.code(),
            Some("temporarily_refused" | "location_inactive")
        )
}

fn constant(url: &str) -> Url {
    Url::parse(url).expect("a constant of this crate")
}
