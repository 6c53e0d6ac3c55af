use std::sync::Arc;

use jiff::Timestamp;

use super::jwks::KeySource;
use super::jwt;
use crate::secret::constant_time_eq;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

const HEADER: &str = "authorization";

/// Google Pub/Sub push (Gmail): an OpenID Connect token in `Authorization`, RS256 only, from Google, for our audience,
/// of our service account. It proves the sender, not the body. Deduplicate by `message.messageId`.
///
/// The keys are the caller's to fetch: see [`KeySource`]. [`Secrets`] are not used.
#[derive(Debug, Clone)]
pub struct GooglePubSub {
    keys: Arc<dyn KeySource>,
    audiences: Vec<String>,
    email: String,
}

impl GooglePubSub {
    /// Tokens under these keys, for the audience and of the service account that the push subscription was made with.
    #[must_use]
    pub fn new(
        keys: impl KeySource + 'static,
        audience: impl Into<String>,
        service_account: impl Into<String>,
    ) -> Self {
        Self {
            keys: Arc::new(keys),
            audiences: vec![audience.into()],
            email: service_account.into(),
        }
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        _secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        const MALFORMED: Rejection = Rejection::MalformedHeader(HEADER);
        if self.email.is_empty() || self.audiences.iter().any(String::is_empty) {
            return Err(Rejection::NoSecret);
        }
        let (scheme, token) = raw.header(HEADER)?.split_once(' ').ok_or(MALFORMED)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(MALFORMED);
        }
        let claims = jwt::verify(token, &*self.keys, received_at, MALFORMED)?;
        let email = claims.email.as_deref().unwrap_or_default();
        let genuine = matches!(
            claims.iss.as_str(),
            "https://accounts.google.com" | "accounts.google.com"
        ) && claims.is_for(&self.audiences)
            && claims.email_verified == Some(true)
            && constant_time_eq(email.as_bytes(), self.email.as_bytes());
        if genuine {
            Ok(Verified::new(raw, "google_pubsub", 0, received_at))
        } else {
            Err(Rejection::BadToken)
        }
    }
}

verifier!(GooglePubSub);
