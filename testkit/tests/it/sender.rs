use std::{collections::BTreeMap, time::Duration};

use integrations_testkit::ghl::{Breaker, DeliveryPolicy, SimulatedGhl, Standing, WebhookFaults};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    receiver::{Seen, receiver, serve, slow_receiver},
    support::{LOCATION, OTHER, ready, start},
};

const LIMIT: Duration = Duration::from_secs(20);

fn add(ghl: &SimulatedGhl, location: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|n| ghl.add_contact(location, json!({"firstName": format!("C{n}")})))
        .collect()
}

#[tokio::test]
async fn changes_are_sent_as_they_happen_in_order_over_one_connection() {
    let (ghl, api) = ready().await;
    let here = receiver(200).await;
    let sender = ghl.send_webhooks(&here.url).at_once(1).start();
    let body = json!({"locationId": LOCATION, "firstName": "Alex"});
    let created = api.post("/contacts/", body).await.expect(201);
    let ids = add(&ghl, LOCATION, 30);
    assert!(sender.settled(LIMIT).await);
    let seen: Vec<_> = here
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|w| w["id"].clone())
        .collect();
    assert_eq!(seen.len(), 31);
    assert_eq!(
        seen[0], created["contact"]["id"],
        "the echo of our own write"
    );
    assert_eq!(seen[1..], ids);
    assert_eq!(*here.connections.lock().unwrap(), 1);
    let stats = sender.stats();
    assert_eq!((stats.changes, stats.delivered, stats.pending), (31, 31, 0));
    assert_eq!(sender.deliveries().len(), 31);
    assert!(ghl.take_webhooks().is_empty(), "they were sent");
    drop(sender);
    add(&ghl, LOCATION, 1);
    assert_eq!(ghl.take_webhooks().len(), 1, "nobody sends any more");
}

#[tokio::test]
async fn each_location_can_have_its_own_receiver() {
    let ghl = start().await;
    let (here, there) = (receiver(200).await, receiver(200).await);
    let first = ghl.send_webhooks(&here.url).location(LOCATION).start();
    let second = ghl.send_webhooks(&there.url).location(OTHER).start();
    let ids = [add(&ghl, LOCATION, 2), add(&ghl, OTHER, 1)];
    assert!(first.settled(LIMIT).await && second.settled(LIMIT).await);
    for (receiver, ids) in [&here, &there].into_iter().zip(ids) {
        let mut seen: Vec<_> = receiver
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(|w| w["id"].as_str().unwrap().to_owned())
            .collect();
        seen.sort();
        let mut ids = ids;
        ids.sort();
        assert_eq!(seen, ids);
    }
}

/// How often each contact was told of, and in which order.
async fn told(seed: u64) -> (BTreeMap<String, usize>, Vec<Value>, u64, u64) {
    let ghl = start().await;
    let here = receiver(200).await;
    let faults = WebhookFaults::seeded(seed)
        .lose(0.1)
        .duplicate(0.2, 3)
        .reorder(0.3, Duration::from_millis(200))
        .delay(Duration::ZERO..Duration::from_millis(5));
    let sender = ghl.send_webhooks(&here.url).faults(faults).start();
    for n in 0..200 {
        let id = ghl.add_contact(LOCATION, json!({"firstName": format!("C{n}")}));
        assert!(ghl.edit_contact(LOCATION, &id, json!({"city": "Oslo"})));
    }
    assert!(sender.settled(LIMIT).await);
    let seen = here.seen.lock().unwrap().clone();
    let mut counts = BTreeMap::new();
    for webhook in &seen {
        let key = format!("{} {}", webhook["type"], webhook["id"]);
        *counts.entry(key).or_default() += 1;
    }
    let stats = sender.stats();
    assert_eq!(stats.changes, 400);
    assert_eq!(stats.delivered, 400 - stats.lost + stats.copies);
    (counts, seen, stats.lost, stats.copies)
}

#[tokio::test]
async fn webhooks_are_lost_doubled_and_reordered_by_the_seed() {
    let (counts, seen, lost, copies) = told(7).await;
    assert!(
        (15..=70).contains(&lost) && (90..=250).contains(&copies),
        "{lost} {copies}"
    );
    assert_eq!(counts.len() as u64, 400 - lost);
    assert!(counts.values().all(|count| [1, 3].contains(count)));
    let times: Vec<_> = seen
        .iter()
        .map(|w| w["webhookId"].as_str().unwrap())
        .collect();
    let ids: std::collections::HashSet<_> = times.iter().collect();
    assert_eq!(ids.len(), counts.len(), "copies have the same id");
    // An update before the creation of its contact.
    let early = seen.iter().enumerate().any(|(at, webhook)| {
        webhook["type"] == "ContactUpdate"
            && seen[at..]
                .iter()
                .any(|w| w["type"] == "ContactCreate" && w["id"] == webhook["id"])
    });
    assert!(early, "nothing was reordered");
    assert_eq!(counts, told(7).await.0, "the seed decides");
    assert_ne!(counts, told(8).await.0);
}

