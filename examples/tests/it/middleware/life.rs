//! How it starts and ends: missing settings, SIGTERM, and kill -9 in the midst.

use std::time::Duration;

use integrations_testkit::plan::{self, Dice};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::house::{Engine, House, LOCATION, OURS, PROGRAM, SOON, bare};

#[tokio::test]
async fn what_is_missing_is_named() {
    let run = async |env: &[(&str, &str)], args: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(args).env_clear().envs(env.iter().copied());
        command.output().await.expect("the program")
    };
    let missing = run(&[("GHL_API_KEY", "pit-planted")], &[]).await;
    assert_eq!(missing.status.code(), Some(1));
    let error = String::from_utf8_lossy(&missing.stderr).into_owned();
    for name in [
        "DATABASE_URL",
        "GHL_LOCATION_ID",
        "ALOWARE_API_TOKEN",
        "ALOWARE_WEBHOOK_BASIC_PASS",
        "VERITY_API_KEY",
        "VERITY_WEBHOOK_SECRET",
    ] {
        assert!(error.contains(name), "{name}: {error}");
    }
    assert!(!error.contains("planted"), "{error}");
    let help = run(&[], &["--help"]).await;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for name in [
        "GHL_API_KEY",
        "ALOWARE_STATUS_TO_SEQUENCE",
        "VERITY_CATALOG_PATH",
        "CLERK_SECRET_KEY",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
    let import = run(&[], &["import", "nothing.jsonl"]).await;
    let error = String::from_utf8_lossy(&import.stderr).into_owned();
    assert!(error.contains("--database"), "{error}");
}

/// Without any credential it is its own world.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credentials_everything_is_simulated_and_ends_on_sigterm() {
    let program = bare()
        .args(["--listen", "127.0.0.1:0"])
        .ready("middleware listens on ")
        .patience(SOON);
    let mut process = program.start().await.expect("the middleware");
    let told = process.wait_for("It runs until", SOON).await;
    assert!(told.is_some(), "{:#?}", process.errors());
    for route in [
        "/api/webhooks/ghl/provider-delivery",
        "/api/verity",
        "/metrics",
    ] {
        let named = process.output().iter().any(|line| line.ends_with(route));
        assert!(named, "{:#?}", process.output());
    }
    process.terminate().expect("a signal");
    let status = process.ended(SOON).await;
    let (output, errors) = (process.output(), process.errors());
    assert!(
        status.is_some_and(|status| status.success()),
        "{status:?}\n{errors:#?}"
    );
    assert!(
        output.iter().any(|line| line == "middleware stopped"),
        "{output:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_what_is_at_work_end_and_the_next_start_does_the_rest() {
    let mut house = House::new(Engine::Sqlite, &[]).await;
    let people: Vec<String> = (0..12)
        .map(|n| house.person(&format!("+120655501{n:02}"), &format!("p{n}@example.com")))
        .collect();
    house.quiet().await;
    for n in 0..12 {
        let _ =
            house
                .verity
                .receive_text(&format!("+120655501{n:02}"), OURS, &format!("Words {n}"));
    }
    // In the midst of it.
    house
        .until("some are filed", |house| {
            !house.filed("texting:").is_empty()
        })
        .await;
    house.process.terminate().expect("a signal");
    let status = house.process.ended(SOON).await;
    let errors = house.process.errors();
    assert!(
        status.is_some_and(|status| status.success()),
        "{status:?}\n{errors:#?}"
    );
    let before = house.filed("texting:").len();
    assert!(before <= 12);
    house.process.restart().await.expect("the middleware");
    house
        .until("all are filed", |house| house.filed("texting:").len() == 12)
        .await;
    house.quiet().await;
    let filed = house.filed("texting:");
    assert_eq!(filed.len(), 12, "each once");
    for id in &people {
        assert_eq!(
            filed
                .iter()
                .filter(|one| one["contactId"] == id.as_str())
                .count(),
            1
        );
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_05_a_killed_middleware_loses_and_doubles_nothing_sqlite() {
    for seed in plan::seeds() {
        let test = "promise_05_a_killed_middleware_loses_and_doubles_nothing_sqlite";
        killed(Engine::Sqlite, seed, test).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_05_a_killed_middleware_loses_and_doubles_nothing_postgres() {
    for seed in plan::seeds() {
        let Some(engine) = Engine::postgres() else {
            return;
        };
        let test = "promise_05_a_killed_middleware_loses_and_doubles_nothing_postgres";
        killed(engine, seed, test).await;
    }
}

const PEOPLE: usize = 8;
const TEXTS: usize = 3;

#[expect(clippy::print_stdout, reason = "each run says what it did")]
async fn killed(engine: Engine, seed: u64, test: &str) {
    let began = Instant::now();
    let how = plan::repeat("examples", "it", test, seed);
    let mut dice = Dice::new(seed);
    let mut house = House::new(engine, &[]).await;
    let number = |n: usize| format!("+120655501{n:02}");
    let people: Vec<String> = (0..PEOPLE)
        .map(|n| house.person(&number(n), &format!("p{n}@example.com")))
        .collect();
    house.quiet().await;
    let mut received = Vec::new();
    let mut written = Vec::new();
    let mut kills = 0;
    for round in 0..TEXTS {
        for (n, person) in people.iter().enumerate() {
            received.push(
                house
                    .verity
                    .receive_text(&number(n), OURS, &format!("In {round} {n}")),
            );
            let text = format!("Out {round} {n}");
            written.push(
                house
                    .ghl
                    .write_sms(LOCATION, person, &text)
                    .expect("a message"),
            );
        }
        sleep(dice.within(5, 400)).await;
        house.process.kill().expect("a kill");
        kills += 1;
        if dice.one_in(2) {
            // And again before it may go on with what the first one held.
            house.process.restart().await.expect("the middleware");
            sleep(dice.within(5, 300)).await;
            house.process.kill().expect("a kill");
            kills += 1;
        }
        house.process.restart().await.expect("the middleware");
    }
    house.quiet().await;
    // Everything once more.
    house.replay().await;
    for id in &received {
        assert_eq!(house.filed(&format!("texting:{id}")).len(), 1, "{how}");
    }
    assert_eq!(
        house.filed("texting:").len(),
        received.len(),
        "nothing else\n{how}"
    );
    let texts = house.verity.texts();
    let mut unknown = 0;
    for id in &written {
        let sent = texts
            .iter()
            .filter(|text| text.correlation.as_ref() == Some(id))
            .count();
        let status = house.status(id);
        match sent {
            1 => assert_eq!(status, "delivered", "{how}"),
            // Cut off before it left, or nobody could know: a person is asked, and its writer told.
            0 => {
                assert_eq!(status, "failed", "{how}");
                unknown += 1;
            }
            more => panic!("sent {more} times\n{how}"),
        }
    }
    assert_eq!(texts.len() as u64, written.len() as u64 - unknown, "{how}");
    let asked: u64 = house
        .questions()
        .await
        .into_iter()
        .map(|(kind, count)| {
            assert_eq!(kind, "message_unknown", "{how}");
            count
        })
        .sum();
    assert_eq!(asked, unknown, "{how}");
    assert_eq!(house.aloware.contacts().len(), PEOPLE, "{how}");
    println!(
        "seed {seed}: {kills} kills, {} texts filed, {} sent, {unknown} unknown, {:.1} s",
        received.len(),
        texts.len(),
        Duration::as_secs_f64(&began.elapsed())
    );
    house.end().await;
}
