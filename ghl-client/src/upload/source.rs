//! Where the bytes of an upload come from.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, stream};
use integrations_core::http::{Body, ByteStream};
use integrations_core::{Error, ErrorKind, Result};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};

/// So much is read at once.
const CHUNK: usize = 64 * 1024;

#[derive(Clone)]
pub(super) enum Source {
    Path(PathBuf),
    Bytes(Bytes),
    Once(Arc<Mutex<Option<ByteStream>>>),
}

impl Source {
    pub(super) fn once(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::Once(Arc::new(Mutex::new(Some(Box::pin(stream)))))
    }

    /// The body, with its length if it can be known.
    pub(super) fn body(&self, file_name: &str, length: Option<u64>) -> Result<Body> {
        match self {
            Self::Bytes(bytes) => Ok(Body::Bytes(bytes.clone())),
            Self::Path(path) => {
                // Asking for the length takes no longer than handing the question to another thread.
                let known = std::fs::metadata(path).map_err(|error| missing(path, error))?;
                if !known.is_file() {
                    let message = format!("{} is not a file", shown(path));
                    return Err(Error::new(ErrorKind::Validation, message));
                }
                let (path, name, length) = (path.clone(), file_name.to_owned(), known.len());
                let open = move || measured(opened(path.clone()), length, name.clone());
                Ok(Body::stream(Some(length), open))
            }
            Self::Once(source) => {
                let (source, name) = (source.clone(), file_name.to_owned());
                let open = move || match length {
                    Some(length) => measured(taken(source.clone()), length, name.clone()),
                    None => taken(source.clone()),
                };
                Ok(Body::stream(length, open))
            }
        }
    }
}

impl PartialEq for Source {
    /// The same path, the same bytes, the very same stream.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(one), Self::Path(two)) => one == two,
            (Self::Bytes(one), Self::Bytes(two)) => one == two,
            (Self::Once(one), Self::Once(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(_) => f.write_str("file"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Once(_) => f.write_str("stream"),
        }
    }
}

/// The content of a file, opened at the first chunk.
fn opened(path: PathBuf) -> ByteStream {
    let open = async move {
        let file = File::open(&path).await;
        file.map(chunks)
            .map_err(|error| io::Error::other(missing(&path, error)))
    };
    Box::pin(stream::once(open).try_flatten())
}

/// A stream that can be had once. It is taken at the first chunk, so that an attempt that never got that far does not
/// count.
fn taken(source: Arc<Mutex<Option<ByteStream>>>) -> ByteStream {
    let take = async move {
        let stream = source.lock().unwrap_or_else(PoisonError::into_inner).take();
        stream.ok_or_else(|| {
            let spent = Error::new(
                ErrorKind::Validation,
                "the file comes from a reader or stream, which can be sent once, and that was refused or broke: open it again, or send it from disk or memory",
            );
            io::Error::other(spent.with_code("upload_spent"))
        })
    };
    Box::pin(stream::once(take).try_flatten())
}

pub(super) fn chunks(
    reader: impl AsyncRead + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(Box::pin(reader), |mut reader| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let read = reader.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), reader)))
    })
}

/// The same stream, which fails when it brings another number of bytes: a length that is announced must be kept.
fn measured(stream: ByteStream, length: u64, name: String) -> ByteStream {
    let changed = move |what: &str| {
        let message = format!("the file {} is {what} than it was said to be", tame(&name));
        io::Error::other(Error::new(ErrorKind::Validation, message))
    };
    let checked = stream::unfold(Some((stream, length)), move |state| {
        let changed = changed.clone();
        async move {
            let (mut stream, left) = state?;
            match stream.next().await {
                Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                    Some(left) => Some((Ok(chunk), Some((stream, left)))),
                    None => Some((Err(changed("longer")), None)),
                },
                Some(Err(error)) => Some((Err(error), None)),
                None if left > 0 => Some((Err(changed("shorter")), None)),
                None => None,
            }
        }
    });
    Box::pin(checked)
}

fn missing(path: &Path, error: io::Error) -> Error {
    Error::new(
        ErrorKind::Validation,
        format!("the file {} cannot be opened", shown(path)),
    )
    .with_source(error)
}

/// The file's name alone: a folder may be named after a person or a tenant.
fn shown(path: &Path) -> String {
    tame(&path.file_name().unwrap_or_default().to_string_lossy())
}

fn tame(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}
