//! How Verity's endpoints are written, and the paths that they become.

use std::collections::BTreeMap;

use integrations_core::http::encode_segment;
use integrations_core::{Error, ErrorKind, FieldError, Result};
use percent_encoding::percent_decode_str;

/// Where the texting system takes messages.
pub(crate) const SEND_MESSAGE: &str = "/api/integrations/df-middleware/send-message";

/// Whether a path is where messages are taken, in any spelling that a server may take for it.
pub(crate) fn sends_message(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.eq_ignore_ascii_case(SEND_MESSAGE)
}

/// More than any endpoint has.
const LONGEST: usize = 4096;

/// How the endpoints of the catalogue become paths.
///
/// The program that writes Verity's catalogue drops the slash after `/api`: it writes `/apicalls/agents` for
/// `/api/calls/agents`. A conversion counts on the boundary of a segment only: `/apicallsX` is left as it is.
///
/// ```
/// use verity_client::Conversions;
///
/// let conversions = Conversions::default();
/// assert_eq!(conversions.convert("/apicalls/agents"), "/api/calls/agents");
/// assert_eq!(conversions.convert("/apicallsX/agents"), "/apicallsX/agents");
/// assert_eq!(conversions.convert("/apisms/any"), "/api/integrations/df-middleware/send-message");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversions(Vec<Conversion>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Conversion {
    from: String,
    to: String,
    whole: bool,
}

impl Conversions {
    /// None: paths are sent as they are written.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Replaces this start of a path. What was added first counts first.
    #[must_use]
    pub fn with_prefix(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(from.into(), to.into(), false)
    }

    /// Replaces this path, and every path below it, as a whole.
    #[must_use]
    pub fn with_whole(self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(from.into(), to.into(), true)
    }

    fn with(mut self, from: String, to: String, whole: bool) -> Self {
        self.0.push(Conversion { from, to, whole });
        self
    }

    /// The path that an endpoint is sent to.
    #[must_use]
    pub fn convert(&self, path: &str) -> String {
        for Conversion { from, to, whole } in &self.0 {
            if let Some(rest) = path.strip_prefix(from.as_str())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return match whole {
                    true => to.clone(),
                    false => format!("{to}{rest}"),
                };
            }
        }
        path.to_owned()
    }
}

impl Default for Conversions {
    /// `/apicalls` to `/api/calls`, `/apicomms` to `/api/comms`, and `/apisms` to where messages are sent.
    fn default() -> Self {
        Self::none()
            .with_prefix("/apicalls", "/api/calls")
            .with_whole("/apisms", SEND_MESSAGE)
            .with_prefix("/apicomms", "/api/comms")
    }
}

/// One part of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A fixed text, not encoded.
    Literal(String),
    /// A value to fill in, by this name.
    Parameter(String),
}

/// An endpoint taken apart: `/apicomms/broadcasts/[id]`, `/apicalls/agents/{agentId}/test`, or a whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Vec<Segment>);

