//! The MCP servers as processes: over stdio line by line, over HTTP with the protocol's own client.

mod catalogues;
mod ghl;
mod hostile;
mod http;
mod stdio;
mod verity;
