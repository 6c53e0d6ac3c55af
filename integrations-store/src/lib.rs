//! Work in progress.

mod check;
mod dialect;
mod error;
mod migrate;
mod options;
mod session;
mod sqlite;
mod store;
mod time;

pub use migrate::Migrated;
pub use options::{Engine, StoreOptions};
pub use store::Store;
