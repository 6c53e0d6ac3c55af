//! Outgoing webhooks, over real sockets and both databases.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{AddressPolicy, Network, TransportOptions};
use integrations_core::vault::{KeyRing, Vault};
use integrations_core::webhook::Secrets;
use integrations_core::webhook::schemes::StandardWebhooks;
use integrations_core::{Clock as _, Error, ErrorKind, SystemClock, TenantId};
use integrations_store::{
    Delivery, DeliveryFilter, DeliveryId, DeliveryStatus, Endpoint, EndpointState, NewEndpoint,
    NewMessage, Outcome, Transaction,
};
use integrations_sync::outgoing::{
    Delivered, DeliveryQueue, EndpointNotice, Outgoing, OutgoingBuilder, Retries,
};
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};
use crate::receiver::{Act, Receiver};

mod ends;
mod faults;
mod guard;
mod secrets;

on_both_engines!(
    what_is_published_arrives_signed,
    nothing_is_sent_of_what_was_rolled_back,
    a_message_is_published_once,
    each_endpoint_gets_what_it_wants,
    retries_follow_the_schedule_and_end,
    the_receiver_says_when_to_come_back,
    promise_03_a_message_and_its_deliveries_in_the_queue_commit_together,
);

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A tenant with outgoing webhooks on one database.
struct Scene {
    backend: Backend,
    vault: Vault,
    outgoing: Outgoing,
    notices: Arc<Mutex<Vec<EndpointNotice>>>,
    acme: TenantId,
}

impl Scene {
    fn new(backend: Backend) -> Self {
        let vault = Vault::new(KeyRing::generate().unwrap());
        let notices = Arc::new(Mutex::new(Vec::new()));
        let outgoing = Self::builder(&backend, &vault, &notices).build().unwrap();
        Self {
            backend,
            vault,
            outgoing,
            notices,
            acme: tenant("acme"),
        }
    }

    fn builder(
        backend: &Backend,
        vault: &Vault,
        notices: &Arc<Mutex<Vec<EndpointNotice>>>,
    ) -> OutgoingBuilder {
        let notices = notices.clone();
        let mut options = TransportOptions::default();
        options.trust_only = Some(Vec::new());
        Outgoing::builder(&backend.store, vault)
            .transport_options(options)
            .addresses(
                AddressPolicy::public()
                    .allow_http()
                    .allow_network(Network::LOOPBACK),
            )
            .retries(Retries::default().jitter(0.0))
            .notifier(move |notice| notices.lock().unwrap().push(notice))
    }

    async fn endpoint(&self, receiver: &Receiver) -> Endpoint {
        let new = NewEndpoint::new(receiver.url());
        self.outgoing
            .create_endpoint(&self.acme, &new, ACTOR)
            .await
            .unwrap()
    }

    async fn publish(&self, kind: &str) {
        let message = NewMessage::json(kind, &json!({ "type": kind })).unwrap();
        self.outgoing.publish(&self.acme, &message).await.unwrap();
    }

    async fn deliver_due(&self) -> usize {
        self.outgoing.deliver_due(1000).await.unwrap()
    }

    async fn deliveries(&self, status: DeliveryStatus) -> Vec<Delivery> {
        let filter = DeliveryFilter::all().status(status);
        self.outgoing
            .endpoints()
            .deliveries(&self.acme, filter, None, 500)
            .await
            .unwrap()
    }

    async fn only(&self) -> Delivery {
        let all = self
            .outgoing
            .endpoints()
            .deliveries(&self.acme, DeliveryFilter::all(), None, 500)
            .await
            .unwrap();
        assert_eq!(all.len(), 1);
        all[0].clone()
    }

    async fn outcomes(&self, delivery: &Delivery) -> Vec<(Outcome, Option<u16>)> {
        let rows = self
            .outgoing
            .endpoints()
            .attempts(&self.acme, delivery.id)
            .await
            .unwrap();
        rows.iter().map(|row| (row.outcome, row.status)).collect()
    }

    async fn state(&self, endpoint: &Endpoint) -> EndpointState {
        let now = self.outgoing.endpoints().get(&self.acme, endpoint.id).await;
        now.unwrap().state
    }

    fn notices(&self) -> Vec<EndpointState> {
        let notices = self.notices.lock().unwrap();
        notices.iter().map(|notice| notice.state).collect()
    }
}

