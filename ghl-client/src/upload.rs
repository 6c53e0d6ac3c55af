mod content_type;
mod field;
mod source;

use std::fmt;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use futures_core::Stream;
use integrations_core::Result;
use integrations_core::http::Part;
use tokio::io::AsyncRead;

pub use self::field::FieldFile;
pub(crate) use self::field::form_of_files;
use self::source::Source;

/// A file to send: read while it is sent, never in memory as a whole unless it is there already.
///
/// A file on disk and one in memory can be sent again when the provider refuses an attempt unprocessed. A reader or a
/// stream can be read once: when a further attempt would need it again, the call fails and says so.
///
/// ```no_run
/// use ghl_client::Upload;
/// # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
/// let quote = Upload::from_path("quotes/2026-114.pdf").with_file_name("quote.pdf");
/// let sent = location.messages().upload("conversation-id", "contact-id").file(quote).send().await?;
/// println!("{:?}", sent.uploaded_files.get("quote.pdf"));
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "an upload does nothing until it is part of a call"]
pub struct Upload {
    source: Source,
    file_name: String,
    content_type: Option<String>,
    length: Option<u64>,
}

impl Upload {
    /// A file on disk, by its own name. It is opened when it is sent, and again for every further attempt.
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::new(name.into_owned(), Source::Path(path))
    }

    /// A file in memory.
    pub fn from_bytes(file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::new(file_name.into(), Source::Bytes(bytes.into()))
    }

    /// A file from a reader, which can be sent once. Name its [length](Self::with_length) if you know it.
    pub fn from_reader(
        file_name: impl Into<String>,
        reader: impl AsyncRead + Send + 'static,
    ) -> Self {
        Self::from_stream(file_name, source::chunks(reader))
    }

    /// A file from a stream, which can be sent once. Name its [length](Self::with_length) if you know it.
    pub fn from_stream(
        file_name: impl Into<String>,
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self::new(file_name.into(), Source::once(stream))
    }

    fn new(file_name: String, source: Source) -> Self {
        Self {
            source,
            file_name,
            content_type: None,
            length: None,
        }
    }

    /// Sends it under another name.
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = name.into();
        self
    }

    /// Sends it as another content type than its name tells.
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// How many bytes a reader or stream brings; another number fails the call. Without it, and unless the file is on
    /// disk or in memory, the body is sent without a length.
    pub fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// The name it is sent under.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// What it is sent as: by the ending of its name, or `application/octet-stream`.
    #[must_use]
    pub fn content_type(&self) -> &str {
        match &self.content_type {
            Some(own) => own,
            None => content_type::of(&self.file_name),
        }
    }

    /// The field of a multipart form that holds it.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) that names the file, when it is on disk and not there.
    pub fn to_part(&self, field: impl Into<String>) -> Result<Part> {
        let body = self.source.body(&self.file_name, self.length)?;
        Ok(Part::file(
            field,
            &self.file_name,
            self.content_type(),
            body,
        ))
    }
}

impl fmt::Debug for Upload {
    /// Shows neither the content nor the name, which may be a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("source", &self.source)
            .field("content_type", &self.content_type())
            .finish_non_exhaustive()
    }
}
