//! Which failures are tried again, for which calls.

use http::Method;
use integrations_core::ErrorKind;
use integrations_core::http::{Body, CannedTransport, Idempotency, Request, TransportFailure};

use crate::support::{builder, get, operation, pipeline, policy, post};

/// How an attempt fails.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Status(u16),
    Broken(TransportFailure),
}

use Failure::{Broken, Status};
use TransportFailure::{Broken as Reset, Build, Connect, Timeout};

/// What stands in a row: the method, its idempotency, whether the call carries an idempotency key.
type Call = (Method, Idempotency, bool);

fn request((method, idempotency, key): Call) -> Request {
    let mut request = Request::new(operation(method, idempotency), "/things/1");
    request.options.idempotency_key = key.then(|| "order-17".to_owned());
    request
}

const GET: Call = (Method::GET, Idempotency::Safe, false);
const PUT: Call = (Method::PUT, Idempotency::Idempotent, false);
const DELETE: Call = (Method::DELETE, Idempotency::Idempotent, false);
const KEYED: Call = (Method::POST, Idempotency::Keyed, false);
const GIVEN_KEY: Call = (Method::POST, Idempotency::Unsafe, true);
const POST: Call = (Method::POST, Idempotency::Unsafe, false);
const PATCH: Call = (Method::PATCH, Idempotency::Unsafe, false);

