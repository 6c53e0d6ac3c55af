//! Many calls: never too many at once, each item accounted for.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt, StreamExt};
use ghl_client::contacts::GetContact;
use ghl_client::{Bulk, Call, Client, ErrorKind, Location};
use integrations_core::http::{
    HttpContext, Outgoing, Priority, ResponseBody, Transport, TransportError, TransportFailure,
};
use tokio::time::Instant;

use crate::support::{LOCATION, TOKEN};

/// Answers a contact by its number: how long it takes, the status, the body.
type Script = dyn Fn(u64) -> (u64, u16, &'static str) + Send + Sync;

/// A provider that counts.
#[derive(Clone)]
struct Provider {
    script: Arc<Script>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    at: Vec<(u64, Instant)>,
    open: usize,
    most: usize,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider")
    }
}

/// Closes a call, also one that is dropped.
struct Open(Arc<Mutex<Seen>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().unwrap().open -= 1;
    }
}

#[async_trait]
impl Transport for Provider {
    async fn send(&self, sent: Outgoing) -> Result<http::Response<ResponseBody>, TransportError> {
        let number = sent.url.path().rsplit('/').next().unwrap().parse().unwrap();
        let _open = {
            let mut seen = self.seen.lock().unwrap();
            seen.at.push((number, Instant::now()));
            seen.open += 1;
            seen.most = seen.most.max(seen.open);
            Open(self.seen.clone())
        };
        let (wait, status, body) = (self.script)(number);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if status == 0 {
            return Err(TransportError::bare(TransportFailure::Broken));
        }
        let answer = http::Response::builder()
            .status(status)
            .header("content-type", "application/json");
        // The day's limit is told by a header.
        let left = if status == 429 { "0" } else { "9" };
        let answer = answer.header("x-ratelimit-daily-remaining", left);
        Ok(answer.body(ResponseBody::from_bytes(body)).unwrap())
    }
}

