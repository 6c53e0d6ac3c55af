//! One test binary: each module tests one part on both engines.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests"
)]

#[allow(dead_code, reason = "not all of it is used by each part")]
mod backend;
mod budget;
mod flow_claims;
mod flow_opt_outs;
mod flow_pair;
mod flow_queue;
mod flow_random;
mod flow_run;
mod inbox;
mod inbox_faults;
mod jobs;
mod outgoing;
mod receiver;
mod renewals;
mod runtime;
mod schedules;
mod support;
