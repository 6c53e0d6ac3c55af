//! What must hold at the end of a life.

use std::collections::BTreeMap;

use integrations_core::status::Status;
use serde_json::Value;

use super::life::Life;
use super::push::Pushed;
use super::receive::Received;
use crate::support::ghl::LOCATION;
use crate::support::tenant;

/// No contact twice; every one there, or its caller told that it may not be. No message twice.
pub(crate) fn contacts(life: &Life, pushed: &Pushed) {
    let seed = life.seed;
    let mut there: BTreeMap<String, u32> = BTreeMap::new();
    for contact in life.ghl.contacts(LOCATION) {
        let email = contact["email"].as_str().expect("an e-mail").to_owned();
        *there.entry(email).or_default() += 1;
    }
    assert!(
        there.values().all(|count| *count == 1),
        "seed {seed}: a contact twice: {there:?}"
    );
    for email in &pushed.written {
        assert!(there.contains_key(email), "seed {seed}: {email} is lost");
    }
    for email in there.keys() {
        let known = [&pushed.written, &pushed.failed, &pushed.unknown];
        assert!(
            known.iter().any(|list| list.contains(email)),
            "seed {seed}: {email} came from nowhere"
        );
    }
    let all = pushed.written.len() + pushed.failed.len() + pushed.unknown.len();
    assert_eq!(all, 30, "seed {seed}: every caller was told: {pushed:?}");
    // An upsert may be repeated, so that with patience nearly all get through.
    assert!(pushed.written.len() >= 24, "seed {seed}: {pushed:?}");

    let messages = life.ghl.messages(LOCATION);
    for (text, least) in pushed
        .sent
        .iter()
        .map(|text| (text, 1))
        .chain(pushed.maybe_sent.iter().map(|text| (text, 0)))
    {
        let count = messages
            .iter()
            .filter(|message| message["body"] == text.as_str())
            .count();
        assert!(
            (least..=1).contains(&count),
            "seed {seed}: {text} was sent {count} times"
        );
    }
}

/// Every webhook was handled exactly once, and the database says so.
pub(crate) async fn webhooks(life: &Life, received: &Received) {
    let seed = life.seed;
    let mut handled = received.handled.clone();
    handled.sort();
    let mut sent = received.sent.clone();
    sent.sort();
    assert_eq!(handled, sent, "seed {seed}: each once");
    let rows = life.app.number("SELECT COUNT(*) FROM webhook_events");
    assert_eq!(rows.await, 20, "seed {seed}");
    let done = "SELECT COUNT(*) FROM webhook_events WHERE status = 'done' AND attempts = 1";
    assert_eq!(life.app.number(done).await, 20, "seed {seed}");
    let leads = life.app.number("SELECT COUNT(*) FROM leads");
    assert_eq!(leads.await, 20, "seed {seed}");
}

/// The status is what the trail tells, and the trail is whole.
pub(crate) async fn books(life: &Life) {
    let acme = tenant("acme");
    let mut told = Status::Pending;
    for row in life.app.trail(&acme).await {
        let word = |name: &str| row.details.get(name).and_then(Value::as_str);
        if let (Some(from), Some(to)) = (word("from"), word("to")) {
            assert_eq!(from, told.as_str(), "seed {}: a gap", life.seed);
            told = to.parse().expect("a status");
        }
    }
    let view = life.app.view(&acme, life.id).await;
    assert_eq!(view.status, told, "seed {}", life.seed);
    assert_eq!(told, Status::Active, "faults are not the credential's");
    assert!(view.last_sync_at.is_some() && view.error_message.is_none());
}
