use http::header;
use integrations_core::http::{Dialect, Fault, RawReply};
use integrations_core::{ErrorKind, FieldError};

use crate::error::ApiError;

/// The code of an answer that is a page.
pub(crate) const UNEXPECTED_HTML: &str = "unexpected_html";

/// Aloware's error envelopes, and its habit of answering a page where there is nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlowareDialect;

impl Dialect for AlowareDialect {
    fn provider(&self) -> &'static str {
        crate::PROVIDER
    }

    fn fault(&self, reply: RawReply<'_>) -> Fault {
        let api = ApiError::parse(reply.body);
        let status = reply.status.as_u16();
        let mut fault = classify(status, &api).unwrap_or_else(|| Fault::from_status(reply.status));
        if fault.kind == ErrorKind::Validation {
            // The words may quote a value: `ApiError` has them.
            let fields = api.errors.keys().filter(|name| is_name(name));
            fault.fields = fields
                .map(|name| FieldError::new(format!("/{name}"), "was refused"))
                .collect();
        }
        fault
    }

    fn fault_in_success(&self, reply: RawReply<'_>) -> Option<Fault> {
        is_page(reply).then(|| {
            let mut fault = Fault::new(
                ErrorKind::Decode,
                "the answer is a page of HTML, not of the API: the path does not exist there, the base URL is wrong, or the provider is in maintenance",
            );
            fault.code = Some(UNEXPECTED_HTML.to_owned());
            fault
        })
    }
}

/// Unknown paths answer the provider's web application with a 200.
fn is_page(reply: RawReply<'_>) -> bool {
    let kind = reply.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let start = reply.body.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    start.starts_with(b"<")
        || essence.eq_ignore_ascii_case("text/html")
        || essence.eq_ignore_ascii_case("application/xhtml+xml")
}

fn classify(status: u16, api: &ApiError) -> Option<Fault> {
    let fault = |kind, code: &str, message: &'static str| {
        let mut fault = Fault::new(kind, message);
        fault.code = Some(code.to_owned());
        fault.retryable = Some(false);
        Some(fault)
    };
    match status {
        401 => Some(Fault::new(
            ErrorKind::Auth,
            "the API token is wrong or was revoked: copy it again from Integrations, API Tokens",
        )),
        402 => fault(
            ErrorKind::Other,
            "payment_required",
            "the account cannot pay for this: look at its billing",
        ),
        400 if api.says("phone number is empty or invalid") => fault(
            ErrorKind::Validation,
            "invalid_phone",
            "the phone number is empty or not valid: give it in E.164 form",
        ),
        404 if api.says("contact not found") => fault(
            ErrorKind::NotFound,
            "contact_not_found",
            "no contact has this phone number",
        ),
        405 => fault(
            ErrorKind::Validation,
            "method_not_allowed",
            "the path exists and takes another method",
        ),
        409 => fault(
            ErrorKind::Conflict,
            "contact_exists",
            "a contact with this phone number exists: update it with force_update",
        ),
        422 if api.says("available inbox users") => fault(
            ErrorKind::Validation,
            "no_available_user",
            "no user is available for the call: nothing was dialled, try again when somebody is",
        ),
        _ => None,
    }
}

/// Whether it is a field's name and nothing else.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !text.is_empty() && text.len() <= 64 && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    fn judged<T>(kind: &'static str, body: &'static str, judge: impl Fn(RawReply<'_>) -> T) -> T {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        judge(RawReply::new(
            StatusCode::OK,
            &headers,
            &Bytes::from_static(body.as_bytes()),
        ))
    }

    #[test]
    fn a_page_is_known_by_its_type_or_by_its_beginning() {
        for (kind, body, page) in [
            ("text/html; charset=UTF-8", "<!DOCTYPE html>", true),
            ("TEXT/HTML", "{}", true),
            ("application/json", "  \n<!doctype html>", true),
            ("", "\u{feff}<html>", true),
            ("application/json", "{\"a\":\"<b>\"}", false),
            ("application/json", "", false),
            ("", "[]", false),
        ] {
            assert_eq!(judged(kind, body, is_page), page, "{kind} {body}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let fault = |status: u16, body: &'static str| {
            let (headers, body) = (HeaderMap::new(), Bytes::from_static(body.as_bytes()));
            let status = StatusCode::from_u16(status).unwrap();
            AlowareDialect.fault(RawReply::new(status, &headers, &body))
        };
        for (status, body, kind, code) in [
            (401, "", ErrorKind::Auth, None),
            (
                400,
                r#"{"error":"Phone number is empty or invalid."}"#,
                ErrorKind::Validation,
                Some("invalid_phone"),
            ),
            (
                404,
                r#"{"error":"Contact not found."}"#,
                ErrorKind::NotFound,
                Some("contact_not_found"),
            ),
            (
                404,
                r#"{"message":"The requested contact id does not exist."}"#,
                ErrorKind::NotFound,
                None,
            ),
            (
                405,
                "<html>",
                ErrorKind::Validation,
                Some("method_not_allowed"),
            ),
            (
                409,
                r#"{"message":"Contact already exists"}"#,
                ErrorKind::Conflict,
                Some("contact_exists"),
            ),
            (
                422,
                r#"{"errors":{"user":["Oops! Looks like we can not find any available inbox users. Please try again later."]}}"#,
                ErrorKind::Validation,
                Some("no_available_user"),
            ),
            (429, "", ErrorKind::RateLimited, None),
            (500, "<html>", ErrorKind::Server, None),
        ] {
            let fault = fault(status, body);
            assert_eq!(
                (fault.kind, fault.code.as_deref()),
                (kind, code),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn fields_are_named_and_not_quoted() {
        let body = Bytes::from_static(
            br#"{"errors":{"to":["+12025550177 is not valid"],"bad name":["x"]}}"#,
        );
        let fault = AlowareDialect.fault(RawReply::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            &HeaderMap::new(),
            &body,
        ));
        assert_eq!(fault.fields, [FieldError::new("/to", "was refused")]);
    }
}
