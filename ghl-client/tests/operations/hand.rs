//! Cases of the operations that are written by hand, uploads aside, which have tests of their own.

use ghl_client::SortOrder;
use ghl_client::calendars::{
    AppointmentStatus, CreateAppointment, CreateBlockSlot, GetAppointment, GetFreeSlots,
    ListCalendars, ListEvents, MeetingLocationType, UpdateAppointment,
};
use ghl_client::contacts::{
    AddTags, CreateContact, CustomFieldInput, DeleteContact, DndSettings, Filter, GetContact,
    RemoveTags, SearchContacts, Sort, UpdateContact, UpsertContact,
};
use ghl_client::conversations::{
    ConversationSort, ConversationStatus, CreateConversation, GetConversation, MessageAction,
    SearchConversations,
};
use ghl_client::locations::{GetLocation, SearchLocations};
use ghl_client::messages::{
    AddInboundMessage, AddOutboundCall, CallDetails, CallStatus, DownloadTranscription,
    EmailReplyMode, ForwardedEmail, GetMessage, GetRecording, GetTranscription, ListMessages,
    MessageChannel, MessageDirection, MessageStatus, MessageType, OptimizationPeriod, SendMessage,
};
use ghl_client::oauth::{GetLocationToken, ListInstalledLocations};
use ghl_client::objects::SearchRecords;
use ghl_client::opportunities::{OpportunityDetails, SearchOpportunities};
use ghl_client::users::{GetUser, ListUsers, SearchUsers};
use integrations_core::Patch;

use crate::prelude::*;

