//! Verity behind a gateway.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, Method, header};
use integrations_core::catalog::{Access, Caller, Route, TokenVerifier, Upstream, UpstreamCall};
use integrations_core::http::{
    Body, ByteStream, CannedTransport, HttpContext, Outgoing, ResponseBody, Transport,
    TransportError, TransportFailure,
};
use integrations_core::{AccessToken, Error};
use serde_json::json;
use verity_client::catalog::CatalogFile;
use verity_client::{Client, ErrorKind, Result, VerityUpstream};

use crate::support::{Numbered, bearer, catalogue, client, context, guarded};

fn upstream(transport: &CannedTransport) -> Arc<dyn Upstream> {
    let file = CatalogFile::parse(&catalogue().to_string()).unwrap();
    let upstream = VerityUpstream::builder(&client(transport)).catalog(Arc::new(file));
    Arc::new(upstream.verifier(Known).build())
}

#[derive(Debug)]
struct Known;

#[async_trait]
impl TokenVerifier for Known {
    async fn verify(&self, token: &str) -> Result<Caller> {
        match token {
            "good" => Ok(Caller::new("user_made_up")),
            _ => Err(Error::new(ErrorKind::Auth, "nobody's")),
        }
    }
}

fn route(
    upstream: &dyn Upstream,
    method: Method,
    endpoint: &str,
    values: &[(&str, &str)],
) -> Result<Route> {
    let values: BTreeMap<_, _> = values
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    upstream.route(&method, endpoint, &values)
}

#[test]
fn endpoints_lead_to_paths_and_to_who_may_call_them() {
    let upstream = upstream(&CannedTransport::new());
    for (method, endpoint, values, path, access, operation) in [
        (
            Method::GET,
            "/apicomms/broadcasts",
            &[][..],
            "/api/comms/broadcasts",
            Access::User,
            Some("comms_broadcasts_get"),
        ),
        (
            Method::GET,
            "/api/comms/broadcasts",
            &[],
            "/api/comms/broadcasts",
            Access::User,
            Some("comms_broadcasts_get"),
        ),
        (
            Method::GET,
            "/apicomms/broadcasts/[id]",
            &[("id", "a b")],
            "/api/comms/broadcasts/a%20b",
            Access::User,
            Some("comms_broadcasts_get_by_id"),
        ),
        (
            Method::GET,
            "/apicomms/broadcasts/{any}",
            &[("any", "7")],
            "/api/comms/broadcasts/7",
            Access::User,
            Some("comms_broadcasts_get_by_id"),
        ),
        (
            Method::DELETE,
            "/api/comms/broadcasts/7",
            &[],
            "/api/comms/broadcasts/7",
            Access::User,
            Some("comms_broadcasts_delete_by_id"),
        ),
        (
            Method::POST,
            "/api/calls/agents/7/test",
            &[],
            "/api/calls/agents/7/test",
            Access::Admin,
            Some("calls_agents_test_by_agentId"),
        ),
        (
            Method::POST,
            "/api/c%61lls/agents/7/t%65st",
            &[],
            "/api/calls/agents/7/test",
            Access::Admin,
            Some("calls_agents_test_by_agentId"),
        ),
        (
            Method::GET,
            "/api/health",
            &[],
            "/api/health",
            Access::Anyone,
            Some("health_get"),
        ),
        (
            Method::POST,
            "/apisms",
            &[],
            "/api/integrations/df-middleware/send-message",
            Access::User,
            Some("sms_create"),
        ),
        // Another method of an endpoint is for those who may call the endpoint, and for nobody who is not signed in.
        (
            Method::PUT,
            "/api/calls/agents/7/test",
            &[],
            "/api/calls/agents/7/test",
            Access::Admin,
            None,
        ),
        (
            Method::DELETE,
            "/api/health",
            &[],
            "/api/health",
            Access::User,
            None,
        ),
        (
            Method::GET,
            "/api/unknown/thing",
            &[],
            "/api/unknown/thing",
            Access::User,
            None,
        ),
        (
            Method::GET,
            "/apicallsX/agents",
            &[],
            "/apicallsX/agents",
            Access::User,
            None,
        ),
    ] {
        let route = route(&*upstream, method, endpoint, values).unwrap();
        assert_eq!(
            (
                route.path.as_str(),
                route.access,
                route.operation.as_deref()
            ),
            (path, access, operation),
            "{endpoint}"
        );
    }
}

