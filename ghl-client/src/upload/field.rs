use integrations_core::http::Multipart;
use integrations_core::{Error, ErrorKind, Result};
use uuid::Uuid;

use super::Upload;
use crate::ids::CustomFieldId;

/// A file for a custom field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldFile {
    /// What the field of the form is called: `<custom field's id>_<file's id>`.
    pub field: String,
    /// The file.
    pub file: Upload,
}

impl FieldFile {
    /// A file for this custom field, under an id of its own.
    #[must_use]
    pub fn new(custom_field: impl Into<CustomFieldId>, file: Upload) -> Self {
        Self::with_id(custom_field, &Uuid::new_v4().to_string(), file)
    }

    /// A file for this custom field, under an id of your choice.
    #[must_use]
    pub fn with_id(custom_field: impl Into<CustomFieldId>, file_id: &str, file: Upload) -> Self {
        let field = format!("{}_{file_id}", custom_field.into());
        Self { field, file }
    }

    /// A file in a field of this name, whatever it means to the provider.
    #[must_use]
    pub fn named(field: impl Into<String>, file: Upload) -> Self {
        Self {
            field: field.into(),
            file,
        }
    }
}

/// Adds files to a form, at least one.
pub(crate) fn form_of_files(form: Multipart, files: &[FieldFile]) -> Result<Multipart> {
    if files.is_empty() {
        let message = "there is no file to upload: add one with file()";
        return Err(Error::new(ErrorKind::Validation, message));
    }
    files.iter().try_fold(form, |form, file| {
        Ok(form.with(file.file.to_part(&file.field)?))
    })
}
