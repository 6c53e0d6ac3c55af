use http::Method;
use integrations_core::http::Query;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Result, lenient};
use serde::{Deserialize, Serialize};

use super::User;
use crate::endpoint::{foreign_cursor, next_skip, setters};
use crate::ids::{CompanyId, LocationId, UserId};
use crate::{Endpoint, LocationIn, Paged, SortOrder, Spec, TokenClasses};

/// Users per page when the request names no number.
const DEFAULT_LIMIT: u32 = 25;

/// `GET /users/{userId}`: reads a user.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GetUser {
    /// The user.
    pub user_id: UserId,
}

impl GetUser {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(user_id: impl Into<UserId>) -> Self {
        Self {
            user_id: user_id.into(),
        }
    }
}

impl Endpoint for GetUser {
    const SPEC: Spec = Spec::new("users.get", Method::GET, "/users/{userId}")
        .tokens(TokenClasses::ANY)
        .scopes(&["users.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/users/get-user");
    type Response = User;

    fn path(&self) -> Vec<&str> {
        vec![self.user_id.as_str()]
    }
}

/// `GET /users/`: lists the users of a location, all at once.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListUsers {
    /// The location.
    pub location_id: LocationId,
}

impl ListUsers {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
        }
    }
}

impl Endpoint for ListUsers {
    const SPEC: Spec = Spec::new("users.list", Method::GET, "/users/")
        .location(LocationIn::Query)
        .scopes(&["users.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/users/get-user-by-location");
    type Response = UserList;

    fn query(&self, query: &mut Query) {
        query.push("locationId", &self.location_id);
    }
}

/// `GET /users/search`: finds users of a company.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchUsers {
    /// The company.
    pub company_id: CompanyId,
    /// The location they work in.
    pub location_id: Option<LocationId>,
    /// Text in name, e-mail address or phone number.
    pub query: Option<String>,
    /// `account` or `agency`.
    pub kind: Option<String>,
    /// `admin` or `user`.
    pub role: Option<String>,
    /// These users only.
    pub ids: Vec<UserId>,
    /// The field to order by, for example `dateAdded`; by name without it.
    pub sort: Option<String>,
    /// The order.
    pub sort_direction: Option<SortOrder>,
    /// Those with, or without, two-way calendar sync only.
    pub enabled_2way_sync: Option<bool>,
    /// How many to leave out at the start.
    pub skip: Option<u32>,
    /// Users per page; 25 by default.
    pub limit: Option<u32>,
}

impl SearchUsers {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(company_id: impl Into<CompanyId>) -> Self {
        Self {
            company_id: company_id.into(),
            location_id: None,
            query: None,
            kind: None,
            role: None,
            ids: Vec::new(),
            sort: None,
            sort_direction: None,
            enabled_2way_sync: None,
            skip: None,
            limit: None,
        }
    }
}

setters!(SearchUsers {
    location_id: LocationId,
    query: String,
    kind: String,
    role: String,
    ids: Vec<UserId>,
    sort: String,
    sort_direction: SortOrder,
    enabled_2way_sync: bool,
    skip: u32,
    limit: u32,
});

impl Endpoint for SearchUsers {
    const SPEC: Spec = Spec::new("users.search", Method::GET, "/users/search")
        .tokens(TokenClasses::ANY)
        .location(LocationIn::Query)
        .scopes(&["users.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/users/search-users");
    type Response = FoundUsers;

    fn query(&self, query: &mut Query) {
        query
            .push("companyId", &self.company_id)
            .push_option("locationId", self.location_id.as_ref())
            .push_option("query", self.query.as_ref())
            .push_option("type", self.kind.as_ref())
            .push_option("role", self.role.as_ref())
            .push_joined("ids", &self.ids)
            .push_option("sort", self.sort.as_ref())
            .push_option("sortDirection", self.sort_direction.as_ref())
            .push_option("enabled2waySync", self.enabled_2way_sync.as_ref())
            .push_option("skip", self.skip.as_ref())
            .push_option("limit", self.limit.as_ref());
    }
}

/// The users of a location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UserList {
    /// The users.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub users: Vec<User>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FoundUsers {
    /// The users of this page.
    #[serde(
        default,
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub users: Vec<User>,
    /// How many there are in all.
    #[serde(
        default,
        deserialize_with = "lenient::i64_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub count: Option<i64>,
}

impl Paged for SearchUsers {
    type Item = User;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        self.skip = Some(cursor.as_str().parse().map_err(|_| foreign_cursor())?);
        Ok(())
    }

    fn page(&self, response: FoundUsers) -> Page<User> {
        let next = next_skip(self.skip, self.limit, DEFAULT_LIMIT, response.users.len());
        let total = response.count.and_then(|count| u64::try_from(count).ok());
        Page::new(response.users, next).with_total(total)
    }
}
