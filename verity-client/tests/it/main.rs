//! Tests of the whole crate, without a network.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod catalog;
mod client;
mod database;
mod simulator;
mod support;
mod upstream;
mod webhooks;
