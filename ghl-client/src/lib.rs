#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod calendars;
mod call;
mod client;
mod common;
#[cfg(feature = "provider")]
mod config;
pub mod contacts;
pub mod conversations;
mod dialect;
mod endpoint;
mod error;
pub mod ids;
mod location;
pub mod locations;
pub mod messages;
#[cfg(feature = "oauth")]
pub mod oauth;
mod operations;
#[cfg(feature = "provider")]
mod provider;
pub mod users;
#[cfg(feature = "webhook")]
pub mod webhook;

pub use call::{Call, RawCall};
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
pub use common::{SortOrder, Succeeded};
#[cfg(feature = "provider")]
pub use config::GoHighLevelConfig;
pub use endpoint::{Endpoint, LocationIn, Paged, Spec, TokenClasses, Version};
pub use error::ApiError;
pub use integrations_core::{Error, ErrorKind, Result};
pub use location::Location;
pub use operations::operations;
#[cfg(feature = "provider")]
pub use provider::GoHighLevel;

/// The slug of this provider in errors, logs, templates and rate limits.
pub const PROVIDER: &str = "gohighlevel";