impl Provider {
    fn new(script: impl Fn(u64) -> (u64, u16, &'static str) + Send + Sync + 'static) -> Self {
        Self {
            script: Arc::new(script),
            seen: Arc::default(),
        }
    }

    fn location(&self) -> Location {
        let context = HttpContext::builder().transport(self.clone());
        let context = context.build().unwrap();
        let client = Client::builder().private_token(TOKEN).context(&context);
        client.build().unwrap().location(LOCATION)
    }

    fn numbers(&self) -> Vec<u64> {
        let seen = self.seen.lock().unwrap();
        seen.at.iter().map(|(number, _)| *number).collect()
    }

    fn most(&self) -> usize {
        self.seen.lock().unwrap().most
    }
}

const FOUND: &str = r#"{"contact":{"id":"c"}}"#;

#[tokio::test(start_paused = true)]
async fn never_more_at_once_than_allowed_and_as_many() {
    for (allowed, expected) in [(None, 8), (Some(3), 3), (Some(0), 1)] {
        let provider = Provider::new(|number| (100 + number % 7, 200, FOUND));
        let location = provider.location();
        let mut bulk = Bulk::new(0..50_usize, |number| {
            location.contacts().get(number.to_string())
        });
        if let Some(allowed) = allowed {
            bulk = bulk.concurrency(allowed);
        }
        let report = bulk.run().await;
        assert_eq!(provider.most(), expected);
        assert!(report.is_complete() && report.ok.len() == 50);
        let done: BTreeSet<_> = report
            .ok
            .iter()
            .map(|done| (done.index, done.item))
            .collect();
        assert_eq!(done, (0..50).map(|number| (number, number)).collect());
    }
}

#[tokio::test(start_paused = true)]
async fn items_come_as_they_are_done_and_nothing_is_made_ahead() {
    let provider = Provider::new(|number| match number {
        0 => (300, 200, FOUND),
        2 => (200, 200, FOUND),
        _ => (100, 200, FOUND),
    });
    let location = provider.location();
    let bulk = Bulk::new(0..4_u64, |number| {
        location.contacts().get(number.to_string())
    });
    let mut done = bulk.concurrency(3).stream();
    assert!(
        provider.numbers().is_empty(),
        "nothing before it is asked for"
    );
    let (index, item, answer) = done.next().await.unwrap();
    assert_eq!((index, item, answer.unwrap().id.as_str()), (1, 1, "c"));
    assert_eq!(provider.numbers(), [0, 1, 2]);
    let rest: Vec<_> = done.map(|(index, ..)| index).collect().await;
    assert_eq!(rest, [2, 3, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_keeps_its_error_and_stops_no_other() {
    let provider = Provider::new(|number| match number {
        2 => (10, 404, "{}"),
        5 => (10, 422, r#"{"message":["email must be an email"]}"#),
        7 => (10, 200, "nonsense"),
        9 => (10, 0, ""),
        _ => (10, 200, FOUND),
    });
    let location = provider.location();
    let report = Bulk::new(0..20_u64, |number| {
        location
            .contacts()
            .delete(number.to_string())
            .with_idempotent(false)
    })
    .run()
    .await;
    assert_eq!((report.ok.len(), report.not_tried.len()), (16, 0));
    let mut failed = report.failed;
    failed.sort_by_key(|failed| failed.index);
    let kinds: Vec<_> = failed
        .iter()
        .map(|failed| {
            (
                failed.item,
                failed.error.kind(),
                failed.error.is_outcome_unknown(),
            )
        })
        .collect();
    let expected = [
        (2, ErrorKind::NotFound, false),
        (5, ErrorKind::Validation, false),
        (7, ErrorKind::Decode, true),
        (9, ErrorKind::Io, true),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(failed[1].error.fields()[0].path, "/email");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_meets_all_stops_the_rest() {
    let scope = r#"{"message":"The token is not authorized for this scope."}"#;
    for (status, body, kind) in [
        (401, r#"{"message":"Invalid JWT"}"#, ErrorKind::Auth),
        (401, scope, ErrorKind::Permission),
        (429, "{}", ErrorKind::RateLimited),
    ] {
        let provider = Provider::new(move |number| match number {
            3 => (50, status, body),
            _ => (100, 200, FOUND),
        });
        let location = provider.location();
        let bulk = Bulk::new(0..1000_u64, |number| {
            location.contacts().get(number.to_string())
        });
        let report = bulk.concurrency(5).run().await;
        // What was under way goes on; nothing new starts.
        assert_eq!(provider.numbers(), [0, 1, 2, 3, 4], "{kind}");
        let done: BTreeSet<_> = report.ok.iter().map(|done| done.index).collect();
        assert_eq!(done, BTreeSet::from([0, 1, 2, 4]), "{kind}");
        assert_eq!(report.failed.len(), 1);
        assert_eq!(
            (report.failed[0].item, report.failed[0].error.kind()),
            (3, kind)
        );
        let left: Vec<_> = report.not_tried.iter().map(|left| left.item).collect();
        assert_eq!(left, (5..1000).collect::<Vec<_>>());
        assert!(!report.is_complete());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_tried_says_so_in_the_stream() {
    let provider = Provider::new(|_| (10, 401, "{}"));
    let location = provider.location();
    let bulk = Bulk::new(0..3_u64, |number| {
        location.contacts().get(number.to_string())
    });
    let done: Vec<_> = bulk.concurrency(1).stream().collect().await;
    let codes: Vec<_> = done
        .iter()
        .map(|(index, _, result)| {
            let error = result.as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Auth);
            assert_eq!(error.operation(), Some("contacts.get"));
            (*index, error.code() == Some("not_tried"), error.attempts())
        })
        .collect();
    assert_eq!(codes, [(0, false, 1), (1, true, 0), (2, true, 0)]);
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_kept() {
    let provider = Provider::new(|_| (20, 200, FOUND));
    let location = provider.location();
    let started = Instant::now();
    let bulk = Bulk::new(0..350_u64, |number| {
        location.contacts().get(number.to_string())
    });
    let report = bulk.concurrency(40).run().await;
    assert_eq!(report.ok.len(), 350);
    // 100 in any 10 seconds: the last 50 start after the third span.
    assert!(
        started.elapsed() >= Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
    assert!(
        started.elapsed() < Duration::from_secs(35),
        "{:?}",
        started.elapsed()
    );
    let seen = provider.seen.lock().unwrap();
    for (nth, (_, at)) in seen.at.iter().enumerate().skip(100) {
        let before = seen.at[nth - 100].1;
        assert!(
            at.duration_since(before) >= Duration::from_secs(10),
            "{nth}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_call_goes_first() {
    let provider = Provider::new(|_| (20, 200, FOUND));
    let location = provider.location();
    let contacts = location.contacts();
    let bulk = Bulk::new(0..300_u64, |number| contacts.get(number.to_string()));
    let own = async {
        // By then the first span is used up, and calls of the bulk wait.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let call = contacts.get("9999");
        call.send().await.unwrap();
    };
    let (report, ()) = tokio::join!(bulk.concurrency(20).run(), own);
    assert_eq!(report.ok.len(), 300);
    let place = provider.numbers().iter().position(|number| *number == 9999);
    assert!(place.unwrap() <= 101, "{place:?}");

    // Unless the bulk is told to go first: then those of it that wait already do.
    let provider = Provider::new(|_| (20, 200, FOUND));
    let location = provider.location();
    let contacts = location.contacts();
    let bulk = Bulk::new(0..300_u64, |number| contacts.get(number.to_string()));
    let bulk = bulk.priority(Priority::Urgent).concurrency(20);
    let own = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        contacts.get("9999").send().await.unwrap();
    };
    tokio::join!(bulk.run(), own);
    let place = provider.numbers().iter().position(|number| *number == 9999);
    assert!(place.unwrap() >= 119, "{place:?}");
}

#[tokio::test(start_paused = true)]
async fn dropping_it_stops_everything() {
    let provider = Provider::new(|number| (if number == 0 { 10 } else { 1000 }, 200, FOUND));
    let location = provider.location();
    let bulk = Bulk::new(0..100_u64, |number| {
        location.contacts().get(number.to_string())
    });
    let mut done = bulk.concurrency(4).stream();
    assert_eq!(done.next().await.unwrap().0, 0);
    assert_eq!(provider.seen.lock().unwrap().open, 3);
    drop(done);
    assert_eq!(provider.seen.lock().unwrap().open, 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(provider.numbers(), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn no_items_are_no_work() {
    let provider = Provider::new(|_| (0, 200, FOUND));
    let location = provider.location();
    let none: [u64; 0] = [];
    let report = Bulk::new(none, |number| location.contacts().get(number.to_string()))
        .run()
        .await;
    assert!(report.is_complete() && report.ok.is_empty());
}

#[test]
fn its_futures_can_change_threads() {
    fn sends<T: Send>(_: &T) {}
    let provider = Provider::new(|_| (0, 200, FOUND));
    let location = provider.location();
    let bulk = || {
        Bulk::new(0..3_u64, |number| {
            location.contacts().get(number.to_string())
        })
    };
    sends(&bulk().stream());
    sends(&bulk().run());
    assert!(format!("{:?}", bulk()).contains("concurrency: 8"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_caller_ends_a_run_and_a_stream_has_given_what_was_done() {
    fn call(location: &Location, number: u64) -> Call<GetContact> {
        assert!(number < 2, "a number that the caller did not expect");
        location.contacts().get(number.to_string())
    }
    let provider = Provider::new(|_| (100, 200, FOUND));
    let location = provider.location();
    let run = Bulk::new(0..4_u64, |number| call(&location, *number)).concurrency(1);
    let ended = AssertUnwindSafe(run.run()).catch_unwind().await;
    assert!(ended.is_err());
    assert_eq!(provider.numbers(), [0, 1]);

    let bulk = Bulk::new(0..4_u64, |number| call(&location, *number)).concurrency(1);
    let mut done = bulk.stream();
    for expected in 0..2 {
        let (_, item, answer) = done.next().await.unwrap();
        assert_eq!((item, answer.is_ok()), (expected, true));
    }
    let next = AssertUnwindSafe(done.next()).catch_unwind().await;
    assert!(next.is_err());
}
