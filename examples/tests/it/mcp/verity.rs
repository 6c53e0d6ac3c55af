//! `verity-mcp` over stdio, with a simulated Verity and Clerk.

use std::collections::BTreeSet;

use integrations_testkit::clerk::SimulatedClerk;
use integrations_testkit::verity::{SEND_MESSAGE, SimulatedVerity};
use integrations_testkit::{Fault, FaultPlan, LeakDetector};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::time::{Duration, Instant, sleep};

use super::catalogues::{cyclic, faulty, file, large, usual};
use super::stdio::{Server, ended_well, run, text};

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_verity-mcp");

/// Verity and Clerk, a user who administers, and a catalogue.
pub(super) struct World {
    pub(super) clerk: SimulatedClerk,
    pub(super) verity: SimulatedVerity,
    pub(super) catalogue: NamedTempFile,
    settings: Vec<(String, String)>,
}

impl World {
    pub(super) async fn start(catalogue: &Value) -> Self {
        let clerk = SimulatedClerk::start().await.expect("a free port");
        let verity = SimulatedVerity::builder()
            .tokens(clerk.verifier())
            .catalogue(catalogue.clone())
            .start()
            .await
            .expect("a free port");
        clerk.sign_in("user_service", json!({"admin": true}));
        let leaks = LeakDetector::of_process();
        leaks.plant("Verity's service key", verity.service_key());
        leaks.plant("Clerk's secret key", clerk.secret_key());
        let clerk_url = clerk.api_url();
        let clerk_url = clerk_url.trim_end_matches("/v1").to_owned();
        let settings = vec![
            ("VERITY_BASE_URL".to_owned(), verity.base_url().to_owned()),
            ("VERITY_API_KEY".to_owned(), verity.service_key()),
            ("CLERK_SECRET_KEY".to_owned(), clerk.secret_key()),
            ("CLERK_API_URL".to_owned(), clerk_url),
            ("CLERK_USER_ID".to_owned(), "user_service".to_owned()),
        ];
        Self {
            clerk,
            verity,
            catalogue: file(catalogue),
            settings,
        }
    }

    pub(super) fn env(&self) -> Vec<(&str, &str)> {
        let settings = self.settings.iter();
        settings
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    pub(super) fn catalogue(&self) -> &str {
        self.catalogue.path().to_str().expect("UTF-8")
    }

    pub(super) async fn server(&self, arguments: &[&str]) -> Server {
        let mut all = vec!["--catalog", self.catalogue()];
        all.extend(arguments);
        Server::start(PROGRAM, &self.env(), &all).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_called_and_told_of() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&["--page-size", "4"]).await;
    let (tools, pages) = server.tools().await;
    assert_eq!((tools.len(), pages), (11, 3));
    let named = |name: &str| {
        tools
            .iter()
            .find(|tool| tool["name"] == name)
            .expect("the tool")
    };
    let read = named("calls_notes_get_by_id");
    assert_eq!(read["inputSchema"]["required"], json!(["id"]));
    assert_eq!(read["annotations"]["readOnlyHint"], true);
    assert_eq!(
        named("comms_broadcasts_delete_by_id")["annotations"]["destructiveHint"],
        true
    );

    // A user's session for what users do, the service key for messages.
    let listed = server
        .call("comms_broadcasts_get", json!({"limit": 5}))
        .await;
    assert_eq!(listed["isError"], false, "{listed}");
    assert!(listed["structuredContent"].is_object() || listed["structuredContent"].is_array());
    let created = server
        .call(
            "comms_broadcasts_create",
            json!({"body": {"type": "sms", "subject": "News"}}),
        )
        .await;
    assert_eq!(created["isError"], false, "{created}");
    let echo = server
        .call(
            "calls_notes_update_by_id",
            json!({"id": "n 1", "body": {"text": "x"}}),
        )
        .await;
    assert_eq!(
        echo["structuredContent"]["data"]["body"],
        json!({"text": "x"}),
        "{echo}"
    );
    let sent = server
        .call(
            "sms_create",
            json!({"body": {"to": "+12025550123", "body": "Hello"}}),
        )
        .await;
    assert_eq!(sent["isError"], false, "{sent}");
    assert_eq!(world.verity.texts().len(), 1);
    let minted = world.clerk.stats().session_tokens;
    assert_eq!(minted, 1, "one token serves all calls");

    // A session that Verity no longer takes is renewed, and the call sent once more.
    world.clerk.clock().advance(Duration::from_secs(3600));
    let again = server.call("calls_agents_get", json!({})).await;
    assert_eq!(again["isError"], false, "{again}");
    assert_eq!(world.clerk.stats().session_tokens, 2);
    let refused = world.verity.requests();
    let refused = refused.iter().filter(|request| request.status == Some(401));
    assert_eq!(refused.count(), 1);
    assert_eq!(world.verity.applied_twice(), []);
    let errors = ended_well(server).await;
    assert_eq!(errors, "", "nothing is to be said");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_leaves_what_it_says() {
    let world = World::start(&usual()).await;
    let mut server = world
        .server(&[
            "--allow",
            "comms,calls_notes",
            "--deny",
            "*_delete_*",
            "--read-only",
        ])
        .await;
    let (tools, _) = server.tools().await;
    let names: Vec<_> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "calls_notes_get_by_id",
            "comms_broadcasts_get",
            "comms_broadcasts_get_by_id"
        ]
    );
    // What is not offered cannot be called.
    let answer = server
        .ask(
            "tools/call",
            json!({"name": "comms_broadcasts_create", "arguments": {"body": {"type": "sms"}}}),
        )
        .await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert_eq!(world.verity.write_journal(), []);
    ended_well(server).await;

