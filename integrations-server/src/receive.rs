use std::sync::Arc;

use integrations_core::webhook::{
    DedupeKey, Event, Outcome, RawRequest, Rejection, Reply, Secrets, WebhookSource,
};
use integrations_core::{
    Clock, Error, ErrorKind, EventId, IntegrationId, Result, TenantId, Timestamp,
};
use integrations_store::{Inserted, NewEvent, Store};
use tokio::sync::Notify;

use crate::SecretSource;

/// What became of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// The outcome, in our words.
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

/// An integration that a request may be for.
struct Candidate {
    tenant: TenantId,
    id: IntegrationId,
    secrets: Secrets,
}

impl Receiver {
    pub(crate) async fn receive(
        &self,
        provider: &str,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
    ) -> Received {
        let received_at = self.clock.now();
        let result = self.take(provider, source, target, raw, received_at).await;
        let (outcome, reply, events) = match result {
            Ok(Taken::Stored(outcome, events)) => (outcome, source.reply(outcome), events),
            Ok(Taken::Handshake(reply)) => (Outcome::Accepted, reply, Vec::new()),
            Err(Refused(outcome)) => (outcome, source.reply(outcome), Vec::new()),
        };
        let (word, reason) = match outcome {
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
        tracing::info!(
            provider,
            outcome = word,
            reason,
            events = events.len(),
            bytes = raw.body.len(),
            "webhook"
        );
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
        if let Some(reply) = self.handshake(source, raw, &candidates).await? {
            return Ok(Taken::Handshake(reply));
        }
        // Nobody's webhook is verified all the same, as far as that goes without secrets: a forger is told so, and
        // learns nothing about which integrations exist.
        if candidates.is_empty() {
            return Err(match source.verify(raw, &Secrets::none(), received_at) {
                Ok(_) => Refused(Outcome::Ignored),
                Err(error) => Refused(Outcome::Rejected(rejection_of(&error))),
            });
        }
        let mut refusal = Rejection::BadSignature;
        let mut wanted: Vec<(usize, Event, DedupeKey)> = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let events = source
                .verify(raw, &candidate.secrets, received_at)
                .and_then(|verified| source.events(verified));
            match events {
                Ok(events) => wanted.extend(events.into_iter().map(|event| {
                    let key = source.dedupe_key(&event);
                    (at, event, key)
                })),
                Err(error) => {
                    refusal = rejection_of(&error);
                    continue;
                }
            }
        }
        if wanted.is_empty() {
            return Err(Refused(Outcome::Rejected(refusal)));
        }
        let rows: Vec<NewEvent<'_>> = wanted
            .iter()
            .map(|(at, event, key)| {
                NewEvent::new(&candidates[*at].tenant, candidates[*at].id, event, key)
            })
            .collect();
        let inserted = self
            .store
            .events()
            .insert_all(&rows)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Validation => Refused(Outcome::Rejected(Rejection::MalformedPayload)),
                _ => not_now(&error),
            })?;
        let repeated = inserted.iter().all(Inserted::is_duplicate);
        if !repeated {
            self.arrived.notify_waiters();
        }
        let outcome = if repeated {
            Outcome::Duplicate
        } else {
            Outcome::Accepted
        };
        Ok(Taken::Stored(
            outcome,
            inserted.iter().map(Inserted::id).collect(),
        ))
    }

    async fn candidates(
        &self,
        provider: &str,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
    ) -> Result<Vec<Candidate>, Refused> {
        let deployment = self.store.deployment();
        let found = match target {
            Target::Integration(id) => deployment
                .integration(provider, id)
                .await
                .map(Vec::from_iter),
            Target::ByPayload => match source.tenant_key(raw) {
                Some(key) => deployment.integrations_by_key(provider, &key).await,
                None => Ok(Vec::new()),
            },
        };
        let mut candidates = Vec::new();
        for row in found.map_err(|error| not_now(&error))? {
            let secrets = self
                .secrets
                .webhook_secrets(&row.tenant, row.id)
                .await
                .map_err(|error| not_now(&error))?;
            candidates.push(Candidate {
                tenant: row.tenant,
                id: row.id,
                secrets,
            });
        }
        Ok(candidates)
    }

    async fn handshake(
        &self,
        source: &dyn WebhookSource,
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

enum Taken {
    Stored(Outcome, Vec<EventId>),
    Handshake(Reply),
}

struct Refused(Outcome);

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
