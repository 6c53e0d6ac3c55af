//! The small vocabulary that lets many systems sync without a translator for each pair.
//!
//! A record holds what at least two providers share. Everything is optional, since every provider leaves something
//! out; a provider's own fields are kept beside it in `extra`. Absent means "the source says nothing", never "empty it".
//!
//! ```
//! use integrations_core::model::{Channel, Contact};
//!
//! let mut contact = Contact::new().with_id("c_1").with_first_name("Jane");
//! contact.opt_outs.set(Channel::Sms, true);
//! assert!(contact.opt_outs.blocks(&Channel::Sms));
//! assert!(!format!("{contact:?}").contains("Jane")); // personal data stays out of logs
//! ```

mod activity;
mod address;
mod amount;
mod appointment;
mod call;
mod channel;
mod contact;
mod external_id;
mod macros;
mod message;
mod opportunity;
mod party;

pub use activity::{Activity, ActivityKind};
pub use address::Address;
pub use amount::Amount;
pub use appointment::{Appointment, AppointmentStatus};
pub use call::{Call, CallStatus};
pub use channel::{Channel, Direction, OptOuts};
pub use contact::Contact;
pub use external_id::{Calendar, Company, Conversation, ExternalId, Pipeline, PipelineStage, User};
pub use message::{Message, MessageStatus};
pub use opportunity::{Opportunity, OpportunityStatus};
pub use party::Party;

/// A provider's own fields, by the provider's names.
pub type Extra = serde_json::Map<String, serde_json::Value>;