    let ran = run(
        PROGRAM,
        &world.env(),
        &["--catalog", world.catalogue(), "--allow", "kontacts"],
    )
    .await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("kontacts") && ran.out.is_empty(),
        "{}",
        ran.err
    );
    let listed = run(
        PROGRAM,
        &[],
        &["--catalog", world.catalogue(), "--list", "--read-only"],
    )
    .await;
    assert_eq!(
        (listed.code, listed.out.lines().count()),
        (Some(0), 5),
        "{}",
        listed.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_is_given_up() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&[]).await;
    assert_eq!(
        server.call("calls_agents_get", json!({})).await["isError"],
        false
    );
    let slow = Fault::Delay(Duration::from_secs(3600));
    world
        .verity
        .set_faults(FaultPlan::none().script("/api/calls/*", [slow]));
    let before = world.verity.requests().len();
    let id = server
        .begin(
            "tools/call",
            json!({"name": "calls_notes_get_by_id", "arguments": {"id": "1"}}),
        )
        .await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while world.verity.requests().len() == before {
        assert!(Instant::now() < deadline, "the call was never sent");
        sleep(Duration::from_millis(5)).await;
    }
    server
        .send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id, "reason": "enough"}}))
        .await;
    // Nobody is kept waiting, and a call that still ran would keep the program from ending for five seconds.
    assert_eq!(server.call("health_get", json!({})).await["isError"], false);
    assert_eq!(
        server.others,
        Vec::<Value>::new(),
        "what was cancelled is not answered"
    );
    let begun = Instant::now();
    ended_well(server).await;
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        world.verity.requests()[before].status,
        None,
        "Verity never came to answer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_with_faults_is_told_of_and_served_without_them() {
    let (catalogue, places) = faulty();
    let world = World::start(&catalogue).await;
    let check = run(PROGRAM, &[], &["--catalog", world.catalogue(), "--check"]).await;
    assert_eq!(check.code, Some(1), "{}", check.err);
    let lines: Vec<_> = check.out.lines().collect();
    for (line, place) in lines.iter().zip(places) {
        let rest = line.strip_prefix(world.catalogue()).expect("the file");
        let mut parts = rest.trim_start_matches(':').splitn(2, ' ');
        let position: Vec<_> = parts.next().expect("a position").split(':').collect();
        assert!(
            position.len() == 2
                && position
                    .iter()
                    .all(|number| number.parse::<u32>().is_ok_and(|n| n > 0)),
            "{line}"
        );
        assert!(
            parts
                .next()
                .expect("words")
                .starts_with(&format!("{place} ")),
            "{line}"
        );
    }
    assert_eq!(lines.len(), places.len() + 1, "{}", check.out);
    assert!(
        lines[5].contains("5 faults, 10 usable endpoints, 14 tools"),
        "{}",
        lines[5]
    );

    let mut server = world.server(&[]).await;
    let (tools, _) = server.tools().await;
    assert_eq!(tools.len(), 14);
    let errors = ended_well(server).await;
    for place in places {
        assert_eq!(errors.matches(&format!("{place} ")).count(), 1, "{errors}");
    }
    let strict = run(
        PROGRAM,
        &world.env(),
        &["--catalog", world.catalogue(), "--strict"],
    )
    .await;
    assert_eq!(strict.code, Some(1));
    assert!(
        strict.err.contains("5 faults") && strict.out.is_empty(),
        "{}",
        strict.err
    );

    for (text, words) in [
        ("{\"endpoints\": [\n  {]", ":2:"),
        ("", "the file ends too early"),
        ("[]", "is not an object"),
        ("{}", "has no endpoints"),
    ] {
        let broken = NamedTempFile::new().expect("a file");
        std::fs::write(broken.path(), text).expect("a file");
        let path = broken.path().to_str().expect("UTF-8");
        for arguments in [&["--catalog", path][..], &["--catalog", path, "--check"]] {
            let ran = run(PROGRAM, &world.env(), arguments).await;
            assert_eq!(ran.code, Some(1), "{text}");
            let told = ran.err.replace("line ", ":").replace(" column ", ":");
            assert!(
                told.contains(words) && ran.out.is_empty(),
                "{text}: {}",
                ran.err
            );
        }
    }
    let gone = run(
        PROGRAM,
        &world.env(),
        &["--catalog", "/nowhere/catalogue.json"],
    )
    .await;
    assert_eq!(gone.code, Some(1));
    assert!(gone.err.contains("/nowhere/catalogue.json"), "{}", gone.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_in_a_catalogue_are_cut() {
    let world = World::start(&cyclic()).await;
    let mut server = world.server(&[]).await;
    let (tools, _) = server.tools().await;
    assert_eq!(tools.len(), 4);
    let deep = (0..100).fold(json!({}), |inner, _| json!({"child": inner}));
    let result = server.call("tree_create", json!({"body": deep})).await;
    assert_eq!(result["isError"], false, "{result}");
    let errors = ended_well(server).await;
    assert!(errors.matches("refers to itself").count() >= 2, "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_endpoints_are_served() {
    let world = World::start(&large(5000)).await;
    let mut server = world.server(&["--page-size", "500"]).await;
    let (tools, pages) = server.tools().await;
    assert_eq!((tools.len(), pages), (20_000, 40));
    let names: BTreeSet<_> = tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(names.len(), 20_000, "each has a name of its own");
    let last = names.last().expect("a name");
    let last = tools
        .iter()
        .find(|tool| tool["name"] == **last)
        .expect("the tool");
    let meta = &last["_meta"]["io.github.integrations-rs/path"];
    let result = server
        .call(last["name"].as_str().expect("a name"), json!({"id": "7"}))
        .await;
    let path = meta.as_str().expect("a path").replace("{id}", "7");
    assert_eq!(
        result["structuredContent"]["data"]["path"],
        path.as_str(),
        "{result}"
    );
    ended_well(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let world = World::start(&usual()).await;
    let without = |names: &[&str]| {
        let env = world.env();
        let kept = env.into_iter().filter(|(name, _)| !names.contains(name));
        kept.collect::<Vec<_>>()
    };
    let catalogue = world.catalogue();
    let ran = run(
        PROGRAM,
        &without(&["VERITY_API_KEY", "CLERK_SECRET_KEY", "CLERK_USER_ID"]),
        &["--catalog", catalogue],
    )
    .await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("set VERITY_API_KEY, or CLERK_SECRET_KEY"),
        "{}",
        ran.err
    );
    // Whose tokens they are is never guessed.
    let ran = run(
        PROGRAM,
        &without(&["CLERK_USER_ID"]),
        &["--catalog", catalogue],
    )
    .await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("--clerk-user"), "{}", ran.err);
    let ran = run(
        PROGRAM,
        &without(&["CLERK_SECRET_KEY"]),
        &["--catalog", catalogue],
    )
    .await;
    assert!(
        ran.code == Some(1) && ran.err.contains("CLERK_SECRET_KEY"),
        "{}",
        ran.err
    );
    let ran = run(PROGRAM, &world.env(), &[]).await;
    assert!(
        ran.code == Some(2) && ran.err.contains("--catalog"),
        "{}",
        ran.err
    );
    let far = run(
        PROGRAM,
        &world.env(),
        &[
            "--catalog",
            catalogue,
            "--base-url",
            "http://verity.example.com",
        ],
    )
    .await;
    assert!(
        far.code == Some(1) && far.err.contains("http"),
        "{}",
        far.err
    );
    let help = run(PROGRAM, &[], &["--help"]).await;
    for word in [
        "VERITY_API_KEY",
        "CLERK_SECRET_KEY",
        "MCP_API_KEY",
        "--allow",
        "--check",
        "Exit codes",
    ] {
        assert!(help.out.contains(word), "{word}");
    }
    LeakDetector::of_process().assert_clean();
}

/// The key alone: it is sent with every call, and Verity says of what it does not open.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_is_told_without_being_shown() {
    let world = World::start(&usual()).await;
    let env = [
        ("VERITY_BASE_URL", world.verity.base_url()),
        ("VERITY_API_KEY", "planted-wrong-service-key-0001"),
        ("RUST_LOG", "trace"),
    ];
    LeakDetector::of_process().plant("a wrong key", "planted-wrong-service-key-0001");
    let mut server = Server::start(PROGRAM, &env, &["--catalog", world.catalogue()]).await;
    let result = server
        .call(
            "sms_create",
            json!({"body": {"to": "+12025550123", "body": "planted words 4711"}}),
        )
        .await;
    assert_eq!(result["isError"], true);
    let meta = &result["_meta"]["io.github.integrations-rs/error"];
    assert_eq!(
        (&meta["kind"], &meta["status"]),
        (&json!("Auth"), &json!(401)),
        "{result}"
    );
    assert!(text(&result).contains("401"), "{result}");
    let errors = ended_well(server).await;
    assert!(
        errors.contains("sms_create"),
        "the call is in the log: {errors}"
    );
    for never in ["planted words 4711", "2025550123"] {
        assert!(!errors.contains(never), "{never} in the log:\n{errors}");
    }
    assert!(
        world
            .verity
            .requests()
            .iter()
            .any(|request| request.path == SEND_MESSAGE)
    );
}
