use http::Method;
use integrations_core::http::Query;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Result, lenient};
use serde::{Deserialize, Serialize};

use super::LocationDetails;
use crate::endpoint::{foreign_cursor, next_skip, setters};
use crate::ids::{CompanyId, LocationId};
use crate::{Endpoint, LocationIn, Paged, SortOrder, Spec, TokenClasses};

/// Locations per page when the request names no number.
const DEFAULT_LIMIT: u32 = 10;

/// `GET /locations/{locationId}`: reads a location.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetLocation {
    /// The location.
    pub location_id: LocationId,
}

impl GetLocation {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
        }
    }
}

impl Endpoint for GetLocation {
    const SPEC: Spec = Spec::new("locations.get", Method::GET, "/locations/{locationId}")
        .tokens(TokenClasses::ANY)
        .location(LocationIn::Path)
        .envelope("location")
        .scopes(&["locations.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/locations/get-location");
    type Response = LocationDetails;

    fn path(&self) -> Vec<&str> {
        vec![self.location_id.as_str()]
    }
}

/// `GET /locations/search`: finds locations.
///
/// The provider tells no total: the last page is the one that is not full.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct SearchLocations {
    /// The company whose locations are meant; the token's own without it.
    pub company_id: Option<CompanyId>,
    /// The location's exact e-mail address.
    pub email: Option<String>,
    /// The order; ascending by default.
    pub order: Option<SortOrder>,
    /// How many to leave out at the start.
    pub skip: Option<u32>,
    /// Locations per page; 10 by default.
    pub limit: Option<u32>,
}

impl SearchLocations {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new() -> Self {
        Self {
            company_id: None,
            email: None,
            order: None,
            skip: None,
            limit: None,
        }
    }
}

setters!(SearchLocations {
    company_id: CompanyId,
    email: String,
    order: SortOrder,
    skip: u32,
    limit: u32,
});

impl Endpoint for SearchLocations {
    const SPEC: Spec = Spec::new("locations.search", Method::GET, "/locations/search")
        .tokens(TokenClasses::ANY)
        .scopes(&["locations.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/locations/search-locations");
    type Response = FoundLocations;

    fn query(&self, query: &mut Query) {
        query
            .push_option("companyId", self.company_id.as_ref())
            .push_option("email", self.email.as_ref())
            .push_option("order", self.order.as_ref())
            .push_option("skip", self.skip.as_ref())
            .push_option("limit", self.limit.as_ref());
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FoundLocations {
    /// The locations of this page.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub locations: Vec<LocationDetails>,
}

impl Paged for SearchLocations {
    type Item = LocationDetails;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        self.skip = Some(cursor.as_str().parse().map_err(|_| foreign_cursor())?);
        Ok(())
    }

    fn page(&self, response: FoundLocations) -> Page<LocationDetails> {
        let next = next_skip(
            self.skip,
            self.limit,
            DEFAULT_LIMIT,
            response.locations.len(),
        );
        Page::new(response.locations, next)
    }
}