#[tokio::test(start_paused = true)]
async fn promise_09_the_table_of_methods_and_failures() {
    let repeatable = [GET, PUT, DELETE, KEYED, GIVEN_KEY];
    let unsafe_writes = [POST, PATCH];
    // The failure, its kind, attempts of repeatable calls, attempts of unsafe writes, whether those stay uncertain.
    let table = [
        (Broken(Connect), ErrorKind::Connect, 3, 3, false),
        (Broken(Build), ErrorKind::Config, 1, 1, false),
        (Broken(Timeout), ErrorKind::Timeout, 3, 1, true),
        (Broken(Reset), ErrorKind::Io, 3, 1, true),
        (Status(500), ErrorKind::Server, 3, 1, true),
        (Status(502), ErrorKind::Server, 3, 1, true),
        (Status(503), ErrorKind::Server, 3, 1, true),
        (Status(504), ErrorKind::Server, 3, 1, true),
        (Status(408), ErrorKind::Timeout, 3, 1, true),
        (Status(501), ErrorKind::Server, 1, 1, true),
        (Status(400), ErrorKind::Validation, 1, 1, false),
        (Status(401), ErrorKind::Auth, 1, 1, false),
        (Status(403), ErrorKind::Permission, 1, 1, false),
        (Status(404), ErrorKind::NotFound, 1, 1, false),
        (Status(409), ErrorKind::Conflict, 1, 1, false),
        (Status(422), ErrorKind::Validation, 1, 1, false),
        (Status(302), ErrorKind::Redirect, 1, 1, false),
        (Status(303), ErrorKind::Redirect, 1, 1, true),
        (Status(402), ErrorKind::Other, 1, 1, false),
        (Status(418), ErrorKind::Other, 1, 1, false),
    ];
    for (failure, kind, repeated, once, uncertain) in table {
        let calls = repeatable
            .iter()
            .map(|call| (call, repeated, false))
            .chain(unsafe_writes.iter().map(|call| (call, once, uncertain)));
        for (call, attempts, unknown) in calls {
            let mut transport = CannedTransport::new();
            for _ in 0..5 {
                transport = match failure {
                    Status(status) => transport.answer(status, "{}"),
                    Broken(failure) => transport.fail(failure),
                };
            }
            let error = pipeline(&transport)
                .send(request(call.clone()))
                .await
                .unwrap_err();
            let row = format!("{failure:?} on {call:?}");
            assert_eq!(error.kind(), kind, "{row}");
            assert_eq!(transport.sent().len(), attempts, "{row}");
            assert_eq!(error.attempts() as usize, attempts, "{row}");
            assert_eq!(error.is_outcome_unknown(), unknown, "{row}");
            assert!(!(unknown && error.is_retryable()), "{row}");
            assert_eq!(error.is_exhausted(), attempts > 1, "{row}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn promise_09_a_write_that_failed_once_is_not_sent_again_even_if_it_would_succeed() {
    for failure in [Timeout, Reset] {
        let transport = CannedTransport::new().fail(failure).answer(200, "{}");
        let error = pipeline(&transport).send(post()).await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{failure:?}");
        assert!(error.to_string().contains("read before you write again"));
        assert_eq!(transport.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_repeated_deletion_does_not_find_it_may_have_deleted() {
    // What comes before the 404, and whether that may have deleted it.
    let table: &[(&[Failure], bool)] = &[
        (&[Broken(Reset)], true),
        (&[Broken(Timeout)], true),
        (&[Status(502)], true),
        (&[Broken(Reset), Broken(Connect)], true),
        (&[Status(503), Status(429)], true),
        (&[Broken(Connect)], false),
        (&[Status(429)], false),
        (&[], false),
    ];
    for (before, may_be_done) in table {
        for call in [DELETE, PUT] {
            let is_deleted = *may_be_done && call.0 == Method::DELETE;
            let mut transport = CannedTransport::new();
            for failure in *before {
                transport = match failure {
                    Status(status) => transport.answer(*status, "{}"),
                    Broken(failure) => transport.fail(*failure),
                };
            }
            let transport = transport.answer(404, r#"{"message":"no such thing"}"#);
            let error = pipeline(&transport)
                .send(request(call.clone()))
                .await
                .unwrap_err();
            let row = format!("{before:?} on {call:?}: {error}");
            assert_eq!(error.kind(), ErrorKind::NotFound, "{row}");
            assert_eq!(transport.sent().len(), before.len() + 1, "{row}");
            assert_eq!(error.is_outcome_unknown(), is_deleted, "{row}");
            let says = error.to_string().contains("may have deleted it");
            assert_eq!(says, is_deleted, "{row}");
            assert!(!error.is_retryable(), "{row}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_left_is_sent_again_whatever_it_is() {
    let transport = CannedTransport::new()
        .fail(Connect)
        .fail(Connect)
        .answer(201, "{}");
    let reply = pipeline(&transport).send(post()).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.attempts), (201, 3));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_there_once_is_sent_once() {
    for failing in [
        CannedTransport::new().fail(Connect),
        CannedTransport::new().fail(Reset),
        CannedTransport::new().answer(503, ""),
        CannedTransport::new().answer(429, ""),
    ] {
        let transport = failing.answer(200, "{}");
        let mut request = request(PUT);
        request.body = Body::once(None, futures_util::stream::empty());
        pipeline(&transport).send(request).await.unwrap_err();
        assert_eq!(transport.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_write_carries_the_same_key() {
    for call in [KEYED, GIVEN_KEY] {
        let transport = CannedTransport::new()
            .answer(500, "")
            .fail(Reset)
            .answer(200, "{}");
        let pipeline = pipeline(&transport);
        pipeline.send(request(call.clone())).await.unwrap();
        let keys: Vec<_> = transport
            .sent()
            .iter()
            .map(|sent| sent.headers["idempotency-key"].clone())
            .collect();
        assert_eq!(keys.len(), 3);
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        assert_eq!(call.2, keys[0] == "order-17");
        // The next call is another write.
        let _ = pipeline.send(request(KEYED)).await;
        assert_ne!(
            transport.sent().last().unwrap().headers["idempotency-key"],
            keys[0]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_callers_word_decides() {
    let transport = CannedTransport::new().answer(500, "").answer(200, "{}");
    let mut request = post();
    request.options.idempotent = Some(true);
    assert!(pipeline(&transport).send(request).await.is_ok());

    let transport = CannedTransport::new().answer(500, "").answer(200, "{}");
    let mut request = get();
    request.options.idempotent = Some(false);
    let error = pipeline(&transport).send(request).await.unwrap_err();
    assert!(error.is_outcome_unknown());
}

#[tokio::test(start_paused = true)]
async fn max_attempts_is_per_call_or_per_client() {
    let failing = || (0..9).fold(CannedTransport::new(), |t, _| t.answer(500, ""));
    let transport = failing();
    let mut request = get();
    request.options.max_attempts = Some(5);
    let error = pipeline(&transport).send(request).await.unwrap_err();
    assert_eq!(error.attempts(), 5);

    let transport = failing();
    let once = policy(|policy| policy.max_attempts = 1);
    let pipeline = builder(&transport).retry(once).build().unwrap();
    assert_eq!(pipeline.send(get()).await.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_uses_up_the_retry_budget_of_its_host() {
    let transport = (0..200).fold(CannedTransport::new(), |t, _| t.answer(500, ""));
    let pipeline = pipeline(&transport);
    let mut attempts = 0;
    for _ in 0..60 {
        attempts += pipeline.send(get()).await.unwrap_err().attempts();
    }
    // 60 first attempts, the reserve of 20, and a fifth of a retry for each first attempt while there is room.
    assert!((80..=92).contains(&attempts), "{attempts}");
    let error = pipeline.send(get()).await.unwrap_err();
    assert!(error.attempts() <= 2);
    assert!(error.is_retryable(), "an outer retry may come later");
}
