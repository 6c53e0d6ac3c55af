#![doc = include_str!("../README.md")]

pub mod aloware;
pub mod clerk;
mod common;
pub mod fault;
pub mod ghl;
pub mod leak;
pub mod plan;
pub mod postgres;
pub mod process;
pub mod signer;
pub mod verity;

pub use crate::{
    aloware::SimulatedAloware,
    clerk::SimulatedClerk,
    common::post::post,
    fault::{Fault, FaultPlan},
    ghl::SimulatedGhl,
    leak::LeakDetector,
    verity::SimulatedVerity,
};
