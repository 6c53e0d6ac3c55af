//! Ids of GoHighLevel's objects: one type each, so that they cannot be mixed up.

pub use crate::generated::ids::*;

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
    /// An opportunity: a deal in a pipeline.
    pub struct OpportunityId;
    /// A pipeline of opportunities.
    pub struct PipelineId;
    /// A stage of a pipeline.
    pub struct PipelineStageId;
    /// A record of a custom object.
    pub struct RecordId;
    /// A marketplace app.
    pub struct AppId;
    /// A task for a user.
    pub struct TaskId;
    /// A note about a contact.
    pub struct NoteId;
    /// A campaign.
    pub struct CampaignId;
    /// An invoice.
    pub struct InvoiceId;
    /// An order of a shop.
    pub struct OrderId;
    /// A product.
    pub struct ProductId;
    /// A price of a product.
    pub struct PriceId;
    /// A tax.
    pub struct TaxId;
    /// An association: how two kinds of objects can be related.
    pub struct AssociationId;
    /// A relation between two records.
    pub struct RelationId;
    /// The definition of a custom object.
    pub struct ObjectSchemaId;
    /// An agent of the voice AI.
    pub struct VoiceAgentId;
    /// A call that an agent of the voice AI took.
    pub struct VoiceCallId;
    /// A plan of a marketplace app or of a company.
    pub struct PlanId;
}
