use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};

use super::{LimitSignal, ResponseBody};
use crate::error::Tame;
use crate::lenient::TOO_MANY;
use crate::{Error, ErrorKind, Result};

/// A successful answer, read whole.
#[derive(Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The status, always 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How many attempts it took.
    pub attempts: u32,
    /// What the headers say about the rate limit.
    pub limits: LimitSignal,
    /// Whether it answers a write that is not idempotent: an answer that cannot be read leaves it open what happened.
    pub(super) uncertain: bool,
}

impl Reply {
    /// Decodes the body as JSON; an empty body counts as `null`.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] that keeps the status and the body and names the JSON path of the place that does not fit,
    /// or the content type when it is not JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let json = self.json_bytes()?;
        if let Ok(value) = serde_json::from_slice(json) {
            return Ok(value);
        }
        // Slower, with the path of the failure.
        let mut reader = serde_json::Deserializer::from_slice(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            self.misfit(&path, error.into_inner())
        })
    }

    /// Decodes the member `name` of a JSON object, for envelopes such as `{"contact": {…}}`.
    ///
    /// # Errors
    /// As [`json`](Self::json), and when the member is missing.
    pub fn json_member<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let json = self.json_bytes()?;
        let member = || Member(name, std::marker::PhantomData);
        let mut reader = serde_json::Deserializer::from_slice(json);
        if let Ok(value) = de::DeserializeSeed::deserialize(member(), &mut reader) {
            return Ok(value);
        }
        // Slower, with the path of the failure.
        let mut reader = serde_json::Deserializer::from_slice(json);
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
        match de::DeserializeSeed::deserialize(member(), tracked) {
            Ok(value) => Ok(value),
            Err(error) => {
                let path = track.path().to_string();
                Err(self.misfit(&path, error))
            }
        }
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|_| self.unreadable("the text is not UTF-8", None))
    }

    fn json_bytes(&self) -> Result<&[u8]> {
        if self.body.is_empty() {
            return Ok(b"null");
        }
        if let Some(content_type) = self.headers.get(header::CONTENT_TYPE) {
            let essence = content_type
                .to_str()
                .unwrap_or_default()
                .split(';')
                .next()
                .unwrap_or_default()
                .trim();
            let json = essence.eq_ignore_ascii_case("application/json")
                || essence.to_ascii_lowercase().ends_with("+json")
                // Some providers label JSON as text.
                || (essence.eq_ignore_ascii_case("text/plain") && matches!(self.body.first(), Some(b'{' | b'[')));
            if !json {
                let shown: String = essence
                    .chars()
                    .filter(|c| c.is_ascii_graphic())
                    .take(60)
                    .collect();
                return Err(self.unreadable(
                    &format!("the answer is {shown} instead of JSON: check the base URL, or the provider is in maintenance"),
                    None,
                ));
            }
        }
        Ok(&self.body)
    }

    fn misfit(&self, path: &str, error: serde_json::Error) -> Error {
        let path = Tame::path(path);
        let message = match error.to_string().starts_with(TOO_MANY) {
            true => format!("the JSON has {TOO_MANY} at {path}: ask for fewer at once"),
            false => format!("the JSON does not fit at {path}"),
        };
        self.unreadable(&message, Some(error))
    }

    fn unreadable(&self, message: &str, source: Option<serde_json::Error>) -> Error {
        let message = match self.body.is_empty() {
            true => "the answer is empty where JSON belongs: read again to see what is there",
            false => message,
        };
        let mut error = Error::new(ErrorKind::Decode, message.to_owned())
            .with_status(self.status)
            .with_attempts(self.attempts)
            .with_outcome_unknown(self.uncertain)
            .with_body(self.body.clone());
        if let Some(id) = &self.request_id {
            error = error.with_request_id(id.clone());
        }
        if let Some(source) = source {
            // serde's message can quote the value, so only its class and position are kept.
            error = error.with_source(JsonFailure(
                source.classify(),
                source.line(),
                source.column(),
            ));
        }
        error
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct JsonFailure(serde_json::error::Category, usize, usize);

impl fmt::Display for JsonFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0 {
            serde_json::error::Category::Io => "unreadable",
            serde_json::error::Category::Syntax => "not JSON",
            serde_json::error::Category::Data => "another type than expected",
            serde_json::error::Category::Eof => "cut short",
        };
        write!(f, "{what} at line {} column {}", self.1, self.2)
    }
}

impl std::error::Error for JsonFailure {}

/// Reads one member of an object and skips the others.
struct Member<'a, T>(&'a str, std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::DeserializeSeed<'de> for Member<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Member<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the member `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| de::Error::custom(format_args!("the member `{}` is missing", self.0)))
    }
}

/// A successful answer whose body is still to be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamReply {
    /// The status, always 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ResponseBody,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How many attempts it took.
    pub attempts: u32,
}

/// A decoded answer together with what surrounded it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Full<T> {
    /// The decoded answer.
    pub value: T,
    /// The answer as it came.
    pub reply: Reply,
}

impl<T> Full<T> {
    /// A decoded answer.
    pub fn new(value: T, reply: Reply) -> Self {
        Self { value, reply }
    }
}

impl<T> std::ops::Deref for Full<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// An answer of which nothing is needed: whatever the body is, it decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Empty;

impl<'de> Deserialize<'de> for Empty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
