//! Tasks: created, completed, deleted.

use jiff::Timestamp;

use crate::ids::{ContactId, LocationId, TaskId, UserId};

integrations_core::object! {
    /// A task was created, completed or deleted.
    pub struct TaskEvent {
        /// The task.
        id: Option<TaskId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The contact it is about.
        contact_id: Option<ContactId> = "contactId",
        /// The user who is to do it.
        assigned_to: Option<UserId> = "assignedTo",
        /// Its title.
        title: Option<String> = "title",
        /// Its text.
        body: Option<String> = "body",
        /// When it was created.
        date_added: Option<Timestamp> = "dateAdded",
        /// Until when it is to be done.
        due_date: Option<Timestamp> = "dueDate",
    }
}
