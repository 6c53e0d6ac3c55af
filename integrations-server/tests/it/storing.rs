//! What is genuine is stored, once and whole.

use std::task::Poll;

use http::StatusCode;
use integrations_core::IntegrationId;
use integrations_core::webhook::{Outcome, RawRequest};
use integrations_store::EventStatus;

use crate::acme::SIGNATURE;
use crate::house::{
    House, PERSON, SECRET_A, bodies, body, mounted, send, signature, signed, status, unsigned,
};

#[tokio::test]
async fn an_event_is_stored_byte_for_byte_and_answered_with_nothing() {
    let house = House::new().await;
    let acme = house.acme().await;
    let sent = bodies(
        "A1",
        &[("e1", "contact.created"), ("e2", "contact.changed")],
    );
    let answer = send(&house.router(), signed("/hooks/acme", SECRET_A, &sent)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, "");
    let stored = house.events(&acme).await;
    let kinds: Vec<_> = stored.iter().map(|event| event.event.kind()).collect();
    assert_eq!(kinds, ["contact.created", "contact.changed"]);
    for event in &stored {
        assert_eq!(event.status, EventStatus::Pending);
        assert_eq!((&event.tenant, event.integration), (&acme.tenant, acme.id));
        assert_eq!(event.event.tenant_key().unwrap().as_str(), "A1");
        assert_eq!(event.event.parts().scheme, "acme");
        let payload: serde_json::Value = event.event.decode().unwrap();
        assert_eq!(payload["email"], PERSON);
    }
}

#[tokio::test]
async fn what_came_before_is_a_duplicate_and_only_the_rest_is_new() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    let mut outcomes = Vec::new();
    for ids in [&["e1"][..], &["e1"], &["e1", "e2", "e2"], &["e2", "e1"]] {
        let events: Vec<_> = ids.iter().map(|id| (*id, "x")).collect();
        let raw = raw(&bodies("A1", &events), SECRET_A);
        let received = webhooks.receive("acme", None, &raw).await.unwrap();
        assert_eq!(received.reply.status, StatusCode::OK);
        outcomes.push((received.outcome, received.events.len()));
    }
    assert_eq!(
        outcomes,
        [
            (Outcome::Accepted, 1),
            (Outcome::Duplicate, 1),
            (Outcome::Accepted, 3),
            (Outcome::Duplicate, 2)
        ]
    );
    assert_eq!(house.events(&acme).await.len(), 2);
}

#[tokio::test]
async fn a_genuine_request_without_events_is_welcome() {
    let house = House::new().await;
    let acme = house.acme().await;
    let raw = raw(&bodies("A1", &[]), SECRET_A);
    let received = house.webhooks().receive("acme", None, &raw).await.unwrap();
    assert_eq!(received.outcome, Outcome::Ignored);
    assert_eq!(received.reply.status, StatusCode::OK);
    assert!(house.events(&acme).await.is_empty());
}

#[tokio::test]
async fn what_the_store_cannot_hold_is_refused_whole() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let long = "x".repeat(600);
    for (id, kind) in [("e2", "nul\0nul"), ("e2", long.as_str()), (&long, "x")] {
        let sent = bodies("A1", &[("e1", "x"), (id, kind)]);
        let answer = send(&router, signed("/hooks/acme", SECRET_A, sent)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.body, "");
    }
    assert!(
        house.events(&acme).await.is_empty(),
        "not even the good one"
    );
}

#[tokio::test]
async fn one_request_carries_a_thousand_events_and_not_more() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let ids: Vec<_> = (0..1001).map(|n| format!("e{n:04}")).collect();
    let events: Vec<_> = ids.iter().map(|id| (id.as_str(), "x")).collect();
    let many = signed("/hooks/acme", SECRET_A, bodies("A1", &events));
    assert_eq!(status(&router, many).await, 413);
    assert!(house.events(&acme).await.is_empty());
    let enough = signed("/hooks/acme", SECRET_A, bodies("A1", &events[1..]));
    assert_eq!(status(&router, enough).await, 200);
    let counts = house.store.events().counts(&acme.tenant, None).await;
    assert_eq!(counts.unwrap().pending, 1000);
}

#[tokio::test]
async fn bodies_end_at_the_limit() {
    let house = House::new().await;
    let acme = house.acme().await;
    let sent = body("A1", "e1");
    let router = mounted(&house.builder().body_limit(sent.len()).build());
    let longer = format!("{sent} ");
    let refused = signed("/hooks/acme", SECRET_A, &longer);
    assert_eq!(status(&router, refused).await, 413);
    // Chunked: no length is announced.
    let chunks: Vec<_> = longer.as_bytes().chunks(7).map(<[u8]>::to_vec).collect();
    let chunks = futures_util::stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
    let mut chunked = unsigned("/hooks/acme", "");
    *chunked.body_mut() = axum::body::Body::from_stream(chunks);
    let value = signature(SECRET_A, &longer).parse().unwrap();
    chunked.headers_mut().insert(SIGNATURE, value);
    assert_eq!(status(&router, chunked).await, 413);
    // A length that is announced as too large is believed; one that is no number is not looked at.
    let mut announced = signed("/hooks/acme", SECRET_A, &sent);
    let huge = "99999999999".parse().unwrap();
    announced.headers_mut().insert("content-length", huge);
    assert_eq!(status(&router, announced).await, 413);
    assert!(house.events(&acme).await.is_empty());
    let exact = signed("/hooks/acme", SECRET_A, &sent);
    assert_eq!(status(&router, exact).await, 200);
    assert_eq!(house.events(&acme).await.len(), 1);
}

