//! Notes about contacts: written, changed, deleted.

use jiff::Timestamp;

use crate::ids::{ContactId, LocationId, NoteId};

integrations_core::object! {
    /// A note about a contact was written, changed or deleted.
    pub struct NoteEvent {
        /// The note.
        id: Option<NoteId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// Its text.
        body: Option<String> = "body",
        /// When it was written.
        date_added: Option<Timestamp> = "dateAdded",
    }
}
