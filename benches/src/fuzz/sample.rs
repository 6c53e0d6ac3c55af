//! Requests that can be changed, and what was answered.

use std::fmt;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

/// A request, none of it checked.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Sample {
    pub(super) fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter();
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// The request with its body in pieces of random sizes; `None` when HTTP knows no such request. Headers that HTTP does
    /// not know are left out.
    pub(super) fn request(&self, random: &mut fastrand::Rng) -> Option<Request<Body>> {
        let method = Method::from_bytes(self.method.as_bytes()).ok()?;
        let uri = Uri::try_from(self.target.as_str()).ok()?;
        let body = match random.u8(..4) {
            0 => {
                let mut pieces = Vec::new();
                let mut rest = Bytes::copy_from_slice(&self.body);
                while !rest.is_empty() {
                    let length = random.usize(1..=rest.len());
                    pieces.push(Ok::<_, std::io::Error>(rest.split_to(length)));
                }
                if random.u8(..16) == 0 {
                    pieces.push(Err(std::io::ErrorKind::ConnectionReset.into()));
                }
                Body::from_stream(futures_util::stream::iter(pieces))
            }
            _ => Body::from(self.body.clone()),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                request.headers_mut().append(name, value);
            }
        }
        Some(request)
    }
}

impl fmt::Display for Sample {
    /// As text to look at. All of it is made up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target.escape_debug())?;
        for (name, value) in &self.headers {
            write!(f, " | {}: {}", name.escape_debug(), value.escape_ascii())?;
        }
        let shown = &self.body[..self.body.len().min(2000)];
        write!(
            f,
            " || {} ({} bytes)",
            shown.escape_ascii(),
            self.body.len()
        )
    }
}

/// What was answered.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// `None` when it broke off.
    pub(super) body: Option<Bytes>,
}

impl Got {
    pub(super) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.ok(),
        }
    }
}
