use integrations_core::Timestamp;
use integrations_core::webhook::{RawRequest, Verified};

fn made_up(raw: &RawRequest, at: Timestamp) {
    let _ = Verified::new(raw, "example", 0, at);
}

fn main() {}
