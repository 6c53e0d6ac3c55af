#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate self as integrations_core;

#[cfg(feature = "catalog")]
pub mod catalog;
mod clock;
pub mod consent;
pub mod email;
mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod ids;
#[cfg(feature = "json-schema")]
pub mod json_schema;
pub mod lease;
pub mod lenient;
pub mod model;
#[cfg(feature = "oauth")]
pub mod oauth;
mod object;
mod open_enum;
#[cfg(feature = "http")]
pub mod paging;
mod patch;
pub mod phone;
#[cfg(feature = "provider")]
pub mod provider;
pub mod secret;
pub mod status;
#[cfg(feature = "schema")]
pub mod template;
pub mod timezone;
#[cfg(feature = "vault")]
pub mod vault;
#[cfg(feature = "webhook")]
pub mod webhook;

#[cfg(any(test, feature = "test-util"))]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind, FieldError, MAX_ERROR_BODY, Result};
pub use ids::{AuditId, EventId, IntegrationId, TemplateId, TenantId};
pub use jiff::Timestamp;
pub use open_enum::UnknownValue;
pub use patch::Patch;
pub use secret::{
    AccessToken, ClientSecret, ExposeSecret, RefreshToken, SecretString, WebhookSecret,
};

/// What this crate's macros expand to. Not part of the public API.
#[doc(hidden)]
pub mod __private {
    pub use serde;
    pub use uuid;
}
