use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use integrations_core::http::{Body, Multipart, Part};
use integrations_core::{Result, object};

use crate::endpoint::{UPLOAD_TIMEOUT, setters};
use crate::ids::LocationId;
use crate::upload::form_of_files;
use crate::{Endpoint, FieldFile, LocationIn, Spec};

/// `POST /locations/{locationId}/customFields/upload`: uploads files for custom fields.
///
/// The provider does not say what the field of a file is called; its example shows the file's own name, as
/// [`FieldFile::named`] does, and the other operation for these files wants [`FieldFile::new`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadCustomFieldFiles {
    /// The location.
    pub location_id: LocationId,
    /// Whose files they are: the id of a contact, an opportunity or a custom field.
    pub id: Option<String>,
    /// How many files the field takes at most.
    pub max_files: Option<u32>,
    /// The files.
    pub files: Vec<FieldFile>,
}

impl UploadCustomFieldFiles {
    /// A request with what the operation requires; add files.
    #[must_use]
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
            id: None,
            max_files: None,
            files: Vec::new(),
        }
    }
}

setters!(UploadCustomFieldFiles {
    id: String,
    max_files: u32,
    files: Vec<FieldFile>,
});

impl crate::Call<UploadCustomFieldFiles> {
    /// Adds a file.
    pub fn file(mut self, file: FieldFile) -> Self {
        self.request.files.push(file);
        self
    }
}

impl Endpoint for UploadCustomFieldFiles {
    const SPEC: Spec = Spec::new(
        "locations.custom_fields.upload",
        Method::POST,
        "/locations/{locationId}/customFields/upload",
    )
    .scopes(&["locations/customFields.write"])
    .location(LocationIn::Path)
    .timeout(UPLOAD_TIMEOUT)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/locations/upload-file-customFields");
    type Response = UploadedFieldFiles;

    fn path(&self) -> Vec<&str> {
        vec![self.location_id.as_str()]
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        let mut form = Multipart::new();
        if let Some(id) = &self.id {
            form = form.with(Part::text("id", id));
        }
        if let Some(max) = self.max_files {
            form = form.with(Part::text("maxFiles", max.to_string()));
        }
        Ok(form_of_files(form, &self.files)?.into_body(headers))
    }
}

object! {
    /// Where the uploaded files are.
    pub struct UploadedFieldFiles {
        /// Their URLs, by the names of the files.
        uploaded_files: BTreeMap<String, String> = "uploadedFiles",
        /// What is known of each.
        meta: Vec<UploadedFieldFile> = "meta",
    }
}

object! {
    /// An uploaded file.
    pub struct UploadedFieldFile {
        /// The field of the form that held it.
        field: Option<String> = "fieldname",
        /// Its name.
        name: Option<String> = "originalname",
        /// How it was encoded.
        encoding: Option<String> = "encoding",
        /// Its content type.
        content_type: Option<String> = "mimetype",
        /// Its size in bytes.
        size: Option<i64> = "size",
        /// Where it is.
        url: Option<String> = "url",
    }
}
