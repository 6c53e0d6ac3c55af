#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod claims;
mod client;
mod dialect;
mod error;
mod flight;
pub mod ids;
mod jwks;
mod jwt;
mod keys;
pub mod m2m;
mod reason;
pub mod sessions;
mod tokens;
mod verifier;

pub use claims::{Act, Claims, OrganizationClaims};
pub use client::{API_VERSION, Client, ClientBuilder, DEFAULT_BASE_URL};
pub use error::{ApiError, ApiErrors};
pub use integrations_core;
pub use integrations_core::{Error, ErrorKind, Result, Timestamp};
pub use jwks::{Jwks, JwksBuilder};
pub use keys::KeySource;
pub use m2m::{MachineTokens, MachineVerifier};
pub use reason::Reason;
pub use tokens::SessionTokens;
pub use verifier::{Accept, SessionVerifier, SessionVerifierBuilder};

/// The slug of this provider in errors, logs and rate limits.
pub const PROVIDER: &str = "clerk";
