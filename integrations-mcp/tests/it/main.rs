//! The server as its callers see it: a client of the protocol, over an in-process pipe and over HTTP.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod arguments;
mod call;
mod fixture;
mod http;
mod list;
