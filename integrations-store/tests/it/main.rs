//! One suite over SQLite and PostgreSQL.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "tests")]

mod abandoned;
mod audit;
mod authorize;
mod backend;
mod budgets;
mod dead_letters;
mod events;
mod fake;
mod faults;
mod integrations;
mod lanes;
mod leads;
mod leases;
mod manager;
mod migrate;
mod oauth;
mod overview;
mod pooler;
mod probes;
mod secrets;
mod sync_state;
mod templates;
mod tenants;
