//! The HTTP pipeline and OAuth 2.0: logic in memory with paused time, wire behaviour over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod auth;
mod bodies;
mod deadlines;
mod guarded;
mod hostile;
mod memory_stores;
mod oauth_answers;
mod oauth_authorize;
mod oauth_derived;
mod oauth_faults;
mod oauth_grant;
mod oauth_leaks;
mod oauth_refresh;
mod oauth_wire;
mod redaction;
mod retries;
mod sockets;
mod support;
mod token_server;
