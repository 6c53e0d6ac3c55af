//! Forms of a location, and uploads into custom fields of a contact.
//!
//! ```no_run
//! use ghl_client::{FieldFile, Upload};
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let passport = FieldFile::new("custom-field-id", Upload::from_path("passport.pdf"));
//! location.forms().upload_custom_files("contact-id").file(passport).send().await?;
//! # Ok(()) }
//! ```

use http::{HeaderMap, Method};
use integrations_core::Result;
use integrations_core::http::{Body, Multipart, Query};

use crate::endpoint::{UPLOAD_TIMEOUT, setters};
use crate::ids::{ContactId, LocationId};
use crate::upload::form_of_files;
use crate::{Call, Endpoint, FieldFile, LocationIn, Spec, Untyped};

pub use crate::generated::forms::*;

impl Forms<'_> {
    /// Uploads files into custom fields of a contact: add them with `file`. Scope `forms.write`.
    pub fn upload_custom_files(&self, contact: impl Into<ContactId>) -> Call<UploadCustomFiles> {
        self.0.call(UploadCustomFiles::new(self.0.id(), contact))
    }
}

/// `POST /forms/upload-custom-files`: uploads files into custom fields of a contact.
///
/// The provider takes 50 MB for each: PDF, DOC, DOCX, JPG, PNG, GIF, CSV, XLS, XLSX, MP4, MPEG, ZIP, RAR, TXT, SVG. It
/// answers the contact, which it does not document.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadCustomFiles {
    /// The location of the contact.
    pub location_id: LocationId,
    /// The contact.
    pub contact_id: ContactId,
    /// The files.
    pub files: Vec<FieldFile>,
}

impl UploadCustomFiles {
    /// A request with what the operation requires; add files.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>, contact_id: impl Into<ContactId>) -> Self {
        Self {
            location_id: location_id.into(),
            contact_id: contact_id.into(),
            files: Vec::new(),
        }
    }
}

setters!(UploadCustomFiles {
    files: Vec<FieldFile>,
});

impl Call<UploadCustomFiles> {
    /// Adds a file.
    pub fn file(mut self, file: FieldFile) -> Self {
        self.request.files.push(file);
        self
    }
}

impl Endpoint for UploadCustomFiles {
    const SPEC: Spec = Spec::new(
        "forms.upload_custom_files",
        Method::POST,
        "/forms/upload-custom-files",
    )
    .scopes(&["forms.write"])
    .location(LocationIn::Query)
    .timeout(UPLOAD_TIMEOUT)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/forms/upload-to-custom-fields");
    type Response = Untyped;

    fn query(&self, query: &mut Query) {
        query
            .push("contactId", &self.contact_id)
            .push("locationId", &self.location_id);
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Ok(form_of_files(Multipart::new(), &self.files)?.into_body(headers))
    }
}
