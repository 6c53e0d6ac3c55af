//! The media storage of a location.
//!
//! ```no_run
//! use ghl_client::Upload;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let uploaded = location.medias().upload(Upload::from_path("logo.png")).name("Logo").send().await?;
//! println!("{:?}", uploaded.url);
//! # Ok(()) }
//! ```

use http::{HeaderMap, Method};
use integrations_core::http::{Body, Multipart, Part};
use integrations_core::{Result, object};

use crate::endpoint::{UPLOAD_TIMEOUT, setters};
use crate::{Call, Endpoint, Spec, Upload};

pub use crate::generated::medias::*;

impl Medias<'_> {
    /// Puts a file into the storage, or the URL of one that stays where it is. Scope `medias.write`.
    pub fn upload(&self, source: impl Into<MediaSource>) -> Call<UploadMedia> {
        self.0.call(UploadMedia::new(source))
    }
}

/// What goes into the media storage.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MediaSource {
    /// A file.
    File(Upload),
    /// A file that stays where it is, at this URL.
    Hosted(String),
}

impl From<Upload> for MediaSource {
    fn from(file: Upload) -> Self {
        Self::File(file)
    }
}

/// `POST /medias/upload-file`: puts a file into the media storage of the token's location.
///
/// The provider takes 25 MB, and 500 MB of a video.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UploadMedia {
    /// The file, or where it is.
    pub source: MediaSource,
    /// What it is called in the storage.
    pub name: Option<String>,
    /// The folder it goes to.
    pub parent_id: Option<String>,
}

impl UploadMedia {
    /// A request with what the operation requires.
    #[must_use]
    pub fn new(file: impl Into<MediaSource>) -> Self {
        Self {
            source: file.into(),
            name: None,
            parent_id: None,
        }
    }

    /// A request for a file that stays where it is.
    #[must_use]
    pub fn hosted(url: impl Into<String>) -> Self {
        Self::new(MediaSource::Hosted(url.into()))
    }
}

setters!(UploadMedia {
    name: String,
    parent_id: String,
});

impl Endpoint for UploadMedia {
    const SPEC: Spec = Spec::new("medias.upload", Method::POST, "/medias/upload-file")
        .scopes(&["medias.write"])
        .timeout(UPLOAD_TIMEOUT)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/medias/upload-media-content");
    type Response = UploadedMedia;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        let hosted = matches!(self.source, MediaSource::Hosted(_));
        let mut form = Multipart::new().with(Part::text("hosted", hosted.to_string()));
        if let Some(name) = &self.name {
            form = form.with(Part::text("name", name));
        }
        if let Some(parent) = &self.parent_id {
            form = form.with(Part::text("parentId", parent));
        }
        form = form.with(match &self.source {
            MediaSource::File(file) => file.to_part("file")?,
            MediaSource::Hosted(url) => Part::text("fileUrl", url),
        });
        Ok(form.into_body(headers))
    }
}

object! {
    /// A file in the media storage.
    pub struct UploadedMedia {
        /// Its id.
        file_id: Option<String> = "fileId",
        /// Where it is.
        url: Option<String> = "url",
    }
}