#[tokio::test]
async fn a_limit_around_the_router_is_told_as_one() {
    let house = House::new().await;
    house.acme().await;
    let limited = signed("/hooks/acme", SECRET_A, body("A1", "e1"))
        .map(|body| axum::body::Body::new(http_body_util::Limited::new(body, 10)));
    assert_eq!(status(&house.router(), limited).await, 413);
}

#[tokio::test]
async fn unreadable_payloads_are_refused_without_a_panic() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let named = format!("/hooks/acme/{}", acme.id);
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(10_000), close.repeat(10_000));
        format!("{{\"account\":\"A1\",\"events\":{open}1{close}}}")
    };
    let lists = deep("[", "]");
    let maps = deep("{\"a\":", "}");
    let unended = "[".repeat(500_000);
    let cases: [&[u8]; 7] = [
        b"",
        b"\xff\xfe{}",
        b"{\"account\":\"A1\xff\",\"events\":[]}",
        b"null",
        lists.as_bytes(),
        maps.as_bytes(),
        unended.as_bytes(),
    ];
    for case in cases {
        // Nobody's, as far as can be read.
        let unknown = signed("/hooks/acme", SECRET_A, case);
        assert_eq!(status(&router, unknown).await, 401);
        // Genuine, and not readable.
        let known = signed(&named, SECRET_A, case);
        assert_eq!(status(&router, known).await, 400);
        let forged = unsigned(&named, case);
        assert_eq!(status(&router, forged).await, 401);
    }
    assert!(house.events(&acme).await.is_empty());
}

#[tokio::test]
async fn a_panic_in_a_providers_code_costs_one_answer() {
    let house = House::new().await;
    let acme = house.acme().await;
    let router = house.router();
    let bad = signed("/hooks/acme", SECRET_A, bodies("A1", &[("e1", "panic")]));
    let answer = send(&router, bad).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.body, "");
    let good = signed("/hooks/acme", SECRET_A, body("A1", "e2"));
    assert_eq!(status(&router, good).await, 200);
    assert_eq!(house.events(&acme).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_dropped_half_way_is_stored_whole_or_not_at_all() {
    let house = House::new().await;
    let acme = house.acme().await;
    let webhooks = house.webhooks();
    let mut requests = 0;
    // How many waits a request has is a matter of timing: again until one was cut at its third at least.
    for _ in 0..100 {
        let mut steps = 0;
        loop {
            let ids = [0, 1, 2].map(|i| format!("e{requests}-{i}"));
            let events = ids.each_ref().map(|id| (id.as_str(), "x"));
            let raw = raw(&bodies("A1", &events), SECRET_A);
            let ended = only(steps, webhooks.receive("acme", None, &raw)).await;
            let again = webhooks.receive("acme", None, &raw).await.unwrap();
            assert_eq!(again.events.len(), 3);
            let counts = house.store.events().counts(&acme.tenant, None).await;
            (requests, steps) = (requests + 1, steps + 1);
            assert_eq!(counts.unwrap().pending, 3 * requests);
            if ended {
                assert_eq!(again.outcome, Outcome::Duplicate);
                break;
            }
        }
        if steps > 3 {
            return;
        }
    }
    panic!("no request was cut behind its second wait");
}

/// Polls a future so many times and drops it; whether it ended.
async fn only<F: Future>(polls: u64, future: F) -> bool {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| true)
    })
    .await
}

#[tokio::test]
async fn receive_says_what_became_of_it() {
    let house = House::new().await;
    house.acme().await;
    let webhooks = house.webhooks();
    let raw = raw(&body("A1", "e1"), SECRET_A);
    let received = webhooks.receive("a", None, &raw).await.unwrap();
    assert_eq!(received.outcome, Outcome::Accepted);
    let nobody = IntegrationId::new();
    let refused = webhooks.receive("acme", Some(nobody), &raw).await.unwrap();
    assert!(matches!(refused.outcome, Outcome::Rejected(_)));
    assert!(refused.events.is_empty());
    for provider in ["mute", "nobody", ""] {
        let error = webhooks.receive(provider, None, &raw).await.unwrap_err();
        assert_eq!(error.kind(), integrations_core::ErrorKind::NotFound);
    }
}

fn raw(body: &str, secret: &str) -> RawRequest {
    let (parts, _) = signed("/", secret, body).into_parts();
    RawRequest::new(parts.method, "/acme", parts.headers, body.to_owned())
}
