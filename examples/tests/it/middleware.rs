//! The example `middleware` as a process, with simulated providers around it.

mod flows;
mod house;
mod life;
mod oauth;
mod routes;
