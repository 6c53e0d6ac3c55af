//! Marketplace apps: authorization, tokens of a company's locations, the life of an installation, payments.

mod authorize;
mod billing;
mod broker;
mod bulk;
mod inactive;
mod installation;
mod life;
mod lifecycle;
mod world;
