//! The demo of the example `middleware`, as a process: events of four sources, repeats, forgeries, reordering and faults, and
//! in the end every source and target agree. That its comparison can fail, its own tests show.

use std::time::Duration;

use integrations_testkit::plan;
use integrations_testkit::postgres;
use integrations_testkit::process::Program;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long one may take, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);
const EVENTS: u64 = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_of_the_middleware_agrees_sqlite() {
    for seed in plan::seeds() {
        let folder = TempDir::new().expect("a folder");
        let database = format!("sqlite:{}", folder.path().join("middleware.db").display());
        run(&database, seed, "the_demo_of_the_middleware_agrees_sqlite").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_of_the_middleware_agrees_postgres() {
    // Says that it skips when there is no PostgreSQL.
    if postgres::server().is_none() {
        return;
    }
    for seed in plan::seeds() {
        // One of its own: processes on one database share its jobs.
        let server = postgres::builder().start().expect("PostgreSQL");
        let test = "the_demo_of_the_middleware_agrees_postgres";
        run(&server.url(), seed, test).await;
    }
}

#[expect(clippy::print_stdout, reason = "each run says what it did")]
async fn run(database: &str, seed: u64, test: &str) {
    let began = Instant::now();
    let how = plan::repeat("examples", "it", test, seed);
    let mut process = Program::new(env!("CARGO_BIN_EXE_middleware"))
        .args(["--demo", "--json", "--seed", &seed.to_string()])
        .args(["--events", &EVENTS.to_string()])
        .env("DATABASE_URL", database)
        .start()
        .await
        .expect("the middleware");
    let status = process.ended(LIMIT).await;
    let told = process.wait_for("{", Duration::from_secs(5)).await;
    let (output, errors) = (process.output(), process.errors());
    let all = || format!("{status:?}\n{output:#?}\n{errors:#?}\n{how}");
    assert!(told.is_some(), "{}", all());
    assert!(status.is_some_and(|status| status.success()), "{}", all());
    assert_eq!(output.len(), 1, "one object and nothing else\n{}", all());
    let report: Value = serde_json::from_str(&output[0]).unwrap_or_else(|_| panic!("{}", all()));

    let number = |path: &str| report.pointer(path).and_then(Value::as_u64);
    assert_eq!(number("/events/planned"), Some(EVENTS), "{}", all());
    for source in ["ghl", "aloware", "texting", "broadcasts"] {
        let some = number(&format!("/events/{source}")).is_some_and(|count| count > 0);
        assert!(some, "nothing happened at {source}\n{}", all());
    }
    for trouble in [
        "/duplicates_applied",
        "/lost",
        "/unexpected",
        "/echo_writes",
        "/stop_violations",
    ] {
        assert_eq!(number(trouble), Some(0), "{trouble}\n{}", all());
    }
    for mirror in ["contacts", "messages", "calls"] {
        let source = number(&format!("/{mirror}/source"));
        assert!(source.is_some_and(|count| count > 0), "{}", all());
        assert_eq!(number(&format!("/{mirror}/mirrored")), source, "{}", all());
    }
    // It is a hard world, or the rest proves little.
    assert_eq!(
        number("/events/refused"),
        number("/events/forged"),
        "{}",
        all()
    );
    for trouble in ["/events/forged", "/events/repeated", "/faults/ghl"] {
        assert!(number(trouble).is_some_and(|count| count > 0), "{}", all());
    }
    println!(
        "seed {seed}: {} webhooks, {} dead letters, {:.1} s",
        report["events"]["webhooks"],
        report["dead_letters"],
        began.elapsed().as_secs_f64()
    );
}
