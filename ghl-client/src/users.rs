//! Users: the people who work in a location.
//!
//! ```no_run
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! for user in location.users().list().send().await?.users {
//!     println!("{} {:?} {:?}", user.id, user.name, user.may("contactsEnabled"));
//! }
//! # Ok(()) }
//! ```

mod model;
mod requests;

pub use crate::generated::users::*;
pub use model::{User, UserRoles};
pub use requests::{FoundUsers, GetUser, ListUsers, SearchUsers, UserList};

use crate::ids::{CompanyId, UserId};
use crate::{Call, Location};

/// The users of a location: see [`Location::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a>(pub(crate) &'a Location);

impl Users<'_> {
    /// Reads a user. Scope `users.readonly`.
    pub fn get(&self, id: impl Into<UserId>) -> Call<GetUser> {
        self.0.call(GetUser::new(id))
    }

    /// Lists the users of this location, all at once. Scope `users.readonly`; a location's token.
    pub fn list(&self) -> Call<ListUsers> {
        self.0.call(ListUsers::new(self.0.id()))
    }

    /// Finds users of this location; pages with [`items`](Call::items). Scope `users.readonly`.
    ///
    /// The provider wants the company that owns the location: [`Location::details`] tells it.
    pub fn search(&self, company: impl Into<CompanyId>) -> Call<SearchUsers> {
        self.0
            .call(SearchUsers::new(company))
            .location_id(self.0.id())
    }
}
