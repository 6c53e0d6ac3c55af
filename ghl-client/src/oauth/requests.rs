use http::{HeaderMap, Method};
use integrations_core::http::{Body, Idempotency};
use integrations_core::{AccessToken, RefreshToken, Result, lenient, object};
use jiff::Timestamp;
use serde::Deserialize;

use crate::ids::{AppId, CompanyId, LocationId, UserId};
use crate::pagination::paged;
use crate::request::request;
use crate::{Endpoint, LocationIn, Pagination, Spec, TokenClasses};

/// `POST /oauth/locationToken`: a location's token for a company's.
///
/// Takes a company's OAuth token with the scope `oauth.write`; private integration tokens are refused.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetLocationToken {
    /// The company whose token is sent.
    pub company_id: CompanyId,
    /// The location to get a token for.
    pub location_id: LocationId,
}

impl GetLocationToken {
    /// A request with what the operation requires.
    pub fn new(company_id: impl Into<CompanyId>, location_id: impl Into<LocationId>) -> Self {
        Self {
            company_id: company_id.into(),
            location_id: location_id.into(),
        }
    }
}

impl Endpoint for GetLocationToken {
    const SPEC: Spec = Spec::new("oauth.location_token", Method::POST, "/oauth/locationToken")
        .scopes(&["oauth.write"])
        .tokens(TokenClasses::COMPANY_OAUTH)
        .location(LocationIn::Body)
        // A second token does not end the first.
        .idempotency(Idempotency::Idempotent)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/oauth/get-location-access-token");
    type Response = LocationToken;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        let pairs = [
            ("companyId", self.company_id.as_str()),
            ("locationId", self.location_id.as_str()),
        ];
        Ok(Body::form(pairs, headers))
    }
}

/// A location's token.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct LocationToken {
    /// The token.
    #[serde(alias = "accessToken")]
    pub access_token: AccessToken,
    /// Renews it; the provider leaves it out in the dated contract.
    #[serde(default, alias = "refreshToken")]
    pub refresh_token: Option<RefreshToken>,
    /// How long it lasts, in seconds.
    #[serde(default, alias = "expiresIn", deserialize_with = "lenient::i64_option")]
    pub expires_in: Option<i64>,
    /// The granted scopes, separated by spaces.
    #[serde(default, deserialize_with = "lenient::string_option")]
    pub scope: Option<String>,
    /// The location it is for.
    #[serde(default, rename = "locationId")]
    pub location_id: Option<LocationId>,
    /// The plan that was bought.
    #[serde(
        default,
        rename = "planId",
        deserialize_with = "lenient::string_option"
    )]
    pub plan_id: Option<String>,
    /// Who installed the app.
    #[serde(default, rename = "userId")]
    pub user_id: Option<UserId>,
    /// The app.
    #[serde(default, rename = "appId")]
    pub app_id: Option<AppId>,
    /// Its version.
    #[serde(
        default,
        rename = "versionId",
        deserialize_with = "lenient::string_option"
    )]
    pub version_id: Option<String>,
}

request! {
    /// `GET /oauth/installedLocations`: the locations that a company's app is installed in.
    ///
    /// Takes a company's OAuth token with the scope `oauth.readonly`.
    pub struct ListInstalledLocations -> InstalledLocations {
        required {
            /// The company.
            query company_id: CompanyId = "companyId",
            /// The app.
            query app_id: AppId = "appId",
        }
        optional {
            /// Locations to pass over.
            query skip: Option<u32> = "skip",
            /// Locations per page; 20 by default.
            query limit: Option<u32> = "limit",
            /// A part of the location's name.
            query query: Option<String> = "query",
            /// Only those where it is installed, or where it is not.
            query is_installed: Option<bool> = "isInstalled",
            /// Only those with this version of the app.
            query version_id: Option<String> = "versionId",
            /// Only those where its plan is on trial, or where it is not.
            query on_trial: Option<bool> = "onTrial",
            /// Only those with this plan.
            query plan_id: Option<String> = "planId",
            /// Only this location.
            query location_id: Option<LocationId> = "locationId",
        }
    }
    Spec::new(
        "oauth.installed_locations",
        Method::GET,
        "/oauth/installedLocations",
    )
    .scopes(&["oauth.readonly"])
    .tokens(TokenClasses::COMPANY_OAUTH)
    .pagination(Pagination::Skip)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/oauth/get-installed-location")
}

object! {
    /// The locations that an app is installed in.
    pub struct InstalledLocations {
        /// The locations of this page.
        locations: Vec<InstalledLocation> = "locations",
        /// How many there are in all.
        count: Option<i64> = "count",
        /// Whether the app is also installed in locations that come later.
        install_to_future_locations: Option<bool> = "installToFutureLocations",
    }
}

object! {
    /// A location and whether an app is installed there.
    pub struct InstalledLocation {
        required {
            /// The location.
            id: LocationId = "_id" | "id",
        }
        /// Its name.
        name: Option<String> = "name",
        /// Its address.
        address: Option<String> = "address",
        /// Whether the app is installed there.
        is_installed: Option<bool> = "isInstalled",
        /// The version of the app that is installed there.
        version_id: Option<String> = "versionId",
        /// When it was installed there.
        installed_at: Option<Timestamp> = "installedAt",
    }
}

paged! { ListInstalledLocations: InstalledLocation = locations; position skip, limit or 20 of count }
