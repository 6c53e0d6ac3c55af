//! Events under fire: nothing is lost, nothing is done twice, and the mirror equals the source.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use integrations_testkit::ghl::WebhookFaults;
use integrations_testkit::plan::{self, Dice};
use integrations_testkit::process::stable_port;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::world::{Database, LEFT, World};

/// How long a run makes trouble at least; longer, until somebody was killed and there was something to lose.
const TROUBLE: Duration = Duration::from_secs(4);
const KILLS: u32 = 3;
const EDITS: usize = 50;
/// How long everything may take to come to rest afterwards.
const REST: Duration = Duration::from_secs(60);
const CONTACTS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_05_kill_anything_at_any_instant_sqlite() {
    for seed in plan::seeds() {
        run(
            Database::sqlite(),
            seed,
            "promise_05_kill_anything_at_any_instant_sqlite",
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_05_kill_anything_at_any_instant_postgres() {
    for seed in plan::seeds() {
        run(
            Database::postgres(),
            seed,
            "promise_05_kill_anything_at_any_instant_postgres",
        )
        .await;
    }
}

async fn run(database: Option<Database>, seed: u64, test: &str) {
    let Some(database) = database else { return };
    let started = Instant::now();
    let mut dice = Dice::new(seed);
    let mut world = World::start(database, seed).await;
    let sender = world
        .ghl
        .send_webhooks(world.webhook_url())
        .faults(
            WebhookFaults::seeded(seed)
                .duplicate(1.0, 3)
                .reorder(0.1, Duration::from_millis(200))
                .hang_up(0.1, Duration::from_millis(10)),
        )
        .start();
    let other = stable_port().expect("a port");
    let mut nodes = [
        world.node(world.settings.port).await,
        world.node(other).await,
    ];
    let mut contacts: Vec<String> = Vec::new();
    let mut edits = 0;
    let mut kills = 0;
    let mut is_full = [false; 2];
    let mut next_kill = Instant::now() + dice.within(100, 600);
    let mut next_cut = Instant::now() + dice.within(200, 1500);
    let mut outage = Instant::now() + dice.within(300, 2000);
    let trouble = Instant::now() + TROUBLE;
    while edits < 400 && (Instant::now() < trouble || kills < KILLS || edits < EDITS) {
        edits += 1;
        edit(&world, &mut contacts, &mut dice, edits);
        if Instant::now() >= next_kill {
            let victim = dice.below(nodes.len());
            nodes[victim].kill().expect("a kill");
            kills += 1;
            sleep(dice.within(0, 150)).await;
            // Its clock may be an hour off when it comes back.
            let skew = if dice.one_in(3) {
                [-3600, 3600][dice.below(2)]
            } else {
                0
            };
            // Its disk may be as good as full.
            let disk = match world.file_size().await {
                Some(size) if dice.one_in(4) => Some(size + 8192),
                _ => None,
            };
            let port = [world.settings.port, other][victim];
            nodes[victim] = world.broken_node(port, skew, disk).await;
            is_full[victim] = disk.is_some();
            next_kill = Instant::now() + dice.within(50, 600);
        }
        if Instant::now() >= outage
            && let Some(server) = world.database.server()
        {
            tokio::task::block_in_place(|| {
                server.stop_immediate().expect("PostgreSQL stops");
                server.restart().expect("PostgreSQL starts");
            });
            outage = Instant::now() + Duration::from_secs(3600);
        }
        if Instant::now() >= next_cut {
            world.cut_connections().await;
            next_cut = Instant::now() + dice.within(200, 1500);
        }
        sleep(dice.within(1, 12)).await;
    }
    // Somebody makes room.
    for (at, port) in [world.settings.port, other].into_iter().enumerate() {
        if is_full[at] {
            nodes[at].kill().expect("a kill");
            nodes[at] = world.node(port).await;
        }
    }
    let how = plan::repeat("integrations-tests", "crash", test, seed);
    assert!(
        sender.settled(REST).await,
        "webhooks are still on their way: {:?}\n{how}",
        sender.stats()
    );
    let events = world.at_rest(&how).await;
    let effects = world.pairs("SELECT event, contact FROM main.effects").await;
    let distinct: BTreeSet<&String> = effects.iter().map(|(event, _)| event).collect();
    assert_eq!(
        distinct.len(),
        effects.len(),
        "an effect was applied twice\n{how}"
    );
    assert_eq!(effects.len(), events, "an event had no effect\n{how}");
    let changes = usize::try_from(sender.stats().changes).expect("a number");
    assert_eq!(events, changes, "an event was lost, or stored twice\n{how}");
    let source: BTreeMap<String, String> = world
        .ghl
        .contacts(LEFT)
        .into_iter()
        .map(|contact| {
            let text = |name: &str| contact[name].as_str().unwrap_or_default().to_owned();
            (text("id"), text("firstName"))
        })
        .collect();
    let mirror: BTreeMap<String, String> = world
        .pairs("SELECT contact, name FROM main.mirror")
        .await
        .into_iter()
        .collect();
    assert_eq!(mirror, source, "the mirror differs\n{how}");
    println!(
        "seed {seed}: {events} events, {} deliveries, {kills} kills, {:.1} s",
        sender.stats().delivered,
        started.elapsed().as_secs_f64()
    );
}

/// One change at the source.
fn edit(world: &World, contacts: &mut Vec<String>, dice: &mut Dice, number: usize) {
    if contacts.len() < CONTACTS && (contacts.is_empty() || dice.one_in(3)) {
        let fields =
            json!({ "firstName": format!("n{number}"), "email": format!("c{number}@example.com") });
        contacts.push(world.ghl.add_contact(LEFT, fields));
        return;
    }
    let at = dice.below(contacts.len());
    if dice.one_in(25) {
        let gone = contacts.swap_remove(at);
        assert!(world.ghl.delete_contact(LEFT, &gone));
        return;
    }
    let fields = json!({ "firstName": format!("n{number}") });
    assert!(world.ghl.edit_contact(LEFT, &contacts[at], fields));
}
