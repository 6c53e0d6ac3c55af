//! Locations: created, changed. Only apps of a company are told.

use crate::ids::{CompanyId, LocationId};

integrations_core::object! {
    /// A location was created or changed.
    ///
    /// The delivery has no `locationId`, so that the event belongs to the company.
    pub struct LocationEvent {
        /// The location.
        id: Option<LocationId> = "id",
        /// The company it belongs to.
        company_id: Option<CompanyId> = "companyId",
        /// Its name.
        name: Option<String> = "name",
        /// Its e-mail address.
        email: Option<String> = "email",
        /// The product at Stripe that the company bills it for.
        stripe_product_id: Option<String> = "stripeProductId",
    }
}
