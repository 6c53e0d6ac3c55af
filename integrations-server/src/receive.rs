use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use integrations_core::provider::Provider;
use integrations_core::webhook::{
    Event, Outcome, RawRequest, Rejection, Reply, Secrets, TenantKey, WebhookSource,
};
use integrations_core::{Clock, Error, ErrorKind, EventId, IntegrationId, Result, Timestamp};
use integrations_store::{Inserted, StoredIntegration};
use integrations_sync::inbox::{Inbox, Incoming, Unmatched};

use crate::SecretSource;
use crate::known::{Candidate, Found, Known, Name};
use crate::report::report;
use crate::wants;

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
    pub(crate) inbox: Inbox,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) known: Known,
    /// The kinds of events that are wanted of a provider, by slug.
    pub(crate) wants: BTreeMap<String, Vec<String>>,
}

/// One request on its way.
struct Request<'a> {
    provider: &'a dyn Provider,
    source: &'a dyn WebhookSource,
    target: Target,
    raw: &'a RawRequest,
    key: Option<TenantKey>,
    received_at: Timestamp,
}

/// The integrations that a request may be for.
#[derive(Default)]
struct Candidates {
    found: Vec<Arc<Candidate>>,
    /// What all requests of the provider are verified with, when it is nobody's.
    common: Secrets,
    /// Whether there are more, whose secrets cannot be read now.
    unreadable: bool,
}

enum Taken {
    Stored(Outcome, Vec<EventId>),
    Handshake(Reply),
}

struct Refused(Outcome);

impl Request<'_> {
    fn slug(&self) -> &str {
        self.provider.template().slug()
    }

    fn events(&self, secrets: &Secrets) -> Result<Result<Vec<Event>, Refused>, Error> {
        let verified = self.source.verify(self.raw, secrets, self.received_at)?;
        let events = match self.source.events(verified) {
            Ok(events) => events,
            Err(error) => return Ok(Err(rejected(rejection_of(&error)))),
        };
        if events.len() > MAX_EVENTS {
            tracing::warn!(events = events.len(), "too many events in one webhook");
            return Ok(Err(rejected(Rejection::TooLarge)));
        }
        Ok(Ok(events))
    }

    fn incoming(&self, candidate: &Candidate, event: Event) -> Incoming {
        let dedupe_key = self.source.dedupe_key(&event);
        let order_key = self.source.order_key(&event);
        Incoming::new(candidate.tenant.clone(), candidate.id, event, dedupe_key)
            .order_key(order_key)
            .sensitive(self.provider.template().sensitive_payload())
    }

    fn unmatched(&self, key: &TenantKey, event: Event) -> Unmatched {
        let dedupe_key = self.source.dedupe_key(&event);
        let order_key = self.source.order_key(&event);
        Unmatched::new(key.clone(), event, dedupe_key)
            .order_key(order_key)
            .sensitive(self.provider.template().sensitive_payload())
    }
}

impl Receiver {
    pub(crate) async fn receive(
        &self,
        provider: &dyn Provider,
        source: &dyn WebhookSource,
        target: Target,
        raw: &RawRequest,
    ) -> Received {
        let request = Request {
            provider,
            source,
            target,
            raw,
            key: source.tenant_key(raw),
            received_at: self.clock.now(),
        };
        let taken = self.take(&request).await;
        let handshake = matches!(taken, Ok(Taken::Handshake(_)));
        let (outcome, reply, events) = match taken {
            Ok(Taken::Stored(outcome, events)) => (outcome, source.reply(outcome), events),
            Ok(Taken::Handshake(reply)) => (Outcome::Accepted, reply, Vec::new()),
            Err(Refused(outcome)) => (outcome, source.reply(outcome), Vec::new()),
        };
        report(request.slug(), outcome, handshake, &events, raw.body.len());
        Received {
            outcome,
            reply,
            events,
        }
    }

