//! Streamable HTTP: both generations, keys, hosts, bodies.

use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use integrations_mcp::{ApiKey, HttpOptions, HttpService, McpServer};
use rmcp::model::CallToolRequestParams;
use rmcp::service::ClientServiceExt;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::fixture::{Client, Fixture, call, generations, text, until};

const KEY: &str = "a-made-up-key-0123456789";

async fn listen(service: HttpService) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route_service("/mcp", service);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}/mcp")
}

#[tokio::test]
async fn both_generations_call_with_a_key() {
    for generation in generations() {
        for sessions in [true, false] {
            let fixture = Fixture::usual();
            let server = McpServer::builder(fixture.clone())
                .page_size(3)
                .build()
                .unwrap();
            let options = HttpOptions::default()
                .sessions(sessions)
                .api_key(ApiKey::new("another-made-up-key-42").unwrap())
                .api_key(ApiKey::new(KEY).unwrap());
            let url = listen(server.http(options)).await;
            let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(KEY);
            let transport = StreamableHttpClientTransport::from_config(config);
            let client: Client =
                ().serve_with_lifecycle(transport, generation.clone())
                    .await
                    .unwrap();
            assert_eq!(client.list_all_tools().await.unwrap().len(), 7);
            let arguments = json!({"contactId": "a/b", "body": {"firstName": "Jane"}});
            let result = call(&client, "contacts_update", arguments).await.unwrap();
            assert!(
                text(&result).contains("/contacts/a%2Fb"),
                "{}",
                text(&result)
            );
            assert!(call(&client, "nothing", json!({})).await.is_err());
        }
    }
}

/// A request of protocol 2026-07-28, whole in itself.
fn request(method: &str, name: Option<&str>, params: Value) -> Request<Body> {
    let mut params = params;
    params["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut request = Request::post("/mcp")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if let Some(name) = name {
        request = request.header("mcp-name", name);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

fn service(options: HttpOptions) -> (std::sync::Arc<Fixture>, HttpService) {
    let fixture = Fixture::usual();
    let server = McpServer::builder(fixture.clone()).build().unwrap();
    (fixture, server.http(options))
}

#[tokio::test]
async fn only_the_key_lets_in() {
    let (fixture, service) = service(HttpOptions::default().api_key(ApiKey::new(KEY).unwrap()));
    let status = async |set: &dyn Fn(&mut http::HeaderMap)| {
        let mut request = request("tools/list", None, json!({}));
        set(request.headers_mut());
        service.clone().oneshot(request).await.unwrap()
    };
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        KEY,
        "Basic a-made-up-key-0123456789",
        "Bearer a-made-up-key-0123456788",
        "Bearer a-made-up-key-01234567890",
        "Bearer  a-made-up-key-0123456789",
    ] {
        let answer = status(&|headers| {
            headers.insert(header::AUTHORIZATION, wrong.parse().unwrap());
        })
        .await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{wrong}");
        assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
    let right: http::HeaderValue = format!("Bearer {KEY}").parse().unwrap();
    let twice = status(&|headers| {
        headers.append(header::AUTHORIZATION, right.clone());
        headers.append(header::AUTHORIZATION, right.clone());
    })
    .await;
    assert_eq!(twice.status(), StatusCode::UNAUTHORIZED, "which of them?");
    assert_eq!(status(&|_| ()).await.status(), StatusCode::UNAUTHORIZED);
    let once = status(&|headers| {
        headers.insert(
            header::AUTHORIZATION,
            format!("bEaReR {KEY}").parse().unwrap(),
        );
    })
    .await;
    assert_eq!(once.status(), StatusCode::OK);
    assert!(fixture.calls().is_empty());
}

#[tokio::test]
async fn pages_of_strangers_and_bent_names_stay_out() {
    let (_, service) = service(HttpOptions::default());
    for (host, origin, status) in [
        ("localhost:8080", None, 200),
        ("127.0.0.1", Some("http://localhost:6274"), 200),
        ("evil.example.com", None, 403),
        ("localhost", Some("https://evil.example.com"), 403),
        ("localhost", Some("null"), 403),
    ] {
        let mut request = request("tools/list", None, json!({}));
        request
            .headers_mut()
            .insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            request
                .headers_mut()
                .insert(header::ORIGIN, origin.parse().unwrap());
        }
        let answer = service.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host} {origin:?}");
    }
}

#[tokio::test]
async fn ten_megabytes_and_what_is_no_json_are_refused() {
    let (fixture, service) = service(HttpOptions::default());
    let large =
        json!({"name": "contacts_update", "arguments": {"contactId": "x".repeat(10 << 20)}});
    let large = request("tools/call", Some("contacts_update"), large);
    let answer = service.clone().oneshot(large).await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    for broken in [
        "",
        "{",
        "[]",
        "\u{0}",
        "{\"jsonrpc\":\"2.0\"}",
        &"[".repeat(100_000),
    ] {
        let mut request = request("tools/list", None, json!({}));
        *request.body_mut() = Body::from(broken.to_owned());
        let answer = service.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    assert!(fixture.calls().is_empty());
}

/// The crate underneath answered 500, as if the fault were ours.
#[tokio::test]
async fn a_body_that_breaks_off_is_the_callers_fault() {
    let (fixture, service) = service(HttpOptions::default());
    let mut broken = request("tools/list", None, json!({}));
    let chunks = [
        Ok("{\"jsonrpc\":"),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ];
    *broken.body_mut() = Body::from_stream(futures_util::stream::iter(chunks));
    let answer = service.clone().oneshot(broken).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    // One that announces too much is not read at all.
    let mut large = request("tools/list", None, json!({}));
    *large.body_mut() = Body::new(Announced);
    let answer = service.oneshot(large).await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(fixture.calls().is_empty());
}

/// Says that ten megabytes come, and panics when somebody asks for them.
struct Announced;

impl http_body::Body for Announced {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        panic!("nobody should read it")
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(10 << 20)
    }
}

#[tokio::test]
async fn who_hangs_up_takes_the_call_along() {
    let (fixture, service) = service(HttpOptions::default());
    let url = listen(service).await;
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let [_, generation] = generations();
    let transport = StreamableHttpClientTransport::from_config(config);
    let client: Client = ().serve_with_lifecycle(transport, generation).await.unwrap();
    let peer = client.peer().clone();
    let waiting =
        tokio::spawn(async move { peer.call_tool(CallToolRequestParams::new("wait")).await });
    until("the call runs", || {
        fixture.running.load(Ordering::SeqCst) == 1
    })
    .await;
    waiting.abort();
    drop(client);
    until("it is dropped", || {
        fixture.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
}

#[tokio::test]
async fn a_closed_service_ends_its_calls() {
    let (fixture, service) = service(HttpOptions::default());
    let waiting = service.clone().oneshot(request(
        "tools/call",
        Some("wait"),
        json!({"name": "wait", "arguments": {}}),
    ));
    let waiting = tokio::spawn(waiting);
    until("the call runs", || {
        fixture.running.load(Ordering::SeqCst) == 1
    })
    .await;
    service.close();
    until("it is dropped", || {
        fixture.dropped.load(Ordering::SeqCst) == 1
    })
    .await;
    waiting.abort();
}

#[test]
fn a_key_that_can_be_guessed_is_none_and_none_is_shown() {
    for weak in ["", "short", "has a space in it 0123", "ümläut-0123456789-0"] {
        assert!(ApiKey::new(weak).is_err(), "{weak}");
    }
    let options = HttpOptions::default().api_key(ApiKey::new(KEY).unwrap());
    assert!(!format!("{options:?}").contains(KEY));
}
