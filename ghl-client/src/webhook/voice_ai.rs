//! Calls that the voice AI took.

use std::collections::BTreeMap;

use integrations_core::open_enum;
use jiff::Timestamp;
use serde_json::Value;

use crate::ids::{ContactId, LocationId, MessageId, VoiceAgentId, VoiceCallId};

open_enum! {
    /// What an agent of the voice AI did.
    pub enum VoiceActionType {
        /// Passed the call on.
        CallTransfer = "CALL_TRANSFER",
        /// Noted what the caller said, after the call.
        DataExtraction = "DATA_EXTRACTION",
        /// Noted what the caller said, during the call.
        InCallDataExtraction = "IN_CALL_DATA_EXTRACTION",
        /// Started a workflow.
        WorkflowTrigger = "WORKFLOW_TRIGGER",
        /// Sent a text message.
        Sms = "SMS",
        /// Made an appointment.
        AppointmentBooking = "APPOINTMENT_BOOKING",
        /// Called an address of the location's own.
        CustomAction = "CUSTOM_ACTION",
        /// Looked something up.
        KnowledgeBase = "KNOWLEDGE_BASE",
    }
}

integrations_core::object! {
    /// A call ended that an agent of the voice AI took.
    pub struct VoiceAiCallEvent {
        /// The call.
        id: Option<VoiceCallId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The agent.
        agent_id: Option<VoiceAgentId> = "agentId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The message of the conversation that stands for the call.
        message_id: Option<MessageId> = "messageId",
        /// Who called.
        from_number: Option<String> = "fromNumber",
        /// When it was.
        created_at: Option<Timestamp> = "createdAt",
        /// How long it took, in seconds.
        duration: Option<f64> = "duration",
        /// What it was about.
        summary: Option<String> = "summary",
        /// What was said.
        transcript: Option<String> = "transcript",
        /// What was said, in another language.
        translation: Option<VoiceTranslation> = "translation",
        /// What the agent noted, by the names of the location's own fields.
        extracted_data: BTreeMap<String, Value> = "extractedData",
        /// What the agent did.
        executed_call_actions: Vec<VoiceAction> = "executedCallActions",
        /// Whether somebody only tried the agent out.
        trial_call: Option<bool> = "trialCall",
    }

    /// What was said, in another language.
    pub struct VoiceTranslation {
        /// What was said.
        transcript: Option<String> = "transcript",
        /// The language, for example `es`.
        language: Option<String> = "language",
    }

    /// What an agent did during a call.
    pub struct VoiceAction {
        /// The action.
        id: Option<String> = "_id" | "id",
        /// What kind it is.
        action_type: Option<VoiceActionType> = "actionType",
        /// Its name.
        action_name: Option<String> = "actionName",
        /// Its settings, which depend on the kind.
        action_parameters: Value = "actionParameters",
        /// When it was asked for.
        trigger_received_at: Option<Timestamp> = "triggerReceivedAt",
        /// When it was done.
        executed_at: Option<Timestamp> = "executedAt",
    }
}
