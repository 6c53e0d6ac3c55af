use integrations_core::webhook::{Event, RawRequest, Verified};

fn handle(_event: &Event) {}
fn read(_verified: Verified<'_>) {}

fn receive(raw: RawRequest) {
    read(&raw);
    handle(&raw);
}

fn main() {}
