//! OAuth 2.0 of marketplace apps: the profile, and location tokens from a company's token.
//!
//! ```no_run
//! use ghl_client::Client;
//! use ghl_client::oauth::{self, LocationTokenExchange};
//! use integrations_core::oauth::OAuthTokens;
//!
//! # fn demo(company: OAuthTokens, client: Client) {
//! // One token per location, got when it is needed and shared by all callers.
//! let exchange = LocationTokenExchange::new(&client, "company-id", "location-id");
//! let tokens = company.derive("location:location-id", exchange);
//! let location = client.with_tokens(tokens, "location-id").location("location-id");
//! # }
//! ```

mod exchange;
mod requests;

use std::time::Duration;

use integrations_core::oauth::{OAuthProfile, Pkce, Refusal};
use url::Url;

pub use exchange::LocationTokenExchange;
pub use requests::{
    GetLocationToken, InstalledLocation, InstalledLocations, ListInstalledLocations, LocationToken,
};

use crate::ids::{AppId, CompanyId, LocationId};
use crate::{Call, Client, DEFAULT_BASE_URL, Error, PROVIDER, Result};

const AUTHORIZE: &str = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation";
const AUTHORIZE_WHITE_LABEL: &str =
    "https://marketplace.leadconnectorhq.com/v2/oauth/chooselocation";

/// What a company's OAuth token can do for its locations: see [`Client::oauth`].
#[derive(Debug, Clone, Copy)]
pub struct OAuth<'a>(pub(crate) &'a Client);

impl OAuth<'_> {
    /// Gets a location's token for the company's. Scope `oauth.write`; refuses private integration tokens.
    ///
    /// [`LocationTokenExchange`] does it with a cache, and once for all callers.
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
}

/// How GoHighLevel speaks OAuth 2.0.
///
/// Access tokens last a day. A refresh token lasts a year or until it is used, whichever comes first. PKCE is ignored.
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
/// [`ErrorKind::Config`](crate::ErrorKind::Config) when the base URL is not a URL.
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

fn constant(url: &str) -> Url {
    Url::parse(url).expect("a constant of this crate")
}
