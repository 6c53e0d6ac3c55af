//! One suite over SQLite and PostgreSQL.
#![allow(missing_docs, unreachable_pub, reason = "tests")]

mod audit;
mod backend;
mod events;
mod fake;
mod integrations;
mod leads;
mod leases;
mod manager;
mod migrate;
mod oauth;
mod postgres;
mod probes;
mod templates;
