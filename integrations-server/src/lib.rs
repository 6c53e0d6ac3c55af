#![doc = include_str!("../README.md")]

mod answer;
mod inbox;
mod manager;
mod receive;
mod router;
mod secrets;

pub use inbox::{Delivery, Drained, EventHandler, Inbox, InboxBuilder, InboxHandle};
pub use receive::Received;
pub use router::{DEFAULT_BODY_LIMIT, DEFAULT_READ_TIMEOUT, Webhooks, WebhooksBuilder};
pub use secrets::SecretSource;
