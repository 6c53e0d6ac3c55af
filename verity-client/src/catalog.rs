//! Verity's catalogue of endpoints: a file that Verity's own program writes (`VERITY_CATALOG_PATH`).
//!
//! [`CatalogFile`] reads and checks it: every fault of the file is told, with its place. [`VerityCatalog`] makes its
//! endpoints operations that can be called by name; [`VerityUpstream`](crate::VerityUpstream) forwards calls for a
//! gateway.
//!
//! ```no_run
//! use std::sync::Arc;
//! use verity_client::Client;
//! use verity_client::catalog::{CatalogFile, VerityCatalog};
//!
//! # fn demo() -> verity_client::Result<()> {
//! let file = CatalogFile::load("api-catalog.json")?;
//! let catalog = VerityCatalog::new(&Client::from_env()?, Arc::new(file));
//! # Ok(()) }
//! ```

mod arguments;
mod check;
mod fault;
mod file;
mod index;
mod names;
mod positions;
mod read;
mod schema;
mod types;
mod verity;

pub(crate) use arguments::check_forwarded;
pub use fault::{CatalogFault, Effect};
pub use file::{CatalogFile, CatalogOptions, Checked};
pub use read::CatalogEndpoint;
pub use verity::VerityCatalog;
