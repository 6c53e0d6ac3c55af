//! Waiting: rate limits, timeouts, deadlines.

use std::time::Duration;

use integrations_core::ErrorKind;
use integrations_core::http::{CannedTransport, Request};
use tokio::time::Instant;

use crate::support::{builder, get, pipeline, policy, post};

#[tokio::test(start_paused = true)]
async fn a_429_is_waited_out_for_every_method() {
    for request in [get(), post()] {
        let transport = CannedTransport::new()
            .answer_with(429, &[("retry-after", "7")], "")
            .answer(200, "{}");
        let started = Instant::now();
        let reply = pipeline(&transport).send(request).await.unwrap();
        assert_eq!(reply.attempts, 2);
        let waited = started.elapsed();
        assert!(
            waited >= Duration::from_secs(7) && waited < Duration::from_secs(9),
            "{waited:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_without_a_limit_class_is_waited_out_too() {
    let transport = CannedTransport::new()
        .answer_with(429, &[("retry-after", "3")], "")
        .answer(200, "{}");
    let mut request: Request = post();
    request.operation.limit = None;
    let started = Instant::now();
    pipeline(&transport).send(request).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_returned_at_once() {
    for status in [429, 503] {
        let transport = CannedTransport::new()
            .answer_with(status, &[("retry-after", "600")], "")
            .answer(200, "{}");
        let started = Instant::now();
        let error = pipeline(&transport).send(get()).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(error.is_retryable());
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(transport.sent().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_503_waits_as_long_as_it_says() {
    let transport = CannedTransport::new()
        .answer_with(503, &[("retry-after", "12")], "")
        .answer(200, "{}");
    let started = Instant::now();
    pipeline(&transport).send(get()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(12));
}

#[tokio::test(start_paused = true)]
async fn endless_429s_end() {
    let transport = (0..50).fold(CannedTransport::new(), |transport, _| {
        transport.answer_with(429, &[("retry-after", "0")], "")
    });
    let error = pipeline(&transport).send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(transport.sent().len() <= 11, "{}", transport.sent().len());
    assert!(error.is_exhausted());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_its_own_timeout() {
    let transport = CannedTransport::new()
        .answer(200, "{}")
        .after(Duration::from_secs(31))
        .answer(200, "{}");
    let started = Instant::now();
    let reply = pipeline(&transport).send(get()).await.unwrap();
    assert_eq!(reply.attempts, 2);
    assert!(started.elapsed() >= Duration::from_secs(30));
    assert!(started.elapsed() < Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn promise_09_a_write_that_times_out_is_uncertain() {
    let transport = CannedTransport::new()
        .answer(200, "{}")
        .after(Duration::from_secs(40))
        .answer(200, "{}");
    let error = pipeline(&transport).send(post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_outcome_unknown());
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_deadline() {
    let slow = || {
        (0..9).fold(CannedTransport::new(), |transport, _| {
            transport.answer(200, "{}").after(Duration::from_secs(100))
        })
    };
    let (transport, started) = (slow(), Instant::now());
    let error = pipeline(&transport).send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(started.elapsed() <= Duration::from_secs(60));

    let (transport, started) = (slow(), Instant::now());
    let mut request = get();
    request.options.timeout = Some(Duration::from_secs(5));
    pipeline(&transport).send(request).await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(5));

    let (transport, started) = (slow(), Instant::now());
    let short = policy(|policy| {
        policy.timeout = Duration::from_secs(3);
        policy.attempt_timeout = Duration::from_secs(2);
    });
    let pipeline = builder(&transport).retry(short).build().unwrap();
    pipeline.send(get()).await.unwrap_err();
    assert!(started.elapsed() <= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn the_limiter_holds_calls_back_until_the_window_has_room() {
    let transport = (0..30).fold(CannedTransport::new(), |t, _| t.answer(200, "{}"));
    let pipeline = pipeline(&transport);
    let started = Instant::now();
    for _ in 0..30 {
        let mut request = get();
        if let Some(class) = &mut request.operation.limit {
            class.max = 10;
        }
        pipeline.send(request).await.unwrap();
    }
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_secs(20) && waited < Duration::from_secs(21),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_leaves_no_room_in_time_is_an_error_before_sending() {
    let transport = CannedTransport::new().answer(200, "{}").answer(200, "{}");
    let pipeline = pipeline(&transport);
    let narrow = || {
        let mut request = get();
        if let Some(class) = &mut request.operation.limit {
            (class.max, class.per) = (1, Duration::from_secs(3600));
        }
        request
    };
    pipeline.send(narrow()).await.unwrap();
    let error = pipeline.send(narrow()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!((error.attempts(), transport.sent().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn when_the_limiter_cannot_wait_the_providers_own_refusal_is_returned() {
    let transport = CannedTransport::new().answer(429, r#"{"message":"slow down"}"#);
    let mut request = get();
    // Shorter than the limiter's own guess of how long to stay away.
    request.options.timeout = Some(Duration::from_millis(1));
    let error = pipeline(&transport).send(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(429));
    assert!(error.body().is_some());
}
