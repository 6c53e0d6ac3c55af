use integrations_core::webhook::{Event, RawRequest};

fn made_up(raw: &RawRequest) -> Event {
    Event::new(raw, "example", "ContactCreate")
}

fn main() {}
