//! The router and the inbox, from outside.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "tests")]

mod acme;
mod forgeries;
mod gateway;
mod handshakes;
mod house;
mod known;
mod limits;
mod paths;
mod promises;
mod recorder;
mod storing;
mod tenants;
mod wire;
