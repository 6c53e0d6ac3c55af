//! What became of an e-mail that the provider's own service sent.

use integrations_core::open_enum;
use jiff::Timestamp;
use serde_json::Value;

use crate::ids::{CompanyId, LocationId};

open_enum! {
    /// What happened to an e-mail.
    pub enum EmailEventKind {
        /// The service took it.
        Accepted = "accepted",
        /// It arrived.
        Delivered = "delivered",
        /// It was opened.
        Opened = "opened",
        /// A link in it was followed.
        Clicked = "clicked",
        /// It did not arrive.
        Failed = "failed",
        /// The recipient wants no more.
        Unsubscribed = "unsubscribed",
        /// The recipient called it spam.
        Complained = "complained",
    }
}

integrations_core::object! {
    /// Something happened to an e-mail that went out through the provider's own service.
    pub struct EmailStatsEvent {
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// What happened, in the words of the service.
        stats: Option<EmailStats> = "webhookPayload",
    }

    /// What happened to an e-mail.
    pub struct EmailStats {
        /// What happened.
        event: Option<EmailEventKind> = "event",
        /// The service's id of it.
        id: Option<String> = "id",
        /// When it happened.
        timestamp: Option<Timestamp> = "timestamp",
        /// How bad it is, for example `info`.
        log_level: Option<String> = "log-level",
        /// How bad a failure is, for example `permanent`.
        severity: Option<String> = "severity",
        /// Why it failed.
        reason: Option<String> = "reason",
        /// Who was to get it.
        recipient: Option<String> = "recipient",
        /// The recipient's domain.
        recipient_domain: Option<String> = "recipient-domain",
        /// Who keeps the recipient's mailbox.
        recipient_provider: Option<String> = "recipient-provider",
        /// Labels.
        tags: Vec<String> = "tags",
        /// Campaigns.
        campaigns: Vec<Value> = "campaigns",
        /// What kind of e-mail it was.
        flags: Option<EmailFlags> = "flags",
        /// The e-mail.
        message: Option<EmailMessage> = "message",
        /// What the recipient's server answered.
        delivery_status: Option<DeliveryStatus> = "delivery-status",
        /// How it travelled.
        envelope: Option<EmailEnvelope> = "envelope",
    }

    /// What kind of e-mail it was.
    pub struct EmailFlags {
        /// Whether the sender was authenticated.
        is_authenticated: Option<bool> = "is-authenticated",
        /// Whether a rule of the service passed it on.
        is_routed: Option<bool> = "is-routed",
        /// Whether it was very large.
        is_big: Option<bool> = "is-big",
        /// Whether the service tested itself.
        is_system_test: Option<bool> = "is-system-test",
        /// Whether it was only a test.
        is_test_mode: Option<bool> = "is-test-mode",
    }

    /// The e-mail.
    pub struct EmailMessage {
        /// Its headers.
        headers: Option<EmailHeaders> = "headers",
        /// Its attachments.
        attachments: Vec<Value> = "attachments",
        /// Its size in bytes.
        size: Option<i64> = "size",
    }

    /// The headers of an e-mail.
    pub struct EmailHeaders {
        /// Its id.
        message_id: Option<String> = "message-id",
        /// Who sent it.
        from: Option<String> = "from",
        /// Who was to get it.
        to: Option<String> = "to",
        /// Its subject.
        subject: Option<String> = "subject",
    }

    /// What the recipient's server answered.
    pub struct DeliveryStatus {
        /// Which attempt it was.
        attempt_no: Option<i64> = "attempt-no",
        /// The answer's number.
        code: Option<i64> = "code",
        /// The answer's second number, for example `5.1.1`.
        enhanced_code: Option<String> = "enhanced-code",
        /// The answer's text.
        message: Option<String> = "message",
        /// What it means.
        description: Option<String> = "description",
        /// The server.
        mx_host: Option<String> = "mx-host",
        /// How long the connection took, in seconds.
        session_seconds: Option<f64> = "session-seconds",
        /// How long the first attempt took, in seconds.
        first_delivery_attempt_seconds: Option<f64> = "i-first-delivery-attempt-seconds",
        /// Whether the server takes UTF-8.
        utf8: Option<bool> = "utf8",
    }

    /// How an e-mail travelled.
    pub struct EmailEnvelope {
        /// Who sent it.
        sender: Option<String> = "sender",
        /// Who was to get it.
        targets: Option<String> = "targets",
        /// The protocol.
        transport: Option<String> = "transport",
        /// The address it was sent from.
        sending_ip: Option<String> = "sending-ip",
        /// The id of the pool of addresses.
        ip_pool_id: Option<String> = "i-ip-pool-id",
        /// The name of the pool of addresses.
        ip_pool_name: Option<String> = "i-ip-pool-name",
    }
}
