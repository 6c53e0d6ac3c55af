use jiff::Timestamp;
use serde::Serialize;

use super::source::{BroadcastRecord, RecipientStatus, Recipients};
use crate::comms::BroadcastKind;

/// The numbers of a broadcast. Rates are percentages of two decimals, 0 of nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BroadcastAnalytics {
    /// The subject; without one, the medium and the start of the id.
    pub broadcast_name: String,
    /// `SMS` or `Email`.
    pub channel: String,
    /// When it began.
    pub sent_at: Option<Timestamp>,
    /// All receivers.
    pub recipients: u64,
    /// Those it was tried for: delivered or failed.
    pub sent: u64,
    /// Those it reached.
    pub delivered: u64,
    /// Those it is still on its way to.
    pub pending: u64,
    /// Those it did not reach, bounces included.
    pub failed: u64,
    /// Those who answered within seven days.
    pub responses: u64,
    /// Those it reached and who made an appointment since.
    pub appointments_set: u64,
    /// Delivered of sent.
    pub delivery_rate: f64,
    /// Answered of delivered.
    pub response_rate: f64,
    /// Failed of sent.
    pub failure_rate: f64,
    /// Appointments of answered.
    pub conversion_rate: f64,
}

impl BroadcastAnalytics {
    /// Puts the numbers together.
    #[must_use]
    pub fn of(
        broadcast: &BroadcastRecord,
        recipients: &Recipients,
        responses: u64,
        appointments: u64,
    ) -> Self {
        let count = |wanted: &dyn Fn(&RecipientStatus) -> bool| {
            let counts = recipients.counts.iter();
            let wanted = counts.filter(|(status, _)| wanted(status));
            wanted.map(|(_, count)| count).sum::<u64>()
        };
        let delivered = count(&|status| status.is_delivered(&broadcast.kind));
        let failed =
            count(&|status| matches!(status, RecipientStatus::Failed | RecipientStatus::Bounced));
        let pending = count(&|status| match status {
            RecipientStatus::Pending => true,
            RecipientStatus::Sent => !status.is_delivered(&broadcast.kind),
            _ => false,
        });
        let sent = delivered + failed;
        let (channel, noun) = match &broadcast.kind {
            BroadcastKind::Sms => ("SMS", "SMS"),
            BroadcastKind::Email => ("Email", "Email"),
            BroadcastKind::Unknown(_) => (broadcast.kind.as_str(), broadcast.kind.as_str()),
        };
        let subject = broadcast.subject.as_deref().map(str::trim);
        let name = match subject.filter(|subject| !subject.is_empty()) {
            Some(subject) => subject.to_owned(),
            None => {
                let start: String = broadcast.id.as_str().chars().take(8).collect();
                format!("{noun} Broadcast {start}")
            }
        };
        Self {
            broadcast_name: name,
            channel: channel.to_owned(),
            sent_at: broadcast.executed_at.or(recipients.first_sent_at),
            recipients: recipients.total(),
            sent,
            delivered,
            pending,
            failed,
            responses,
            appointments_set: appointments,
            delivery_rate: percent(delivered, sent),
            response_rate: percent(responses, delivered),
            failure_rate: percent(failed, sent),
            conversion_rate: percent(appointments, responses),
        }
    }
}

/// A percentage of two decimals, rounded half up; 0 of nothing.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let hundredths = (part * 20_000 + whole) / (2 * whole);
    #[expect(clippy::cast_precision_loss, reason = "two decimals of a percentage")]
    let hundredths = hundredths as f64;
    hundredths / 100.0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn figures(kind: BroadcastKind, counts: &[(RecipientStatus, u64)]) -> BroadcastAnalytics {
        let broadcast = BroadcastRecord::new("0123456789abcdef", kind);
        let counts: BTreeMap<_, _> = counts.iter().cloned().collect();
        BroadcastAnalytics::of(&broadcast, &Recipients::new(counts, None), 3, 1)
    }

    #[test]
    fn a_text_message_counts_as_delivered_once_it_is_sent() {
        use RecipientStatus::{Bounced, Failed, OptedOut, Pending, Sent};
        let counts = [
            (Sent, 6),
            (Failed, 2),
            (Bounced, 1),
            (Pending, 4),
            (OptedOut, 1),
        ];
        let sms = figures(BroadcastKind::Sms, &counts);
        assert_eq!(
            (
                sms.recipients,
                sms.sent,
                sms.delivered,
                sms.failed,
                sms.pending
            ),
            (14, 9, 6, 3, 4)
        );
        assert_eq!((sms.delivery_rate, sms.failure_rate), (66.67, 33.33));
        assert_eq!((sms.response_rate, sms.conversion_rate), (50.0, 33.33));
        assert_eq!(sms.broadcast_name, "SMS Broadcast 01234567");
        let email = figures(BroadcastKind::Email, &counts);
        assert_eq!((email.sent, email.delivered, email.pending), (3, 0, 10));
        assert_eq!((email.delivery_rate, email.response_rate), (0.0, 0.0));
    }

    #[test]
    fn nothing_is_no_division_by_zero() {
        let none = figures(BroadcastKind::Email, &[]);
        assert_eq!((none.delivery_rate, none.failure_rate), (0.0, 0.0));
        assert_eq!(percent(u64::MAX, u64::MAX), 100.0);
        assert_eq!(percent(1, 3), 33.33);
        assert_eq!(percent(2, 3), 66.67);
    }

    #[test]
    fn the_names_of_the_document() {
        let json = serde_json::to_value(figures(BroadcastKind::Sms, &[])).unwrap();
        let names: Vec<_> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        for name in [
            "broadcastName",
            "channel",
            "sentAt",
            "recipients",
            "sent",
            "delivered",
            "pending",
            "failed",
            "responses",
            "appointmentsSet",
            "deliveryRate",
            "responseRate",
            "failureRate",
            "conversionRate",
        ] {
            assert!(names.contains(&name), "{name}");
        }
        assert_eq!(names.len(), 14);
    }
}
