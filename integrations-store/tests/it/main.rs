//! One suite over SQLite and PostgreSQL.
#![allow(missing_docs, reason = "tests")]

mod audit;
mod backend;
mod events;
mod integrations;
mod leads;
mod leases;
mod migrate;
mod oauth;
mod postgres;
mod templates;