async fn what_is_published_arrives_signed(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    let message = NewMessage::json("contact.created", &json!({ "name": "Zoë", "n": 1.50 }))
        .unwrap()
        .id("evt_1");
    scene.outgoing.publish(&scene.acme, &message).await.unwrap();
    assert_eq!(scene.deliver_due().await, 1);

    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    let request = &seen[0];
    assert_eq!(request.url, "/hooks/planted-path?token=planted-query");
    assert_eq!(&request.body[..], "{\"n\":1.5,\"name\":\"Zoë\"}".as_bytes());
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["webhook-id"], "evt_1");
    let secrets = scene
        .outgoing
        .endpoints()
        .secrets(&scene.acme, endpoint.id)
        .await
        .unwrap();
    let verified = StandardWebhooks::new().verify(
        request,
        &Secrets::one(secrets[0].clone()),
        SystemClock.now(),
    );
    assert_eq!(verified.unwrap().id(), Some("evt_1"));

    let delivery = scene.only().await;
    assert_eq!(delivery.status, DeliveryStatus::Delivered);
    assert_eq!(
        (delivery.attempts, delivery.kind.as_str()),
        (1, "contact.created")
    );
    assert_eq!(
        scene.outcomes(&delivery).await,
        [(Outcome::Delivered, Some(200))]
    );
    assert_eq!(scene.deliver_due().await, 0);
    let again = scene.outgoing.deliver(&scene.acme, delivery.id).await;
    assert_eq!(again.unwrap(), Delivered::Done);
    assert_eq!(receiver.seen().len(), 1);

    assert!(
        scene
            .outgoing
            .resend(&scene.acme, delivery.id)
            .await
            .unwrap()
    );
    assert_eq!(scene.deliver_due().await, 1);
    assert_eq!(receiver.seen()[1].headers["webhook-id"], "evt_1");
}

async fn nothing_is_sent_of_what_was_rolled_back(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    let message = NewMessage::json("a", &1).unwrap().id("one");
    let mut transaction = scene.backend.store.begin("test").await.unwrap();
    let published = scene
        .outgoing
        .publish_in(&mut transaction, &scene.acme, &message)
        .await
        .unwrap();
    assert_eq!(published.deliveries.len(), 1);
    drop(transaction);
    assert_eq!(scene.deliver_due().await, 0);
    let again = scene.outgoing.publish(&scene.acme, &message).await.unwrap();
    assert!(!again.duplicate);
    assert_eq!(scene.deliver_due().await, 1);
}

async fn a_message_is_published_once(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    let message = NewMessage::json("a", &1).unwrap().id("one");
    let publishers = (0..8).map(|_| {
        let (outgoing, acme, message) =
            (scene.outgoing.clone(), scene.acme.clone(), message.clone());
        tokio::spawn(async move { outgoing.publish(&acme, &message).await.unwrap() })
    });
    let mut first = 0;
    for publisher in publishers.collect::<Vec<_>>() {
        first += usize::from(!publisher.await.unwrap().duplicate);
    }
    assert_eq!(first, 1);
    assert_eq!(scene.deliver_due().await, 1);
    for bad in ["", "a.b", "a b", "ä", &"x".repeat(200)] {
        let message = NewMessage::json("a", &1).unwrap().id(bad);
        assert!(
            scene.outgoing.publish(&scene.acme, &message).await.is_err(),
            "{bad}"
        );
    }
    let nothing = NewMessage::json("a..b", &1).unwrap();
    assert!(scene.outgoing.publish(&scene.acme, &nothing).await.is_err());
}

async fn each_endpoint_gets_what_it_wants(backend: Backend) {
    let scene = Scene::new(backend);
    let (all, contacts, paused) =
        tokio::join!(Receiver::start(), Receiver::start(), Receiver::start());
    scene.endpoint(&all).await;
    let new = NewEndpoint::new(contacts.url())
        .events(["contact.*".parse().unwrap(), "call.ended".parse().unwrap()]);
    let outgoing = &scene.outgoing;
    outgoing
        .create_endpoint(&scene.acme, &new, ACTOR)
        .await
        .unwrap();
    let off = scene.endpoint(&paused).await;
    outgoing
        .endpoints()
        .set_active(&scene.acme, off.id, false, ACTOR)
        .await
        .unwrap();
    for kind in [
        "contact.created",
        "contact",
        "call.ended",
        "call.ended.early",
    ] {
        scene.publish(kind).await;
    }
    scene.deliver_due().await;
    assert_eq!(
        (all.seen().len(), contacts.seen().len(), paused.seen().len()),
        (4, 2, 0)
    );
    // Another tenant's message reaches none of them.
    let message = NewMessage::json("contact.created", &1).unwrap();
    let other = outgoing.publish(&tenant("other"), &message).await.unwrap();
    assert_eq!((other.message, other.deliveries.len()), (None, 0));
}

