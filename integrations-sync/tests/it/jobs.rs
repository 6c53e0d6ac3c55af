//! Jobs on both engines.

mod context;
mod enqueue;
mod many;
mod run;
mod stop;
mod support;
mod trouble;
