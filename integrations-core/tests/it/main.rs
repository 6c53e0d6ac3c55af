//! The one test binary of this crate.

mod webhook_handshakes;
mod webhook_promises;
mod webhook_properties;
mod webhook_vectors;
