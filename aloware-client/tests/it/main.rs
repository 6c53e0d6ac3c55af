//! The tests of this crate.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod errors;
mod faults;
mod leaks;
mod provider;
mod record;
mod simulator;
mod support;
mod webhooks;
mod wire;
