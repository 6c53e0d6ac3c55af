use crate::enums::{CommunicationType, Direction, DispositionStatus};

/// What an event is about, whichever of its names it comes under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// A contact was created.
    ContactCreated,
    /// A contact was changed.
    ContactUpdated,
    /// A contact's state as a lead was set.
    ContactDisposed,
    /// A contact may not be called any more, or again.
    ContactDncUpdated,
    /// A call or message began.
    CommunicationInitiated,
    /// A call or message ended.
    CommunicationDisposed,
    /// An appointment was made or changed.
    AppointmentSaved,
    /// A call ended: the same state as that of [`CommunicationDisposed`](Self::CommunicationDisposed), under another name.
    CallDisposed,
    /// A voicemail was recorded.
    VoicemailSaved,
    /// A recording is ready.
    RecordingSaved,
    /// A transcription is ready.
    TranscriptionSaved,
    /// A summary is ready.
    CallSummarized,
    /// None of these.
    Other,
}

impl Family {
    /// Those that the provider lets one subscribe to.
    pub const KNOWN: [Self; 12] = [
        Self::ContactCreated,
        Self::ContactUpdated,
        Self::ContactDisposed,
        Self::ContactDncUpdated,
        Self::CommunicationInitiated,
        Self::CommunicationDisposed,
        Self::AppointmentSaved,
        Self::CallDisposed,
        Self::VoicemailSaved,
        Self::RecordingSaved,
        Self::TranscriptionSaved,
        Self::CallSummarized,
    ];
}

/// The name of an event, read.
///
/// The provider spells names in three ways in one stream: as in its settings (`Call Disposed`, also `Call-Disposed` and
/// `CallDisposed`), by its own slugs (`call.disposed`, `transcription.call.summarized`), and put together from what
/// happened (`OutboundPhoneCall-DispositionCompleted`). Dashes, dots, spaces and case do not count.
///
/// ```
/// use aloware_client::enums::{CommunicationType, DispositionStatus};
/// use aloware_client::webhook::{EventName, Family};
///
/// let name = EventName::parse("InboundPhoneCall-DispositionMissed");
/// assert_eq!(name.family, Family::CommunicationDisposed);
/// assert_eq!(name.kind, Some(CommunicationType::Call));
/// assert_eq!(name.disposition, Some(DispositionStatus::Missed));
/// for spelling in ["Call Disposed", "Call-Disposed", "call.disposed"] {
///     assert_eq!(EventName::parse(spelling).family, Family::CallDisposed);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventName {
    /// What it is about.
    pub family: Family,
    /// Which way it went, where the name says so.
    pub direction: Option<Direction>,
    /// What kind of communication it is, where the name says so.
    pub kind: Option<CommunicationType>,
    /// How it ended, where the name says so.
    pub disposition: Option<DispositionStatus>,
}

impl EventName {
    /// Reads a name as the provider writes it.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let plain: String = name
            .chars()
            .filter(|c| !matches!(c, '-' | '_' | '.') && !c.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect();
        let of = |family| Self {
            family,
            direction: None,
            kind: None,
            disposition: None,
        };
        match plain.as_str() {
            "contactcreated" | "contactcreate" => of(Family::ContactCreated),
            "contactupdated" | "contactupdate" => of(Family::ContactUpdated),
            "contactdisposed" => of(Family::ContactDisposed),
            "contactdncupdated" | "contactdnc" | "dncupdated" => of(Family::ContactDncUpdated),
            "communicationinitiated" => of(Family::CommunicationInitiated),
            "communicationdisposed" => of(Family::CommunicationDisposed),
            "appointmentsaved" => of(Family::AppointmentSaved),
            "calldisposed" => of(Family::CallDisposed),
            "voicemailsaved" => of(Family::VoicemailSaved),
            "recordingsaved" => of(Family::RecordingSaved),
            "transcriptionsaved" | "transcriptioncallsaved" | "transcriptionopensearchsaved" => {
                of(Family::TranscriptionSaved)
            }
            "callsummarized" | "transcriptioncallsummarized" => of(Family::CallSummarized),
            composed => Self::composed(composed).unwrap_or_else(|| of(Family::Other)),
        }
    }

