#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod calendars;
mod call;
mod client;
mod common;
pub mod contacts;
pub mod conversations;
mod dialect;
mod endpoint;
mod error;
pub mod ids;
mod location;
pub mod locations;
pub mod messages;
mod operations;
pub mod users;

pub use call::{Call, RawCall};
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
pub use common::{SortOrder, Succeeded};
pub use endpoint::{Endpoint, LocationIn, Paged, Spec, TokenClasses, Version};
pub use error::ApiError;
pub use integrations_core::{Error, ErrorKind, Result};
pub use location::Location;
pub use operations::operations;

/// The slug of this provider in errors, logs, templates and rate limits.
pub const PROVIDER: &str = "gohighlevel";
