#![doc = include_str!("../README.md")]

mod answer;
#[cfg(feature = "gateway")]
pub mod gateway;
mod health;
mod known;
mod manager;
mod receive;
mod report;
mod router;
mod secrets;
mod wants;

#[cfg(feature = "gateway")]
pub use gateway::{ApiKey, Gateway, GatewayBuilder};
pub use health::health_router;
pub use receive::Received;
pub use router::{DEFAULT_BODY_LIMIT, DEFAULT_READ_TIMEOUT, Webhooks, WebhooksBuilder};
pub use secrets::SecretSource;
