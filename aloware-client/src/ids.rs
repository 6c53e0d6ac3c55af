//! Ids of Aloware's objects: one type each, so that they cannot be mixed up. The provider writes them as numbers or as
//! texts; both are read, and numbers are written as numbers.

integrations_core::id! {
    /// A contact.
    pub struct ContactId;
    /// A call, message or appointment: they share one id space.
    pub struct CommunicationId;
    /// A user, also called agent.
    pub struct UserId;
    /// A line: one of the account's own numbers. Webhooks call it `campaign_id`.
    pub struct LineId;
    /// A group of users that ring together.
    pub struct RingGroupId;
    /// A sequence of messages and calls.
    pub struct SequenceId;
    /// A list of the power dialer.
    pub struct ListId;
    /// A tag.
    pub struct TagId;
    /// What a call ended with, in the account's own words.
    pub struct DispositionId;
    /// A transcription.
    pub struct TranscriptionId;
}
