use jiff::Timestamp;

use super::macros::record;
use super::{Calendar, Contact, ExternalId, User};
use crate::email::EmailAddress;

crate::open_enum! {
    /// How an appointment stands.
    pub enum AppointmentStatus {
        /// Asked for or booked, not confirmed.
        Tentative = "tentative" | "new" | "booked" | "pending",
        /// Confirmed.
        Confirmed = "confirmed" | "accepted",
        /// Cancelled.
        Cancelled = "cancelled" | "canceled",
        /// The person came.
        Attended = "attended" | "showed" | "completed",
        /// The person did not come.
        NoShow = "no_show" | "noshow" | "missed",
    }
}

record! {
    /// A meeting on a calendar.
    pub struct Appointment {
        shown {
            /// The provider's id.
            id: ExternalId<Appointment> => with_id,
            /// The calendar.
            calendar: ExternalId<Calendar> => with_calendar,
            /// The person it is with.
            contact: ExternalId<Contact> => with_contact,
            /// The user who holds it.
            owner: ExternalId<User> => with_owner,
            /// How it stands.
            status: AppointmentStatus => with_status,
            /// Starts.
            starts_at: Timestamp => with_starts_at,
            /// Ends.
            ends_at: Timestamp => with_ends_at,
            /// IANA time zone that it was made in.
            timezone: String => with_timezone,
            /// Whether it takes whole days.
            all_day: bool => with_all_day,
            /// Created at the source.
            created_at: Timestamp => with_created_at,
            /// Last changed at the source.
            updated_at: Timestamp => with_updated_at,
        }
        hidden {
            /// Title.
            title: String => with_title,
            /// Place, in words.
            location: String => with_location,
            /// Link of a video meeting. It may carry a passcode: do not log.
            meeting_url: String => with_meeting_url,
            /// Notes or description.
            notes: String => with_notes,
        }
        plain {
            /// Who else is invited.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            attendees: Vec<EmailAddress>,
        }
    }
}
