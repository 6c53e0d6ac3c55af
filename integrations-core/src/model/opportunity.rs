use jiff::Timestamp;
use jiff::civil::Date;

use super::macros::record;
use super::{Amount, Company, Contact, ExternalId, Pipeline, PipelineStage, User};

crate::open_enum! {
    /// How a deal stands.
    pub enum OpportunityStatus {
        /// Worked on.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
        /// Given up without an answer.
        Abandoned = "abandoned",
        /// Deleted at the source.
        Deleted = "deleted",
    }
}

record! {
    /// A deal.
    pub struct Opportunity {
        shown {
            /// The provider's id.
            id: ExternalId<Opportunity> => with_id,
            /// The person it is made with.
            contact: ExternalId<Contact> => with_contact,
            /// The company it is made with.
            company: ExternalId<Company> => with_company,
            /// The user who owns it.
            owner: ExternalId<User> => with_owner,
            /// The pipeline.
            pipeline: ExternalId<Pipeline> => with_pipeline,
            /// The stage in the pipeline.
            stage: ExternalId<PipelineStage> => with_stage,
            /// How it stands.
            status: OpportunityStatus => with_status,
            /// Currency of the value, ISO 4217.
            currency: String => with_currency,
            /// Where it came from, in the source's words.
            source: String => with_source,
            /// Expected to close.
            expected_close: Date => with_expected_close,
            /// Created at the source.
            created_at: Timestamp => with_created_at,
            /// Last changed at the source.
            updated_at: Timestamp => with_updated_at,
        }
        hidden {
            /// Its name.
            name: String => with_name,
            /// What it is worth, in units of the currency.
            value: Amount => with_value,
        }
        plain {}
    }
}
