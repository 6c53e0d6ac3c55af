//! From what an operation answered, or failed with, to the result of a tool.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use integrations_core::catalog::Answer;
use integrations_core::{Error, ErrorKind};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject, ResourceContents};
use serde_json::{Map, Value, json};

use crate::META;

/// How much of what the provider said about an error is passed on.
const MAX_WORDS: usize = 2000;

/// The result of a call that was answered.
///
/// JSON is both structured content and text; `is_declared` says that the tool has an output schema, to which nothing
/// answered is an empty object.
pub(crate) fn success(
    tool: &str,
    answer: Answer,
    is_declared: bool,
    most: usize,
) -> CallToolResult {
    if answer.body.len() > most {
        return CallToolResult::error(vec![ContentBlock::text(format!(
            "it was done ({}), but what was answered has {} bytes, and {most} are passed on at most: ask for less at once",
            answer.status.as_u16(),
            answer.body.len()
        ))]);
    }
    let content_type = answer.content_type.as_deref().unwrap_or_default();
    let media = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if answer.body.trim_ascii().is_empty() {
        let done = format!("done ({})", answer.status.as_u16());
        let mut result = CallToolResult::success(vec![ContentBlock::text(done)]);
        result.structured_content = is_declared.then(|| json!({}));
        return result;
    }
    if (media.is_empty() || media.ends_with("json"))
        && let Some(value) = answer.json()
    {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(value);
        return result;
    }
    let content = if media.starts_with("image/") {
        ContentBlock::image(STANDARD.encode(&answer.body), media)
    } else if media.starts_with("audio/") {
        ContentBlock::audio(STANDARD.encode(&answer.body), media)
    } else {
        match String::from_utf8(answer.body.into()) {
            Ok(text) => ContentBlock::text(text),
            Err(bytes) => {
                let media = match media.as_str() {
                    "" => "application/octet-stream",
                    media => media,
                };
                let blob = STANDARD.encode(bytes.as_bytes());
                let blob = ResourceContents::blob(blob, format!("answer:///{tool}"));
                ContentBlock::resource(blob.with_mime_type(media))
            }
        }
    };
    CallToolResult::success(vec![content])
}

/// The result of a call that failed: what to do about it, as text, and the same as data in `_meta`.
pub(crate) fn failure(error: &Error) -> CallToolResult {
    let mut text = error.to_string();
    if let Some(wait) = error.retry_after() {
        text.push_str(&format!("; try again in {} s", wait.as_secs().max(1)));
    }
    if let Some(words) = words(error) {
        text.push_str("\nThe answer: ");
        text.push_str(&words);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    let mut meta = Map::new();
    meta.insert(format!("{META}error"), data(error));
    result.meta = Some(MetaObject(meta));
    result
}

/// What the provider said, where that can help whoever called: not of credentials, and not a page of some gateway.
fn words(error: &Error) -> Option<String> {
    if matches!(
        error.kind(),
        ErrorKind::Auth | ErrorKind::Config | ErrorKind::Crypto
    ) {
        return None;
    }
    let value: Value = serde_json::from_slice(error.body()?).ok()?;
    let text = value.to_string();
    let cut: String = text.chars().take(MAX_WORDS).collect();
    Some(if cut.len() < text.len() {
        cut + "…"
    } else {
        cut
    })
}

fn data(error: &Error) -> Value {
    let faults: Vec<Value> = error
        .fields()
        .iter()
        .map(|fault| json!({"path": fault.path, "message": fault.message}))
        .collect();
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            data.insert(name.to_owned(), value);
        }
    };
    put("kind", format!("{:?}", error.kind()).into());
    put(
        "status",
        error.status().map(|status| status.as_u16()).into(),
    );
    put("code", error.code().into());
    put("requestId", error.request_id().into());
    put(
        "retryAfterSeconds",
        error.retry_after().map(|wait| wait.as_secs()).into(),
    );
    put("isRetryable", error.is_retryable().into());
    put("isOutcomeUnknown", error.is_outcome_unknown().into());
    if !faults.is_empty() {
        put("faults", faults.into());
    }
    Value::Object(data)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn of(content_type: &str, body: &'static [u8]) -> Value {
        let content_type = (!content_type.is_empty()).then(|| content_type.to_owned());
        let answer = Answer::new(StatusCode::OK, content_type, Bytes::from_static(body));
        serde_json::to_value(success("tool", answer, false, 100)).unwrap()
    }

    #[test]
    fn what_was_answered_decides_the_content() {
        let json = of("application/json; charset=utf-8", br#"{"a":1}"#);
        assert_eq!(json["structuredContent"], json!({"a": 1}));
        assert_eq!(json["content"][0]["text"], r#"{"a":1}"#);
        assert_eq!(
            of("application/problem+json", b"[1]")["structuredContent"],
            json!([1])
        );
        assert_eq!(of("", b"{}")["structuredContent"], json!({}));
        assert_eq!(of("application/json", b"{")["content"][0]["text"], "{");
        assert_eq!(of("text/plain", b"1")["structuredContent"], Value::Null);
        assert_eq!(of("image/png", &[0x89, 1])["content"][0]["type"], "image");
        assert_eq!(
            of("audio/x-wav", &[1, 2])["content"][0]["mimeType"],
            "audio/x-wav"
        );
        let file = of("application/pdf", &[0xff, 0xfe]);
        assert_eq!(
            file["content"][0]["resource"]["mimeType"],
            "application/pdf"
        );
        assert_eq!(file["content"][0]["resource"]["blob"], "//4=");
        assert_eq!(
            of("application/json", b" ")["content"][0]["text"],
            "done (200)"
        );
        assert_eq!(of("", b"")["isError"], false);
    }

    #[test]
    fn nothing_answered_is_an_empty_object_to_a_declared_one() {
        let answer = Answer::new(StatusCode::NO_CONTENT, None, Bytes::new());
        let result = success("tool", answer, true, 100);
        assert_eq!(result.structured_content, Some(json!({})));
    }

    #[test]
    fn too_much_is_told_and_not_passed_on() {
        let result = of("text/plain", &[b'x'; 101]);
        assert_eq!(result["isError"], true);
        assert!(
            result["content"][0]["text"]
                .as_str()
                .unwrap()
                .starts_with("it was done (200)")
        );
    }

    #[test]
    fn a_failure_says_what_to_do_and_keeps_credentials_out() {
        let body = Bytes::from_static(br#"{"message":"phone is invalid"}"#);
        let error = Error::new(ErrorKind::Validation, "look at the number")
            .with_status(StatusCode::UNPROCESSABLE_ENTITY)
            .with_body(body.clone());
        let result = serde_json::to_value(failure(&error)).unwrap();
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(
            text.contains("look at the number") && text.contains("phone is invalid"),
            "{text}"
        );
        let data = &result["_meta"][format!("{META}error")];
        assert_eq!(data["status"], 422);
        assert_eq!(data["kind"], "Validation");
        let error = Error::new(ErrorKind::Auth, "get a new token").with_body(body);
        let result = serde_json::to_value(failure(&error)).unwrap();
        assert!(!result.to_string().contains("phone"), "{result}");
        let page = Error::new(ErrorKind::Server, "").with_body(Bytes::from_static(b"<html>"));
        assert!(
            !serde_json::to_value(failure(&page))
                .unwrap()
                .to_string()
                .contains("html")
        );
    }
}
