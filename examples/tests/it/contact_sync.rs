//! The example `contact-sync`, killed at any instant: at the end both sides are equal, and nothing was done twice.

use std::time::Duration;

use integrations_testkit::plan::{self, Dice};
use integrations_testkit::postgres;
use integrations_testkit::process::{Process, Program};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long the last start may take, on a busy machine.
const REST: Duration = Duration::from_secs(120);
const CONTACTS: u64 = 150;
/// 30 % of them are on both sides.
const PEOPLE: u64 = 2 * CONTACTS - CONTACTS * 3 / 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_05_a_killed_contact_sync_ends_equal_sqlite() {
    for seed in plan::seeds() {
        let test = "promise_05_a_killed_contact_sync_ends_equal_sqlite";
        // In the folder that it runs in.
        run("sqlite:contact-sync.db", seed, test).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_05_a_killed_contact_sync_ends_equal_postgres() {
    let Some(server) = postgres::server() else {
        return;
    };
    for seed in plan::seeds() {
        let test = "promise_05_a_killed_contact_sync_ends_equal_postgres";
        run(&server.url(), seed, test).await;
    }
}

#[expect(clippy::print_stdout, reason = "each run says what it did")]
async fn run(database: &str, seed: u64, test: &str) {
    let began = Instant::now();
    let how = plan::repeat("examples", "it", test, seed);
    let mut dice = Dice::new(seed);
    let folder = TempDir::new().expect("a folder");
    let program = Program::new(env!("CARGO_BIN_EXE_contact-sync"))
        .args(["--contacts", &CONTACTS.to_string(), "--limit", "2000"])
        .args(["--seed", &seed.to_string(), "--json"])
        .args(["--database", database])
        .arg("--crms")
        .arg(folder.path().join("crms"))
        .directory(folder.path());
    let mut process = program.start().await.expect("contact-sync");
    let mut kills = 0;
    for _ in 0..3 + dice.below(3) {
        // What a killed process held is out of use for some seconds: sometimes the next one dies before it may go on.
        let longest = [300, 1500, 6000][dice.below(3)];
        sleep(dice.within(5, longest)).await;
        if process.exit_status().expect("a status").is_some() {
            break;
        }
        process.kill().expect("a kill");
        kills += 1;
        process.restart().await.expect("contact-sync");
    }
    let report = report(&mut process, &how).await;
    let number = |name: &str| report.pointer(name).and_then(Value::as_u64);
    for count in ["/contacts/left", "/contacts/right", "/contacts/linked"] {
        assert_eq!(number(count), Some(PEOPLE), "{report}\n{how}");
    }
    assert_eq!(report["equal"], true, "{report}\n{how}");
    for trouble in [
        "/lost",
        "/duplicates_applied",
        "/echo_writes",
        "/throttled_errors",
    ] {
        assert_eq!(number(trouble), Some(0), "{report}\n{how}");
    }
    // One more start finds nothing to do.
    process.restart().await.expect("contact-sync");
    let again = self::report(&mut process, &how).await;
    assert_eq!(again["writes"], report["writes"], "{again}\n{how}");
    println!(
        "seed {seed}: {kills} kills, {} writes, {:.1} s",
        report["writes"],
        began.elapsed().as_secs_f64()
    );
}

/// Waits for the end, which must be a good one.
async fn report(process: &mut Process, how: &str) -> Value {
    let status = process.ended(REST).await;
    let told = process.wait_for("{", Duration::from_secs(5)).await;
    let (output, errors) = (process.output(), process.errors());
    let all = || format!("{status:?}\n{output:#?}\n{errors:#?}\n{how}");
    assert!(status.is_some_and(|status| status.success()), "{}", all());
    assert!(told.is_some(), "{}", all());
    let last = output.last().expect("a line");
    serde_json::from_str(last).unwrap_or_else(|_| panic!("{}", all()))
}
