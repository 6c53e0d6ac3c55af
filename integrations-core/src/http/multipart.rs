use std::fmt;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, header};

use super::{Body, ByteStream};

/// A `multipart/form-data` body; files may be streamed.
#[derive(Default)]
pub struct Multipart(Vec<Part>);

/// One field of a [`Multipart`].
#[derive(Clone)]
pub struct Part {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    body: Body,
}

impl Part {
    /// A text field.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        let body = Body::Bytes(Bytes::from(value.into()));
        Self {
            name: name.into(),
            filename: None,
            content_type: None,
            body,
        }
    }

    /// A file; `body` may be a stream.
    pub fn file(
        name: impl Into<String>,
        filename: impl Into<String>,
        content_type: impl Into<String>,
        body: impl Into<Body>,
    ) -> Self {
        Self {
            name: name.into(),
            filename: Some(filename.into()),
            content_type: Some(content_type.into()),
            body: body.into(),
        }
    }

    fn head(&self, boundary: &str) -> Bytes {
        let mut head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"",
            quoted(&self.name)
        );
        if let Some(filename) = &self.filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        if let Some(content_type) = &self.content_type {
            let clean: String = content_type.chars().filter(|c| !c.is_control()).collect();
            head.push_str(&format!("\r\ncontent-type: {clean}"));
        }
        head.push_str("\r\n\r\n");
        head.into()
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Multipart {
    /// An empty form.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, part: Part) -> Self {
        self.0.push(part);
        self
    }

    /// The body, with its content type put into `headers`. In memory when all parts are, else a stream.
    #[must_use]
    pub fn into_body(self, headers: &mut HeaderMap) -> Body {
        let boundary = format!("form-{:032x}", fastrand::u128(..));
        let value = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
        if let Ok(value) = value {
            headers.insert(header::CONTENT_TYPE, value);
        }
        let mut pieces = Vec::with_capacity(self.0.len() * 3 + 1);
        for part in self.0 {
            pieces.push(Body::Bytes(part.head(&boundary)));
            pieces.push(part.body);
            pieces.push(Body::Bytes(Bytes::from_static(b"\r\n")));
        }
        pieces.push(Body::Bytes(format!("--{boundary}--\r\n").into()));
        join(pieces)
    }
}

fn join(pieces: Vec<Body>) -> Body {
    let length = pieces.iter().map(Body::len).sum::<Option<u64>>();
    if !pieces
        .iter()
        .any(|piece| matches!(piece, Body::Stream { .. } | Body::Once(_)))
    {
        let mut all = Vec::new();
        for piece in &pieces {
            if let Body::Bytes(bytes) = piece {
                all.extend_from_slice(bytes);
            }
        }
        return Body::Bytes(all.into());
    }
    let repeatable = pieces.iter().all(Body::is_repeatable);
    let open = move || {
        let streams: Vec<ByteStream> = pieces
            .iter()
            .map(|piece| match piece {
                Body::Empty => Box::pin(futures_util::stream::empty()) as ByteStream,
                Body::Bytes(bytes) => {
                    let bytes = bytes.clone();
                    Box::pin(futures_util::stream::once(async move { Ok(bytes) }))
                }
                Body::Stream { open, .. } => open(),
                Body::Once(once) => once.take(),
            })
            .collect();
        Box::pin(futures_util::stream::iter(streams).flatten()) as ByteStream
    };
    if repeatable {
        Body::stream(length, open)
    } else {
        Body::once(length, open())
    }
}

/// As browsers do it: quotes and line ends are percent-encoded, so that a name cannot end its header.
fn quoted(text: &str) -> String {
    text.replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: Body) -> String {
        match body {
            Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            _ => panic!("not in memory"),
        }
    }

    #[test]
    fn fields_in_memory() {
        let mut headers = HeaderMap::new();
        let body = Multipart::new()
            .with(Part::text("name", "logo"))
            .with(Part::file(
                "file",
                "a\"\r\nb.png",
                "image/png",
                Bytes::from_static(b"PNG"),
            ))
            .into_body(&mut headers);
        let content_type = headers[header::CONTENT_TYPE].to_str().unwrap();
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        assert_eq!(
            text(body),
            format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"name\"\r\n\r\nlogo\r\n\
                 --{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a%22%0D%0Ab.png\"\r\n\
                 content-type: image/png\r\n\r\nPNG\r\n--{boundary}--\r\n"
            )
        );
    }

    #[tokio::test]
    async fn a_streamed_file_keeps_the_length_and_opens_twice() {
        let mut headers = HeaderMap::new();
        let file = Body::stream(Some(3), || {
            Box::pin(futures_util::stream::once(async {
                Ok(Bytes::from_static(b"abc"))
            }))
        });
        let body = Multipart::new()
            .with(Part::file("file", "f", "text/plain", file))
            .into_body(&mut headers);
        let Body::Stream { open, length } = &body else {
            panic!("not a stream")
        };
        for _ in 0..2 {
            let chunks: Vec<_> = open().collect().await;
            let total: usize = chunks
                .iter()
                .map(|chunk| chunk.as_ref().unwrap().len())
                .sum();
            assert_eq!(Some(total as u64), *length);
        }
    }
}
