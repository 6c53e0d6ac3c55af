use std::sync::Arc;

use serde_json::Value;

use super::profile::{Meaning, OAuthProfile};
use crate::ErrorKind;
use crate::http::{Credential, Dialect, Fault, RawReply};

/// The code of an error that says: this code or refresh token is used up, expired or revoked.
pub(super) const INVALID_GRANT: &str = "invalid_grant";
/// The code of a refusal that passes.
pub(super) const TEMPORARILY_REFUSED: &str = "temporarily_refused";

/// How a token endpoint says no.
#[derive(Debug)]
pub(super) struct TokenDialect(pub(super) Arc<OAuthProfile>);

impl Dialect for TokenDialect {
    fn provider(&self) -> &'static str {
        self.0.provider
    }

    fn fault(&self, reply: RawReply<'_>) -> Fault {
        read(&self.0, reply)
    }

    /// Some providers answer errors with 200: an object with an `error` and no token.
    fn fault_in_success(&self, reply: RawReply<'_>) -> Option<Fault> {
        let Ok(Value::Object(body)) = serde_json::from_slice(reply.body) else {
            return None;
        };
        let failed = body.get("error").is_some_and(|error| !error.is_null())
            || body.get("ok") == Some(&Value::Bool(false));
        let token = body.contains_key("access_token") || body.contains_key("accessToken");
        (failed && !token).then(|| {
            let status = http::StatusCode::BAD_REQUEST;
            read(&self.0, RawReply::new(status, reply.headers, reply.body))
        })
    }
}

fn read(profile: &OAuthProfile, reply: RawReply<'_>) -> Fault {
    let status = reply.status.as_u16();
    let text = String::from_utf8_lossy(reply.body).to_ascii_lowercase();
    let code = code(reply.body);
    let own = profile
        .refusals
        .iter()
        .find(|refusal| {
            refusal.status.is_none_or(|wanted| wanted == status)
                && text.contains(&refusal.needle.to_ascii_lowercase())
        })
        .map(|refusal| refusal.meaning);
    let mut fault = match (own, code.as_deref()) {
        (Some(Meaning::Temporary), _) => {
            let mut fault = Fault::new(
                ErrorKind::Permission,
                "the provider refuses for now, the account may be suspended: the same token works again later",
            );
            // Not within this call.
            fault.retryable = Some(false);
            fault.code = Some(TEMPORARILY_REFUSED.to_owned());
            return fault;
        }
        (Some(Meaning::InvalidGrant), _) => invalid_grant(),
        // Overload and outages are what the status says, whatever words are in the body.
        _ if status == 429 || status >= 500 => Fault::from_status(reply.status),
        (None, Some(INVALID_GRANT)) => invalid_grant(),
        (None, None) if says_invalid_grant(&text) => invalid_grant(),
        (None, Some("invalid_client" | "unauthorized_client")) => Fault::new(
            ErrorKind::Auth,
            "the client id or secret is wrong, or the application may not use this grant",
        ),
        (
            None,
            Some(
                "invalid_request"
                | "invalid_scope"
                | "unsupported_grant_type"
                | "redirect_uri_mismatch",
            ),
        ) => Fault::new(
            ErrorKind::Config,
            "the provider refuses the request: compare the application's settings there",
        ),
        (None, Some("temporarily_unavailable" | "server_error")) => {
            Fault::new(ErrorKind::Server, "the provider asks to try later")
        }
        _ => match Fault::from_status(reply.status) {
            fault if fault.kind == ErrorKind::Auth || fault.kind == ErrorKind::Validation => {
                Fault::new(ErrorKind::Auth, "the token endpoint refused the request")
            }
            fault => fault,
        },
    };
    // A token call carries no credential that could be renewed.
    fault.credential = Credential::Unaffected;
    if fault.code.is_none() {
        fault.code = code;
    }
    fault
}

fn invalid_grant() -> Fault {
    let mut fault = Fault::new(
        ErrorKind::Auth,
        "the code or refresh token is used up, expired or revoked",
    );
    fault.code = Some(INVALID_GRANT.to_owned());
    fault
}

/// In bodies without a code: `{"statusCode": 400, "message": "Invalid grant: refresh token is invalid"}`.
fn says_invalid_grant(lowercase: &str) -> bool {
    lowercase.contains("invalid_grant") || lowercase.contains("invalid grant")
}

/// The provider's error code, if it is a plain word: anything else could echo a part of the request.
fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let word = error
        .as_str()
        .or_else(|| error.get("code")?.as_str())
        .or_else(|| error.get("type")?.as_str())?;
    let plain = !word.is_empty()
        && word.len() <= 40
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    plain.then(|| word.to_owned())
}