async fn retries_follow_the_schedule_and_end(backend: Backend) {
    let scene = Scene::new(backend);
    let clock = scene.backend.hold_clock().await;
    let receiver = Receiver::start().await;
    receiver.act(Act::Answer(500, ""));
    scene.endpoint(&receiver).await;
    scene.publish("a").await;
    let delivery = scene.only().await;
    for (attempt, wait) in [5, 300, 1800, 7200, 18_000, 36_000, 36_000]
        .into_iter()
        .enumerate()
    {
        let wait = Duration::from_secs(wait);
        let done = scene.outgoing.deliver(&scene.acme, delivery.id).await;
        assert_eq!(done.unwrap(), Delivered::Again(wait), "{attempt}");
        clock.advance(wait - Duration::from_secs(1)).await;
        let early = scene.outgoing.deliver(&scene.acme, delivery.id).await;
        assert_eq!(early.unwrap(), Delivered::Again(Duration::from_secs(1)));
        assert_eq!(scene.deliver_due().await, 0);
        clock.advance(Duration::from_secs(1)).await;
    }
    let last = scene.outgoing.deliver(&scene.acme, delivery.id).await;
    assert_eq!(last.unwrap(), Delivered::Done);
    let delivery = scene.only().await;
    assert_eq!(
        (delivery.status, delivery.attempts),
        (DeliveryStatus::Failed, 8)
    );
    assert_eq!(receiver.seen().len(), 8);
    let ids: std::collections::BTreeSet<_> = receiver
        .seen()
        .iter()
        .map(|request| request.headers["webhook-id"].clone())
        .map(|id| id.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "one id for all attempts");
    clock.advance(10 * DAY).await;
    assert_eq!(scene.deliver_due().await, 0);
}

async fn the_receiver_says_when_to_come_back(backend: Backend) {
    let scene = Scene::new(backend);
    let receiver = Receiver::start().await;
    scene.endpoint(&receiver).await;
    for (act, wait) in [
        (Act::Answer(429, "retry-after: 900\r\n"), 900),
        (Act::Answer(503, "retry-after: 60\r\n"), 60),
        (Act::Answer(503, "retry-after: 1\r\n"), 5),
        (Act::Answer(429, "retry-after: 99999999\r\n"), 86_400),
        (Act::Answer(500, "retry-after: 900\r\n"), 5),
        (Act::Answer(302, "location: http://127.0.0.1/\r\n"), 5),
    ] {
        receiver.act(act.clone());
        scene.publish("a").await;
        let waiting = scene.deliveries(DeliveryStatus::Pending).await;
        let newest = waiting.last().unwrap();
        let done = scene.outgoing.deliver(&scene.acme, newest.id).await;
        assert_eq!(
            done.unwrap(),
            Delivered::Again(Duration::from_secs(wait)),
            "{act:?}"
        );
    }
}

/// Remembers what it took; full after so many.
struct Queue {
    taken: Arc<Mutex<Vec<DeliveryId>>>,
    room: usize,
}

#[async_trait]
impl DeliveryQueue for Queue {
    async fn insert_in(
        &self,
        _: &mut Transaction,
        _: &TenantId,
        deliveries: &[DeliveryId],
    ) -> integrations_core::Result<()> {
        let mut taken = self.taken.lock().unwrap();
        if taken.len() + deliveries.len() > self.room {
            return Err(Error::new(ErrorKind::Other, "the queue is full"));
        }
        taken.extend(deliveries);
        Ok(())
    }
}

async fn promise_03_a_message_and_its_deliveries_in_the_queue_commit_together(backend: Backend) {
    let mut scene = Scene::new(backend);
    let taken = Arc::new(Mutex::new(Vec::new()));
    let queue = Queue {
        taken: taken.clone(),
        room: 3,
    };
    scene.outgoing = Scene::builder(&scene.backend, &scene.vault, &scene.notices)
        .queue(queue)
        .build()
        .unwrap();
    let receiver = Receiver::start().await;
    let endpoint = scene.endpoint(&receiver).await;
    scene.endpoint(&receiver).await;
    scene.publish("a").await;
    let stored: Vec<_> = scene.deliveries(DeliveryStatus::Pending).await;
    let ids: Vec<_> = stored.iter().map(|delivery| delivery.id).collect();
    assert_eq!(*taken.lock().unwrap(), ids);
    let message = NewMessage::json("a", &2).unwrap().id("second");
    let full = scene.outgoing.publish(&scene.acme, &message).await;
    assert_eq!(full.unwrap_err().message(), "the queue is full");
    assert_eq!(scene.deliveries(DeliveryStatus::Pending).await.len(), 2);
    // What is sent again goes through the queue too.
    scene.deliver_due().await;
    assert!(scene.outgoing.resend(&scene.acme, ids[0]).await.unwrap());
    assert_eq!(taken.lock().unwrap().last(), Some(&ids[0]));
    let since = stored[0].created_at;
    let nothing = scene
        .outgoing
        .recover(&scene.acme, endpoint.id, since)
        .await;
    assert_eq!(
        nothing.unwrap(),
        integrations_sync::outgoing::Recovery::default()
    );
}
