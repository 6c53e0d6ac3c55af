use std::{
    path::PathBuf,
    process::{Command, Output},
};

use integrations_testkit::postgres::{self, Server};

/// PostgreSQL's own client.
fn psql() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let installed = installed.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = installed.chain(std::env::split_paths(&path).collect::<Vec<_>>());
    all.find_map(|bin| Some(bin.join("psql")).filter(|psql| psql.is_file()))
}

fn ask(server: &Server, sql: &str) -> Output {
    let mut command = Command::new(psql().unwrap());
    let command = command.arg(server.url()).args(["-qtAc", sql]);
    command.output().unwrap()
}

fn answer(server: &Server, sql: &str) -> String {
    let output = ask(server, sql);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn what_was_committed_survives_a_crash_on_the_same_port() {
    if psql().is_none() || postgres::server().is_none() {
        eprintln!("skipped: psql or PostgreSQL is not installed");
        return;
    }
    let files = tempfile::tempdir().unwrap();
    // Whoever the server runs as has to get in.
    let mut open = std::fs::metadata(files.path()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o755);
    std::fs::set_permissions(files.path(), open).unwrap();
    let builder = postgres::builder().durable().parent(files.path());
    let mut server = builder.setting("max_connections", "20").start().unwrap();
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "20"),
    ] {
        assert_eq!(
            answer(&server, &format!("SHOW {setting}")),
            value,
            "{setting}"
        );
    }
    answer(&server, "CREATE TABLE t (n INT)");
    let url = server.url();
    for round in 1..=2 {
        answer(&server, "INSERT INTO t SELECT generate_series(1, 1000)");
        server.stop_immediate().unwrap();
        assert!(!ask(&server, "SELECT 1").status.success(), "it is down");
        server.restart().unwrap();
        assert_eq!(server.url(), url);
        assert_eq!(
            answer(&server, "SELECT count(*) FROM t"),
            (round * 1000).to_string()
        );
    }
    // One that runs is stopped first; one that is stopped in an orderly way comes back too.
    server.restart().unwrap();
    server.stop().unwrap();
    server.stop().unwrap();
    server.restart().unwrap();
    assert_eq!(answer(&server, "SELECT count(*) FROM t"), "2000");
    drop(server);
    let left = std::fs::read_dir(files.path()).unwrap().count();
    assert_eq!(left, 0, "its files are gone");
    assert_eq!(answer(postgres::server().unwrap(), "SHOW fsync"), "off");
}
