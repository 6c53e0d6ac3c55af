#![doc = include_str!("../README.md")]

mod again;
pub mod budget;
pub mod flow;
pub mod inbox;
pub mod jobs;
mod origin;
pub mod outgoing;
pub mod runtime;
pub mod schedule;
