//! Calendars: free slots, appointments, blocked times.
//!
//! ```no_run
//! use jiff::ToSpan;
//!
//! # async fn demo(location: ghl_client::Location, now: jiff::Timestamp) -> Result<(), Box<dyn std::error::Error>> {
//! let calendars = location.calendars();
//! let free = calendars.free_slots("calendar-id", now, now + 72.hours()).timezone("Europe/Berlin").send().await?;
//! if let Some(slot) = free.slots().next() {
//!     let appointment =
//!         calendars.create_appointment("calendar-id", "contact-id", slot.start).title("First talk").send().await?;
//!     println!("{}", appointment.id);
//! }
//! # Ok(()) }
//! ```

mod appointments;
mod event;
mod model;
mod requests;
mod slots;

pub use crate::generated::calendars::*;
pub use appointments::{CreateAppointment, GetAppointment, UpdateAppointment};
pub use event::{
    AppointmentStatus, CalendarEvent, CalendarEvents, EventCreator, MeetingLocationType,
};
pub use model::{
    Calendar, CalendarEventType, CalendarMember, CalendarType, CalendarUnit, MeetingLocation,
    OpenHour, OpenHours,
};
pub use requests::{CalendarList, CreateBlockSlot, ListCalendars, ListEvents};
pub use slots::{FreeSlots, GetFreeSlots, Slot};

use jiff::Timestamp;

use crate::ids::{CalendarId, ContactId, EventId};
use crate::{Call, Location};

/// The calendars of a location: see [`Location::calendars`].
#[derive(Debug, Clone, Copy)]
pub struct Calendars<'a>(pub(crate) &'a Location);

impl Calendars<'_> {
    /// Lists the calendars, all at once. Scope `calendars.readonly`.
    pub fn list(&self) -> Call<ListCalendars> {
        self.0.call(ListCalendars::new(self.0.id()))
    }

    /// Lists the slots that can be booked in a span of at most 31 days. Scope `calendars.readonly`.
    pub fn free_slots(
        &self,
        calendar: impl Into<CalendarId>,
        start: Timestamp,
        end: Timestamp,
    ) -> Call<GetFreeSlots> {
        self.0.call(GetFreeSlots::new(calendar, start, end))
    }

    /// Lists the appointments of a span of time, all at once. Scope `calendars/events.readonly`.
    ///
    /// The provider wants one of `calendar_id`, `user_id` and `group_id` as well.
    pub fn events(&self, start: Timestamp, end: Timestamp) -> Call<ListEvents> {
        self.0.call(ListEvents::new(self.0.id(), start, end))
    }

    /// Blocks a span of time. Scope `calendars/events.write`.
    ///
    /// The provider wants either `calendar_id` or `assigned_user_id` as well. Asking twice blocks twice.
    pub fn block_slot(&self, start: Timestamp, end: Timestamp) -> Call<CreateBlockSlot> {
        self.0.call(CreateBlockSlot::new(self.0.id(), start, end))
    }

    /// Creates an appointment. Scope `calendars/events.write`.
    ///
    /// A start where no slot is free is an error of the provider, unless `ignore_free_slot_validation` is set.
    pub fn create_appointment(
        &self,
        calendar: impl Into<CalendarId>,
        contact: impl Into<ContactId>,
        start: Timestamp,
    ) -> Call<CreateAppointment> {
        self.0.call(CreateAppointment::new(
            self.0.id(),
            calendar,
            contact,
            start,
        ))
    }

    /// Reads an appointment. Scope `calendars/events.readonly`.
    pub fn get_appointment(&self, id: impl Into<EventId>) -> Call<GetAppointment> {
        self.0.call(GetAppointment::new(id))
    }

    /// Changes the fields of an appointment that are set. Scope `calendars/events.write`.
    pub fn update_appointment(&self, id: impl Into<EventId>) -> Call<UpdateAppointment> {
        self.0.call(UpdateAppointment::new(id))
    }
}
