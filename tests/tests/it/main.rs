//! Tests that look at several crates at once.

mod bad_input;
mod behaviour;
mod faults;
mod house;
mod promises;
mod seed_keys;
mod support;
mod takeover;
