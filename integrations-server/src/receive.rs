use std::sync::Arc;

use http::Method;
use integrations_core::webhook::{
    DedupeKey, Event, Outcome, RawRequest, Rejection, Reply, Secrets, TenantKey, WebhookSource,
};
use integrations_core::{
    Clock, Error, ErrorKind, EventId, IntegrationId, Result, TenantId, Timestamp,
};
use integrations_store::{Inserted, NewEvent, Store, StoredIntegration};
use tokio::sync::Notify;

use crate::SecretSource;

/// The most events that one request may carry; providers that batch send 100.
const MAX_EVENTS: usize = 1000;
/// The longest key that the store knows.
const MAX_KEY: usize = 512;

/// What became of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// The outcome, in our words. A handshake that was answered is accepted, without events.
    pub outcome: Outcome,
    /// The answer, in the provider's.
    pub reply: Reply,
    /// The stored events, repeated ones included.
    pub events: Vec<EventId>,
}

/// How the integration is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    ByPayload,
    Integration(IntegrationId),
}

/// Everything that taking a request needs.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) store: Store,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) arrived: Arc<Notify>,
}

/// The integrations that a request may be for.
#[derive(Default)]
struct Candidates {
    found: Vec<Candidate>,
    /// Whether there are more, whose secrets cannot be read now.
    unreadable: bool,
}

struct Candidate {
    tenant: TenantId,
    id: IntegrationId,
    secrets: Secrets,
}

/// An event and the candidate that proved it.
type Wanted = (usize, Event, DedupeKey);

enum Taken {
    Stored(Outcome, Vec<EventId>),
    Handshake(Reply),
}

struct Refused(Outcome);

impl Receiver {
    pub(crate) async fn receive(
        &self,
        provider: &str,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
    ) -> Received {
        let received_at = self.clock.now();
        let taken = self.take(provider, source, target, raw, received_at).await;
        let handshake = matches!(taken, Ok(Taken::Handshake(_)));
        let (outcome, reply, events) = match taken {
            Ok(Taken::Stored(outcome, events)) => (outcome, source.reply(outcome), events),
            Ok(Taken::Handshake(reply)) => (Outcome::Accepted, reply, Vec::new()),
            Err(Refused(outcome)) => (outcome, source.reply(outcome), Vec::new()),
        };
        report(provider, outcome, handshake, events.len(), raw.body.len());
        Received {
            outcome,
            reply,
            events,
        }
    }

    async fn take(
        &self,
        provider: &str,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
        received_at: Timestamp,
    ) -> Result<Taken, Refused> {
        let candidates = self.candidates(provider, source, target, raw).await?;
        if let Some(reply) = self
            .handshake(source, target, raw, &candidates.found)
            .await?
        {
            return Ok(Taken::Handshake(reply));
        }
        // Other methods are for handshakes.
        if raw.method != Method::POST {
            return Err(rejected(Rejection::MethodNotAllowed));
        }
        let wanted = match verify(source, raw, &candidates.found, received_at).await {
            // It may be for the one whose secrets cannot be read.
            Err(_) if candidates.unreadable => return Err(Refused(Outcome::Busy)),
            wanted => wanted?,
        };
        let inserted = self.insert(&candidates.found, &wanted).await?;
        let repeated = inserted.iter().all(Inserted::is_duplicate);
        if !repeated {
            self.arrived.notify_waiters();
        }
        let outcome = if candidates.unreadable {
            Outcome::Busy
        } else if wanted.is_empty() {
            Outcome::Ignored
        } else if repeated {
            Outcome::Duplicate
        } else {
            Outcome::Accepted
        };
        let ids = inserted.iter().map(Inserted::id).collect();
        Ok(Taken::Stored(outcome, ids))
    }

