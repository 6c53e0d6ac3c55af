//! Which headers go through, in both directions. All others stay here.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, header};

use super::keys::API_KEY;

/// The id of a request: taken from it, or made; in the answer, and in the call of the upstream.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a caller may say to the upstream, unless the application says otherwise.
pub(super) const SENT: [HeaderName; 15] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-correlation-id"),
];

/// What the upstream may say to a caller, unless the application says otherwise. No address of it, and no cookie.
pub(super) const SHOWN: [HeaderName; 19] = [
    header::ACCEPT_RANGES,
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-total-count"),
];

/// What never goes through, whatever the application says: credentials, what is of one connection, and what says who
/// somebody is or where he comes from.
const NEVER: [HeaderName; 20] = [
    API_KEY,
    REQUEST_ID,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::COOKIE,
    header::EXPECT,
    header::FORWARDED,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
];

/// Whether an application may let a header through.
pub(super) fn may_pass(name: &HeaderName) -> bool {
    !NEVER.contains(name)
}

/// The headers of a list, each with all its values, without those that the connection's own header names.
pub(super) fn pass(headers: &HeaderMap, list: &HashSet<HeaderName>) -> HeaderMap {
    let hops = hops(headers);
    let mut passed = HeaderMap::with_capacity(headers.len().min(list.len()) + 2);
    for (name, value) in headers {
        if list.contains(name) && !hops.iter().any(|hop| name == hop.as_str()) {
            passed.append(name, value.clone());
        }
    }
    passed
}

/// What `Connection` calls a matter between two neighbours.
fn hops(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::CONNECTION).iter();
    let names = values.filter_map(|value| value.to_str().ok());
    names
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

/// Headers that say one thing; two of them say two, and who reads them believes one or the other.
pub(super) fn is_doubled(headers: &HeaderMap) -> bool {
    [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::HOST,
        REQUEST_ID,
        HeaderName::from_static("idempotency-key"),
    ]
    .into_iter()
    .any(|name| headers.get_all(name).iter().nth(1).is_some())
}

/// An id of the caller's that is fit for a log; otherwise a new one.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let sent = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    sent.filter(|id| (8..=64).contains(&id.len()) && id.bytes().all(plain))
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}
