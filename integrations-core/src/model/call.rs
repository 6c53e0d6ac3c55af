use jiff::Timestamp;

use super::macros::record;
use super::{Contact, Direction, ExternalId, Party, User};

crate::open_enum! {
    /// How a call stands or ended.
    pub enum CallStatus {
        /// Waiting for an agent or a line.
        Queued = "queued" | "initiated",
        /// Ringing.
        Ringing = "ringing",
        /// People are talking.
        InProgress = "in_progress" | "in-progress",
        /// Answered and ended.
        Completed = "completed" | "answered",
        /// Nobody answered.
        Missed = "missed" | "no-answer" | "no_answer",
        /// The line was busy.
        Busy = "busy",
        /// Ended before an answer.
        Cancelled = "cancelled" | "canceled" | "abandoned",
        /// Ended in a voicemail.
        Voicemail = "voicemail",
        /// Could not be placed.
        Failed = "failed",
    }
}

record! {
    /// A telephone call.
    pub struct Call {
        shown {
            /// The provider's id.
            id: ExternalId<Call> => with_id,
            /// The person called or calling.
            contact: ExternalId<Contact> => with_contact,
            /// The agent.
            user: ExternalId<User> => with_user,
            /// Which way it went.
            direction: Direction => with_direction,
            /// How it stands or ended.
            status: CallStatus => with_status,
            /// The agent's or agency's own word for the result.
            disposition: String => with_disposition,
            /// Seconds from start to end, ringing included.
            duration_secs: u32 => with_duration_secs,
            /// Seconds of talk.
            talk_secs: u32 => with_talk_secs,
            /// Started.
            started_at: Timestamp => with_started_at,
            /// Last changed at the source.
            updated_at: Timestamp => with_updated_at,
        }
        hidden {
            /// Caller.
            from: Party => with_from,
            /// Callee.
            to: Party => with_to,
            /// Link to the recording. It may carry an access token: do not log.
            recording_url: String => with_recording_url,
            /// What was said.
            transcript: String => with_transcript,
            /// A summary of what was said.
            summary: String => with_summary,
            /// Notes of the agent.
            notes: String => with_notes,
        }
        plain {}
    }
}
