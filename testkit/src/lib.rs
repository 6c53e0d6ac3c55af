#![doc = include_str!("../README.md")]

pub mod fault;
pub mod ghl;
pub mod leak;
pub mod signer;

pub use crate::{
    fault::{Fault, FaultPlan},
    ghl::SimulatedGhl,
    leak::LeakDetector,
};
