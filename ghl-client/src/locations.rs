//! Locations (sub-accounts): read one, find those of a company.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//!
//! # async fn demo(client: ghl_client::Client) -> ghl_client::Result<()> {
//! let mut locations = client.locations().search().company_id("company-id").items();
//! while let Some(location) = locations.try_next().await? {
//!     println!("{} {:?}", location.id, location.name);
//! }
//! let own = client.location("location-id").details().send().await?;
//! println!("{:?}", own.timezone);
//! # Ok(()) }
//! ```

mod model;
mod requests;
mod upload;

pub use crate::generated::locations::*;
pub use model::{LocationBusiness, LocationDetails, LocationSettings, LocationSocial};
pub use requests::{FoundLocations, GetLocation, SearchLocations};
pub use upload::{UploadCustomFieldFiles, UploadedFieldFile, UploadedFieldFiles};

use crate::ids::LocationId;
use crate::{Call, Client};

/// The locations that a token may see: see [`Client::locations`].
#[derive(Debug, Clone, Copy)]
pub struct Locations<'a>(pub(crate) &'a Client);

impl Locations<'_> {
    /// Reads a location. Scope `locations.readonly`; a company's token or the location's own.
    pub fn get(&self, id: impl Into<LocationId>) -> Call<GetLocation> {
        self.0.call(GetLocation::new(id))
    }

    /// Finds locations; pages with [`items`](Call::items). Scope `locations.readonly`.
    ///
    /// A location's token finds that location only.
    pub fn search(&self) -> Call<SearchLocations> {
        self.0.call(SearchLocations::new())
    }
}
