//! What each provider must be answered, from its documented retries and punishments.

use http::StatusCode;

use crate::webhook::ReplyPolicy;

impl ReplyPolicy {
    const fn busy(status: StatusCode) -> Self {
        let mut policy = Self::DEFAULT;
        policy.busy = Some(status);
        policy
    }

    /// GoHighLevel: 429 is the one failure that it comes back after under its old and its new retry rules.
    pub const GHL: Self = Self::busy(StatusCode::TOO_MANY_REQUESTS);
    /// Slack: three retries, at once, after a minute and after five.
    pub const SLACK: Self = Self::busy(StatusCode::INTERNAL_SERVER_ERROR);
    /// Twilio: a 5xx makes it call the fallback URL, when one is set.
    pub const TWILIO: Self = Self::DEFAULT;
    /// Stripe: any failure, for three days.
    pub const STRIPE: Self = Self::DEFAULT;
    /// HubSpot: ten retries over 24 hours.
    pub const HUBSPOT: Self = Self::DEFAULT;
    /// Salesforce outbound messages: anything but an `Ack` of true is sent again for 24 hours.
    pub const SALESFORCE: Self = Self::DEFAULT;
    /// Pipedrive: ten failures ban the hook for half an hour, in which events are lost, so it is never told "not now".
    pub const PIPEDRIVE: Self = {
        let mut policy = Self::DEFAULT;
        policy.busy = None;
        policy
    };
    /// Notion: eight attempts over 24 hours.
    pub const NOTION: Self = Self::DEFAULT;
    /// Meta: retries for hours.
    pub const META: Self = Self::DEFAULT;
    /// Google Pub/Sub (Gmail): any failure, until the message's retention ends.
    pub const GOOGLE_PUBSUB: Self = Self::DEFAULT;
    /// Google Calendar and Drive channels: retries only after 500, 502, 503 and 504.
    pub const GOOGLE_CHANNEL: Self = Self::busy(StatusCode::SERVICE_UNAVAILABLE);
    /// Microsoft Graph: 202 within three seconds; retries for four hours, and drops notifications of slow endpoints.
    pub const GRAPH: Self = {
        let mut policy = Self::busy(StatusCode::SERVICE_UNAVAILABLE);
        policy.accepted = StatusCode::ACCEPTED;
        policy
    };
    /// Svix, Clerk and others of the Standard Webhooks family: seven retries over a day; never 410, which disables the
    /// endpoint.
    pub const STANDARD_WEBHOOKS: Self = Self::DEFAULT;
    /// Nango: two retries, and five failures in ten seconds open its breaker for a minute.
    pub const NANGO: Self = Self::DEFAULT;
    /// Aloware: never comes back, whatever it is answered, and waits two minutes for an answer: be slow rather than fail.
    pub const ALOWARE: Self = Self::DEFAULT;
    /// Verity: undocumented.
    pub const VERITY: Self = Self::DEFAULT;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Outcome, Rejection};

    #[test]
    fn each_provider_gets_its_own_words() {
        let status = |policy: ReplyPolicy, outcome| policy.reply(outcome).status.as_u16();
        for (policy, accepted, busy) in [
            (ReplyPolicy::GHL, 200, 429),
            (ReplyPolicy::SLACK, 200, 500),
            (ReplyPolicy::PIPEDRIVE, 200, 200),
            (ReplyPolicy::GRAPH, 202, 503),
            (ReplyPolicy::GOOGLE_CHANNEL, 200, 503),
            (ReplyPolicy::STANDARD_WEBHOOKS, 200, 503),
        ] {
            assert_eq!(status(policy, Outcome::Accepted), accepted);
            assert_eq!(status(policy, Outcome::Duplicate), accepted);
            assert_eq!(status(policy, Outcome::Ignored), accepted);
            assert_eq!(status(policy, Outcome::Busy), busy);
            assert_eq!(
                status(policy, Outcome::Rejected(Rejection::BadSignature)),
                401
            );
        }
    }
}
