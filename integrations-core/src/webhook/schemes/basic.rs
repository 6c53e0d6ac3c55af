use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::wire;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

const HEADER: &str = "authorization";

/// HTTP Basic (Aloware, Pipedrive): proves the sender, not the body. The password may hold colons.
///
/// Secrets: the password unnamed, the user as `user`; several of each may be current.
#[derive(Debug, Clone, Copy, Default)]
pub struct Basic;

impl Basic {
    /// The name under which [`Secrets`] holds the user.
    pub const USER: &'static str = "user";

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        const MALFORMED: Rejection = Rejection::MalformedHeader(HEADER);
        wire::require_secret(secrets)?;
        let (scheme, encoded) = raw.header(HEADER)?.split_once(' ').ok_or(MALFORMED)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(MALFORMED);
        }
        let pair = STANDARD
            .decode(encoded.trim_start_matches(' '))
            .map(Zeroizing::new)
            .map_err(|_| MALFORMED)?;
        let colon = pair
            .iter()
            .position(|&byte| byte == b':')
            .ok_or(MALFORMED)?;
        let (user, password) = (&pair[..colon], &pair[colon + 1..]);
        // Both are compared, whichever fails, so that the time does not tell which one it was.
        let user = wire::matching_token(secrets, Self::USER, user);
        let password = wire::matching_token(secrets, "", password);
        user?;
        Ok(Verified::new(raw, "basic", password?, received_at))
    }
}

verifier!(Basic);
