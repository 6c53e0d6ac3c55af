//! Whole lives against the simulated provider, over real HTTP.

mod faults;
mod find;
mod life;
mod limits;
mod refusals;

use std::time::Duration;

use ghl_client::{Client, Location};
use integrations_testkit::ghl::{Builder, Clock, SCOPES};
use integrations_testkit::{FaultPlan, SimulatedGhl};

const LOCATION: &str = "loc0000000000000001A";
const OTHER: &str = "loc0000000000000002B";
const COMPANY: &str = "company000000000001C";

/// Two locations of one company, on a Monday before the calendars open; the search sees everything at once.
fn builder() -> Builder {
    SimulatedGhl::builder()
        .location(LOCATION, COMPANY)
        .location(OTHER, COMPANY)
        .search_lag(Duration::ZERO)
        .clock(Clock::fixed("2026-01-05T06:00:00Z".parse().unwrap()))
}

fn client(ghl: &SimulatedGhl, token: &str) -> Client {
    let client = Client::builder().private_token(token);
    client.base_url(ghl.base_url()).build().unwrap()
}

/// A simulator, and the location with a token of all scopes.
async fn start() -> (SimulatedGhl, Location) {
    with_faults(FaultPlan::none()).await
}

async fn with_faults(plan: FaultPlan) -> (SimulatedGhl, Location) {
    let ghl = builder().faults(plan).start().await.unwrap();
    let token = ghl.issue_private_token(LOCATION, SCOPES);
    let location = client(&ghl, &token).location(LOCATION);
    (ghl, location)
}
