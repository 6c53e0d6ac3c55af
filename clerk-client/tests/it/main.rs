//! Tests of the whole crate: keys are made here, nothing goes over a network.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod api;
mod keys;
mod support;
mod tokens;
mod verify;
