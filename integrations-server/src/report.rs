use integrations_core::EventId;
use integrations_core::webhook::Outcome;

/// Counts and logs a request. Nothing in it comes from the sender. The id of its event is in every later line of its
/// way: so the event can be followed.
pub(crate) fn report(
    provider: &str,
    outcome: Outcome,
    handshake: bool,
    ids: &[EventId],
    bytes: usize,
) {
    let (word, reason) = match outcome {
        _ if handshake => ("handshake", ""),
        Outcome::Accepted => ("accepted", ""),
        Outcome::Duplicate => ("duplicate", ""),
        Outcome::Ignored => ("ignored", ""),
        Outcome::Busy => ("busy", ""),
        Outcome::Rejected(rejection) => ("rejected", rejection.code()),
        _ => ("other", ""),
    };
    metrics::counter!("integrations_webhooks_total",
        "provider" => provider.to_owned(), "outcome" => word, "reason" => reason)
    .increment(1);
    let event = ids.first().map(tracing::field::display);
    let events = ids.len();
    tracing::info!(
        provider,
        outcome = word,
        reason,
        event,
        events,
        bytes,
        "webhook"
    );
}