#[tokio::test]
async fn tries_break_off_and_are_made_again() {
    let ghl = start().await;
    // No answer comes before the sender has hung up.
    let here = slow_receiver(200, Duration::from_millis(20)).await;
    let policy = DeliveryPolicy::current()
        .with_delays(Duration::from_millis(1), Duration::from_millis(5))
        .with_retries(100);
    let faults = WebhookFaults::seeded(3).hang_up(0.5, Duration::from_millis(2));
    let sender = ghl
        .send_webhooks(&here.url)
        .policy(policy)
        .faults(faults)
        .start();
    let ids = add(&ghl, LOCATION, 200);
    assert!(sender.settled(LIMIT).await);
    let stats = sender.stats();
    assert_eq!(stats.delivered, 200, "{stats:?}");
    assert!(stats.failed_tries > 100, "{stats:?}");
    let deliveries = sender.deliveries();
    let tries = deliveries.iter().flat_map(|delivery| &delivery.attempts);
    assert!(tries.clone().any(Option::is_none));
    let told: std::collections::HashSet<_> = {
        let seen = here.seen.lock().unwrap();
        let ids = seen.iter().map(|webhook| webhook["id"].to_string());
        ids.collect()
    };
    assert_eq!(told.len(), ids.len());
}

#[tokio::test]
async fn a_receiver_that_was_down_is_told_later() {
    let ghl = start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let policy = DeliveryPolicy::current()
        .with_delays(Duration::from_millis(20), Duration::from_millis(100));
    let sender = ghl
        .send_webhooks(format!("http://{address}/"))
        .policy(policy)
        .start();
    let ids = add(&ghl, LOCATION, 5);
    while sender.stats().failed_tries < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!sender.settled(Duration::ZERO).await);
    // The same port again, as a process that was started again has.
    let here = serve(TcpListener::bind(address).await.unwrap(), 200);
    assert!(sender.settled(LIMIT).await);
    assert_eq!(here.seen.lock().unwrap().len(), ids.len());
    assert_eq!((sender.stats().delivered, sender.stats().given_up), (5, 0));
    assert!(
        sender
            .deliveries()
            .iter()
            .all(|d| d.delivered() && d.attempts.len() > 1)
    );
}

#[tokio::test]
async fn what_was_given_up_can_be_sent_again() {
    let ghl = start().await;
    let refuses = receiver(500).await;
    let policy = DeliveryPolicy::current()
        .with_retries(2)
        .with_delays(Duration::from_millis(1), Duration::from_millis(1));
    let sender = ghl.send_webhooks(&refuses.url).policy(policy).start();
    add(&ghl, LOCATION, 3);
    assert!(sender.settled(LIMIT).await);
    let stats = sender.stats();
    assert_eq!(
        (stats.given_up, stats.failed_tries, stats.delivered),
        (3, 9, 0)
    );
    assert_eq!(refuses.seen.lock().unwrap().len(), 9);
    let here = receiver(200).await;
    sender.set_url(&here.url);
    assert_eq!((sender.resend(), sender.resend()), (3, 0));
    assert!(sender.settled(LIMIT).await);
    let first = |webhooks: &Seen| {
        let webhooks = webhooks.lock().unwrap();
        let mut ids: Vec<_> = webhooks
            .iter()
            .map(|w| w["webhookId"].to_string())
            .collect();
        ids.sort();
        ids.dedup();
        ids
    };
    assert_eq!(
        first(&here.seen),
        first(&refuses.seen),
        "under the same ids"
    );
}

/// Every three days the provider looks at how its deliveries went, and at the second time it has enough.
#[tokio::test]
async fn a_url_that_fails_for_two_periods_is_sent_nothing_more() {
    let ghl = start().await;
    let refuses = receiver(500).await;
    let policy = DeliveryPolicy::current()
        .with_retries(1)
        .with_delays(Duration::from_millis(1), Duration::from_millis(1))
        .with_breaker(Breaker::new(10, 90));
    let sender = ghl.send_webhooks(&refuses.url).policy(policy).start();
    let told = async |count| {
        add(&ghl, LOCATION, count);
        assert!(sender.settled(LIMIT).await);
    };
    told(5).await;
    assert_eq!(sender.end_period(), Standing::Good, "ten are too few");
    told(6).await;
    assert_eq!(sender.end_period(), Standing::Flagged);
    told(5).await;
    assert_eq!(sender.end_period(), Standing::Flagged, "a quiet period");
    told(6).await;
    assert_eq!(sender.end_period(), Standing::Paused);
    let seen = refuses.seen.lock().unwrap().len();
    told(3).await;
    assert_eq!(refuses.seen.lock().unwrap().len(), seen);
    assert_eq!((sender.stats().withheld, sender.stats().given_up), (3, 22));

    let here = receiver(200).await;
    sender.set_url(&here.url);
    sender.enable();
    told(20).await;
    assert_eq!(here.seen.lock().unwrap().len(), 20, "the three are lost");
    assert_eq!(sender.end_period(), Standing::Good);
}

#[tokio::test]
async fn the_simulator_itself_can_come_back_on_its_port() {
    let port = integrations_testkit::process::stable_port().unwrap();
    for _ in 0..2 {
        let ghl = SimulatedGhl::builder().port(port).start().await.unwrap();
        assert_eq!(ghl.base_url(), format!("http://127.0.0.1:{port}"));
        assert!(SimulatedGhl::builder().port(port).start().await.is_err());
        ghl.shutdown().await;
    }
}
