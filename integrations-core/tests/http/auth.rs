//! Credentials: renewed once, sent to the configured host only, never able to break a header.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use integrations_core::http::{
    Authorizer, BearerAuth, CannedTransport, Outgoing, Pipeline, StaticBearer, TokenSource,
};
use integrations_core::{AccessToken, ErrorKind, Result};
use tokio::time::Instant;

use crate::sockets::{Act, Server, real};
use crate::support::{Plain, builder, context, everything, get, post};

/// Tokens `t0`, `t1`, …: the next one after each renewal.
#[derive(Debug, Clone, Default)]
struct Counting {
    issued: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    takes: Duration,
}

#[async_trait]
impl TokenSource for Counting {
    async fn token(&self) -> Result<AccessToken> {
        tokio::time::sleep(self.takes).await;
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(format!("t{}", self.issued.load(Ordering::SeqCst)).into())
    }

    async fn renew(&self, refused: &AccessToken) -> Result<Option<AccessToken>> {
        let current = format!("t{}", self.issued.load(Ordering::SeqCst));
        assert_eq!(refused.expose_secret(), current);
        let next = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Some(format!("t{next}").into()))
    }
}

fn tokens_sent(transport: &CannedTransport) -> Vec<String> {
    let token = |sent: &Outgoing| sent.headers["authorization"].to_str().unwrap().to_owned();
    transport.sent().iter().map(token).collect()
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_renewed_once_for_every_method() {
    for request in [get(), post()] {
        let transport = CannedTransport::new().answer(401, "{}").answer(200, "{}");
        let pipeline = builder(&transport)
            .auth(BearerAuth::new(Counting::default()))
            .build()
            .unwrap();
        pipeline.send(request).await.unwrap();
        assert_eq!(tokens_sent(&transport), ["Bearer t0", "Bearer t1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_401_ends_after_two_attempts() {
    let transport = (0..9).fold(CannedTransport::new(), |t, _| t.answer(401, "{}"));
    let pipeline = builder(&transport)
        .auth(BearerAuth::new(Counting::default()))
        .build()
        .unwrap();
    let error = pipeline.send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!((transport.sent().len(), error.attempts()), (2, 2));
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_is_tried_once() {
    let transport = CannedTransport::new().answer(401, "{}").answer(200, "{}");
    let pipeline = builder(&transport)
        .auth(StaticBearer::new(&"pit-1".into()).unwrap())
        .build()
        .unwrap();
    let error = pipeline.send(get()).await.unwrap_err();
    assert_eq!((error.kind(), transport.sent().len()), (ErrorKind::Auth, 1));
}

#[tokio::test(start_paused = true)]
async fn the_token_is_read_again_for_every_attempt() {
    let transport = CannedTransport::new().answer(500, "").answer(200, "{}");
    let tokens = Counting::default();
    let pipeline = builder(&transport)
        .auth(BearerAuth::new(tokens.clone()))
        .build()
        .unwrap();
    pipeline.send(get()).await.unwrap();
    assert_eq!(tokens.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_credential_counts_against_the_deadline() {
    let transport = CannedTransport::new().answer(200, "{}");
    let tokens = Counting {
        takes: Duration::from_secs(500),
        ..Counting::default()
    };
    let pipeline = builder(&transport)
        .auth(BearerAuth::new(tokens))
        .build()
        .unwrap();
    let started = Instant::now();
    let error = pipeline.send(post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(started.elapsed(), Duration::from_secs(60));
    assert!(!error.is_outcome_unknown(), "nothing was sent");
    assert!(transport.sent().is_empty());
}

#[tokio::test]
async fn a_token_cannot_inject_a_header() {
    for token in ["a\r\nx-evil: 1", "a\nb", "a\0b", "a\u{7f}"] {
        let error = StaticBearer::new(&token.into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{token:?}");
        assert!(!everything(&error).contains("x-evil"));
    }
}

#[tokio::test]
async fn an_idempotency_key_or_header_cannot_inject_a_header() {
    let transport = CannedTransport::new().answer(200, "{}");
    let mut request = post();
    request.options.idempotency_key = Some("k\r\nx-evil: 1".to_owned());
    let pipeline = builder(&transport).build().unwrap();
    let error = pipeline.send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(!everything(&error).contains("x-evil"));
    assert!(transport.sent().is_empty());
    let name = http::HeaderName::from_static("x-version");
    let error = post().header(name, "1\r\nx-evil: 1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(!everything(&error).contains("x-evil"));
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_credential_stays_home() {
    let thief = Server::start(|_| Act::json("{}")).await;
    let target = format!("location: http://{}/take\r\n", thief.address);
    let server = Server::start(move |_| Act::answer("302 Found", &target, b"")).await;
    let pipeline = Pipeline::builder(&real(), Plain, server.url())
        .auth(StaticBearer::new(&"pit-1".into()).unwrap())
        .build()
        .unwrap();
    for request in [get(), post()] {
        let error = pipeline.send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert_eq!(error.status().unwrap().as_u16(), 302);
        assert!(!error.is_retryable());
    }
    assert_eq!(server.seen().len(), 2);
    assert_eq!((thief.connections(), thief.seen().len()), (0, 0));
}

/// Rewrites where the request goes, as a faulty authorizer would.
#[derive(Debug)]
struct Astray(&'static str);

#[async_trait]
impl Authorizer for Astray {
    async fn authorize(&self, request: &mut Outgoing) -> Result<()> {
        request.url = self.0.parse().unwrap();
        Ok(())
    }

    async fn renew(&self, _: Option<&http::HeaderValue>) -> Result<bool> {
        Ok(false)
    }
}

#[tokio::test]
async fn nothing_leaves_for_another_origin() {
    for astray in [
        "https://evil.example/v1/things/1",
        "https://api.plain.example:444/v1/things/1",
        "http://api.plain.example/v1/things/1",
    ] {
        let transport = CannedTransport::new().answer(200, "{}");
        let pipeline = builder(&transport).auth(Astray(astray)).build().unwrap();
        let error = pipeline.send(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{astray}");
        assert!(transport.sent().is_empty(), "{astray}");
    }
}

#[tokio::test]
async fn a_path_cannot_name_another_host() {
    for path in [
        "//evil.example/x",
        "https://evil.example/x",
        "@evil.example/x",
        ":444/x",
        "/../../x",
        "/\\evil.example/x",
        ".evil.example/x",
    ] {
        let transport = CannedTransport::new().answer(200, "{}");
        let mut request = get();
        request.path = path.to_owned();
        // Without a path of its own the base URL is the easier prey.
        let base = "https://api.plain.example".parse().unwrap();
        let pipeline = Pipeline::builder(&context(transport.clone()), Plain, base)
            .auth(StaticBearer::new(&"pit-1".into()).unwrap())
            .build()
            .unwrap();
        let _ = pipeline.send(request).await;
        for sent in transport.sent() {
            assert_eq!(sent.url.host_str(), Some("api.plain.example"), "{path}");
            assert_eq!(sent.url.port_or_known_default(), Some(443), "{path}");
        }
    }
}

#[tokio::test]
async fn base_urls_are_checked() {
    let table = [
        ("https://api.example.com", true),
        ("https://api.example.com/v1/", true),
        ("http://localhost:8080", true),
        ("http://sim.localhost:8080", true),
        ("http://127.0.0.1:1", true),
        ("http://[::1]:1", true),
        ("http://api.example.com", false),
        ("http://127.0.0.1.evil.example", false),
        ("http://localhost.evil.example", false),
        ("https://user@api.example.com", false),
        ("https://user:pass@api.example.com", false),
        ("https://api.example.com/?key=1", false),
        ("https://api.example.com/#x", false),
        ("ftp://api.example.com", false),
        ("file:///etc/passwd", false),
        ("data:text/plain,x", false),
    ];
    let context = context(CannedTransport::new());
    for (base, good) in table {
        let built = Pipeline::builder(&context, Plain, base.parse().unwrap()).build();
        assert_eq!(built.is_ok(), good, "{base}");
        if let Err(error) = built {
            assert_eq!(error.kind(), ErrorKind::Config, "{base}");
        }
    }
    let plain = "http://api.example.com".parse().unwrap();
    let allowed = Pipeline::builder(&context, Plain, plain).allow_plain_http(true);
    assert!(allowed.build().is_ok());
}
