//! What every simulator is made of: the HTTP server and its faults, the clock, the sender of webhooks.

pub(crate) mod arrival;
pub(crate) mod body;
pub(crate) mod clock;
pub(crate) mod delivery;
pub(crate) mod effect;
pub(crate) mod post;
pub(crate) mod sender;
pub(crate) mod serve;
pub(crate) mod spoil;
pub(crate) mod webhook_faults;
