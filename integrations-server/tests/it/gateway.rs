//! The gateway in front of a made-up system.

mod codes;
mod envelope;
mod headers;
mod keys;
mod paths;
mod properties;
mod streams;
mod support;
mod telemetry;
mod timing;
mod wire;
