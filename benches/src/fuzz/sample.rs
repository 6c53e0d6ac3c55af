//! Requests that can be changed, and what was answered.

use std::fmt;
use std::pin::Pin;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use tower::ServiceExt as _;

/// An execution on its way.
pub(super) type Job = Pin<Box<dyn Future<Output = Got> + Send>>;

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

    /// The sample's way through a router; `None` when HTTP knows no such request.
    pub(super) fn through(&self, router: &Router, random: &mut fastrand::Rng) -> Option<Job> {
        let request = self.request(random)?;
        let router = router.clone();
        Some(Box::pin(async move {
            let Ok(response) = router.oneshot(request).await;
            Got::read(response).await
        }))
    }

    /// The one value of a header, in place of all that are there.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.headers.retain(|(own, _)| own != name);
        self.headers.push((name.to_owned(), value.into_bytes()));
    }

    /// Whether a text is in some header, or in what is asked for.
    pub(super) fn mentions(&self, text: &str) -> bool {
        let holds = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|piece| piece == text.as_bytes())
        };
        self.headers.iter().any(|(_, value)| holds(value)) || holds(self.target.as_bytes())
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

impl fmt::Display for Got {
    /// As text to look at. All of it is made up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            write!(f, " | {name}: {}", value.as_bytes().escape_ascii())?;
        }
        let body = self.body.as_deref().unwrap_or(b"(broken off)");
        write!(f, " || {}", body[..body.len().min(1000)].escape_ascii())
    }
}

impl Got {
    pub(super) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            body: axum::body::to_bytes(body, usize::MAX).await.ok(),
            headers: parts.headers,
        }
    }

    /// The same, but of a stream of events no more than its head: some never end.
    pub(super) async fn read_ended(response: Response) -> Self {
        let kind = response.headers().get(header::CONTENT_TYPE);
        let endless = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !endless {
            return Self::read(response).await;
        }
        let (parts, _) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: Some(Bytes::new()),
        }
    }
}
