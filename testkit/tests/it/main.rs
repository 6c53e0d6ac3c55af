//! What the simulators promise, shown over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod aloware;
mod auth;
mod calendars;
mod contacts;
mod conversations;
mod faults;
mod journal;
mod leak;
mod limits;
mod oauth;
mod people;
mod places;
mod plan;
mod postgres;
mod process;
mod receiver;
mod search;
mod sender;
mod spec;
mod support;
mod verity;
mod webhooks;
mod writes;
