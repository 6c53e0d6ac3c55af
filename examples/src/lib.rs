//! What several of the binaries have in common.

pub mod mcp;
