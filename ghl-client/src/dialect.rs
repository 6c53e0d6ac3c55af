use std::time::Duration;

use http::{HeaderMap, HeaderName};
use integrations_core::http::{Credential, Dialect, Fault, LimitSignal, RawReply, standard_limits};
use integrations_core::{ErrorKind, FieldError};

use crate::error::ApiError;

const MAX: HeaderName = HeaderName::from_static("x-ratelimit-max");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const INTERVAL: HeaderName = HeaderName::from_static("x-ratelimit-interval-milliseconds");
const DAILY_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit-daily");
const DAILY_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-daily-remaining");

/// GoHighLevel's error envelopes and rate-limit headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GhlDialect;

impl Dialect for GhlDialect {
    fn provider(&self) -> &'static str {
        crate::PROVIDER
    }

    fn fault(&self, reply: RawReply<'_>) -> Fault {
        let api = ApiError::parse(reply.body);
        let mut fault = classify(reply.status.as_u16(), &api)
            .unwrap_or_else(|| Fault::from_status(reply.status));
        if fault.code.is_none() {
            fault.code = api.code.clone();
        }
        if fault.kind == ErrorKind::Validation {
            fault.fields = api
                .messages
                .iter()
                .filter_map(|message| refused_field(message))
                .collect();
        }
        fault.request_id = api.trace_id;
        fault
    }

    fn limits(&self, headers: &HeaderMap) -> LimitSignal {
        let number =
            |name: &HeaderName| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let mut signal = standard_limits(headers);
        signal.max = number(&MAX);
        signal.remaining = number(&REMAINING);
        signal.per = number(&INTERVAL).map(|ms| Duration::from_millis(ms.into()));
        signal.daily_limit = number(&DAILY_LIMIT);
        signal.daily_remaining = number(&DAILY_REMAINING);
        signal
    }
}

/// What a message of the provider means. A 401 has four causes here, and only one of them is cured by a new token.
fn classify(status: u16, api: &ApiError) -> Option<Fault> {
    let says = |needle: &str| {
        api.messages
            .iter()
            .any(|message| message.to_ascii_lowercase().contains(needle))
    };
    let fault = |kind, code: &str, message: &'static str| {
        let mut fault = Fault::new(kind, message);
        fault.code = Some(code.to_owned());
        fault.retryable = Some(false);
        Some(fault)
    };
    match status {
        400 | 401 if says("version header was not found") => fault(
            ErrorKind::Config,
            "version_missing",
            "the Version header is missing",
        ),
        400 if says("invalid api version") => fault(
            ErrorKind::Config,
            "version_unknown",
            "the provider does not know this Version: use one of the documented ones",
        ),
        // The provider has no 404 for these.
        400 if api.messages.iter().any(|message| names_nothing(message)) => fault(
            ErrorKind::NotFound,
            "not_found",
            "the id is wrong or the object was deleted",
        ),
        400 if says("location is not active") => fault(
            ErrorKind::Permission,
            "location_inactive",
            "the location is paused or unpaid at the provider; the token works again once it is active",
        ),
        400 if says("duplicated contacts") => fault(
            ErrorKind::Conflict,
            "duplicate_contact",
            "the location has this contact already: use upsert, or read the matching contact from ApiError::meta",
        ),
        400 if says("conversation already exists") => fault(
            ErrorKind::Conflict,
            "conversation_exists",
            "the contact has a conversation already: its id is in ApiError::meta",
        ),
        401 | 403 if says("not authorized for this scope") => fault(
            ErrorKind::Permission,
            "missing_scope",
            "the token lacks a scope, or this operation refuses private integration tokens",
        ),
        401 | 403 if says("user type mismatch") || says("authclass type is not allowed") => fault(
            ErrorKind::Permission,
            "token_class",
            "the operation takes the other kind of token: a location's instead of a company's, or the reverse",
        ),
        401 | 403 if says("does not have access to this location") => fault(
            ErrorKind::Permission,
            "wrong_location",
            "the token belongs to another location: check the location id",
        ),
        401 => {
            let mut fault = Fault::new(
                ErrorKind::Auth,
                "the token is expired, revoked or wrong: create a new private integration token, or authorize the app again",
            );
            fault.credential = Credential::Expired;
            Some(fault)
        }
        _ => None,
    }
}

/// Whether a message says that an id leads nowhere: `Contact with id … not found`.
fn names_nothing(message: &str) -> bool {
    message
        .trim_end_matches('.')
        .strip_suffix(" not found")
        .is_some_and(|start| start.contains(" with id "))
}

