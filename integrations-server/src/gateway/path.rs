//! What a path may look like: nothing in it may mean another path to somebody who reads it again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The longest endpoint, and the longest value of a parameter, in bytes.
const LONGEST: usize = 4096;
/// How often a segment may be encoded. What is encoded more often is no name of anything.
const DEPTH: usize = 4;

/// Whether an endpoint is one: begins with a slash, has no query, no empty segment but a last one, no character that is
/// not written so in a path, and no segment that leads elsewhere.
pub(super) fn is_endpoint(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix('/') else {
        return false;
    };
    let mut segments = rest.split('/').peekable();
    endpoint.len() <= LONGEST
        && rest.bytes().all(in_a_path)
        && std::iter::from_fn(|| segments.next().map(|one| (one, segments.peek().is_none()))).all(
            |(segment, last)| {
                (last || !segment.is_empty()) && is_encoded(segment) && stays(segment)
            },
        )
}

/// The first parameter that would leave its segment, or is none.
pub(super) fn unfit(parameters: &BTreeMap<String, String>) -> Option<&str> {
    let fits = |value: &str| !value.is_empty() && value.len() <= LONGEST && stays(value);
    let unfit = parameters.iter().find(|(_, value)| !fits(value));
    unfit.map(|(name, _)| name.as_str())
}

/// Brackets and braces are of placeholders.
fn in_a_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/[]{}".contains(&byte)
}

/// Whether each percent sign begins an encoded byte.
fn is_encoded(segment: &str) -> bool {
    segment.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether a segment is one and the same however often somebody decodes it.
fn stays(segment: &str) -> bool {
    let mut text = Cow::Borrowed(segment);
    for _ in 0..=DEPTH {
        // What follows a semicolon, and blanks, are no part of the name to some servers.
        let name = text.split(';').next().unwrap_or_default().trim();
        if name == "."
            || name == ".."
            || text.contains(|c: char| matches!(c, '/' | '\\') || c.is_control())
        {
            return false;
        }
        let Ok(decoded) = percent_decode_str(&text).decode_utf8() else {
            return false;
        };
        if decoded == text {
            return true;
        }
        text = Cow::Owned(decoded.into_owned());
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_lead_elsewhere_are_none() {
        for good in [
            "/api",
            "/api/",
            "/api/calls/agents",
            "/apicalls/agents/[id]",
            "/api/x/{id}/y",
            "/api/[...slug]",
            "/api/a%20b",
            "/api/...",
            "/api/a..b/.well-known",
            "/api/v1.2;x=1",
        ] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in [
            "",
            "api",
            "/api//calls",
            "//api",
            "/api/./x",
            "/api/..",
            "/api/../admin",
            "/api/..;/admin",
            "/api/%2e%2e/admin",
            "/api/.%2E/admin",
            "/api/%252e%252e/admin",
            "/api/%25252e%25252e/admin",
            "/api/x%2Fadmin",
            "/api/x%252fadmin",
            "/api/..%2f..%2fadmin",
            "/api/..%5cadmin",
            "/api/..\\admin",
            "/api/%00",
            "/api/a%0d%0ab",
            "/api/%zz",
            "/api/%2",
            "/api/%",
            "/api/%c0%ae%c0%ae/admin",
            "/api/%ff",
            "/api/x?y=1",
            "/api/x#y",
            "/api/a b",
            "/api/ü",
            "/api/%20../x",
            "/api/%25252525252525252e",
        ] {
            assert!(!is_endpoint(bad), "{bad}");
        }
        assert!(!is_endpoint(&format!("/api/{}", "x".repeat(LONGEST))));
    }

    #[test]
    fn parameters_stay_in_their_segment() {
        let one = |value: &str| BTreeMap::from([("id".to_owned(), value.to_owned())]);
        for good in [
            "a1",
            "ü",
            "100%",
            "50% off",
            "a..b",
            "a?b#c",
            "%41",
            "+1 202-555-0123",
        ] {
            assert_eq!(unfit(&one(good)), None, "{good}");
        }
        for bad in [
            "", ".", "..", "../x", "a/b", "a%2Fb", "..%2f", "%2e%2e", "%252e.", "a\\b", "a\0",
            "a\nb", "%ff", " ..", "..;x",
        ] {
            assert_eq!(unfit(&one(bad)), Some("id"), "{bad:?}");
        }
    }
}