/// A value that makes the endpoint another one is judged as that one.
#[test]
fn a_value_does_not_lead_round_an_access() {
    let upstream = upstream(&CannedTransport::new());
    let route = route(
        &*upstream,
        Method::GET,
        "/apicomms/broadcasts/[id]",
        &[("id", "new")],
    )
    .unwrap();
    assert_eq!(route.access, Access::Admin);
    assert_eq!(route.path, "/api/comms/broadcasts/new");
}

#[test]
fn routes_that_are_none() {
    let upstream = upstream(&CannedTransport::new());
    for endpoint in [
        "",
        "/",
        "/admin",
        "api/x",
        "//evil.example.com/api",
        "/api/../admin",
        "/api/%2e%2e/admin",
        "/api//x",
        "/api/x/",
        "/api/x?y=z",
        "/api/[id]",
        "/api/a%2f..%2fb",
        "/api\\x\\..",
        "http://evil.example.com/api",
    ] {
        let error = route(&*upstream, Method::GET, endpoint, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{endpoint}");
    }
    let error = route(
        &*upstream,
        Method::GET,
        "/api/a/[id]",
        &[("id", "../b"), ("x", "1")],
    )
    .unwrap_err();
    assert_eq!(error.fields().len(), 2);
}

#[test]
fn a_gateway_can_keep_to_the_catalogue() {
    let file = CatalogFile::parse(&catalogue().to_string()).unwrap();
    let upstream = VerityUpstream::builder(&client(&CannedTransport::new()))
        .catalog(Arc::new(file))
        .only_catalogued(true)
        .build();
    assert!(route(&upstream, Method::GET, "/api/health", &[]).is_ok());
    for (method, endpoint) in [(Method::POST, "/api/health"), (Method::GET, "/api/unknown")] {
        let error = route(&upstream, method, endpoint, &[]).unwrap_err();
        assert_eq!(error.code(), Some("unknown_endpoint"));
    }
}

#[test]
fn calls_are_held_against_the_catalogue() {
    let upstream = upstream(&CannedTransport::new());
    let route = route(&*upstream, Method::POST, "/apicomms/broadcasts", &[]).unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let good = json!({"type": "sms"});
    assert!(upstream.check(&route, &[], Some(&good)).is_ok());
    // What the catalogue does not speak of is let through: it may be older than Verity.
    assert!(
        upstream
            .check(&route, &[pair("page", "2")], Some(&good))
            .is_ok()
    );
    let error = upstream
        .check(&route, &[pair("limit", "x")], Some(&json!({"type": "fax"})))
        .unwrap_err();
    assert_eq!(error.fields().len(), 2);
    assert!(upstream.check(&route, &[], None).is_err());
    assert!(
        upstream
            .check(&Route::new("/api/unknown", Access::User), &[], None)
            .is_ok()
    );
    assert_eq!(upstream.document().unwrap()["version"], "1.0.0");
}

#[tokio::test]
async fn callers_are_proven_by_the_verifier_or_by_nobody() {
    let transport = CannedTransport::new();
    let proven = upstream(&transport);
    assert_eq!(proven.verify("good").await.unwrap().subject, "user_made_up");
    assert_eq!(
        proven.verify("other").await.unwrap_err().kind(),
        ErrorKind::Auth
    );
    let nobody = VerityUpstream::builder(&client(&transport)).build();
    assert_eq!(
        nobody.verify("good").await.unwrap_err().kind(),
        ErrorKind::Auth
    );
    assert_eq!(nobody.document(), None);
}

fn call(method: Method, path: &str) -> UpstreamCall {
    UpstreamCall::new(method, Route::new(path, Access::User))
}

#[tokio::test]
async fn answers_of_any_status_are_passed_on() {
    let transport = CannedTransport::new()
        .answer_with(404, &[("x-verity", "1")], r#"{"error":"no"}"#)
        .answer(500, "<html>")
        .answer_with(307, &[("location", "https://evil.example.com/")], "")
        .fail(TransportFailure::Connect);
    let upstream = upstream(&transport);
    for status in [404, 500, 307] {
        let answer = upstream.send(call(Method::GET, "/api/x")).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
        if status == 404 {
            assert_eq!(answer.headers["x-verity"], "1");
            assert_eq!(answer.body.read(100).await.unwrap(), r#"{"error":"no"}"#);
        }
    }
    // A redirect was not followed.
    assert_eq!(transport.sent().len(), 3);
    let error = upstream
        .send(call(Method::GET, "/api/x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn a_401_is_renewed_once_when_the_credential_is_ours() {
    let transport = CannedTransport::new()
        .answer(401, "")
        .answer(200, "ok")
        .answer(401, "")
        .answer(401, "again");
    let upstream = upstream(&transport);
    for status in [200, 401] {
        let mut post = call(Method::POST, "/api/x");
        post.body = Body::Bytes("body".into());
        post.query = Some("a=1&a=2".to_owned());
        let answer = upstream.send(post).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
    }
    let sent = transport.sent();
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[1].url.as_str(), "http://localhost:3000/api/x?a=1&a=2");
    assert_eq!(sent[1].body.len(), Some(4));
    let tokens: Vec<_> = (0..4).map(|at| bearer(&transport, at)).collect();
    assert_eq!(
        tokens,
        [
            "Bearer session-0",
            "Bearer session-1",
            "Bearer session-1",
            "Bearer session-2"
        ]
    );
}

#[tokio::test]
async fn a_callers_token_and_a_body_that_is_gone_are_not_tried_again() {
    let transport = CannedTransport::new()
        .answer(401, "")
        .answer(401, "")
        .answer(401, "")
        .answer(200, "");
    let upstream = upstream(&transport);
    let mut own = call(Method::GET, "/api/x");
    own.token = Some(AccessToken::from("callers-token"));
    assert_eq!(upstream.send(own).await.unwrap().status.as_u16(), 401);
    let mut passed = call(Method::POST, "/api/x");
    passed.body = Body::once(None, futures_util::stream::empty());
    assert_eq!(upstream.send(passed).await.unwrap().status.as_u16(), 401);
    assert_eq!(transport.sent().len(), 2);
    assert_eq!(bearer(&transport, 0), "Bearer callers-token");
    // One that can be opened anew is not gone.
    let mut stream = call(Method::POST, "/api/x");
    stream.body = Body::stream(None, || -> ByteStream {
        Box::pin(futures_util::stream::empty())
    });
    assert_eq!(upstream.send(stream).await.unwrap().status.as_u16(), 200);
    assert_eq!(transport.sent().len(), 4);
}

/// The original system passed on what callers sent, `Host` and `Cookie` among it.
#[tokio::test]
async fn headers_of_the_caller_do_not_replace_our_own() {
    let transport = CannedTransport::new().answer(200, "");
    let mut get = call(Method::GET, "/api/x");
    for name in [
        header::HOST,
        header::COOKIE,
        header::AUTHORIZATION,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        get.headers.insert(name, HeaderValue::from_static("forged"));
    }
    get.headers
        .insert("x-request-id", HeaderValue::from_static("r1"));
    upstream(&transport).send(get).await.unwrap();
    let sent = &transport.sent()[0];
    assert_eq!(sent.headers["x-request-id"], "r1");
    assert!(!sent.headers.values().any(|value| value == "forged"));
    assert_eq!(bearer(&transport, 0), "Bearer session-0");
}

#[tokio::test]
async fn a_route_leads_to_verity_and_nowhere_else() {
    let transport = CannedTransport::new();
    let upstream = upstream(&transport);
    for (path, query) in [
        ("@evil.example.com/", None),
        (".evil.example.com/", None),
        ("api", None),
        ("/api/x", Some("a#b")),
    ] {
        let mut get = call(Method::GET, path);
        get.query = query.map(str::to_owned);
        let error = upstream.send(get).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{path}");
    }
    assert!(transport.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn verity_has_its_time_and_no_more() {
    let transport = CannedTransport::new()
        .answer(200, "")
        .after(Duration::from_secs(11));
    let upstream = VerityUpstream::builder(&client(&transport))
        .timeout(Duration::from_secs(10))
        .build();
    let error = upstream
        .send(call(Method::GET, "/api/x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_gateway_without_a_credential_sends_none() {
    let transport = CannedTransport::new().answer(200, "").answer(401, "");
    let client = Client::builder()
        .without_token()
        .context(&context(&transport))
        .build()
        .unwrap();
    let upstream = VerityUpstream::builder(&client).build();
    upstream
        .send(call(Method::GET, "/api/health"))
        .await
        .unwrap();
    assert_eq!(bearer(&transport, 0), "");
    assert_eq!(
        upstream
            .send(call(Method::GET, "/api/x"))
            .await
            .unwrap()
            .status
            .as_u16(),
        401
    );
    let client = client.with_tokens(Numbered::default());
    assert!(!format!("{:?}", VerityUpstream::builder(&client).build()).contains("session-0"));
}

/// Takes a body chunk by chunk, then so long to answer.
#[derive(Debug)]
struct Reader(Duration);

#[async_trait]
impl Transport for Reader {
    async fn send(
        &self,
        outgoing: Outgoing,
    ) -> std::result::Result<http::Response<ResponseBody>, TransportError> {
        use futures_util::StreamExt as _;
        let Body::Once(once) = outgoing.body else {
            panic!("a stream")
        };
        let length = once.take().count().await;
        tokio::time::sleep(self.0).await;
        Ok(http::Response::new(ResponseBody::from_bytes(
            length.to_string(),
        )))
    }
}

/// Whoever sends a large file over a slow line was cut off when Verity's time was over, although it was not Verity that
/// was slow.
#[tokio::test(start_paused = true)]
async fn a_slow_upload_is_not_veritys_slowness() {
    use futures_util::StreamExt as _;
    for (answers_after, good) in [(9, true), (11, false)] {
        let context = HttpContext::builder()
            .transport(Reader(Duration::from_secs(answers_after)))
            .build()
            .unwrap();
        let client = Client::builder()
            .service_key("made-up-key")
            .context(&context)
            .build()
            .unwrap();
        let upstream = VerityUpstream::builder(&client)
            .timeout(Duration::from_secs(10))
            .build();
        let mut upload = call(Method::POST, "/api/x");
        let chunks = futures_util::stream::iter(0..10).then(|_| async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(bytes::Bytes::from_static(b"x"))
        });
        upload.body = Body::once(None, chunks);
        match (upstream.send(upload).await, good) {
            (Ok(answer), true) => assert_eq!(answer.body.read(10).await.unwrap(), "10"),
            (Err(error), false) => assert_eq!(error.kind(), ErrorKind::Timeout),
            (other, _) => panic!("{answers_after}: {other:?}"),
        }
    }
}

/// Whatever spelling leads to where messages are taken, and however the body comes.
#[tokio::test]
async fn promise_15_no_message_passes_to_somebody_who_opted_out() {
    let text = r#"{"to":"+12025550123","body":"Hello"}"#;
    let chunks = || {
        let halves = text.as_bytes().chunks(9);
        let halves: Vec<_> = halves.map(|half| Ok(half.to_vec().into())).collect();
        futures_util::stream::iter(halves)
    };
    let endpoints = [
        "/apisms",
        "/apisms/any",
        "/api/integrations/df-middleware/send-message",
        "/api/integrations/df-middleware/send%2Dmessage",
        "/api/Integrations/df-middleware/Send-Message",
    ];
    for (register, sent, kind) in [
        (Some(true), 0, Some(ErrorKind::Permission)),
        (None, 0, Some(ErrorKind::Store)),
        (Some(false), 1, None),
    ] {
        for endpoint in endpoints {
            for body in [
                Body::Bytes(text.into()),
                Body::once(None, chunks()),
                Body::stream(None, move || Box::pin(chunks())),
            ] {
                let transport = CannedTransport::new().answer(200, "");
                let client = guarded(&transport, register);
                let upstream = VerityUpstream::builder(&client).build();
                let route = route(&upstream, Method::POST, endpoint, &[]).unwrap();
                let mut call = UpstreamCall::new(Method::POST, route);
                call.body = body;
                let refused = upstream.send(call).await.err().map(|error| error.kind());
                assert_eq!(refused, kind, "{endpoint}");
                assert_eq!(transport.sent().len(), sent, "{endpoint}");
                if sent == 1 {
                    assert_eq!(bearer(&transport, 0), "Bearer made-up-key", "{endpoint}");
                }
            }
        }
    }
}

/// Verity takes messages with the service key alone.
#[tokio::test]
async fn messages_have_the_service_key_and_everything_else_a_session() {
    let transport = CannedTransport::new()
        .answer(200, "")
        .answer(200, "")
        .answer(401, "");
    let upstream = upstream(&transport);
    for endpoint in ["/apicomms/broadcasts", "/apisms", "/apisms"] {
        let route = route(&*upstream, Method::POST, endpoint, &[]).unwrap();
        let mut send = UpstreamCall::new(Method::POST, route);
        send.body = Body::Bytes("{}".into());
        upstream.send(send).await.unwrap();
    }
    let tokens: Vec<_> = (0..3).map(|at| bearer(&transport, at)).collect();
    assert_eq!(
        tokens,
        [
            "Bearer session-0",
            "Bearer made-up-key",
            "Bearer made-up-key"
        ]
    );
    assert_eq!(transport.sent().len(), 3, "a key is not renewed");
}
