//! Tests of the client over its public API.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod debug;
mod decode;
mod errors;
mod paging;
mod simulator;
mod sockets;
mod spec;
mod support;
mod webhooks;
mod wire;
