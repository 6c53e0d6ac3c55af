//! Answers in the form of the envelope.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::refusal::{Code, Refusal};
use super::scrub::{redact, scrub, tame};

/// What an answer says of the call.
#[derive(Debug, Serialize)]
pub(super) struct Meta<'a> {
    /// As the caller wrote it.
    pub(super) endpoint: &'a str,
    pub(super) method: &'a str,
    pub(super) status: u16,
    /// Milliseconds.
    pub(super) duration: u64,
    pub(super) timestamp: String,
}

#[derive(Serialize)]
pub(super) struct Problem<'a> {
    pub(super) message: &'a str,
    pub(super) code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<&'a Value>,
}

#[derive(Serialize)]
struct Envelope<'a, D> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<&'a Meta<'a>>,
}

/// What the upstream answered, whole.
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) is_json: bool,
    pub(super) retry_after: Option<HeaderValue>,
    pub(super) body: Bytes,
}

/// Whether a media type is JSON's.
pub(super) fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    let subtype = subtype.to_ascii_lowercase();
    kind.eq_ignore_ascii_case("application") && (subtype == "json" || subtype.ends_with("+json"))
}

impl Whole {
    /// The answer in an envelope. `secrets` are those of the call, which no message repeats.
    ///
    /// # Errors
    /// When it says that it is JSON and is not.
    pub(super) fn wrap(
        &self,
        meta: &Meta<'_>,
        production: bool,
        secrets: &[&str],
    ) -> Result<Response, Refusal> {
        let status = http_status(self.status);
        if self.status.is_success() {
            if !self.is_json {
                let text = String::from_utf8_lossy(&self.body);
                return Ok(json(status, &success(text, Some(meta))));
            }
            if self.body.trim_ascii().is_empty() {
                return Ok(json(status, &success(Value::Null, Some(meta))));
            }
            // As it was written: numbers keep their digits.
            let raw: &RawValue = serde_json::from_slice(&self.body).map_err(|_| {
                Refusal::proxy_error("The upstream's answer is not the JSON that it says")
            })?;
            return Ok(json(status, &success(raw, Some(meta))));
        }
        let details: Value = match self.is_json {
            true => serde_json::from_slice(&self.body).unwrap_or_default(),
            false => String::from_utf8_lossy(&self.body).into(),
        };
        let said = details.get("error").and_then(Value::as_str);
        let message = match said {
            Some(said) if production => scrub(said),
            Some(said) => tame(said),
            None => String::new(),
        };
        let message = redact(message, secrets);
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let code = format!("HTTP_{}", self.status.as_u16());
        let envelope = Envelope::<Value> {
            success: false,
            data: None,
            error: Some(Problem {
                message: if message.is_empty() { reason } else { &message },
                code: &code,
                details: Some(&details).filter(|details| !production && !details.is_null()),
            }),
            meta: Some(meta),
        };
        Ok(json(status, &envelope))
    }
}

/// The status of the HTTP answer: the same, where that status may have a body.
fn http_status(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => {
            StatusCode::OK
        }
        status if status.is_informational() => StatusCode::OK,
        status => status,
    }
}

fn success<'a, D: Serialize>(data: D, meta: Option<&'a Meta<'a>>) -> Envelope<'a, D> {
    Envelope {
        success: true,
        data: Some(data),
        error: None,
        meta,
    }
}

/// `{"success":true,"data":…}`
pub(super) fn data(data: &Value) -> Response {
    json(StatusCode::OK, &success(data, None))
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            let kind = HeaderValue::from_static("application/json");
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, kind);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        // Texts, numbers and JSON can all be written.
        Err(_) => super::refusal::bare(Code::ProxyError.status()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        let is = |text: &'static str| is_json(Some(&HeaderValue::from_static(text)));
        for yes in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
        ] {
            assert!(is(yes), "{yes}");
        }
        for no in [
            "",
            "text/html",
            "text/plain; application/json",
            "application/jsonp",
            "json",
        ] {
            assert!(!is(no), "{no}");
        }
        assert!(!is_json(None));
    }
}
