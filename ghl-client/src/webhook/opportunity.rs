//! Opportunities: created, moved, won, lost, deleted.

use integrations_core::open_enum;
use jiff::Timestamp;

use crate::ids::{ContactId, LocationId, OpportunityId, PipelineId, PipelineStageId, UserId};

open_enum! {
    /// How an opportunity stands.
    pub enum OpportunityStatus {
        /// Not decided.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
        /// Given up.
        Abandoned = "abandoned",
    }
}

integrations_core::object! {
    /// An opportunity as it is after the change; of a deletion, as it was before.
    pub struct OpportunityEvent {
        /// The opportunity.
        id: Option<OpportunityId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// Its name.
        name: Option<String> = "name",
        /// How it stands.
        status: Option<OpportunityStatus> = "status",
        /// What it is worth.
        monetary_value: Option<f64> = "monetaryValue",
        /// The pipeline.
        pipeline_id: Option<PipelineId> = "pipelineId",
        /// The stage of the pipeline.
        pipeline_stage_id: Option<PipelineStageId> = "pipelineStageId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The user who looks after it; `assignedUserId` on some deliveries.
        assigned_to: Option<UserId> = "assignedTo" | "assignedUserId",
        /// Where it came from.
        source: Option<String> = "source",
        /// When it was created.
        date_added: Option<Timestamp> = "dateAdded",
    }
}
