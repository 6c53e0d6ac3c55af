use integrations_core::{Timestamp, object, open_enum};
use serde_json::Value;

use crate::ids::{
    ContactId, CustomFieldId, LocationId, OpportunityId, PipelineId, PipelineStageId, UserId,
};

open_enum! {
    /// How an opportunity stands.
    pub enum OpportunityStatus {
        /// Still open.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
        /// Given up.
        Abandoned = "abandoned",
    }
}

object! {
    /// An opportunity: a deal in a pipeline.
    pub struct Opportunity {
        /// Its id.
        id: Option<OpportunityId> = "id" | "_id",
        /// Its name.
        name: Option<String> = "name",
        /// What it is worth, in the location's currency.
        monetary_value: Option<f64> = "monetaryValue",
        /// Its pipeline.
        pipeline_id: Option<PipelineId> = "pipelineId",
        /// Its stage in the pipeline.
        pipeline_stage_id: Option<PipelineStageId> = "pipelineStageId",
        /// The user who looks after it.
        assigned_to: Option<UserId> = "assignedTo",
        /// How it stands.
        status: Option<OpportunityStatus> = "status",
        /// Where it came from.
        source: Option<String> = "source",
        /// Why it was lost.
        lost_reason_id: Option<String> = "lostReasonId",
        /// When its status changed.
        last_status_change_at: Option<Timestamp> = "lastStatusChangeAt",
        /// When its stage changed.
        last_stage_change_at: Option<Timestamp> = "lastStageChangeAt",
        /// When something was done about it.
        last_action_date: Option<Timestamp> = "lastActionDate",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed.
        updated_at: Option<Timestamp> = "updatedAt",
        /// The version of it that the search has.
        index_version: Option<i64> = "indexVersion",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// What the search knows of the contact.
        contact: Option<OpportunityContact> = "contact",
        /// Custom fields that have a value.
        custom_fields: Vec<OpportunityField> = "customFields",
        /// The users who follow it.
        followers: Vec<Value> = "followers",
        /// Its notes, when they were asked for. The provider documents no shape.
        notes: Vec<Value> = "notes",
        /// Its tasks, when they were asked for. The provider documents no shape.
        tasks: Vec<Value> = "tasks",
        /// Its appointments, when they were asked for. The provider documents no shape.
        calendar_events: Vec<Value> = "calendarEvents",
        /// The object it stands for elsewhere.
        external_object_id: Option<String> = "externalObjectId",
        /// When it is expected to close, as a date; in the contract `v3`.
        forecast_expected_close_date: Option<String> = "forecastExpectedCloseDate",
        /// When it was first expected to close, as a date; in the contract `v3`.
        forecast_original_close_date: Option<String> = "forecastOriginalCloseDate",
        /// How often its closing was put off; in the contract `v3`.
        forecast_slippage_count: Option<i64> = "forecastSlippageCount",
        /// By how many days its closing was put off; in the contract `v3`.
        forecast_days_slipped: Option<i64> = "forecastDaysSlipped",
        /// When its closing was last put off; in the contract `v3`.
        forecast_last_slipped_at: Option<Timestamp> = "forecastLastSlippedAt",
        /// How probable it is by forecast, 0 to 100; in the contract `v3`.
        forecast_probability: Option<f64> = "forecastProbability",
        /// How probable it is by stage and forecast, 0 to 100; in the contract `v3`.
        effective_probability: Option<f64> = "effectiveProbability",
        /// Where a search goes on behind it.
        search_after: Vec<Value> = "searchAfter" | "sort",
    }
}

object! {
    /// What a search of opportunities knows of a contact.
    pub struct OpportunityContact {
        /// Its id.
        id: Option<ContactId> = "id",
        /// First and last name together.
        name: Option<String> = "name",
        /// Name of the company the contact works for.
        company_name: Option<String> = "companyName",
        /// E-mail address.
        email: Option<String> = "email",
        /// Phone number.
        phone: Option<String> = "phone",
        /// Tags.
        tags: Vec<String> = "tags",
    }
}

object! {
    /// The value of a custom field.
    pub struct OpportunityField {
        /// The field.
        id: Option<CustomFieldId> = "id",
        /// Its value: a text, a number, an object or a list of them.
        value: Value = "fieldValue" | "value" | "fieldValueString" | "fieldValueArray",
    }
}
