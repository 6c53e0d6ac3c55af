//! The spellings of a URL that Twilio may have signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::webhook::request::decode_form;

/// What `encodeURIComponent` leaves alone.
const LEGACY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The URL without `#rc=…`: connection overrides are not signed.
pub(super) fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// A URL cut where its spellings differ.
pub(super) struct Variants<'a> {
    /// Up to and with the host: `https://user:password@example.com`.
    front: &'a str,
    port: Option<&'a str>,
    default_port: &'static str,
    path: &'a str,
    query: Option<&'a str>,
    whole: &'a str,
}

impl<'a> Variants<'a> {
    pub(super) fn of(url: &'a str) -> Self {
        let mut parts = Self {
            front: url,
            port: None,
            default_port: "",
            path: "",
            query: None,
            whole: url,
        };
        let Some((scheme, rest)) = url.split_once("://") else {
            return parts;
        };
        parts.default_port = if scheme.eq_ignore_ascii_case("http") {
            "80"
        } else {
            "443"
        };
        let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(authority_end);
        (parts.path, parts.query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (tail, None),
        };
        let host = authority.rsplit('@').next().unwrap_or_default();
        if let Some((_, port)) = host.rsplit_once(':')
            && !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            parts.port = Some(port);
        }
        let port_length = parts.port.map_or(0, |port| port.len() + 1);
        let front_end = url.len() - tail.len() - port_length;
        parts.front = url.get(..front_end).unwrap_or(url);
        parts
    }

    /// The spellings, each once.
    pub(super) fn distinct(&self) -> Vec<String> {
        if self.default_port.is_empty() {
            return vec![self.whole.to_owned()];
        }
        let port = self.port.unwrap_or(self.default_port);
        let given = self.query.map(str::to_owned);
        let legacy = self.query.map(encode_anew);
        let mut all = Vec::with_capacity(4);
        for query in [given, legacy] {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            for port in [String::new(), format!(":{port}")] {
                let url = format!("{}{port}{}{query}", self.front, self.path);
                if !all.contains(&url) {
                    all.push(url);
                }
            }
        }
        all
    }
}

/// Decodes and encodes a query as older Twilio servers do.
fn encode_anew(query: &str) -> String {
    let encode = |text: &str| {
        let decoded = decode_form(text.as_bytes());
        match String::from_utf8(decoded) {
            Ok(text) => utf8_percent_encode(&text, LEGACY).to_string(),
            Err(_) => text.to_owned(),
        }
    };
    let pairs = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            format!("{}={}", encode(name), encode(value))
        });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(url: &str) -> Vec<String> {
        Variants::of(without_fragment(url)).distinct()
    }

    #[test]
    fn with_and_without_the_port() {
        assert_eq!(
            all("https://u:p@example.com/a?b=1#rc=2"),
            [
                "https://u:p@example.com/a?b=1",
                "https://u:p@example.com:443/a?b=1"
            ]
        );
        assert_eq!(
            all("http://example.com:81"),
            ["http://example.com", "http://example.com:81"]
        );
        assert_eq!(
            all("https://[::1]:8443/"),
            ["https://[::1]/", "https://[::1]:8443/"]
        );
        assert_eq!(
            all("https://[::1]/"),
            ["https://[::1]/", "https://[::1]:443/"]
        );
        assert_eq!(all("no url"), ["no url"]);
        assert_eq!(
            all("http://e?x"),
            [
                "http://e?x",
                "http://e:80?x",
                "http://e?x=",
                "http://e:80?x="
            ]
        );
    }

    #[test]
    fn as_given_and_encoded_anew() {
        assert_eq!(
            all("https://e.com/p?a=it's+1&b=%27%c3%bc"),
            [
                "https://e.com/p?a=it's+1&b=%27%c3%bc",
                "https://e.com:443/p?a=it's+1&b=%27%c3%bc",
                "https://e.com/p?a=it's%201&b='%C3%BC",
                "https://e.com:443/p?a=it's%201&b='%C3%BC",
            ]
        );
    }
}