/// Reads the field from a validator's message, for example `email must be an email`. Messages that could quote a value
/// are left out: [`ApiError`] has them.
fn refused_field(message: &str) -> Option<FieldError> {
    let (first, rest) = message.split_once(' ')?;
    let (field, rest) = match first {
        "property" => rest.split_once(' ')?,
        _ => (first, rest),
    };
    let is_name = !field.is_empty()
        && field.len() <= 64
        && field
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-'));
    let is_rule = [
        "must ",
        "should ",
        "cannot ",
        "can't ",
        "is ",
        "has ",
        "contains ",
        "each ",
    ]
    .iter()
    .any(|start| rest.starts_with(start));
    let quotes = rest.contains(['@', '"', '\'']) || rest.len() > 160;
    (is_name && is_rule && !quotes)
        .then(|| FieldError::new(format!("/{}", field.replace('.', "/")), rest))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn fault(status: u16, body: &'static str) -> Fault {
        let (headers, body) = (HeaderMap::new(), Bytes::from_static(body.as_bytes()));
        GhlDialect.fault(RawReply::new(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            &body,
        ))
    }

    #[test]
    fn the_overloaded_401_is_told_apart() {
        let table = [
            (
                r#"{"statusCode":401,"message":"Invalid JWT"}"#,
                ErrorKind::Auth,
                None,
                Credential::Expired,
            ),
            (
                r#"{"message":"version header was not found."}"#,
                ErrorKind::Config,
                Some("version_missing"),
                Credential::Unaffected,
            ),
            (
                r#"{"statusCode":401,"message":"The token is not authorized for this scope."}"#,
                ErrorKind::Permission,
                Some("missing_scope"),
                Credential::Unaffected,
            ),
            (
                r#"{"message":"Token's user type mismatch!"}"#,
                ErrorKind::Permission,
                Some("token_class"),
                Credential::Unaffected,
            ),
            (
                r#"{"message":"This authClass type is not allowed to access this scope. Please verify your IAM configuration if this is not the case."}"#,
                ErrorKind::Permission,
                Some("token_class"),
                Credential::Unaffected,
            ),
            ("<html>", ErrorKind::Auth, None, Credential::Expired),
            ("", ErrorKind::Auth, None, Credential::Expired),
        ];
        for (body, kind, code, credential) in table {
            let fault = fault(401, body);
            assert_eq!(
                (fault.kind, fault.code.as_deref(), fault.credential),
                (kind, code, credential),
                "{body}"
            );
        }
    }

    #[test]
    fn both_generations_of_envelopes_are_read() {
        let dated = fault(
            422,
            r#"{"statusCode":422,"message":["email must be an email","property x should not exist"],"error":"Unprocessable Entity","traceId":"t-1"}"#,
        );
        assert_eq!(dated.kind, ErrorKind::Validation);
        assert_eq!(dated.request_id.as_deref(), Some("t-1"));
        assert_eq!(
            dated.fields,
            [
                FieldError::new("/email", "must be an email"),
                FieldError::new("/x", "should not exist")
            ]
        );
        let v3 = fault(
            404,
            r#"{"error":{"code":"RESOURCE_NOT_FOUND","message":"gone","details":{}}}"#,
        );
        assert_eq!(
            (v3.kind, v3.code.as_deref()),
            (ErrorKind::NotFound, Some("RESOURCE_NOT_FOUND"))
        );
    }

    #[test]
    fn a_400_about_an_id_is_not_found() {
        let gone = fault(
            400,
            r#"{"statusCode":400,"message":"Contact with id ab12 not found"}"#,
        );
        assert_eq!(
            (gone.kind, gone.code.as_deref()),
            (ErrorKind::NotFound, Some("not_found"))
        );
        let other = fault(400, r#"{"message":"Sender number not found for SMS"}"#);
        assert_eq!(other.kind, ErrorKind::Validation);
    }

    #[test]
    fn messages_that_quote_values_stay_out() {
        let fault = fault(
            422,
            r#"{"message":["email jane@example.com is taken","phone must not be '+12025550123'"]}"#,
        );
        assert_eq!(fault.fields, []);
    }

    #[test]
    fn the_five_headers_are_read() {
        let headers: HeaderMap = [
            ("x-ratelimit-limit-daily", "200000"),
            ("x-ratelimit-daily-remaining", "199999"),
            ("x-ratelimit-interval-milliseconds", "10000"),
            ("x-ratelimit-max", "100"),
            ("x-ratelimit-remaining", "99"),
        ]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
        let signal = GhlDialect.limits(&headers);
        assert_eq!(
            (signal.max, signal.remaining, signal.per),
            (Some(100), Some(99), Some(Duration::from_secs(10)))
        );
        assert_eq!(
            (signal.daily_limit, signal.daily_remaining),
            (Some(200_000), Some(199_999))
        );
    }
}
