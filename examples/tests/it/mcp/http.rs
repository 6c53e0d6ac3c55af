//! Both servers over HTTP.

use std::time::Duration;

use integrations_testkit::LeakDetector;
use integrations_testkit::process::{Process, Program};
use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::catalogues::usual;
use super::stdio::{PATIENCE, run};
use super::verity::{PROGRAM, World};

const KEY: &str = "planted-key-of-an-mcp-caller";

async fn start(world: &World, env: &[(&str, &str)], arguments: &[&str]) -> Process {
    let mut program = Program::new(PROGRAM)
        .args(["--catalog", world.catalogue(), "--http", "127.0.0.1:0"])
        .args(arguments)
        .without_env("RUST_LOG")
        .ready("http://")
        .patience(PATIENCE);
    for (name, value) in world.env().iter().chain(env) {
        program = program.env(name, value);
    }
    program.start().await.expect("it listens")
}

async fn client(
    url: &str,
    key: Option<&str>,
    generation: ClientLifecycleMode,
) -> RunningService<RoleClient, ()> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    if let Some(key) = key {
        config = config.auth_header(key);
    }
    let transport = StreamableHttpClientTransport::from_config(config);
    let client = ().serve_with_lifecycle(transport, generation);
    client.await.expect("a handshake")
}

fn generations() -> [ClientLifecycleMode; 2] {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [
        ClientLifecycleMode::Initialize,
        ClientLifecycleMode::Discover { preferred_versions },
    ]
}

/// One request as bytes; the head and the body of the answer.
async fn raw(address: &str, head: &str, body: &str) -> (u16, String) {
    announced(address, head, body, body.len()).await
}

/// One request that announces so many bytes, whether they come or not.
async fn announced(address: &str, head: &str, body: &str, length: usize) -> (u16, String) {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "POST /mcp HTTP/1.1\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n\
         connection: close\r\ncontent-length: {length}\r\n{head}\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
    // A reset is an end, too.
    let _ = read.expect("an end");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    LeakDetector::of_process().scan("an answer over HTTP", &answer);
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_of_the_protocol_call_over_http() {
    let world = World::start(&usual()).await;
    LeakDetector::of_process().plant("the key of an MCP caller", KEY);
    let mut server = start(&world, &[("MCP_API_KEY", KEY)], &["--page-size", "3"]).await;
    let url = format!("http://{}", server.ready_with());
    for generation in generations() {
        let client = client(&url, Some(KEY), generation).await;
        let tools = client.list_all_tools().await.expect("a list");
        assert_eq!(tools.len(), 11);
        let arguments = json!({"id": "a/../b"});
        let Value::Object(arguments) = arguments else {
            unreachable!("an object")
        };
        let request = CallToolRequestParams::new("calls_notes_get_by_id").with_arguments(arguments);
        let result = client.call_tool(request).await.expect("a result");
        assert_eq!(result.is_error, Some(true), "a value that climbs");
        let request = CallToolRequestParams::new("calls_agents_get");
        let result = client.call_tool(request).await.expect("a result");
        assert!(result.structured_content.is_some());
        client.cancel().await.expect("an end");
    }
    // Whoever is asked to end does, although a caller may still be connected.
    let _idle = client(&url, Some(KEY), ClientLifecycleMode::Initialize).await;
    server.terminate().expect("a signal");
    let status = server
        .ended(Duration::from_secs(20))
        .await
        .expect("it ends");
    assert!(status.success(), "{status}");
    assert_eq!(
        server.output(),
        [url],
        "standard output has the address alone"
    );
    let leaks = LeakDetector::of_process();
    leaks.scan("standard error", server.errors().join("\n"));
    leaks.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_stay_out() {
    let world = World::start(&usual()).await;
    LeakDetector::of_process().plant("the key of an MCP caller", KEY);
    let keys = format!("another-key-of-a-caller, {KEY}");
    let server = start(
        &world,
        &[("MCP_API_KEY", &keys)],
        &[
            "--host",
            "mcp.example.com",
            "--origin",
            "https://app.example.com:443",
        ],
    )
    .await;
    let address = server.ready_with().trim_end_matches("/mcp").to_owned();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"}}}})
    .to_string();
    let version = "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/list\r\n";
    let good = format!("host: mcp.example.com\r\nauthorization: Bearer {KEY}\r\n{version}");
    for (head, status) in [
        (good.clone(), 200),
        (format!("{good}origin: https://app.example.com\r\n"), 200),
        (good.replace(KEY, "wrong-key-of-some-length"), 401),
        (good.replace(&format!("Bearer {KEY}"), KEY), 401),
        (good.replace("authorization", "x-nothing"), 401),
        (format!("{good}authorization: Bearer {KEY}\r\n"), 401),
        (good.replace("mcp.example.com", "localhost"), 403),
        (good.replace("mcp.example.com", "evil.example.com"), 403),
        (format!("{good}origin: https://evil.example.com\r\n"), 403),
    ] {
        let (got, answer) = raw(&address, &head, &list).await;
        assert_eq!(got, status, "{head}\n{answer:.400}");
    }
    for (body, head) in [
        ("", good.clone()),
        ("{", good.clone()),
        (&"[".repeat(100_000), good.clone()),
        (&list, good.replace("tools/list", "tools/call")),
    ] {
        let (status, answer) = raw(&address, &head, body).await;
        assert!((400..500).contains(&status), "{body:.40}: {answer:.400}");
    }
    let (status, _) = announced(&address, &good, &list, 10 << 20).await;
    assert_eq!(status, 413);
    assert_eq!(world.verity.requests().len(), 0);
    LeakDetector::of_process().assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_address_wants_a_key() {
    let world = World::start(&usual()).await;
    let catalogue = world.catalogue();
    let open = run(
        PROGRAM,
        &world.env(),
        &["--catalog", catalogue, "--http", "0.0.0.0:0"],
    )
    .await;
    assert_eq!((open.code, open.out.as_str()), (Some(1), ""));
    assert!(open.err.contains("MCP_API_KEY"), "{}", open.err);
    let mut env = world.env();
    env.push(("MCP_API_KEY", "short"));
    let weak = run(
        PROGRAM,
        &env,
        &["--catalog", catalogue, "--http", "127.0.0.1:0"],
    )
    .await;
    assert_eq!(weak.code, Some(1));
    assert!(
        weak.err.contains("MCP_API_KEY") && weak.err.contains("16"),
        "{}",
        weak.err
    );
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = run(
        PROGRAM,
        &world.env(),
        &["--catalog", catalogue, "--http", &address],
    )
    .await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains(&address), "{}", refused.err);
}
