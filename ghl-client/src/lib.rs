#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod client;
mod common;
pub mod contacts;
mod dialect;
mod endpoint;
mod error;
pub mod ids;
mod location;

pub use call::{Call, RawCall};
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
pub use common::Succeeded;
pub use endpoint::{Endpoint, LocationIn, Paged, Spec, TokenClasses, Version};
pub use error::ApiError;
pub use integrations_core::{Error, ErrorKind, Result};
pub use location::Location;

/// The slug of this provider in errors, logs, templates and rate limits.
pub const PROVIDER: &str = "gohighlevel";
