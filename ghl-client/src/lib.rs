#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "full"),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        unused_macros,
        reason = "what groups that are off would use; with `full` all of it is checked"
    )
)]

mod access;
mod answer;
pub mod bulk;
#[cfg(feature = "calendars")]
pub mod calendars;
mod call;
#[cfg(feature = "catalog")]
mod catalog;
mod client;
mod common;
#[cfg(feature = "provider")]
mod config;
#[cfg(feature = "contacts")]
pub mod contacts;
#[cfg(feature = "conversations")]
pub mod conversations;
mod dialect;
mod download;
mod endpoint;
mod error;
mod filter;
#[cfg(feature = "forms")]
pub mod forms;
mod generated;
pub mod ids;
mod location;
#[cfg(feature = "locations")]
pub mod locations;
#[cfg(feature = "medias")]
pub mod medias;
#[cfg(feature = "conversations")]
pub mod messages;
mod more;
#[cfg(feature = "oauth")]
pub mod oauth;
#[cfg(feature = "objects")]
pub mod objects;
mod operations;
#[cfg(feature = "opportunities")]
pub mod opportunities;
mod pagination;
#[cfg(feature = "provider")]
mod provider;
mod repeats;
mod request;
pub mod secret;
mod sending;
#[cfg(feature = "social-planner")]
pub mod social_planner;
#[cfg(feature = "sso")]
pub mod sso;
mod upload;
#[cfg(feature = "users")]
pub mod users;
#[cfg(feature = "v3")]
pub mod v3;
#[cfg(feature = "webhook")]
pub mod webhook;

pub use access::Access;
pub use answer::{Answer, Untyped, WholeAnswer};
pub use bulk::{Bulk, BulkReport};
pub use call::{Call, RawCall};
#[cfg(feature = "catalog")]
pub use catalog::GhlCatalog;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
pub use common::{BareList, SortOrder, Succeeded};
#[cfg(feature = "provider")]
pub use config::GoHighLevelConfig;
pub use download::{Download, DownloadStream};
pub use endpoint::{Endpoint, LocationIn, Paged, Spec, TokenClasses, Version};
pub use error::ApiError;
pub use filter::{Filter, Range, Sort};
pub use generated::*;
pub use integrations_core;
pub use integrations_core::http::Priority;
pub use integrations_core::paging::{Cursor, Items, Page, Pages};
pub use integrations_core::{Error, ErrorKind, Patch, Result, Timestamp};
pub use location::Location;
#[doc(hidden)]
pub use operations::hand_written;
pub use operations::operations;
pub use pagination::Pagination;
#[cfg(feature = "provider")]
pub use provider::GoHighLevel;
pub use upload::{FieldFile, Upload};

/// The slug of this provider in errors, logs, templates and rate limits.
pub const PROVIDER: &str = "gohighlevel";
