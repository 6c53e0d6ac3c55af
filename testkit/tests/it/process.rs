use std::{net::TcpListener, time::Duration};

use integrations_testkit::process::{Program, stable_port};

const LIMIT: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").args(["-c", script])
}

fn runs(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // A zombie is none.
    !state.is_empty() && !state.contains(") Z ")
}

#[tokio::test]
async fn it_is_ready_when_it_says_so_and_is_killed_and_started_again() {
    let script = "echo warming up; echo \"ready at $PLACE:$$\"; echo trouble >&2; exec sleep 1000";
    let program = shell(script).env("PLACE", "home").ready("ready at ");
    let mut process = program.start().await.unwrap();
    let (first, id) = (process.ready_with().to_owned(), process.id());
    assert_eq!(first, format!("home:{id}"));
    assert_eq!(
        process.output(),
        ["warming up".to_owned(), format!("ready at {first}")]
    );
    assert_eq!(process.exit_status().unwrap(), None);
    assert!(runs(id));
    process.kill().unwrap();
    assert!(!runs(id));
    assert!(process.exit_status().unwrap().is_some());
    process.kill().unwrap();
    process.restart().await.unwrap();
    assert_ne!(process.id(), id);
    assert_eq!(process.ready_with(), format!("home:{}", process.id()));
    assert_eq!((process.starts(), process.output().len()), (2, 2));
    // One that runs is killed first.
    let id = process.id();
    process.restart_as(shell("echo $$; exit 3")).await.unwrap();
    assert!(!runs(id));
    assert_eq!(process.ended(LIMIT).await.unwrap().code(), Some(3));
    assert_eq!(
        process.wait_for("", LIMIT).await,
        Some(process.id().to_string())
    );
}

#[tokio::test]
async fn it_can_be_asked_to_end() {
    let script = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done";
    let mut process = shell(script).ready("up").start().await.unwrap();
    process.terminate().unwrap();
    assert_eq!(process.ended(LIMIT).await.unwrap().code(), Some(0));
    assert_eq!(process.wait_for("bye", LIMIT).await.as_deref(), Some(""));
    process.terminate().unwrap();
}

#[tokio::test]
async fn what_keeps_it_from_being_ready_is_said() {
    let failed = shell("echo no database >&2; exit 2")
        .ready("up")
        .start()
        .await;
    let text = failed.unwrap_err().to_string();
    assert!(
        text.contains("ended") && text.contains("no database"),
        "{text}"
    );
    let slow = shell("exec sleep 1000")
        .ready("up")
        .patience(Duration::from_millis(30));
    let text = slow.start().await.unwrap_err().to_string();
    assert!(text.contains("not ready within 30ms"), "{text}");
    let missing = Program::new("/nowhere").start().await.unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn it_is_gone_when_its_handle_is_and_much_output_does_not_stop_it() {
    let script = "i=0; while [ $i -lt 50000 ]; do echo line; i=$((i+1)); done; echo end >&2; exec sleep 1000";
    let process = shell(script).start().await.unwrap();
    let deadline = tokio::time::Instant::now() + LIMIT;
    while process.errors().is_empty() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let id = process.id();
    drop(process);
    assert!(!runs(id));
}

const WAITS: &str = "TESTKIT_WAITS_FOR_ITS_CHILD";

#[tokio::test]
async fn it_does_not_outlive_a_test_that_is_killed() {
    // A test that starts a process and is then killed.
    let name = "process::starts_a_child_and_waits";
    let test = Program::current()
        .unwrap()
        .args([name, "--exact", "--nocapture"])
        .env(WAITS, "1")
        .ready("child ");
    let mut test = test.start().await.unwrap();
    let child: u32 = test.ready_with().trim().parse().unwrap();
    assert!(runs(child));
    test.kill().unwrap();
    let deadline = tokio::time::Instant::now() + LIMIT;
    while runs(child) {
        assert!(tokio::time::Instant::now() < deadline, "it still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Not a test by itself: the one above starts it as a process of its own and tells it so by its environment.
#[tokio::test]
async fn starts_a_child_and_waits() {
    if std::env::var_os(WAITS).is_none() {
        return;
    }
    let child = shell("exec sleep 1000").start().await.unwrap();
    println!("\nchild {}", child.id());
    tokio::time::sleep(Duration::from_secs(1000)).await;
}

#[test]
fn a_stable_port_is_free_and_not_one_of_the_systems_own() {
    let port = stable_port().unwrap();
    assert!((15_000..32_000).contains(&port));
    // A process that another test starts in this moment may hold it for an instant.
    let mut free = (0..1000).map(|_| {
        std::thread::yield_now();
        TcpListener::bind(("127.0.0.1", port)).is_ok()
    });
    assert!(free.any(|free| free));
}

#[test]
fn debug_shows_no_arguments() {
    let program = shell("echo secret-1").env("TOKEN", "secret-2");
    assert!(!format!("{program:?}").contains("secret"));
}
