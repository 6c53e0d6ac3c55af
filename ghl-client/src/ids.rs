//! Ids of GoHighLevel's objects: one type each, so that they cannot be mixed up.

integrations_core::id! {
    /// A location, also called sub-account: one business with its own contacts.
    pub struct LocationId;
    /// A company, also called agency: it owns locations.
    pub struct CompanyId;
    /// A contact.
    pub struct ContactId;
    /// A conversation with a contact.
    pub struct ConversationId;
    /// A message of a conversation.
    pub struct MessageId;
    /// A calendar.
    pub struct CalendarId;
    /// An appointment or a blocked slot in a calendar.
    pub struct EventId;
    /// A person who works in a location or company.
    pub struct UserId;
    /// A custom field of a location.
    pub struct CustomFieldId;
    /// A conversation provider: an app's own message channel.
    pub struct ConversationProviderId;
    /// A marketplace app.
    pub struct AppId;
}
