//! The social planner of a location.
//!
//! ```no_run
//! use ghl_client::Upload;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let answer = location.social_planner().upload_csv(Upload::from_path("posts.csv")).send().await?;
//! println!("{answer:?}");
//! # Ok(()) }
//! ```

use http::{HeaderMap, Method};
use integrations_core::http::{Body, Multipart};
use integrations_core::{Result, object, open_enum};

use crate::endpoint::UPLOAD_TIMEOUT;
use crate::ids::LocationId;
use crate::{Call, Endpoint, LocationIn, Spec, Upload};

pub use crate::generated::social_planner::*;

impl SocialPlanner<'_> {
    /// Uploads a CSV of posts. Scope `socialplanner/csv.write`.
    pub fn upload_csv(&self, file: Upload) -> Call<UploadCsv> {
        self.0.call(UploadCsv::new(self.0.id(), file))
    }
}

open_enum! {
    /// Which columns a CSV of posts has.
    pub enum CsvKind {
        /// The few.
        Basic = "basic",
        /// The many.
        Advanced = "advance",
    }
}

/// `POST /social-media-posting/{locationId}/csv`: uploads a CSV of posts.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadCsv {
    /// The location.
    pub location_id: LocationId,
    /// The CSV.
    pub file: Upload,
}

impl UploadCsv {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>, file: Upload) -> Self {
        Self {
            location_id: location_id.into(),
            file,
        }
    }
}

impl Endpoint for UploadCsv {
    const SPEC: Spec = Spec::new(
        "social_planner.csv.upload",
        Method::POST,
        "/social-media-posting/{locationId}/csv",
    )
    .scopes(&["socialplanner/csv.write"])
    .location(LocationIn::Path)
    .timeout(UPLOAD_TIMEOUT)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/social-media-posting/upload-csv");
    type Response = UploadedCsv;

    fn path(&self) -> Vec<&str> {
        vec![self.location_id.as_str()]
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        let form = Multipart::new().with(self.file.to_part("file")?);
        Ok(form.into_body(headers))
    }
}

object! {
    /// What became of a CSV.
    pub struct UploadedCsv {
        /// Whether it was taken.
        success: Option<bool> = "success",
        /// The status, once more.
        status_code: Option<i64> = "statusCode",
        /// What the provider says.
        message: Option<String> = "message",
        /// Where it is.
        results: Option<CsvFile> = "results",
    }
}

object! {
    /// A CSV that was uploaded.
    pub struct CsvFile {
        /// Its path at the provider.
        file_path: Option<String> = "filePath",
        /// How many rows it has.
        rows_count: Option<i64> = "rowsCount",
        /// Its name.
        file_name: Option<String> = "fileName",
        /// Its size in bytes; in the contract `v3`.
        file_size: Option<i64> = "fileSize",
        /// Which columns it has; in the contract `v3`.
        kind: Option<CsvKind> = "csvFileType",
    }
}