    /// `(Inbound|Outbound)(PhoneCall|SMS|…)[-Disposition(…)]`.
    fn composed(plain: &str) -> Option<Self> {
        let (direction, rest) = match plain.strip_prefix("inbound") {
            Some(rest) => (Direction::Inbound, rest),
            None => (Direction::Outbound, plain.strip_prefix("outbound")?),
        };
        let (medium, disposition) = match rest.split_once("disposition") {
            Some((medium, disposition)) => (medium, Some(disposition)),
            None => (rest, None),
        };
        let kind = match medium {
            "" => return None,
            "phonecall" | "call" => Some(CommunicationType::Call),
            "sms" | "mms" => Some(CommunicationType::Sms),
            "conference" => Some(CommunicationType::Conference),
            "rvm" => Some(CommunicationType::RinglessVoicemail),
            "email" => Some(CommunicationType::Email),
            "facebook" => Some(CommunicationType::Facebook),
            "whatsapp" => Some(CommunicationType::WhatsApp),
            "fax" => Some(CommunicationType::Fax),
            "note" => Some(CommunicationType::Note),
            "sysnote" => Some(CommunicationType::SystemNote),
            "appointment" => Some(CommunicationType::Appointment),
            "reminder" => Some(CommunicationType::Reminder),
            _ => None,
        };
        let family = match (&kind, disposition) {
            (Some(CommunicationType::Appointment), _) => Family::AppointmentSaved,
            (_, Some(_)) => Family::CommunicationDisposed,
            (_, None) => Family::CommunicationInitiated,
        };
        Some(Self {
            family,
            direction: Some(direction),
            kind,
            disposition: disposition.map(|word| match word {
                "inprogress" => DispositionStatus::InProgress,
                "deadend" => DispositionStatus::DeadEnd,
                "missed+voicemail" | "missedvoicemail" => DispositionStatus::MissedVoicemail,
                word => word.into(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings_of_every_family() {
        for (family, names) in [
            (
                Family::ContactCreated,
                ["Contact Created", "contact.created", "ContactCreated"],
            ),
            (
                Family::ContactUpdated,
                ["Contact Updated", "contact.updated", "Contact-Updated"],
            ),
            (
                Family::ContactDisposed,
                ["Contact Disposed", "contact.disposed", "ContactDisposed"],
            ),
            (
                Family::ContactDncUpdated,
                [
                    "Contact DNC Updated",
                    "contact.dnc_updated",
                    "ContactDncUpdated",
                ],
            ),
            (
                Family::CommunicationInitiated,
                [
                    "Communication Initiated",
                    "communication.initiated",
                    "OutboundPhoneCall",
                ],
            ),
            (
                Family::CommunicationDisposed,
                [
                    "Communication Disposed",
                    "communication.disposed",
                    "OutboundSMS-DispositionInvalid",
                ],
            ),
            (
                Family::AppointmentSaved,
                [
                    "Appointment Saved",
                    "appointment.saved",
                    "OutboundAppointment",
                ],
            ),
            (
                Family::CallDisposed,
                ["Call Disposed", "call.disposed", "Call-Disposed"],
            ),
            (
                Family::VoicemailSaved,
                ["Voicemail Saved", "voicemail.saved", "Voicemail-Saved"],
            ),
            (
                Family::RecordingSaved,
                ["Recording Saved", "recording.saved", "Recording-Saved"],
            ),
            (
                Family::TranscriptionSaved,
                [
                    "Transcription Saved",
                    "transcription.open_search.saved",
                    "Transcription-Saved",
                ],
            ),
            (
                Family::CallSummarized,
                [
                    "Call Summarized",
                    "transcription.call.summarized",
                    "Call-Summarized",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(EventName::parse(name).family, family, "{name}");
            }
        }
        assert_eq!(Family::KNOWN.len(), 12);
    }

    #[test]
    fn what_is_new_is_other_or_of_a_new_kind() {
        for name in [
            "",
            "FutureThing",
            "Inbound",
            "Outbound",
            "disposition",
            "Call",
        ] {
            assert_eq!(EventName::parse(name).family, Family::Other, "{name}");
        }
        let new = EventName::parse("OutboundTelegram-DispositionVanished");
        assert_eq!(new.family, Family::CommunicationDisposed);
        assert_eq!(new.kind, None);
        assert_eq!(
            new.disposition
                .map(|word| word.as_str().to_owned())
                .as_deref(),
            Some("vanished")
        );
    }

    #[test]
    fn fault_mistyped_transcription_event_a_summary_is_no_call() {
        let name = EventName::parse("transcription.call.summarized");
        assert_eq!(name.family, Family::CallSummarized);
        assert_eq!(name.kind, None);
    }
}
