//! Catalogues of operations, as data: what an MCP server offers as tools, and what a gateway forwards.
//!
//! A [`Catalog`] is a list of operations that can be called by name, with arguments that nobody typed at compile time. An
//! [`Upstream`] is a system behind a gateway: it knows how its endpoints are written, who may call them, and how a call
//! is sent. Neither knows of a protocol that the calls come in by.

mod operation;
mod token_verifier;
mod upstream;

pub use operation::{Access, Answer, Arguments, Catalog, CatalogOperation, Parameter, Place};
pub use token_verifier::TokenVerifier;
pub use upstream::{Caller, Route, Upstream, UpstreamAnswer, UpstreamCall};
