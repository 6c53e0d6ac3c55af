mod disposition;
mod file;

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, StatusCode, header};
use integrations_core::http::{ResponseBody, StreamReply, TransportError};
use integrations_core::{Error, ErrorKind, Result};

use crate::Answer;
use crate::answer::{content_type, gateway_page, is_html};
use crate::sending::{Reading, Sending};

/// So much is read into memory when the caller names no limit.
const DEFAULT_LIMIT: u64 = 64 * 1024 * 1024;

/// The answer of an operation that answers a file: its headers are there, its body is still to be read.
///
/// Each chunk may take as long as an attempt of the call. A body that breaks off is an error, never a short file, and
/// so is a page of HTML: no operation answers one, gateways in front of the provider do.
///
/// ```no_run
/// # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
/// let recording = location.messages().recording("message-id").send().await?;
/// println!("{:?}, {:?} bytes", recording.content_type(), recording.content_length());
/// recording.save_to("call.wav").await?;
/// # Ok(()) }
/// ```
#[must_use = "a download does nothing until its body is read"]
pub struct Download {
    reply: StreamReply,
    reading: Reading,
    limit: Option<u64>,
}

impl Answer for Download {
    async fn receive(sending: Sending) -> Result<Self> {
        let (reply, reading) = sending.stream().await?;
        if is_html(&reply.headers) {
            let about = About::of(reply, reading).0;
            return Err(about.error(gateway_page()));
        }
        Ok(Self {
            reply,
            reading,
            limit: None,
        })
    }
}

impl Download {
    /// The status, always 2xx.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.reply.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.reply.headers
    }

    /// The provider's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.reply.request_id.as_deref()
    }

    /// The content type, as the provider says it.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        content_type(&self.reply.headers)
    }

    /// How many bytes there are, when the provider says so.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        let length = self.reply.headers.get(header::CONTENT_LENGTH)?;
        length.to_str().ok()?.trim().parse().ok()
    }

    /// What the provider calls the file, fit for a file of that name on any system: never a path, a device or a hidden
    /// file, without control characters and those that turn the text round. None when nothing is left of it, or more
    /// than 255 bytes.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        disposition::file_name(&self.reply.headers)
    }

    /// The most bytes to read. Without it, 64 MiB in memory and any number to a file or as a stream.
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Reads the whole into memory.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is larger than the limit; [`ErrorKind::Io`] or [`ErrorKind::Timeout`] when it breaks
    /// off.
    pub async fn bytes(mut self) -> Result<Bytes> {
        self.limit.get_or_insert(DEFAULT_LIMIT);
        let length = self.content_length().unwrap_or(0);
        let mut chunks = self.into_stream();
        let Some(first) = chunks.try_next().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = chunks.try_next().await? else {
            return Ok(first);
        };
        // The length is the provider's word: not more than a little is taken ahead on it.
        let ahead = usize::try_from(length.min(1024 * 1024)).unwrap_or(0);
        let mut all = BytesMut::with_capacity(ahead.max(first.len() + second.len()));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(chunk) = chunks.try_next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Reads the whole as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and [`ErrorKind::Decode`] when it is not UTF-8.
    pub async fn text(self) -> Result<String> {
        let (status, reading) = (self.reply.status, self.reading);
        let bytes = self.bytes().await?;
        String::from_utf8(bytes.into()).map_err(|_| {
            reading.unreadable(
                Error::new(ErrorKind::Decode, "the text is not UTF-8").with_status(status),
            )
        })
    }

    /// Writes the whole to a file, and returns its length. An existing file is replaced.
    ///
    /// The bytes go to a file of another name in the same folder, which is renamed once it is complete: what breaks off,
    /// or is dropped on the way, leaves nothing behind. On Unix the new file has the mode of the one it replaces. A
    /// symbolic link is replaced itself, and what it leads to stays as it was.
    ///
    /// # Errors
    /// As [`into_stream`](Self::into_stream), and [`ErrorKind::Other`] when the file cannot be written.
    pub async fn save_to(self, path: impl AsRef<Path>) -> Result<u64> {
        let reading = self.reading;
        file::save(self.into_stream(), path.as_ref())
            .await
            .map_err(|error| {
                error
                    .with_provider(crate::PROVIDER)
                    .with_operation(reading.operation)
            })
    }

    /// The body chunk by chunk, never more in memory than a chunk.
    ///
    /// # Errors
    /// Of an item: [`ErrorKind::Io`] or [`ErrorKind::Timeout`] when the body breaks off or stalls; [`ErrorKind::Decode`]
    /// when it grows beyond [`with_limit`](Self::with_limit). The stream ends behind it.
    pub fn into_stream(self) -> DownloadStream {
        let length = self.content_length();
        let (about, body) = About::of(self.reply, self.reading);
        DownloadStream(Some(Inner {
            about,
            left: length,
            limit: self.limit,
            got: 0,
            chunks: body.into_stream(),
        }))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.reply.status)
            .field("content_type", &self.content_type())
            .field("content_length", &self.content_length())
            .finish_non_exhaustive()
    }
}

/// The body of a [`Download`], chunk by chunk.
#[must_use = "a stream does nothing until it is polled"]
pub struct DownloadStream(Option<Inner>);

struct Inner {
    about: About,
    /// What the length that was announced leaves to come.
    left: Option<u64>,
    limit: Option<u64>,
    got: u64,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>,
}

/// What the errors of a body say of its call.
struct About {
    status: StatusCode,
    attempts: u32,
    request_id: Option<String>,
    reading: Reading,
}

impl Inner {
    fn take(&mut self, chunk: Option<Result<Bytes, TransportError>>) -> Option<Result<Bytes>> {
        let chunk = match chunk {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => return Some(Err(self.about.error(error.into()))),
            None if self.left.is_some_and(|left| left > 0) => {
                let message = "the file broke off before its announced end: download it again";
                return Some(Err(self.about.error(Error::new(ErrorKind::Io, message))));
            }
            None => return None,
        };
        self.got += chunk.len() as u64;
        self.left = self
            .left
            .map(|left| left.saturating_sub(chunk.len() as u64));
        let announced = self.got + self.left.unwrap_or(0);
        match self.limit {
            Some(limit) if announced > limit => {
                let message = format!(
                    "the file is larger than {limit} bytes: raise the limit, or save it to a file"
                );
                let error = Error::new(ErrorKind::Decode, message).with_code("too_large");
                Some(Err(self.about.error(error)))
            }
            _ => Some(Ok(chunk)),
        }
    }
}

impl About {
    fn of(reply: StreamReply, reading: Reading) -> (Self, ResponseBody) {
        let about = Self {
            status: reply.status,
            attempts: reply.attempts,
            request_id: reply.request_id,
            reading,
        };
        (about, reply.body)
    }

    fn error(&self, error: Error) -> Error {
        let error = self
            .reading
            .unreadable(error)
            .with_status(self.status)
            .with_attempts(self.attempts);
        match &self.request_id {
            Some(id) => error.with_request_id(id.clone()),
            None => error,
        }
    }
}

impl Stream for DownloadStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(inner) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let chunk = std::task::ready!(inner.chunks.poll_next_unpin(context));
        let item = inner.take(chunk);
        if !matches!(item, Some(Ok(_))) {
            // Closes the connection of a body that is not wanted any more.
            self.0 = None;
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for DownloadStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DownloadStream")
    }
}
