//! What a model, or whoever speaks for it, may write.

use std::time::Duration;

use integrations_testkit::verity::Effect;
use integrations_testkit::{Fault, FaultPlan};
use serde_json::json;

use super::catalogues::usual;
use super::stdio::{Server, ended_well, text};
use super::verity::{PROGRAM, World};

/// Values that lead elsewhere when they are put into a path as they are.
const CLIMBS: [&str; 16] = [
    "../agents",
    "..",
    ".",
    "",
    "a/../../agents",
    "..%2fagents",
    "%2e%2e",
    "%252e%252e%252f",
    "..\\agents",
    "a/b",
    "a?x=1",
    "a#b",
    "a\0b",
    "a\r\nx-admin: 1",
    "[id]",
    "ü/../é",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_value_leaves_its_segment_of_the_path() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&[]).await;
    for climb in CLIMBS {
        let before = world.verity.requests().len();
        let result = server
            .call("calls_notes_get_by_id", json!({"id": climb}))
            .await;
        let requests = world.verity.requests();
        let sent = &requests[before..];
        match result["isError"] == true {
            // Verity's own 404 would be another endpoint.
            true => {
                let kind = &result["_meta"]["io.github.integrations-rs/error"]["kind"];
                assert_eq!(
                    (sent.len(), kind),
                    (0, &json!("Validation")),
                    "{climb:?}: {result}"
                );
                assert!(
                    climb.len() < 3 || !text(&result).contains(climb),
                    "{climb:?}: {result}"
                );
            }
            false => {
                assert_eq!(sent.len(), 1, "{climb:?}");
                let rest = sent[0].path.strip_prefix("/api/calls/notes/");
                let rest = rest.unwrap_or_else(|| panic!("{climb:?} led to {}", sent[0].path));
                assert!(
                    !rest.is_empty() && !rest.contains('/'),
                    "{climb:?} led to {}",
                    sent[0].path
                );
            }
        }
    }
    assert_eq!(world.verity.write_journal(), []);
    ended_well(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_arguments_are_told_all_at_once_and_sent_nowhere() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&[]).await;
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    for (tool, arguments, places) in [
        ("comms_broadcasts_create", json!({}), &["/body"][..]),
        (
            "comms_broadcasts_create",
            json!({"body": {}}),
            &["/body/type"],
        ),
        (
            "comms_broadcasts_create",
            json!({"body": {"type": "fax", "subject": 7}}),
            &["/body/type", "/body/subject"],
        ),
        (
            "comms_broadcasts_create",
            json!({"body": "hunter2"}),
            &["/body"],
        ),
        ("comms_broadcasts_create", json!({"body": deep}), &["/body"]),
        (
            "comms_broadcasts_get",
            json!({"limit": "many", "status": 7, "x": 1}),
            &["/limit", "/status", "/x"],
        ),
        (
            "comms_broadcasts_get",
            json!({"__proto__": {}, "constructor": 1}),
            &["/__proto__", "/constructor"],
        ),
        (
            "comms_broadcasts_get_by_id",
            json!({"id": {"$ne": null}}),
            &["/id"],
        ),
        ("comms_broadcasts_get_by_id", json!({"id": null}), &["/id"]),
        (
            "comms_broadcasts_get_by_id",
            json!({"id": ["1", "2"]}),
            &["/id"],
        ),
    ] {
        let result = server.call(tool, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{tool} {arguments}");
        let error = &result["_meta"]["io.github.integrations-rs/error"];
        assert_eq!(error["kind"], "Validation", "{result}");
        let faults = error["faults"].as_array().expect("faults");
        for place in places {
            assert!(
                faults.iter().any(|fault| fault["path"] == *place),
                "{place}: {result}"
            );
        }
        assert!(!result.to_string().contains("hunter2"), "{result}");
    }
    for (name, arguments) in [
        (json!("nothing"), json!({})),
        (json!("../comms_broadcasts_get"), json!({})),
        (json!(7), json!({})),
        (json!("health_get"), json!([])),
        (json!("health_get"), json!("x")),
    ] {
        let answer = server
            .ask("tools/call", json!({"name": name, "arguments": arguments}))
            .await;
        assert!(
            answer["error"]["code"].is_i64(),
            "{name} {arguments}: {answer}"
        );
    }
    assert_eq!(world.verity.requests().len(), 0);
    ended_well(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_no_messages_are_survived() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&[]).await;
    let nested = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    for line in [
        &b"\n"[..],
        b"{\n",
        b"not json\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"{}\n",
        b"null\n",
        b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"tools/list\"}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/list\"}\n",
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unheard-of\"}\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":999,\"result\":{}}\n",
        nested.as_bytes(),
    ] {
        server.write(line).await;
    }
    let tools = server.ask("tools/list", json!({})).await;
    assert!(tools["result"]["tools"].is_array(), "{tools}");
    // A message in pieces, and one with another behind it in the same write.
    let id = 77_000;
    let message = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": "calls_agents_get", "arguments": {}}});
    for piece in format!("{message}\n").as_bytes().chunks(7) {
        server.write(piece).await;
    }
    assert_eq!(server.answer(id).await["result"]["isError"], false);
    let two = format!(
        "{}\r\n{}\n",
        json!({"jsonrpc": "2.0", "id": 1001, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": 1002, "method": "ping"})
    );
    server.write(two.as_bytes()).await;
    assert_eq!(server.answer(1001).await["result"], json!({}));
    assert_eq!(server.answer(1002).await["result"], json!({}));
    let unknown = server.ask("tools/dance", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    for cursor in [json!("x"), json!(""), json!("0000000000000000-1")] {
        let answer = server.ask("tools/list", json!({"cursor": cursor})).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    ended_well(server).await;
}

/// Ten megabytes in one argument: more than a call may have, and no reason to end.
#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_refused() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&[]).await;
    let large = "x".repeat(10 << 20);
    let result = server
        .call(
            "calls_notes_update_by_id",
            json!({"id": "1", "body": {"text": large}}),
        )
        .await;
    assert_eq!(result["isError"], true);
    assert!(
        text(&result).contains("larger than"),
        "{:.300}",
        text(&result)
    );
    assert_eq!(world.verity.requests().len(), 0);
    assert_eq!(server.call("health_get", json!({})).await["isError"], false);
    ended_well(server).await;
}

/// Whoever looks and leaves, before or within the handshake, is no failure; whoever speaks something else is told so.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_begin() {
    let world = World::start(&usual()).await;
    let arguments = ["--catalog", world.catalogue()];
    let env = world.env();
    let server = Server::bare(PROGRAM, &env, &arguments);
    assert_eq!(ended_well(server).await, "");

    let mut server = Server::bare(PROGRAM, &env, &arguments);
    let id = server
        .begin(
            "tools/call",
            json!({"name": "health_get", "arguments": {"hunter2": "hunter2"}}),
        )
        .await;
    let answer = server.read().await;
    assert!(answer.is_none_or(|answer| answer["id"] == id && answer["error"].is_object()));
    let (_, errors) = server.end().await;
    assert!(!errors.contains("hunter2"), "{errors}");
    assert_eq!(world.verity.requests().len(), 0);
}

/// Errors of Verity's are the model's to read, as far as they help; what is no JSON is not passed on.
#[tokio::test(flavor = "multi_thread")]
async fn failures_of_verity_are_results() {
    let world = World::start(&usual()).await;
    let mut server = world.server(&["--timeout", "20"]).await;
    let long = Some(Duration::from_secs(3600));
    for (fault, kind, unknown) in [
        (Fault::HtmlOnOk, "Decode", true),
        (Fault::ServerErrorAfterEffect(502), "Server", true),
        (Fault::ResetAfter, "Io", true),
        (
            Fault::TooManyRequests { retry_after: long },
            "RateLimited",
            false,
        ),
    ] {
        world
            .verity
            .set_faults(FaultPlan::none().script("/api/*", [fault.clone()]));
        let result = server
            .call("comms_broadcasts_create", json!({"body": {"type": "sms"}}))
            .await;
        assert_eq!(result["isError"], true, "{fault:?} {result}");
        let shown = result.to_string().to_lowercase();
        assert!(
            !shown.contains("<html") && !shown.contains("<!doctype"),
            "{shown}"
        );
        let error = &result["_meta"]["io.github.integrations-rs/error"];
        assert_eq!(
            (&error["kind"], &error["isOutcomeUnknown"]),
            (&json!(kind), &json!(unknown)),
            "{fault:?} {result}"
        );
    }
    let made = world.verity.write_journal();
    assert_eq!(
        made.iter()
            .filter(|write| write.effect != Effect::None)
            .count(),
        2,
        "nothing was sent twice"
    );
    ended_well(server).await;
}