    /// In one transaction; when it returns, the events are on the disk.
    async fn insert(
        &self,
        candidates: &[Candidate],
        wanted: &[Wanted],
    ) -> Result<Vec<Inserted>, Refused> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<NewEvent<'_>> = wanted
            .iter()
            .map(|(at, event, key)| {
                NewEvent::new(&candidates[*at].tenant, candidates[*at].id, event, key)
            })
            .collect();
        let inserted = self.store.events().insert_all(&rows).await;
        inserted.map_err(|error| match error.kind() {
            ErrorKind::Validation => {
                let fields: Vec<_> = error.fields().iter().map(|field| &*field.path).collect();
                tracing::warn!(?fields, "webhook cannot be stored");
                rejected(Rejection::MalformedPayload)
            }
            _ => not_now(&error),
        })
    }

    async fn candidates(
        &self,
        provider: &str,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
    ) -> Result<Candidates, Refused> {
        let deployment = self.store.deployment();
        let key = source.tenant_key(raw);
        let found = match (target, &key) {
            (Target::Integration(id), _) => {
                let named = deployment.integration(provider, id).await;
                named.map(|row| {
                    row.filter(|row| is_named(row, key.as_ref()))
                        .into_iter()
                        .collect()
                })
            }
            (Target::ByPayload, Some(key)) if is_storable(key) => {
                deployment.integrations_by_key(provider, key).await
            }
            (Target::ByPayload, _) => Ok(Vec::new()),
        };
        let mut candidates = Candidates::default();
        for row in found.map_err(|error| not_now(&error))? {
            match self.secrets.webhook_secrets(&row.tenant, row.id).await {
                Ok(secrets) => candidates.found.push(Candidate {
                    tenant: row.tenant,
                    id: row.id,
                    secrets,
                }),
                // One tenant's broken secrets are not another's.
                Err(error) => {
                    not_now(&error);
                    candidates.unreadable = true;
                }
            }
        }
        Ok(candidates)
    }

    async fn handshake(
        &self,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
        candidates: &[Candidate],
    ) -> Result<Option<Reply>, Refused> {
        if candidates.is_empty() {
            return Ok(source
                .handshake(raw, &Secrets::none())
                .filter(|shake| shake.learned.is_none())
                .map(|shake| shake.reply));
        }
        for candidate in candidates {
            let Some(shake) = source.handshake(raw, &candidate.secrets) else {
                continue;
            };
            if let Some(secret) = &shake.learned {
                // Nothing proves who hands over a secret. That the sender knows the integration's own URL is the least
                // that is asked; a key that the payload names is public.
                if matches!(target, Target::ByPayload) {
                    continue;
                }
                self.secrets
                    .keep_webhook_secret(&candidate.tenant, candidate.id, secret)
                    .await
                    .map_err(|error| not_now(&error))?;
            }
            return Ok(Some(shake.reply));
        }
        Ok(None)
    }
}

/// The events of every candidate whose secrets prove the request.
async fn verify(
    source: &dyn WebhookSource,
    raw: &RawRequest,
    candidates: &[Candidate],
    received_at: Timestamp,
) -> Result<Vec<Wanted>, Refused> {
    // Nobody's webhook is verified all the same, as far as that goes without secrets: a forger is told so, and learns
    // nothing about which integrations exist.
    if candidates.is_empty() {
        return Err(match source.verify(raw, &Secrets::none(), received_at) {
            Ok(_) => Refused(Outcome::Ignored),
            Err(error) => rejected(rejection_of(&error)),
        });
    }
    let mut refusal = None;
    let mut proven = false;
    let mut wanted: Vec<Wanted> = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        // A large body hashed for many candidates must not hold the thread.
        if at > 0 {
            tokio::task::yield_now().await;
        }
        let verified = match source.verify(raw, &candidate.secrets, received_at) {
            Ok(verified) => verified,
            Err(error) => {
                refusal.get_or_insert_with(|| rejection_of(&error));
                continue;
            }
        };
        proven = true;
        let events = source
            .events(verified)
            .map_err(|error| rejected(rejection_of(&error)))?;
        if events.len() > MAX_EVENTS {
            tracing::warn!(events = events.len(), "too many events in one webhook");
            return Err(rejected(Rejection::TooLarge));
        }
        wanted.extend(events.into_iter().map(|event| {
            let key = source.dedupe_key(&event);
            (at, event, key)
        }));
    }
    if proven {
        return Ok(wanted);
    }
    Err(rejected(refusal.unwrap_or(Rejection::BadSignature)))
}

/// Whether the payload names the integration that the URL names, or none. With providers that sign everything with
/// one key, the signature alone would let one account's events in under another's URL.
fn is_named(row: &StoredIntegration, key: Option<&TenantKey>) -> bool {
    match (&row.external_key, key) {
        (Some(own), Some(key)) => own == key.as_str(),
        _ => true,
    }
}

fn is_storable(key: &TenantKey) -> bool {
    let key = key.as_str();
    !key.is_empty() && key.len() <= MAX_KEY && !key.contains('\0')
}

fn rejected(rejection: Rejection) -> Refused {
    Refused(Outcome::Rejected(rejection))
}

/// We failed, not the sender: the provider is asked to come back.
fn not_now(error: &Error) -> Refused {
    tracing::error!(
        kind = error.kind().as_str(),
        code = error.code(),
        "webhook not stored"
    );
    Refused(Outcome::Busy)
}

/// The rejection behind a verifier's error; an unknown one still refuses.
fn rejection_of(error: &Error) -> Rejection {
    Rejection::of(error).unwrap_or(Rejection::BadSignature)
}

/// Counts and logs a request. Nothing in it comes from the sender.
pub(crate) fn report(
    provider: &str,
    outcome: Outcome,
    handshake: bool,
    events: usize,
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
    tracing::info!(provider, outcome = word, reason, events, bytes, "webhook");
}
