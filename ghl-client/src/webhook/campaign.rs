//! A contact's progress in a campaign.

use jiff::Timestamp;

use crate::ids::{CampaignId, ContactId, LocationId};

integrations_core::object! {
    /// A campaign's state changed for a contact.
    pub struct CampaignStatusEvent {
        /// The campaign.
        id: Option<CampaignId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The contact.
        contact_id: Option<ContactId> = "contactId",
        /// The state, for example `paused`.
        status: Option<String> = "status",
        /// The template of the campaign's step.
        template_id: Option<String> = "templateId",
        /// What the contact answered.
        replied: Option<String> = "replied",
        /// When it happened.
        date_added: Option<Timestamp> = "dateAdded",
    }
}
