//! Tests of the client over its public API.
#![recursion_limit = "256"]

mod debug;
mod decode;
mod errors;
mod paging;
mod simulator;
mod spec;
mod support;
mod webhooks;
mod wire;
