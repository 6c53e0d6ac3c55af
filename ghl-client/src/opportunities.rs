//! Opportunities of a location: search.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use ghl_client::Filter;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let open = Filter::eq("status", "open");
//! let mut found = location.opportunities().search().filter(open).items();
//! while let Some(opportunity) = found.try_next().await? {
//!     println!("{:?} {:?}", opportunity.name, opportunity.monetary_value);
//! }
//! # Ok(()) }
//! ```

mod model;
mod search;

pub use crate::generated::opportunities::*;
pub use model::{Opportunity, OpportunityContact, OpportunityField, OpportunityStatus};
pub use search::{FoundOpportunities, OpportunityDetails, SearchOpportunities};

use crate::{Call, Location};

/// The opportunities of a location: see [`Location::opportunities`].
#[derive(Debug, Clone, Copy)]
pub struct Opportunities<'a>(pub(crate) &'a Location);

impl Opportunities<'_> {
    /// Finds opportunities; pages with [`items`](Call::items). Scope `opportunities.readonly`.
    pub fn search(&self) -> Call<SearchOpportunities> {
        self.0.call(SearchOpportunities::new(self.0.id()))
    }
}
