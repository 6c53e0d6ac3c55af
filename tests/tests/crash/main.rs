//! Real processes that are killed at any instant, over either database, while events arrive.
//!
//! Each run follows a plan that a seed makes: what is edited at the source, who is killed and when, when the database
//! goes down. `CRASH_SEEDS=50` runs so many plans on each engine; `CRASH_SEED=17` runs one of them again.

#![allow(
    clippy::print_stdout,
    reason = "each run says what it did; a node talks to the test that started it"
)]

mod events;
mod flows;
mod node;
mod world;
