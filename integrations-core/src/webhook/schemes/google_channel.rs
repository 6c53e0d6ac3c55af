use jiff::Timestamp;

use super::wire;
use crate::webhook::{RawRequest, Rejection, Secrets, Verified};

const TOKEN: &str = "x-goog-channel-token";
const CHANNEL: &str = "x-goog-channel-id";
const RESOURCE: &str = "x-goog-resource-id";
const STATE: &str = "x-goog-resource-state";

/// Google Calendar and Drive push channels: the token given to `watch` comes back in `X-Goog-Channel-Token`, beside the
/// ids of the channel and the resource. No signature, no timestamp, and for Calendar no body.
///
/// Secrets: the channel's token, unnamed; `channel_id`, required; `resource_id`, checked when stored: the first message
/// of a channel can arrive before the answer to `watch` that names it.
#[derive(Debug, Clone, Copy, Default)]
pub struct GoogleChannel;

impl GoogleChannel {
    /// The name under which [`Secrets`] holds the ids of our channels.
    pub const CHANNEL_ID: &'static str = "channel_id";
    /// The name under which [`Secrets`] holds the ids of the resources they watch.
    pub const RESOURCE_ID: &'static str = "resource_id";

    /// Whether this is the hello of a new channel and not a change.
    #[must_use]
    pub fn is_sync(raw: &RawRequest) -> bool {
        raw.header(STATE) == Ok("sync")
    }

    fn check<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        wire::require_secret(secrets)?;
        let token = raw.header(TOKEN)?;
        let channel = raw.header(CHANNEL)?;
        let resource = raw.header(RESOURCE)?;
        let index = wire::matching_token(secrets, "", token.as_bytes())?;
        wire::matching_token(secrets, Self::CHANNEL_ID, channel.as_bytes())?;
        match wire::matching_token(secrets, Self::RESOURCE_ID, resource.as_bytes()) {
            Ok(_) | Err(Rejection::NoSecret) => {}
            Err(rejection) => return Err(rejection),
        }
        Ok(Verified::new(raw, "google_channel", index, received_at))
    }
}

verifier!(GoogleChannel);
