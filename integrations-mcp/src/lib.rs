#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod arguments;
mod call;
mod cursor;
mod filter;
mod http;
mod schema;
mod server;
mod stdio;
mod tool;

pub use self::filter::Filter;
pub use self::http::{ApiKey, HttpOptions, HttpService};
pub use self::server::{McpServer, McpServerBuilder};
pub use rmcp;

/// The prefix of what this crate adds to `_meta`, as the protocol wants it: a domain in reverse and a slash.
pub const META: &str = "io.github.integrations-rs/";
