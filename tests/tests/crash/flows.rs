//! Two CRMs kept equal under fire: both are edited while processes are killed, webhooks get lost, come twice and out of
//! order; afterwards one reconcile, and both sides are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use integrations_core::Timestamp;
use integrations_store::RunKind;
use integrations_sync::flow::{ConflictPolicy, DeletePolicy, FlowConfig};
use integrations_sync::jobs::{JobState, Jobs, NewJob};
use integrations_sync::runtime::{RunJob, Runtime};
use integrations_testkit::ghl::{Effect, WebhookFaults, WriteRecord};
use integrations_testkit::plan::{self, Dice};
use integrations_testkit::process::stable_port;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::node;
use super::world::{Database, LEFT, RIGHT, World};

/// How long a run makes trouble at least; longer, until somebody was killed and there was something to lose.
const TROUBLE: Duration = Duration::from_secs(4);
const KILLS: u32 = 2;
const EDITS: usize = 40;
const REST: Duration = Duration::from_secs(120);
const FLOW: &str = "contacts";
const LOST: f64 = 0.05;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_10_two_crms_converge_under_fire_sqlite() {
    for seed in plan::seeds() {
        let test = "promise_10_two_crms_converge_under_fire_sqlite";
        run(Database::sqlite(), seed, test).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_10_two_crms_converge_under_fire_postgres() {
    for seed in plan::seeds() {
        let test = "promise_10_two_crms_converge_under_fire_postgres";
        run(Database::postgres(), seed, test).await;
    }
}

async fn run(database: Option<Database>, seed: u64, test: &str) {
    let Some(database) = database else { return };
    let how = plan::repeat("integrations-tests", "crash", test, seed);
    let started = Instant::now();
    let mut dice = Dice::new(seed);
    let world = World::start(database, seed).await;
    let right = world.connect(RIGHT).await;
    let manager = node::manager(&world.settings, &world.store);
    let runtime = Runtime::builder(&manager)
        .expect("a runtime")
        .build()
        .expect("a runtime");
    let config = FlowConfig::new()
        .with_conflicts(ConflictPolicy::LastWriteWins)
        .with_deletes(DeletePolicy::Propagate)
        // People who edit both sides at random look like a loop.
        .with_max_flips(1000)
        .with_max_deletes(100)
        .with_search_lag(Duration::ZERO)
        .with_claim(Duration::from_secs(2));
    let declared = runtime
        .flows()
        .declare(&world.tenant, FLOW, world.integration, right, config)
        .await;
    declared.expect("a flow");
    let sender = world
        .ghl
        .send_webhooks(world.webhook_url())
        .faults(
            WebhookFaults::seeded(seed)
                .lose(LOST)
                .duplicate(0.5, 1)
                .reorder(0.1, Duration::from_millis(200)),
        )
        .start();
    let other = stable_port().expect("a port");
    let ports = [world.settings.port, other];
    let mut nodes = [world.node(ports[0]).await, world.node(ports[1]).await];
    let mut edits = 0;
    let mut removed = Vec::new();
    let mut kills = 0;
    let mut next_kill = Instant::now() + dice.within(200, 800);
    let mut next_cut = Instant::now() + dice.within(300, 2000);
    let trouble = Instant::now() + TROUBLE;
    while Instant::now() < trouble || kills < KILLS || edits < EDITS {
        edits += 1;
        removed.extend(edit(&world, &mut dice, edits));
        if Instant::now() >= next_kill {
            let victim = dice.below(nodes.len());
            nodes[victim].kill().expect("a kill");
            kills += 1;
            sleep(dice.within(0, 200)).await;
            nodes[victim] = world.node(ports[victim]).await;
            next_kill = Instant::now() + dice.within(300, 1000);
        }
        if Instant::now() >= next_cut {
            world.cut_connections().await;
            next_cut = Instant::now() + dice.within(300, 2000);
        }
        sleep(dice.within(5, 40)).await;
    }
    assert!(
        sender.settled(REST).await,
        "webhooks are still on their way\n{how}"
    );
    world.at_rest(&how).await;
    let before = differences(&world).len();
    reconcile(&world, runtime.jobs(), &how).await;
    // What the reconcile wrote comes back as webhooks, which change nothing more.
    assert!(
        sender.settled(REST).await,
        "webhooks are still on their way\n{how}"
    );
    world.at_rest(&how).await;
    let left = differences(&world);
    let asked = world
        .store
        .conflicts()
        .counts(&world.tenant, FLOW)
        .await
        .expect("counts");
    let runs = world.store.runs();
    let runs = runs.list(&world.tenant, Some(FLOW), None, 10).await;
    assert!(
        left.is_empty(),
        "the sides differ: {left:#?}\nasked: {asked:?}\nruns: {runs:#?}\n{how}"
    );
    let mut twice = world.ghl.applied_twice();
    let writes = twice.len();
    // A process was killed when it had created a contact, and a person deleted it before anybody knew of it: then it is
    // created again.
    twice.retain(|twice| !was_deleted(&world, twice, &removed));
    let again = writes - twice.len();
    let around: Vec<_> = twice
        .iter()
        .map(|twice| around(&world, twice, &removed))
        .collect();
    assert!(
        twice.is_empty(),
        "a write was applied twice: {around:#?}\n{how}"
    );
    for location in [LEFT, RIGHT] {
        assert!(
            world.ghl.twins(location).is_empty(),
            "a contact was created twice\n{how}"
        );
    }
    let written = world.ghl.total_writes();
    // Each edit is one write on the other side; merged edits are less, and a conflict may take one more on each.
    let bound = 3 * edits as u64 + 20;
    assert!(
        written <= bound,
        "{written} writes for {edits} edits\n{how}"
    );
    println!(
        "seed {seed}: {edits} edits, {written} writes, {kills} kills, {before} differences before the reconcile, \
         {again} created again, {:.1} s",
        started.elapsed().as_secs_f64()
    );
}

/// Whether a person had deleted what an equal write had created before.
fn was_deleted(world: &World, twice: &WriteRecord, removed: &[(Timestamp, String)]) -> bool {
    let journal = world.ghl.write_journal();
    let mut earlier = journal.iter().filter(|one| {
        (one.operation, one.fingerprint) == (twice.operation, twice.fingerprint)
            && one.effect == Effect::Created
            && one.sequence < twice.sequence
    });
    twice.effect == Effect::Created
        && earlier.all(|one| {
            removed
                .iter()
                .any(|(at, id)| *at <= twice.at && one.contact.as_ref() == Some(id))
        })
}

/// What happened to the contacts of a write that came twice: every write by the API, and whether a person deleted one.
fn around(world: &World, twice: &WriteRecord, removed: &[(Timestamp, String)]) -> Vec<String> {
    let journal = world.ghl.write_journal();
    let contacts: BTreeSet<&String> = journal
        .iter()
        .filter(|one| one.fingerprint == twice.fingerprint && one.applied())
        .filter_map(|one| one.contact.as_ref())
        .collect();
    let mut told: Vec<(Timestamp, String)> = journal
        .iter()
        .filter(|one| one.contact.as_ref().is_some_and(|id| contacts.contains(id)))
        .map(|one| {
            let what = format!(
                "{} of {:?}: {:?}, answered {:?}, body {:x}",
                one.operation, one.contact, one.effect, one.status, one.fingerprint
            );
            (one.at, what)
        })
        .collect();
    let by_people = removed.iter().filter(|(_, id)| contacts.contains(id));
    told.extend(by_people.map(|(at, id)| (*at, format!("a person deletes {id}"))));
    told.sort();
    told.iter()
        .map(|(at, what)| format!("{at} {what}"))
        .collect()
}

/// One change by a person in one of the two CRMs; which contact was deleted, if one was.
fn edit(world: &World, dice: &mut Dice, number: usize) -> Option<(Timestamp, String)> {
    let location = [LEFT, RIGHT][dice.below(2)];
    let known: Vec<String> = world
        .ghl
        .contacts(location)
        .iter()
        .filter_map(|contact| Some(contact["id"].as_str()?.to_owned()))
        .collect();
    if known.len() < 4 || (known.len() < 25 && dice.one_in(3)) {
        let fields =
            json!({ "firstName": format!("n{number}"), "email": format!("c{number}@example.com") });
        world.ghl.add_contact(location, fields);
        return None;
    }
    let id = &known[dice.below(known.len())];
    if dice.one_in(30) {
        world.ghl.delete_contact(location, id);
        return Some((world.ghl.clock().now(), id.clone()));
    }
    let field = ["firstName", "lastName", "city"][dice.below(3)];
    world
        .ghl
        .edit_contact(location, id, json!({ field: format!("v{number}") }));
    None
}

/// What one side has and the other has not, by e-mail address.
fn differences(world: &World) -> Vec<(String, Option<Value>, Option<Value>)> {
    let side = |location: &str| -> BTreeMap<String, Value> {
        let contacts = world.ghl.contacts(location).into_iter();
        contacts
            .map(|contact| {
                let key = contact["email"].as_str().unwrap_or_default().to_owned();
                let said = ["firstName", "lastName", "city"].map(|field| contact[field].clone());
                (key, json!(said))
            })
            .collect()
    };
    let (left, right) = (side(LEFT), side(RIGHT));
    let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| left.get(*key) != right.get(*key))
        .map(|key| (key.clone(), left.get(key).cloned(), right.get(key).cloned()))
        .collect()
}

/// Has the nodes heal what got lost.
async fn reconcile(world: &World, jobs: &Jobs, how: &str) {
    let job = RunJob {
        flow: FLOW.to_owned(),
        kind: RunKind::Reconcile,
        started_by: "test".to_owned(),
    };
    let new = NewJob::new(&world.tenant, &job).expect("a job");
    let id = jobs.insert(&new).await.expect("a job");
    let deadline = Instant::now() + REST;
    loop {
        let job = jobs.find(&world.tenant, id).await;
        match &job {
            Ok(Some(job)) if job.state == JobState::Completed => return,
            Ok(None) => panic!("the reconcile was given up\n{how}"),
            _ => {}
        }
        assert!(
            Instant::now() < deadline,
            "the reconcile does not end: {job:?}\n{how}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}
