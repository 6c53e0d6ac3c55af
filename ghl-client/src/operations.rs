//! All operations of this crate, as data.

use crate::{Endpoint, Spec, calendars, contacts, conversations, locations, messages, users};

static OPERATIONS: &[&Spec] = &[
    &calendars::CreateAppointment::SPEC,
    &calendars::CreateBlockSlot::SPEC,
    &calendars::GetAppointment::SPEC,
    &calendars::GetFreeSlots::SPEC,
    &calendars::ListCalendars::SPEC,
    &calendars::ListEvents::SPEC,
    &calendars::UpdateAppointment::SPEC,
    &contacts::AddTags::SPEC,
    &contacts::CreateContact::SPEC,
    &contacts::DeleteContact::SPEC,
    &contacts::GetContact::SPEC,
    &contacts::RemoveTags::SPEC,
    &contacts::SearchContacts::SPEC,
    &contacts::UpdateContact::SPEC,
    &contacts::UpsertContact::SPEC,
    &conversations::CreateConversation::SPEC,
    &conversations::GetConversation::SPEC,
    &conversations::SearchConversations::SPEC,
    &locations::GetLocation::SPEC,
    &locations::SearchLocations::SPEC,
    &messages::AddInboundMessage::SPEC,
    &messages::AddOutboundCall::SPEC,
    &messages::GetMessage::SPEC,
    &messages::ListMessages::SPEC,
    &messages::SendMessage::SPEC,
    #[cfg(feature = "oauth")]
    &crate::oauth::GetLocationToken::SPEC,
    #[cfg(feature = "oauth")]
    &crate::oauth::ListInstalledLocations::SPEC,
    &users::GetUser::SPEC,
    &users::ListUsers::SPEC,
    &users::SearchUsers::SPEC,
];

/// What is known of every operation of this crate: for scope tables, documentation, tests.
///
/// ```
/// let scopes: std::collections::BTreeSet<_> =
///     ghl_client::operations().iter().flat_map(|spec| spec.scopes).collect();
/// assert!(scopes.contains(&"contacts.readonly"));
/// ```
#[must_use]
pub fn operations() -> &'static [&'static Spec] {
    OPERATIONS
}
