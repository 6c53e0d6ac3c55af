//! `tools/call`: results, failures, cancellation, limits.

use std::sync::atomic::Ordering;
use std::time::Duration;

use integrations_mcp::{META, McpServer};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, ProgressNotificationParam,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, ServiceError};
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::json;

use crate::fixture::{Fixture, call, client, generations, text, until, usual};

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let (_, client) = usual(|builder| builder).await;
    for name in [
        "nothing",
        "",
        "Contacts_update",
        &"x".repeat(100_000),
        "../contacts_update",
    ] {
        let ServiceError::McpError(error) = call(&client, name, json!({})).await.unwrap_err()
        else {
            panic!("{name}")
        };
        assert_eq!(error.code.0, -32602);
        assert_eq!(error.message, "unknown tool: tools/list has the names");
    }
}

#[tokio::test]
async fn answers_and_failures_are_results() {
    for generation in generations() {
        let server = McpServer::builder(Fixture::usual()).build().unwrap();
        let client = client(server, generation).await;
        let typed = call(&client, "typed", json!({})).await.unwrap();
        assert_eq!(typed.structured_content.as_ref().unwrap()["path"], "/typed");
        assert_eq!(
            text(&typed),
            typed.structured_content.as_ref().unwrap().to_string()
        );
        let empty = call(&client, "empty", json!({})).await.unwrap();
        assert_eq!(text(&empty), "done (204)");
        let failed = call(&client, "fail", json!({})).await.unwrap();
        assert_eq!(failed.is_error, Some(true));
        assert!(
            text(&failed).contains("try again in 7 s"),
            "{}",
            text(&failed)
        );
        let data = &failed.meta.as_ref().unwrap().0[&format!("{META}error")];
        assert_eq!(data["kind"], "RateLimited");
        assert_eq!(data["retryAfterSeconds"], 7);
        assert_eq!(data["isRetryable"], true);
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_no_end() {
    let (_, client) = usual(|builder| builder).await;
    let result = call(&client, "panic", json!({})).await.unwrap();
    assert_eq!(result.is_error, Some(true));
    assert!(!text(&result).contains("a fault of the catalogue"));
    assert!(call(&client, "typed", json!({})).await.is_ok());
}

#[tokio::test]
async fn a_cancelled_call_is_dropped() {
    for generation in generations() {
        let fixture = Fixture::usual();
        let server = McpServer::builder(fixture.clone()).build().unwrap();
        let client = client(server, generation).await;
        let request = CallToolRequest::new(CallToolRequestParams::new("wait"));
        let handle = client
            .send_cancellable_request(
                ClientRequest::CallToolRequest(request),
                PeerRequestOptions::no_options(),
            )
            .await
            .unwrap();
        until("the call runs", || {
            fixture.running.load(Ordering::SeqCst) == 1
        })
        .await;
        handle.cancel(Some("enough".to_owned())).await.unwrap();
        until("it is dropped", || {
            fixture.dropped.load(Ordering::SeqCst) == 1
        })
        .await;
        assert!(call(&client, "typed", json!({})).await.is_ok());
    }
}

#[tokio::test]
async fn who_goes_takes_the_calls_along() {
    let (fixture, client) = usual(|builder| builder).await;
    let peer = client.peer().clone();
    let waiting = tokio::spawn(async move {
        let request = CallToolRequestParams::new("wait");
        peer.call_tool(request).await
    });
    until("the call runs", || {
        fixture.running.load(Ordering::SeqCst) == 1
    })
    .await;
    client.cancel().await.unwrap();
    until("it is dropped", || {
        fixture.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_call_ends_with_its_time_and_a_write_is_then_unknown() {
    let (fixture, client) = usual(|builder| builder.timeout(Duration::from_millis(50))).await;
    for (tool, unknown) in [("wait", false), ("remove", true)] {
        let result = call(&client, tool, json!({})).await.unwrap();
        assert_eq!(result.is_error, Some(true));
        let data = &result.meta.as_ref().unwrap().0[&format!("{META}error")];
        assert_eq!(data["kind"], "Timeout");
        assert_eq!(data["isOutcomeUnknown"], unknown);
    }
    until("both are dropped", || {
        fixture.dropped.load(Ordering::SeqCst) == 2
    })
    .await;
}

#[tokio::test]
async fn no_more_calls_run_than_may() {
    let (fixture, client) =
        usual(|builder| builder.concurrency(2).timeout(Duration::from_secs(2))).await;
    let calls = (0..6).map(|_| {
        let peer = client.peer().clone();
        tokio::spawn(async move { peer.call_tool(CallToolRequestParams::new("wait")).await })
    });
    let calls: Vec<_> = calls.collect();
    until("two run", || fixture.running.load(Ordering::SeqCst) == 2).await;
    // An answer to what was asked after them: all six have arrived.
    client.list_all_tools().await.unwrap();
    assert_eq!(fixture.calls().len(), 2, "the others wait");
    // One whose turn comes at the end of the first two may still begin, in their place.
    for waiting in calls {
        assert_eq!(waiting.await.unwrap().unwrap().is_error, Some(true));
    }
    assert_eq!(fixture.peak.load(Ordering::SeqCst), 2);
}

#[derive(Clone, Default)]
struct Listening(std::sync::Arc<std::sync::Mutex<Vec<f64>>>);

impl ClientHandler for Listening {
    async fn on_progress(
        &self,
        progress: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.0.lock().unwrap().push(progress.progress);
    }
}

#[tokio::test]
async fn who_asks_hears_that_a_call_still_runs() {
    let server = McpServer::builder(Fixture::usual())
        .timeout(Duration::from_millis(400))
        .progress_every(Duration::from_millis(20))
        .build()
        .unwrap();
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (read, write) = tokio::io::split(theirs);
    tokio::spawn(server.serve(read, write));
    let listening = Listening::default();
    let client = listening
        .clone()
        .serve(tokio::io::split(ours))
        .await
        .unwrap();
    client
        .call_tool(CallToolRequestParams::new("wait"))
        .await
        .unwrap();
    let heard = listening.0.lock().unwrap().clone();
    assert!(heard.len() > 2, "{heard:?}");
    assert!(heard.is_sorted(), "{heard:?}");
}
