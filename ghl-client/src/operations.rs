//! All operations of this crate, as data.

use std::sync::LazyLock;

use crate::{Endpoint, Spec, generated};

/// Those that are written by hand.
static HAND: &[&Spec] = &[
    #[cfg(feature = "calendars")]
    &crate::calendars::CreateAppointment::SPEC,
    #[cfg(feature = "calendars")]
    &crate::calendars::CreateBlockSlot::SPEC,
    #[cfg(feature = "calendars")]
    &crate::calendars::GetAppointment::SPEC,
    #[cfg(feature = "calendars")]
    &crate::calendars::GetFreeSlots::SPEC,
    #[cfg(feature = "calendars")]
    &crate::calendars::ListCalendars::SPEC,
    #[cfg(feature = "calendars")]
    &crate::calendars::ListEvents::SPEC,
    #[cfg(feature = "calendars")]
    &crate::calendars::UpdateAppointment::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::AddTags::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::CreateContact::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::DeleteContact::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::GetContact::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::RemoveTags::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::SearchContacts::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::UpdateContact::SPEC,
    #[cfg(feature = "contacts")]
    &crate::contacts::UpsertContact::SPEC,
    #[cfg(feature = "conversations")]
    &crate::conversations::CreateConversation::SPEC,
    #[cfg(feature = "conversations")]
    &crate::conversations::GetConversation::SPEC,
    #[cfg(feature = "conversations")]
    &crate::conversations::SearchConversations::SPEC,
    #[cfg(feature = "locations")]
    &crate::locations::GetLocation::SPEC,
    #[cfg(feature = "locations")]
    &crate::locations::SearchLocations::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::AddInboundMessage::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::AddOutboundCall::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::GetMessage::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::ListMessages::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::SendMessage::SPEC,
    #[cfg(feature = "oauth")]
    &crate::oauth::GetLocationToken::SPEC,
    #[cfg(feature = "oauth")]
    &crate::oauth::ListInstalledLocations::SPEC,
    #[cfg(feature = "locations")]
    &crate::locations::UploadCustomFieldFiles::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::DownloadTranscription::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::GetRecording::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::GetTranscription::SPEC,
    #[cfg(feature = "conversations")]
    &crate::messages::UploadAttachments::SPEC,
    #[cfg(feature = "objects")]
    &crate::objects::SearchRecords::SPEC,
    #[cfg(feature = "opportunities")]
    &crate::opportunities::SearchOpportunities::SPEC,
    #[cfg(feature = "forms")]
    &crate::forms::UploadCustomFiles::SPEC,
    #[cfg(feature = "medias")]
    &crate::medias::UploadMedia::SPEC,
    #[cfg(feature = "social-planner")]
    &crate::social_planner::UploadCsv::SPEC,
    #[cfg(feature = "users")]
    &crate::users::GetUser::SPEC,
    #[cfg(feature = "users")]
    &crate::users::ListUsers::SPEC,
    #[cfg(feature = "users")]
    &crate::users::SearchUsers::SPEC,
];

static ALL: LazyLock<Vec<&Spec>> = LazyLock::new(|| {
    let groups = generated::OPERATIONS.iter();
    #[cfg(feature = "v3")]
    let groups = groups.chain(generated::v3::OPERATIONS);
    let generated = groups.flat_map(|group| group.iter());
    HAND.iter().chain(generated).copied().collect()
});

/// What is known of every operation of this crate: for scope tables, documentation, tests.
///
/// `oauth::ReportPayment` is not among them: it takes no token, and the provider's OpenAPI documents do not have it.
///
/// ```
/// let scopes: std::collections::BTreeSet<_> =
///     ghl_client::operations().iter().flat_map(|spec| spec.scopes).collect();
/// assert!(scopes.contains(&"contacts.readonly"));
/// ```
#[must_use]
pub fn operations() -> &'static [&'static Spec] {
    &ALL
}

/// Those of [`operations`] that are written by hand: the others are tested from the provider's documents alone.
#[doc(hidden)]
#[must_use]
pub fn hand_written() -> &'static [&'static Spec] {
    HAND
}
