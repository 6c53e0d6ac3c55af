//! The promises that need several crates at once; each test has its promise's number in its name.

mod answered_after_commit;
mod kept_events;
mod limits;
mod no_secret;
mod one_effect;
mod one_refresh;
mod shared_budget;
mod statuses;
mod tenants;
mod unknown_outcomes;
