#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod call;
pub mod calls;
mod client;
#[cfg(feature = "provider")]
mod config;
pub mod contacts;
mod dialect;
mod endpoint;
pub mod enums;
mod error;
pub mod ids;
mod members;
pub mod messages;
pub mod numbers;
mod operations;
pub mod power_dialer;
#[cfg(feature = "provider")]
mod provider;
mod raw;
mod request;
pub mod rules;
pub mod sequences;
#[cfg(feature = "unconfirmed")]
pub mod unconfirmed;
pub mod users;
#[cfg(feature = "webhook")]
pub mod webhook;

pub use call::Call;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
#[cfg(feature = "provider")]
pub use config::AlowareConfig;
pub use endpoint::{Answer, Confirmation, Endpoint, Members, Spec};
pub use error::ApiError;
pub use integrations_core;
pub use integrations_core::http::Priority;
pub use integrations_core::{Error, ErrorKind, Result, Timestamp};
pub use operations::operations;
#[cfg(feature = "provider")]
pub use provider::Aloware;
pub use raw::RawCall;

/// The slug of this provider in errors, logs, templates and rate limits.
pub const PROVIDER: &str = "aloware";