impl Endpoint {
    /// Takes an endpoint apart. The message says what is wrong and quotes nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("is too long");
        }
        let rest = text
            .strip_prefix('/')
            .ok_or("does not start with a slash")?;
        if text.contains(['?', '#']) {
            return Err("holds a query or a fragment: give the query beside it");
        }
        let segments: Result<Vec<_>, _> = rest.split('/').map(segment).collect();
        let segments = segments?;
        match segments.first() {
            Some(Segment::Literal(first)) if first.starts_with("api") => Ok(Self(segments)),
            _ => Err("does not start with /api"),
        }
    }

    #[cfg(feature = "catalog")]
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The names of the values to fill in, in their order.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Parameter(name) => Some(name.as_str()),
        })
    }

    /// The path with parameters in braces, encoded.
    #[cfg(feature = "catalog")]
    pub(crate) fn template(&self) -> String {
        let mut path = String::new();
        for segment in &self.0 {
            path.push('/');
            match segment {
                // A parsed segment is not empty and no dot.
                Segment::Literal(text) => drop(encode_segment(&mut path, "", text)),
                Segment::Parameter(name) => {
                    path.push('{');
                    path.push_str(name);
                    path.push('}');
                }
            }
        }
        path
    }

    /// The path with the values filled in, each as one encoded segment.
    pub(crate) fn fill(&self, values: &BTreeMap<String, String>) -> Result<String> {
        let mut faults = Vec::new();
        let mut path = String::new();
        for segment in &self.0 {
            path.push('/');
            match segment {
                Segment::Literal(text) => encode_segment(&mut path, "", text)?,
                Segment::Parameter(name) => match values.get(name) {
                    None => faults.push(FieldError::new(format!("/{name}"), "is missing")),
                    Some(value) => match stays(value) {
                        Ok(()) => encode_segment(&mut path, name, value)?,
                        Err(fault) => faults.push(FieldError::new(format!("/{name}"), fault)),
                    },
                },
            }
        }
        for name in values.keys() {
            if !self.parameters().any(|known| known == name) {
                faults.push(FieldError::new(format!("/{name}"), "is not in the path"));
            }
        }
        if faults.is_empty() {
            Ok(path)
        } else {
            Err(
                Error::validation("the parameters do not fit the path", faults)
                    .with_provider(crate::PROVIDER),
            )
        }
    }
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    let inner = [("[", "]"), ("{", "}")]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    if let Some(name) = inner {
        let fits = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        return match fits {
            true => Ok(Segment::Parameter(name.to_owned())),
            false => Err("has a placeholder whose name is not of letters, digits, - and _"),
        };
    }
    if text.is_empty() {
        return Err("has an empty segment");
    }
    if text.contains(['[', ']', '{', '}']) {
        return Err("has a placeholder that is not a whole segment");
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| "is not UTF-8")?;
    stays(&decoded)?;
    if decoded.contains(['/', '\\']) {
        return Err("has an encoded slash");
    }
    Ok(Segment::Literal(decoded.into_owned()))
}

/// Whether a value stays in its segment, also when a server on the way decodes it twice.
fn stays(value: &str) -> Result<(), &'static str> {
    let mut value = std::borrow::Cow::Borrowed(value);
    for _ in 0..4 {
        if value.is_empty() {
            return Err("is empty");
        }
        if value.chars().any(char::is_control) {
            return Err("has a control character");
        }
        if value
            .split(['/', '\\'])
            .any(|part| matches!(part, "." | ".."))
        {
            return Err("would leave its place in the path");
        }
        let decoded = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        if decoded == value {
            return Ok(());
        }
        value = decoded.into();
    }
    Err("is encoded too often")
}

/// The error for an endpoint that is none.
pub(crate) fn refused(fault: &'static str) -> Error {
    Error::validation(
        "the endpoint is not one of Verity's",
        vec![FieldError::new("/endpoint", fault)],
    )
    .with_provider(crate::PROVIDER)
    .with_code("invalid_endpoint")
}

