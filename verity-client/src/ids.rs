//! Verity's ids.

integrations_core::id! {
    /// A text message.
    pub struct MessageId;
    /// A thread of messages.
    pub struct ChatId;
    /// A broadcast.
    pub struct BroadcastId;
    /// An agent of calls.
    pub struct AgentId;
    /// A contact.
    pub struct ContactId;
}
