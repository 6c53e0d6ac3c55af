#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod broadcasts;
mod call;
pub mod calls;
#[cfg(feature = "catalog")]
pub mod catalog;
mod client;
pub mod comms;
mod dialect;
mod endpoint;
mod error;
pub mod ids;
#[cfg(feature = "provider")]
mod provider;
pub mod texting;
#[cfg(feature = "catalog")]
mod upstream;
#[cfg(feature = "webhook")]
pub mod webhook;

pub use call::RawCall;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
pub use endpoint::Conversions;
pub use error::ApiError;
pub use integrations_core;
pub use integrations_core::{Error, ErrorKind, Result, Timestamp};
#[cfg(feature = "provider")]
pub use provider::{Verity, VerityConfig};
#[cfg(feature = "catalog")]
pub use upstream::{VerityUpstream, VerityUpstreamBuilder};

/// The slug of this provider in errors, logs, templates and rate limits.
pub const PROVIDER: &str = "verity";
