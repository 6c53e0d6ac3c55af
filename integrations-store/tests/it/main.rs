//! One suite over SQLite and PostgreSQL.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "tests")]

mod audit;
mod authorize;
mod backend;
mod events;
mod fake;
mod faults;
mod integrations;
mod leads;
mod leases;
mod manager;
mod migrate;
mod oauth;
mod pooler;
mod postgres;
mod probes;
mod secrets;
mod templates;
mod tenants;