#[rustfmt::skip]
pub(crate) fn cases() -> Vec<Case> {
    vec![
        case!(CreateAppointment(location_id: LocationId, calendar_id: CalendarId, contact_id: ContactId, start_time: Timestamp) needs { } all { end_time, title, appointment_status, assigned_user_id, description, address, meeting_location_type, meeting_location_id, override_location_config, ignore_date_range, ignore_free_slot_validation, to_notify, rrule }),
        case!(CreateBlockSlot(location_id: LocationId, start_time: Timestamp, end_time: Timestamp) needs { } all { calendar_id, assigned_user_id, title }),
        case!(GetAppointment(event_id: EventId) needs { } all { }),
        case!(GetFreeSlots(calendar_id: CalendarId, start_date: Timestamp, end_date: Timestamp) needs { } all { timezone, user_id, user_ids }),
        case!(ListCalendars(location_id: LocationId) needs { } all { group_id, show_drafted }),
        case!(ListEvents(location_id: LocationId, start_time: Timestamp, end_time: Timestamp) needs { } all { calendar_id, user_id, group_id }),
        case!(UpdateAppointment(event_id: EventId) needs { } all { calendar_id, start_time, end_time, title, appointment_status, assigned_user_id, description, address, meeting_location_type, meeting_location_id, override_location_config, ignore_date_range, ignore_free_slot_validation, to_notify, rrule }),
        case!(AddTags(contact_id: ContactId, tags: Vec<String>) needs { } all { }),
        case!(CreateContact(location_id: LocationId) needs { } all { first_name, last_name, name, email, phone, gender, address1, city, state, postal_code, country, website, timezone, company_name, source, assigned_to, date_of_birth, dnd, dnd_settings, tags, custom_fields }),
        case!(DeleteContact(contact_id: ContactId) needs { } all { }),
        case!(GetContact(contact_id: ContactId) needs { } all { }),
        case!(RemoveTags(contact_id: ContactId, tags: Vec<String>) needs { } all { }),
        case!(SearchContacts(location_id: LocationId) needs { } all { page_limit, query, filters, sort, page }),
        case!(UpdateContact(contact_id: ContactId) needs { } all { first_name, last_name, name, email, phone, address1, city, state, postal_code, country, website, timezone, source, assigned_to, date_of_birth, dnd, dnd_settings, tags, custom_fields }),
        case!(UpsertContact(location_id: LocationId) needs { } all { first_name, last_name, name, email, phone, gender, address1, city, state, postal_code, country, website, timezone, company_name, source, assigned_to, date_of_birth, dnd, dnd_settings, tags, custom_fields, create_new_if_duplicate_allowed }),
        case!(CreateConversation(location_id: LocationId, contact_id: ContactId) needs { } all { }),
        case!(GetConversation(conversation_id: ConversationId) needs { } all { }),
        case!(SearchConversations(location_id: LocationId) needs { } all { contact_id, assigned_to, followers, mentions, query, id, status, last_message_type, last_message_action, last_message_direction, score_profile, score_profile_min, score_profile_max, start_date, end_date, sort, sort_by, sort_score_profile, start_after_date, limit }),
        case!(GetLocation(location_id: LocationId) needs { } all { }),
        case!(SearchLocations() needs { } all { company_id, email, order, skip, limit }),
        case!(AddInboundMessage(kind: MessageChannel, conversation_id: ConversationId, contact_id: ContactId, conversation_provider_id: ConversationProviderId) needs { } all { message, html, subject, attachments, email_from, email_to, email_cc, email_bcc, email_message_id, alt_id, direction, date, call }),
        case!(AddOutboundCall(conversation_id: ConversationId, conversation_provider_id: ConversationProviderId) needs { } all { attachments, alt_id, date, call }),
        case!(GetMessage(id: MessageId) needs { } all { }),
        case!(ListMessages(conversation_id: ConversationId) needs { } all { kinds, last_message_id, limit }),
        case!(SendMessage(kind: MessageChannel, contact_id: ContactId) needs { } all { message, html, subject, attachments, email_from, email_to, email_cc, email_bcc, email_reply_mode, reply_message_id, thread_id, template_id, appointment_id, from_number, to_number, scheduled_timestamp, conversation_provider_id, custom_subtype_id, forward, status, uses_native_scheduling_ai, optimization_period }),
        case!(DownloadTranscription(location_id: LocationId, message_id: MessageId) needs { } all { }),
        case!(GetRecording(location_id: LocationId, message_id: MessageId) needs { } all { }),
        case!(GetTranscription(location_id: LocationId, message_id: MessageId) needs { } all { }),
        case!(GetLocationToken(company_id: CompanyId, location_id: LocationId) needs { } all { }),
        case!(ListInstalledLocations(company_id: CompanyId, app_id: AppId) needs { } all { skip, limit, query, is_installed, version_id, on_trial, plan_id, location_id }),
        case!(SearchRecords(location_id: LocationId, schema_key: String) needs { } all { page_limit, query, filters, sort, page }),
        case!(SearchOpportunities(location_id: LocationId) needs { } all { limit, query, filters, sort, page, additional_details }),
        case!(GetUser(user_id: UserId) needs { } all { }),
        case!(ListUsers(location_id: LocationId) needs { } all { }),
        case!(SearchUsers(company_id: CompanyId) needs { } all { location_id, query, kind, role, ids, sort, sort_direction, enabled_2way_sync, skip, limit }),
    ]
}

sample_enum!(SortOrder);
sample_enum!(AppointmentStatus);
sample_enum!(MeetingLocationType);
sample_enum!(ConversationStatus);
sample_enum!(ConversationSort);
sample_enum!(MessageAction);
sample_enum!(MessageChannel);
sample_enum!(MessageDirection);
sample_enum!(MessageStatus);
sample_enum!(MessageType);
sample_enum!(EmailReplyMode);
sample_enum!(OptimizationPeriod);

/// Values that a function makes.
macro_rules! sample_value {
    ($($name:ty: $value:expr;)+) => {
        $(impl Sample for $name {
            fn sample(_: &str, _: usize) -> Self {
                $value
            }
        })+
    };
}

sample_value! {
    u32: 10;
    Filter: Filter::contains("tags", "vip");
    Sort: Sort::ascending("dateAdded");
    CallDetails: CallDetails::new("+15555550100", "+15555550101", CallStatus::Completed);
    ForwardedEmail: ForwardedEmail::new("m1");
    CustomFieldInput: CustomFieldInput::new("cf1", "text");
    OpportunityDetails: OpportunityDetails::new();
    DndSettings: serde_json::from_str(r#"{"Call":{"status":"active","message":"text","code":"1"}}"#).unwrap();
}

impl<T: Sample> Sample for Patch<T> {
    fn sample(field: &str, depth: usize) -> Self {
        Self::Set(T::sample(field, depth))
    }
}