    async fn take(&self, request: &Request<'_>) -> Result<Taken, Refused> {
        let candidates = self.candidates(request).await?;
        if let Some(reply) = self.handshake(request, &candidates).await? {
            return Ok(Taken::Handshake(reply));
        }
        // Other methods are for handshakes.
        if request.raw.method != Method::POST {
            return Err(rejected(Rejection::MethodNotAllowed));
        }
        if candidates.found.is_empty() {
            let kept = self.nobodys(request, &candidates).await;
            return match kept {
                // It may be for the one whose secrets cannot be read.
                Err(_) if candidates.unreadable => Err(Refused(Outcome::Busy)),
                kept => kept,
            };
        }
        let incoming = match self.verify(request, &candidates).await {
            Err(_) if candidates.unreadable => return Err(Refused(Outcome::Busy)),
            incoming => incoming?,
        };
        let nothing = incoming.is_empty();
        let inserted = self.store(incoming).await?;
        let repeated = inserted.iter().all(Inserted::is_duplicate);
        let outcome = if candidates.unreadable {
            Outcome::Busy
        } else if nothing {
            Outcome::Ignored
        } else if repeated {
            Outcome::Duplicate
        } else {
            Outcome::Accepted
        };
        let ids = inserted.iter().map(Inserted::id).collect();
        Ok(Taken::Stored(outcome, ids))
    }

    /// When it returns, the events are on the disk.
    async fn store(&self, incoming: Vec<Incoming>) -> Result<Vec<Inserted>, Refused> {
        let inserted = self.inbox.store(incoming).await;
        inserted.map_err(|error| refusal(&error))
    }

    /// The events of every candidate whose secrets prove the request, as far as it wants them.
    async fn verify(
        &self,
        request: &Request<'_>,
        candidates: &Candidates,
    ) -> Result<Vec<Incoming>, Refused> {
        let wanted = self.wants.get(request.slug()).map(Vec::as_slice);
        let mut refusal = None;
        let mut proven = false;
        let mut incoming = Vec::new();
        for (at, candidate) in candidates.found.iter().enumerate() {
            // A large body hashed for many candidates must not hold the thread.
            if at > 0 {
                tokio::task::yield_now().await;
            }
            let events = match request.events(&candidate.secrets) {
                Ok(events) => events?,
                Err(error) => {
                    refusal.get_or_insert_with(|| rejection_of(&error));
                    continue;
                }
            };
            proven = true;
            let events = events.into_iter().filter(|event| {
                wants::names(wanted, event) && wants::names(candidate.wants.as_deref(), event)
            });
            incoming.extend(events.map(|event| request.incoming(candidate, event)));
        }
        if proven {
            return Ok(incoming);
        }
        Err(rejected(refusal.unwrap_or(Rejection::BadSignature)))
    }

    /// Nobody's webhook is verified all the same, as far as that goes without secrets of its own: a forger is told so,
    /// and learns nothing about which integrations exist. What is genuine is kept aside for whom it may turn out to be.
    async fn nobodys(
        &self,
        request: &Request<'_>,
        candidates: &Candidates,
    ) -> Result<Taken, Refused> {
        let events = match request.events(&candidates.common) {
            Ok(events) => events,
            Err(error) => return Err(rejected(rejection_of(&error))),
        };
        if let (Target::ByPayload, Some(key), Ok(events)) = (request.target, &request.key, events)
            && is_storable(key)
        {
            let wanted = self.wants.get(request.slug()).map(Vec::as_slice);
            let events = events
                .into_iter()
                .filter(|event| wants::names(wanted, event));
            let unmatched = events.map(|event| request.unmatched(key, event)).collect();
            let kept = self.inbox.keep_unmatched(unmatched).await;
            kept.map_err(|error| refusal(&error))?;
        }
        Ok(Taken::Stored(Outcome::Ignored, Vec::new()))
    }

