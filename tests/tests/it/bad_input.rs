//! The table of bad input, through the whole stack: a typed error that says what to do, no panic, no secret, nothing
//! half-written.

mod answers;
mod bodies;
mod ciphertexts;
mod configs;
