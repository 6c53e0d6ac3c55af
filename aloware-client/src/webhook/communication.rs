use integrations_core::{Timestamp, object};
use serde_json::Value;

use super::RecordingUrl;
use crate::contacts::Contact;
use crate::enums::{CommunicationType, CurrentStatus, Direction, DispositionStatus};
use crate::ids::{
    CommunicationId, ContactId, DispositionId, LineId, RingGroupId, SequenceId, UserId,
};

object! {
    /// A call, message or appointment, as events tell of it. What has not happened yet is not there.
    pub struct Communication {
        rest {
            /// Members that the provider does not document.
            extra,
        }
        /// The id.
        id: Option<CommunicationId> = "id",
        /// The contact.
        contact_id: Option<ContactId> = "contact_id",
        /// Which attempt it is.
        attempt: Option<i64> = "attempt",
        /// Which way it went.
        direction: Option<Direction> = "direction",
        /// What kind it is.
        kind: Option<CommunicationType> = "type",
        /// The user who talked; nobody at first.
        user_id: Option<UserId> = "user_id",
        /// Whose contact it is; `-1` is the company's.
        owner_id: Option<UserId> = "owner_id",
        /// The ring group.
        ring_group_id: Option<RingGroupId> = "ring_group_id",
        /// Our line.
        line_id: Option<LineId> = "campaign_id",
        /// Our number, also of what we sent.
        our_number: Option<String> = "incoming_number",
        /// The contact's number.
        lead_number: Option<String> = "lead_number",
        /// What began it.
        creator_type: Option<String> = "creator_type",
        /// Where it is.
        current_status: Option<CurrentStatus> = "current_status2",
        /// The same in words; not there at first.
        current_status_text: Option<String> = "current_status",
        /// How it ended.
        disposition_status: Option<DispositionStatus> = "disposition_status2",
        /// The same in words; not there at first.
        disposition_status_text: Option<String> = "disposition_status",
        /// What an agent, or the provider by itself, noted about it: the account's own words. Those that the provider sets can
        /// be wrong ("No Answer" after a minute of talk).
        call_disposition: Option<String> = "call_disposition",
        /// Its id.
        call_disposition_id: Option<DispositionId> = "call_disposition_id",
        /// The state of the contact's leg.
        customer_leg_status: Option<i64> = "customer_leg_status",
        /// Seconds until somebody answered.
        wait_time: Option<i64> = "wait_time",
        /// Seconds of talk.
        talk_time: Option<i64> = "talk_time",
        /// Seconds in all.
        duration: Option<i64> = "duration",
        /// Seconds on hold.
        hold_time: Option<i64> = "hold_time",
        /// When it began.
        created_at: Option<Timestamp> = "created_at",
        /// When the provider changed it last.
        updated_at: Option<Timestamp> = "updated_at",
        /// Whether there is a recording.
        has_recording: Option<bool> = "has_recording",
        /// Where it is; not there at first.
        recording: Option<RecordingUrl> = "direct_recording_url",
        /// Whether there is a transcription; `false` may be out of date.
        has_transcription: Option<bool> = "has_transcription",
        /// A summary.
        call_summary: Option<String> = "call_summary",
        /// The text of a message.
        message: Option<String> = "body" | "message",
        /// What automation began it.
        workflow_id: Option<String> = "workflow_id",
        /// What broadcast it is part of.
        broadcast_id: Option<String> = "broadcast_id",
        /// What sequence it is part of.
        sequence_id: Option<SequenceId> = "sequence_id",
        /// How satisfied the contact was.
        csat_score: Value = "csat_score",
        /// What else was measured.
        engagement_data: Value = "engagement_data",
        /// The account's own data.
        public_metadata: Value = "public_metadata",
        /// The contact as it was then.
        contact: Option<Box<Contact>> = "contact",
    }
}

impl Communication {
    /// The contact's id: its own, or that of the contact that comes with it.
    #[must_use]
    pub fn contact_id(&self) -> Option<&ContactId> {
        let inner = self
            .contact
            .as_ref()
            .and_then(|contact| contact.id.as_ref());
        self.contact_id.as_ref().or(inner)
    }
}
