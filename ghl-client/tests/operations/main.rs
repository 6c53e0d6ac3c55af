//! Every operation of both contracts, held against the provider's own documents.
//!
//! The cases under `generated/` build each request with the required fields and with all fields. What leaves is checked
//! by a validator that is not ours (`jsonschema`) against the document, and every reply that the document describes is
//! decoded, as documented and as providers really send it.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod case;
mod catalogue;
mod conformance;
mod coverage;
mod documents;
mod example;
mod generated;
mod hand;
mod known;
mod prelude;
mod replies;
mod requests;
mod schema;

/// Panics once with everything that failed, so that one run shows it all.
fn nothing_failed(what: &str, checked: usize, failures: &[String]) {
    println!("{what}: {checked} checked, {} failed", failures.len());
    assert!(
        failures.is_empty(),
        "{} of {checked} failed ({what}):\n{}",
        failures.len(),
        failures.join("\n")
    );
}
