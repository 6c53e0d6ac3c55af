use std::time::Duration;

use integrations_core::Result;
use integrations_core::webhook::schemes::{Ed25519Key, Ghl, RsaKey};
use integrations_core::webhook::{
    Change, DedupeKey, DedupePolicy, Discriminator, Event, Outcome, RawRequest, Rejection, Reply,
    ReplyPolicy, Secrets, TenantKey, Verified, WebhookSource,
};
use jiff::Timestamp;

use super::Envelope;
use super::change::Subject;
use super::event::kind_of;
use crate::ids::AppId;

/// What older systems call this provider in their keys.
const SEED_SOURCE: &str = "ghl";

/// GoHighLevel's webhooks: how they are verified, to whom they belong, what they are answered.
///
/// One request is one event. It belongs to its `locationId`, or to its `companyId` when it has no location, as an
/// installation by a whole company. A repeated delivery is known by `webhookId`; a body without one by the SHA-256 of
/// the event's name and the body, so that two such bodies that are equal byte for byte count as one event.
///
/// Contacts, messages, calls, opportunities and appointments are told of as changes. A merge of two contacts has no event
/// of its own: it comes as a change of one and the deletion of the other. An e-mail without a `messageId`, which older
/// events are, cannot be told of.
///
/// The provider signs with one key for all: [`Secrets`] are not used. It sends a failed delivery up to twelve times
/// more over days with the same body, so the age of an event is not checked unless you ask for it.
///
/// That one key also signs what the provider sends to other apps, to anybody who writes one: name yours with
/// [`for_app`](Self::for_app), or the owner of another app that is installed in the same location can pass its events
/// on as yours, an `UNINSTALL` among them.
#[derive(Debug, Clone, Default)]
pub struct GhlWebhooks {
    scheme: Ghl,
    apps: Vec<AppId>,
    expected: String,
    dedupe: DedupePolicy,
}

impl GhlWebhooks {
    /// Verifies what the provider sends.
    #[must_use]
    pub fn production() -> Self {
        Ghl::production().into()
    }

    /// Verifies with other keys: any may match, so that a new one can be added before the provider changes over.
    #[must_use]
    pub fn with_keys(keys: impl IntoIterator<Item = Ed25519Key>) -> Self {
        Ghl::with_keys(keys).into()
    }

    /// Also takes the retired RSA signature, from requests that have no other.
    #[must_use]
    pub fn allow_legacy_rsa(mut self) -> Self {
        self.scheme = self.scheme.allow_legacy_rsa();
        self
    }

    /// The same with other keys: any may match. Each call adds to the keys before.
    #[must_use]
    pub fn allow_legacy_rsa_with(mut self, keys: impl IntoIterator<Item = RsaKey>) -> Self {
        self.scheme = self.scheme.allow_legacy_rsa_with(keys);
        self
    }

    /// Takes a body that does not name its event for this one: for an address to which the provider sends this event
    /// alone. A body that does name its event keeps that name: see [`Event::parse_as`](super::Event::parse_as).
    #[must_use]
    pub fn expecting(mut self, kind: impl Into<String>) -> Self {
        self.expected = kind.into();
        self
    }

    /// Takes the events of this app only: the part of the client id before the `-`. Call it again for another app.
    /// An event that names another app or none is refused (`not_allowed`).
    #[must_use]
    pub fn for_app(mut self, app: impl Into<AppId>) -> Self {
        self.apps.push(app.into());
        self
    }

    /// What makes two deliveries the same event. [`DedupePolicy::SeedExact`] is for those who migrate a table of keys that
    /// an older system made of source, event and record, `ghl:ContactUpdate:…`: **it drops every later event of the same
    /// kind about the same record.** An event that names no record is known as it is by default.
    #[must_use]
    pub fn dedupe(mut self, policy: DedupePolicy) -> Self {
        self.dedupe = policy;
        self
    }

