#![doc = include_str!("../README.md")]

mod answer;
mod health;
mod known;
mod manager;
mod receive;
mod report;
mod router;
mod secrets;
mod wants;

pub use health::health_router;
pub use receive::Received;
pub use router::{DEFAULT_BODY_LIMIT, DEFAULT_READ_TIMEOUT, Webhooks, WebhooksBuilder};
pub use secrets::SecretSource;
