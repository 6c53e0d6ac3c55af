use http::Method;
use integrations_core::object;

use super::LocationDetails;
use crate::ids::{CompanyId, LocationId};
use crate::pagination::paged;
use crate::request::request;
use crate::{LocationIn, Pagination, SortOrder, Spec, TokenClasses};

request! {
    /// `GET /locations/{locationId}`: reads a location.
    pub struct GetLocation -> LocationDetails {
        path {
            /// The location.
            location_id: LocationId,
        }
    }
    Spec::new("locations.get", Method::GET, "/locations/{locationId}")
        .tokens(TokenClasses::ANY)
        .location(LocationIn::Path)
        .envelope("location")
        .scopes(&["locations.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/locations/get-location")
}

request! {
    /// `GET /locations/search`: finds locations.
    ///
    /// The provider tells no total: the last page is the one that is not full.
    pub struct SearchLocations -> FoundLocations {
        optional {
            /// The company whose locations are meant; the token's own without it.
            query company_id: Option<CompanyId> = "companyId",
            /// The location's exact e-mail address.
            query email: Option<String> = "email",
            /// The order; ascending by default.
            query order: Option<SortOrder> = "order",
            /// How many to leave out at the start.
            query skip: Option<u32> = "skip",
            /// Locations per page; 10 by default.
            query limit: Option<u32> = "limit",
        }
    }
    Spec::new("locations.search", Method::GET, "/locations/search")
        .tokens(TokenClasses::ANY)
        .scopes(&["locations.readonly"])
        .pagination(Pagination::Skip)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/locations/search-locations")
}

object! {
    /// What a search found.
    pub struct FoundLocations {
        /// The locations of this page.
        locations: Vec<LocationDetails> = "locations",
    }
}

paged! { SearchLocations: LocationDetails = locations; position skip, limit or 10 }
