use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::Rejection;

/// An HTTP request as it arrived: nothing decoded, nothing trusted.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawRequest {
    /// The method.
    pub method: Method,
    /// The URL as the provider called it: behind a proxy this is the configured public URL, never the `Host` header.
    /// Kept as text, because some schemes sign it byte for byte.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl RawRequest {
    /// A request.
    pub fn new(
        method: Method,
        url: impl Into<String>,
        headers: HeaderMap,
        body: impl Into<Bytes>,
    ) -> Self {
        Self {
            method,
            url: url.into(),
            headers,
            body: body.into(),
        }
    }

    /// The one value of a header.
    ///
    /// # Errors
    /// [`Rejection::MissingHeader`] without it, [`Rejection::DuplicateHeader`] when it comes twice,
    /// [`Rejection::MalformedHeader`] when it is empty or not ASCII.
    pub fn header(&self, name: &'static str) -> Result<&str, Rejection> {
        self.optional_header(name)?
            .ok_or(Rejection::MissingHeader(name))
    }

    /// The one value of a header, or `None` without it.
    ///
    /// # Errors
    /// [`Rejection::DuplicateHeader`] when it comes twice, [`Rejection::MalformedHeader`] when it is empty or not ASCII.
    pub fn optional_header(&self, name: &'static str) -> Result<Option<&str>, Rejection> {
        let mut values = self.headers.get_all(name).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Rejection::DuplicateHeader(name));
        }
        match value.to_str() {
            Ok(text) if !text.is_empty() => Ok(Some(text)),
            _ => Err(Rejection::MalformedHeader(name)),
        }
    }

    /// The query string of the URL, without the `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        let url = self.url.split('#').next().unwrap_or_default();
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The decoded value of a query parameter; `None` when it is not there, comes twice, or is not UTF-8.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut found = None;
        for pair in self.query().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if decode_form(key.as_bytes()) == name.as_bytes() && found.replace(value).is_some() {
                return None;
            }
        }
        String::from_utf8(decode_form(found?.as_bytes())).ok()
    }
}

/// Undoes form encoding: `+` is a space, `%XX` a byte.
pub(super) fn decode_form(text: &[u8]) -> Vec<u8> {
    let mut spaced = text.to_vec();
    for byte in &mut spaced {
        if *byte == b'+' {
            *byte = b' ';
        }
    }
    percent_encoding::percent_decode(&spaced).collect()
}

impl fmt::Debug for RawRequest {
    /// Shows the method, the path and sizes: headers, query and body may hold secrets and personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        // A URL may carry `user:password@`.
        let url = match url
            .split_once("://")
            .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1)))
        {
            Some((scheme, rest)) => format!("{scheme}://{rest}"),
            None => url.to_owned(),
        };
        f.debug_struct("RawRequest")
            .field("method", &self.method)
            .field("url", &url)
            .field("headers", &self.headers.len())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
