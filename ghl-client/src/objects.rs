//! Objects of a location, custom and standard: search their records.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let mut pets = location.objects().search_records("custom_objects.pet").query("name:Buddy").items();
//! while let Some(pet) = pets.try_next().await? {
//!     println!("{:?} {:?}", pet.id, pet.properties.get("name"));
//! }
//! # Ok(()) }
//! ```

mod model;
mod search;

pub use crate::generated::objects::*;
pub use model::{Record, RecordOrigin};
pub use search::{FoundRecords, SearchRecords};

use crate::{Call, Location};

/// The objects of a location: see [`Location::objects`].
#[derive(Debug, Clone, Copy)]
pub struct Objects<'a>(pub(crate) &'a Location);

impl Objects<'_> {
    /// Finds records of an object; pages with [`items`](Call::items). Scope `objects/record.readonly`.
    ///
    /// The key of a custom object has its prefix, for example `custom_objects.pet`; a standard one is `business`.
    pub fn search_records(&self, schema_key: impl Into<String>) -> Call<SearchRecords> {
        self.0.call(SearchRecords::new(self.0.id(), schema_key))
    }
}
