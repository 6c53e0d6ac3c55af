//! The examples as processes: what they print, what they change, how they end.

mod contact_sync;
mod mcp;
mod middleware;
mod middleware_demo;
mod ops;
