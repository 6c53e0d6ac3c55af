//! Rate budgets: a simulation in paused time, and the real thing on both engines.

mod engines;
mod fair;
mod simulated;
mod world;
