//! The one test binary of this crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod webhook_handshakes;
mod webhook_promises;
mod webhook_properties;
mod webhook_vectors;