    async fn candidates(&self, request: &Request<'_>) -> Result<Candidates, Refused> {
        let name = match (request.target, &request.key) {
            (Target::Integration(id), _) => Some(Name::Id(id)),
            (Target::ByPayload, Some(key)) if is_storable(key) => {
                Some(Name::Key(key.as_str().to_owned()))
            }
            (Target::ByPayload, _) => None,
        };
        let mut candidates = Candidates::default();
        if let Some(name) = name {
            let (found, unreadable) = self.find(request.slug(), name).await?;
            let named = |candidate: &&Arc<Candidate>| match request.target {
                Target::Integration(_) => is_named(candidate, request.key.as_ref()),
                Target::ByPayload => true,
            };
            candidates.found = found.iter().filter(named).cloned().collect();
            candidates.unreadable = unreadable;
        }
        if candidates.found.is_empty() {
            let common = self.secrets.application_secrets(request.slug()).await;
            candidates.common = common.map_err(|error| not_now(&error))?;
        }
        Ok(candidates)
    }

    /// The integrations of this name, and whether there are more whose secrets cannot be read.
    async fn find(&self, provider: &str, name: Name) -> Result<(Found, bool), Refused> {
        let deployment = self.inbox.store_handle().deployment();
        let generation = self.known.refresh(&deployment).await;
        let generation = generation.map_err(|error| not_now(&error))?;
        if let Some(found) = self.known.get(provider, &name) {
            return Ok((found, false));
        }
        let rows = match &name {
            Name::Id(id) => {
                let row = deployment.integration(provider, *id).await;
                row.map(|row| row.into_iter().collect())
            }
            Name::Key(key) => {
                let key = TenantKey::from(key);
                deployment.integrations_by_key(provider, &key).await
            }
        };
        let rows: Vec<StoredIntegration> = rows.map_err(|error| not_now(&error))?;
        let mut found = Vec::with_capacity(rows.len());
        let mut unreadable = false;
        for row in rows {
            match self.secrets.webhook_secrets(&row.tenant, row.id).await {
                Ok(secrets) => found.push(Arc::new(Candidate {
                    tenant: row.tenant,
                    id: row.id,
                    key: row.external_key,
                    secrets,
                    wants: wants::of_config(&row.config),
                })),
                // One tenant's broken secrets are not another's.
                Err(error) => {
                    not_now(&error);
                    unreadable = true;
                }
            }
        }
        let found: Found = found.into();
        if !unreadable {
            self.known.put(generation, provider, name, &found);
        }
        Ok((found, unreadable))
    }

    async fn handshake(
        &self,
        request: &Request<'_>,
        candidates: &Candidates,
    ) -> Result<Option<Reply>, Refused> {
        let (source, raw) = (request.source, request.raw);
        if candidates.found.is_empty() {
            return Ok(source
                .handshake(raw, &candidates.common)
                .filter(|shake| shake.learned.is_none())
                .map(|shake| shake.reply));
        }
        for candidate in &candidates.found {
            let Some(shake) = source.handshake(raw, &candidate.secrets) else {
                continue;
            };
            if let Some(secret) = &shake.learned {
                // Nothing proves who hands over a secret. That the sender knows the integration's own URL is the least
                // that is asked; a key that the payload names is public.
                if matches!(request.target, Target::ByPayload) {
                    continue;
                }
                self.secrets
                    .keep_webhook_secret(&candidate.tenant, candidate.id, secret)
                    .await
                    .map_err(|error| not_now(&error))?;
                self.known.clear();
            }
            return Ok(Some(shake.reply));
        }
        Ok(None)
    }
}

/// Whether the payload names the integration that the URL names, or none. With providers that sign everything with
/// one key, the signature alone would let one account's events in under another's URL.
fn is_named(candidate: &Candidate, key: Option<&TenantKey>) -> bool {
    match (&candidate.key, key) {
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

/// What the inbox does not take.
fn refusal(error: &Error) -> Refused {
    match error.kind() {
        ErrorKind::Validation => {
            let fields: Vec<_> = error.fields().iter().map(|field| &*field.path).collect();
            tracing::warn!(?fields, "webhook cannot be stored");
            rejected(Rejection::MalformedPayload)
        }
        _ => not_now(error),
    }
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
