use http::Method;
use integrations_core::object;

use super::User;
use crate::ids::{CompanyId, LocationId, UserId};
use crate::pagination::paged;
use crate::request::request;
use crate::{LocationIn, Pagination, SortOrder, Spec, TokenClasses};

request! {
    /// `GET /users/{userId}`: reads a user.
    pub struct GetUser -> User {
        path {
            /// The user.
            user_id: UserId,
        }
    }
    Spec::new("users.get", Method::GET, "/users/{userId}")
        .tokens(TokenClasses::ANY)
        .scopes(&["users.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/users/get-user")
}

request! {
    /// `GET /users/`: lists the users of a location, all at once.
    pub struct ListUsers -> UserList {
        required {
            /// The location.
            query location_id: LocationId = "locationId",
        }
    }
    Spec::new("users.list", Method::GET, "/users/")
        .location(LocationIn::Query)
        .scopes(&["users.readonly"])
        .docs("https://marketplace.gohighlevel.com/docs/ghl/users/get-user-by-location")
}

request! {
    /// `GET /users/search`: finds users of a company.
    pub struct SearchUsers -> FoundUsers {
        required {
            /// The company.
            query company_id: CompanyId = "companyId",
        }
        optional {
            /// The location they work in.
            query location_id: Option<LocationId> = "locationId",
            /// Text in name, e-mail address or phone number.
            query query: Option<String> = "query",
            /// `account` or `agency`.
            query kind: Option<String> = "type",
            /// `admin` or `user`.
            query role: Option<String> = "role",
            /// These users only.
            joined ids: Vec<UserId> = "ids",
            /// The field to order by, for example `dateAdded`; by name without it.
            query sort: Option<String> = "sort",
            /// The order.
            query sort_direction: Option<SortOrder> = "sortDirection",
            /// Those with, or without, two-way calendar sync only.
            query enabled_2way_sync: Option<bool> = "enabled2waySync",
            /// How many to leave out at the start.
            query skip: Option<u32> = "skip",
            /// Users per page; 25 by default.
            query limit: Option<u32> = "limit",
        }
    }
    Spec::new("users.search", Method::GET, "/users/search")
        .tokens(TokenClasses::ANY)
        .location(LocationIn::Query)
        .scopes(&["users.readonly"])
        .pagination(Pagination::Skip)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/users/search-users")
}

object! {
    /// The users of a location.
    pub struct UserList {
        /// The users.
        users: Vec<User> = "users",
    }
}

object! {
    /// What a search found.
    pub struct FoundUsers {
        /// The users of this page.
        users: Vec<User> = "users",
        /// How many there are in all.
        count: Option<i64> = "count",
    }
}

paged! { SearchUsers: User = users; position skip, limit or 25 of count }
