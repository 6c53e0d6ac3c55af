use jiff::Timestamp;

use super::macros::record;
use super::{Contact, ExternalId, Opportunity, User};

crate::open_enum! {
    /// What an activity is.
    pub enum ActivityKind {
        /// A note.
        Note = "note",
        /// Something to do.
        Task = "task",
        /// A call that was logged by hand.
        Call = "call",
        /// A meeting that was logged by hand.
        Meeting = "meeting",
        /// An e-mail that was logged by hand.
        Email = "email",
    }
}

record! {
    /// An entry on the timeline of a contact or deal: a note, a task, a logged call.
    pub struct Activity {
        shown {
            /// The provider's id.
            id: ExternalId<Activity> => with_id,
            /// What it is.
            kind: ActivityKind => with_kind,
            /// The person it is about.
            contact: ExternalId<Contact> => with_contact,
            /// The deal it is about.
            opportunity: ExternalId<Opportunity> => with_opportunity,
            /// The user it belongs to.
            owner: ExternalId<User> => with_owner,
            /// Whether a task is done.
            done: bool => with_done,
            /// When a task is due.
            due_at: Timestamp => with_due_at,
            /// When it happened, or was written.
            occurred_at: Timestamp => with_occurred_at,
            /// Last changed at the source.
            updated_at: Timestamp => with_updated_at,
        }
        hidden {
            /// Title.
            subject: String => with_subject,
            /// Text.
            body: String => with_body,
        }
        plain {}
    }
}