/// An endpoint as it is sent: parameters filled in, converted.
pub(crate) fn path_of(
    conversions: &Conversions,
    endpoint: &str,
    values: &BTreeMap<String, String>,
) -> Result<String> {
    let endpoint = Endpoint::parse(endpoint).map_err(refused)?;
    let path = endpoint.fill(values)?;
    let path = conversions.convert(&path);
    if path.contains(['{', '}', '[', ']']) {
        return Err(Error::new(
            ErrorKind::Config,
            "a conversion leads to a path with a placeholder",
        )
        .with_provider(crate::PROVIDER));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(endpoint: &str, values: &[(&str, &str)]) -> Result<String> {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        path_of(&Conversions::default(), endpoint, &values)
    }

    #[test]
    fn conversions_of_the_document() {
        for (endpoint, path) in [
            ("/apicalls", "/api/calls"),
            ("/apicalls/agents", "/api/calls/agents"),
            ("/apicomms/broadcasts", "/api/comms/broadcasts"),
            ("/apisms", SEND_MESSAGE),
            ("/apisms/any/thing", SEND_MESSAGE),
            ("/api/calls/agents", "/api/calls/agents"),
            ("/api/x/apicalls", "/api/x/apicalls"),
            ("/api/health", "/api/health"),
        ] {
            assert_eq!(sent(endpoint, &[]).unwrap(), path);
        }
    }

    /// The original system converted every path that starts with the letters.
    #[test]
    fn starts_with_is_no_conversion() {
        for endpoint in [
            "/apicallsX/agents",
            "/apicalls-old",
            "/apismsx",
            "/apicommsAdmin/keys",
        ] {
            assert_eq!(sent(endpoint, &[]).unwrap(), endpoint);
        }
    }

    /// The original system put parameters into the path as they came.
    #[test]
    fn raw_parameters_do_not_inject_a_path() {
        let path = |value| sent("/apicomms/broadcasts/[id]", &[("id", value)]);
        for (value, encoded) in [
            ("b 1", "b%201"),
            ("a/b", "a%2Fb"),
            ("a?admin=true", "a%3Fadmin%3Dtrue"),
            ("a#b", "a%23b"),
            ("$&", "%24%26"),
            ("{x}", "%7Bx%7D"),
            ("…", "%E2%80%A6"),
        ] {
            assert_eq!(
                path(value).unwrap(),
                format!("/api/comms/broadcasts/{encoded}")
            );
        }
        for value in [
            "",
            ".",
            "..",
            "../users",
            "a/../../users",
            "..\\users",
            "%2e%2e",
            "%2E%2e/x",
            "%252e%252e%252fusers",
            "a\r\nX-Admin: 1",
            "a\0",
        ] {
            let error = path(value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Validation, "{value:?}");
            assert_eq!(error.fields()[0].path, "/id");
        }
    }

    #[test]
    fn both_forms_of_placeholders() {
        for endpoint in [
            "/apicalls/agents/[agentId]/test",
            "/apicalls/agents/{agentId}/test",
        ] {
            let path = sent(endpoint, &[("agentId", "7")]).unwrap();
            assert_eq!(path, "/api/calls/agents/7/test");
        }
        assert_eq!(sent("/api/a/[x]/{x}", &[("x", "1")]).unwrap(), "/api/a/1/1");
    }

    #[test]
    fn what_is_missing_and_what_is_left_over_are_told_together() {
        let error = sent("/api/a/[x]/[y]", &[("y", ".."), ("z", "1")]).unwrap_err();
        let faults: Vec<_> = error
            .fields()
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        assert_eq!(faults, ["/x", "/y", "/z"]);
    }

    #[test]
    fn endpoints_that_are_none() {
        for endpoint in [
            "",
            "/",
            "api/calls",
            "/admin",
            "/x/api",
            "/[x]/api",
            "//api/calls",
            "/api//calls",
            "/api/calls/",
            "/api/../admin",
            "/api/./calls",
            "/api/%2e%2e/admin",
            "/api/%252e%252e/admin",
            "/api/a%2Fb",
            "/api/a%5cb",
            "/api/a\\b/..",
            "/api/x[id]",
            "/api/[id]x",
            "/api/[a/b]",
            "/api/{}",
            "/api/[...slug]",
            "/api/a?b=c",
            "/api/a#b",
            "/api/%ff",
            "/api/a\nb",
            "/ap%69%00",
            "https://evil.example.com/api",
        ] {
            let error = sent(endpoint, &[]).unwrap_err();
            assert_eq!(error.code(), Some("invalid_endpoint"), "{endpoint:?}");
        }
    }

    #[test]
    fn a_path_that_is_written_otherwise_is_the_same_path() {
        assert_eq!(
            sent("/api/c%61lls/agents", &[]).unwrap(),
            "/api/calls/agents"
        );
        assert_eq!(sent("/%61picalls", &[]).unwrap(), "/api/calls");
    }

    proptest! {
        #[test]
        fn a_value_never_leaves_its_segment(value in "\\PC{0,40}|[./%25eE\\\\]{0,12}") {
            if let Ok(path) = sent("/apicomms/broadcasts/[id]/x", &[("id", &value)]) {
                let url = url::Url::parse(&format!("https://verity.example.com{path}")).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 5);
                prop_assert_eq!(&segments[..3], &["api", "comms", "broadcasts"]);
                prop_assert_eq!(segments[4], "x");
                prop_assert_eq!(url.query(), None);
            }
        }

        #[test]
        fn any_endpoint_is_a_path_or_an_error(text in "/?[a-z./%\\[\\]{}\\\\0-9]{0,60}") {
            if let Ok(path) = sent(&text, &[]) {
                prop_assert!(path.starts_with("/api"));
                prop_assert!(!path.contains("//") && !path.split('/').any(|part| part == ".." || part == "."));
            }
        }
    }
}
