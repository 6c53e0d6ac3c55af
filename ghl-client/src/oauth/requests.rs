use http::{HeaderMap, Method};
use integrations_core::http::{Body, Idempotency, Query};
use integrations_core::{AccessToken, RefreshToken, Result, lenient, paging};
use serde::{Deserialize, Serialize};

use crate::endpoint::{foreign_cursor, next_skip, setters};
use crate::ids::{AppId, CompanyId, LocationId};
use crate::{Endpoint, LocationIn, Paged, Spec, TokenClasses};

/// What the provider gives when no limit is named.
const DEFAULT_LIMIT: u32 = 20;

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
}

/// `GET /oauth/installedLocations`: the locations that a company's app is installed in.
///
/// Takes a company's OAuth token with the scope `oauth.readonly`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListInstalledLocations {
    /// The company.
    pub company_id: CompanyId,
    /// The app.
    pub app_id: AppId,
    /// Locations to pass over.
    pub skip: Option<u32>,
    /// Locations per page; 20 by default.
    pub limit: Option<u32>,
    /// A part of the location's name.
    pub query: Option<String>,
    /// Only those where it is installed, or where it is not.
    pub is_installed: Option<bool>,
}

impl ListInstalledLocations {
    /// A request with what the operation requires.
    pub fn new(company_id: impl Into<CompanyId>, app_id: impl Into<AppId>) -> Self {
        Self {
            company_id: company_id.into(),
            app_id: app_id.into(),
            skip: None,
            limit: None,
            query: None,
            is_installed: None,
        }
    }
}

setters!(ListInstalledLocations {
    skip: u32,
    limit: u32,
    query: String,
    is_installed: bool,
});

/// The locations that an app is installed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstalledLocations {
    /// The locations of this page.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub locations: Vec<InstalledLocation>,
    /// How many there are in all.
    #[serde(default, deserialize_with = "lenient::i64_option")]
    pub count: Option<i64>,
    /// Whether the app is also installed in locations that come later.
    #[serde(
        default,
        rename = "installToFutureLocations",
        deserialize_with = "lenient::bool_option"
    )]
    pub install_to_future_locations: Option<bool>,
}

/// A location and whether an app is installed there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InstalledLocation {
    /// The location.
    #[serde(rename = "_id", alias = "id")]
    pub id: LocationId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::string_option")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, deserialize_with = "lenient::string_option")]
    pub address: Option<String>,
    /// Whether the app is installed there.
    #[serde(default, deserialize_with = "lenient::bool_option")]
    pub is_installed: Option<bool>,
}

impl Endpoint for ListInstalledLocations {
    const SPEC: Spec = Spec::new(
        "oauth.installed_locations",
        Method::GET,
        "/oauth/installedLocations",
    )
    .scopes(&["oauth.readonly"])
    .tokens(TokenClasses::COMPANY_OAUTH)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/oauth/get-installed-location");
    type Response = InstalledLocations;

    fn query(&self, query: &mut Query) {
        query
            .push("companyId", &self.company_id)
            .push("appId", &self.app_id)
            .push_option("skip", self.skip.as_ref())
            .push_option("limit", self.limit.as_ref())
            .push_option("query", self.query.as_ref())
            .push_option("isInstalled", self.is_installed.as_ref());
    }
}

impl Paged for ListInstalledLocations {
    type Item = InstalledLocation;

    fn set_cursor(&mut self, cursor: &paging::Cursor) -> Result<()> {
        self.skip = Some(cursor.as_str().parse().map_err(|_| foreign_cursor())?);
        Ok(())
    }

    fn page(&self, response: InstalledLocations) -> paging::Page<InstalledLocation> {
        let next = next_skip(
            self.skip,
            self.limit,
            DEFAULT_LIMIT,
            response.locations.len(),
        );
        let total = response.count.and_then(|count| u64::try_from(count).ok());
        paging::Page::new(response.locations, next).with_total(total)
    }
}