    /// Refuses events older than this, late deliveries among them.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.scheme = self.scheme.with_max_age(max_age);
        self
    }
}

impl From<Ghl> for GhlWebhooks {
    fn from(scheme: Ghl) -> Self {
        Self {
            scheme,
            ..Self::default()
        }
    }
}

impl WebhookSource for GhlWebhooks {
    fn tenant_key(&self, raw: &RawRequest) -> Option<TenantKey> {
        Some(Envelope::read(&raw.body)?.tenant_key()?.into())
    }

    fn verify<'a>(
        &self,
        raw: &'a RawRequest,
        secrets: &Secrets,
        received_at: Timestamp,
    ) -> Result<Verified<'a>> {
        let verified = self.scheme.verify(raw, secrets, received_at)?;
        if !self.apps.is_empty() {
            let app = Envelope::read(&raw.body).and_then(|envelope| envelope.app_id);
            if !app.is_some_and(|app| self.apps.contains(&app)) {
                return Err(Rejection::NotAllowed.into());
            }
        }
        Ok(verified)
    }

    fn events(&self, verified: Verified<'_>) -> Result<Vec<Event>> {
        let envelope = Envelope::read(verified.body()).ok_or(Rejection::MalformedPayload)?;
        let kind = kind_of(envelope.kind.as_deref().unwrap_or_default(), &self.expected);
        let mut event = Event::new(&verified, crate::PROVIDER, kind);
        if let Some(id) = envelope.webhook_id.as_deref().filter(|id| !id.is_empty()) {
            event = event.with_id(id);
        }
        if let Some(key) = envelope.tenant_key() {
            event = event.with_tenant_key(key);
        }
        if let Some(at) = envelope.timestamp {
            event = event.with_occurred_at(at);
        }
        Ok(vec![event])
    }

    fn dedupe_key(&self, event: &Event) -> DedupeKey {
        let record = match self.dedupe {
            DedupePolicy::SeedExact => Subject::of(event).record(event.kind()),
            _ => None,
        };
        match (record, event.id()) {
            (Some(record), _) => self.dedupe.key(
                [SEED_SOURCE, event.kind(), &record],
                Discriminator::Body(event.payload()),
            ),
            (None, Some(id)) => DedupeKey::from(id),
            (None, None) => DedupeKey::digest([event.kind().as_bytes(), event.payload()]),
        }
    }

    fn changes(&self, event: &Event) -> Vec<Change> {
        let change = Subject::of(event).change(event.kind());
        change.into_iter().collect()
    }

    fn order_key(&self, event: &Event) -> Option<String> {
        Subject::of(event).order_key(event.kind())
    }

    fn reply(&self, outcome: Outcome) -> Reply {
        ReplyPolicy::GHL.reply(outcome)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;
    use integrations_core::webhook::sign::Ed25519Signer;

    use super::*;

    #[test]
    fn older_keys_are_made_of_event_and_record() {
        let signer = Ed25519Signer::from_seed(&[7; 32]).unwrap();
        let keyed = |policy: DedupePolicy, body: &'static [u8]| {
            let source = GhlWebhooks::with_keys([signer.public_key().unwrap()]).dedupe(policy);
            let raw = RawRequest::new(
                Method::POST,
                "/",
                signer.ghl(body),
                Bytes::from_static(body),
            );
            let verified = source.verify(&raw, &Secrets::none(), Timestamp::UNIX_EPOCH);
            let events = source.events(verified.unwrap()).unwrap();
            source.dedupe_key(&events[0]).as_str().to_owned()
        };
        let update = br#"{"type":"ContactUpdate","id":"c1","locationId":"l1","webhookId":"w1"}"#;
        let exact = DedupePolicy::SeedExact;
        assert_eq!(keyed(exact, update), "ghl:ContactUpdate:c1");
        assert_eq!(keyed(DedupePolicy::WithDigest, update), "w1");
        let install = br#"{"type":"INSTALL","appId":"a","locationId":"l1","webhookId":"w2"}"#;
        assert_eq!(keyed(exact, install), "w2", "it tells of no record");
    }

    #[test]
    fn the_events_of_another_app_are_refused() {
        let signer = Ed25519Signer::from_seed(&[7; 32]).unwrap();
        let all = GhlWebhooks::with_keys([signer.public_key().unwrap()]);
        let ours = all.clone().for_app("65f0c0ffee").for_app("new");
        let verify = |source: &GhlWebhooks, body: &'static [u8]| {
            let raw = RawRequest::new(
                Method::POST,
                "/",
                signer.ghl(body),
                Bytes::from_static(body),
            );
            let verified = source.verify(&raw, &Secrets::none(), Timestamp::UNIX_EPOCH);
            verified.map(drop).map_err(|error| Rejection::of(&error))
        };
        let own = br#"{"type":"UNINSTALL","appId":"65f0c0ffee","locationId":"l1"}"#;
        assert_eq!(verify(&ours, own), Ok(()));
        for foreign in [
            br#"{"type":"UNINSTALL","appId":"another","locationId":"l1"}"#.as_slice(),
            br#"{"type":"UNINSTALL","locationId":"l1"}"#,
            br#"{"type":"UNINSTALL","appId":null}"#,
            b"[]",
        ] {
            assert_eq!(verify(&ours, foreign), Err(Some(Rejection::NotAllowed)));
            assert_eq!(verify(&all, foreign), Ok(()));
        }
    }
    #[test]
    fn seed_exact_keeps_the_keys_of_the_document() {
        let signer = Ed25519Signer::from_seed(&[7; 32]).unwrap();
        let source = GhlWebhooks::with_keys([signer.public_key().unwrap()]);
        let exact = source.clone().dedupe(DedupePolicy::SeedExact);
        let key = |source: &GhlWebhooks, body: &str| {
            let body = Bytes::from(body.to_owned());
            let raw = RawRequest::new(Method::POST, "/", signer.ghl(&body), body);
            let verified = source.verify(&raw, &Secrets::none(), Timestamp::UNIX_EPOCH);
            let events = source.events(verified.unwrap()).unwrap();
            source.dedupe_key(&events[0]).as_str().to_owned()
        };
        for (body, expected) in [
            (
                r#"{"type":"ContactUpdate","id":"c1","webhookId":"w1"}"#,
                "ghl:ContactUpdate:c1",
            ),
            (
                r#"{"type":"ContactUpdate","id":"c1","webhookId":"w2","x":1}"#,
                "ghl:ContactUpdate:c1",
            ),
            (
                r#"{"type":"InboundMessage","messageId":"m1","contactId":"c1"}"#,
                "ghl:InboundMessage:m1",
            ),
            (
                r#"{"type":"AppointmentCreate","appointment":{"id":"a1"}}"#,
                "ghl:AppointmentCreate:a1",
            ),
            (
                r#"{"type":"NoteCreate","id":"n1","contactId":"c1"}"#,
                "ghl:NoteCreate:n1",
            ),
            (
                r#"{"type":"LCEmailStats","contactId":"c1"}"#,
                "ghl:LCEmailStats:c1",
            ),
            // What names no record is never dropped for another that names none.
            (r#"{"type":"INSTALL","webhookId":"w3"}"#, "w3"),
        ] {
            assert_eq!(key(&exact, body), expected, "{body}");
        }
        let bare = r#"{"type":"INSTALL","appId":"a"}"#;
        assert!(key(&exact, bare).starts_with("sha256:"));
        // By default an event is known by its id, and two changes of one record are two.
        let (first, second) = (
            r#"{"type":"ContactUpdate","id":"c1","n":1}"#,
            r#"{"type":"ContactUpdate","id":"c1","n":2}"#,
        );
        assert_ne!(key(&source, first), key(&source, second));
        assert_eq!(key(&exact, first), key(&exact, second));
    }
}
