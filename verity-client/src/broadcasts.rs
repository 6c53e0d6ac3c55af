//! What became of broadcasts: counted by Verity's own database, read only.
//!
//! [`analytics`] puts the numbers together; where they come from is a [`BroadcastSource`]: memory for tests, and with the
//! feature `database` Verity's PostgreSQL.

mod figures;
mod memory;
#[cfg(feature = "database")]
mod postgres;
mod source;

pub use figures::BroadcastAnalytics;
pub use memory::{BroadcastsInMemory, MemoryRecipient};
#[cfg(feature = "database")]
pub use postgres::PostgresBroadcasts;
pub use source::{BroadcastRecord, BroadcastSource, RecipientStatus, Recipients, analytics};

pub use crate::comms::BroadcastKind;
