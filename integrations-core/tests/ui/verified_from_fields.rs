use integrations_core::Timestamp;
use integrations_core::webhook::{RawRequest, Verified};

fn made_up(raw: &RawRequest, at: Timestamp) {
    let _ = Verified {
        raw,
        scheme: "example",
        secret: 0,
        received_at: at,
        signed_at: None,
        id: None,
    };
}

fn main() {}
