#![doc = include_str!("../README.md")]

pub mod aloware;
mod common;
pub mod fault;
pub mod ghl;
pub mod leak;
pub mod plan;
pub mod postgres;
pub mod process;
pub mod signer;

pub use crate::{
    aloware::SimulatedAloware,
    fault::{Fault, FaultPlan},
    ghl::SimulatedGhl,
    leak::LeakDetector,
};
