//! Tests of the client over its public API.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod access;
mod bulk;
mod catalog;
mod debug;
mod decode;
mod downloads;
mod errors;
mod exports;
mod oauth;
mod paging;
mod rivals;
mod simulator;
mod sockets;
mod spec;
mod sso;
mod styles;
mod support;
mod uploads;
mod webhooks;
mod wire;
