use async_trait::async_trait;
use http::{HeaderValue, Method};
use integrations_core::http::{Authorizer, Body, Outgoing};
use integrations_core::{AccessToken, Error, ErrorKind, Result};
use zeroize::Zeroizing;

/// The name of the token, in the query and in the body.
pub(crate) const API_TOKEN: &str = "api_token";

/// Puts the token where the provider looks for it: in the query of a GET, in the JSON body of everything else.
///
/// It is added to each attempt on its way out, so that no request, log line or error can hold it.
#[derive(Debug, Clone)]
pub(crate) struct TokenAuth(AccessToken);

impl TokenAuth {
    /// Sends this token.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when it is empty or holds what no token does: it was copied with something around it.
    pub(crate) fn new(token: AccessToken) -> Result<Self> {
        let text = token.expose_secret();
        let problem = if text.trim().is_empty() {
            "the API token is empty: paste it as Aloware shows it under Integrations, API Tokens"
        } else if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            "the API token holds spaces or line ends: copy it again, without anything around it"
        } else {
            return Ok(Self(token));
        };
        Err(Error::new(ErrorKind::Auth, problem).with_provider(crate::PROVIDER))
    }
}

#[async_trait]
impl Authorizer for TokenAuth {
    async fn authorize(&self, request: &mut Outgoing) -> Result<()> {
        let token = self.0.expose_secret();
        if request.method == Method::GET {
            request.url.query_pairs_mut().append_pair(API_TOKEN, token);
            return Ok(());
        }
        let object = match &request.body {
            Body::Empty => &b"{}"[..],
            Body::Bytes(text) => text,
            _ => &[],
        };
        let rest = object.strip_prefix(b"{").ok_or_else(|| {
            Error::new(
                ErrorKind::Validation,
                "the body must be a JSON object: the token travels in it",
            )
        })?;
        let quoted = Zeroizing::new(serde_json::to_string(token).unwrap_or_default());
        let mut text = format!("{{\"{API_TOKEN}\":{}", quoted.as_str()).into_bytes();
        if rest.trim_ascii_start() != b"}" {
            text.push(b',');
        }
        text.extend_from_slice(rest);
        request.body = Body::json_text(text, &mut request.headers);
        Ok(())
    }

    /// A token of this provider does not change.
    async fn renew(&self, _: Option<&HeaderValue>) -> Result<bool> {
        Ok(false)
    }
}
