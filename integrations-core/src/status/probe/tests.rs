use super::*;
use crate::status::{Status, apply};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

fn start() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "what to do")
}

/// What the observation says, as one letter each: Failing, Recovered, and the status event.
fn letters(seen: &Observation) -> String {
    let told = match seen.notification {
        Some(Notification::Failing { .. }) => "F",
        Some(Notification::Recovered { .. }) => "R",
        None => "-",
    };
    format!("{told}{}", seen.event.map_or("-", Event::as_str))
}

/// Results in order, and what each leads to.
type Row = (
    &'static str,
    &'static [Option<ErrorKind>],
    &'static [&'static str],
);

#[test]
fn notifications_come_once() {
    use ErrorKind as K;
    const OK: Option<ErrorKind> = None;
    let table: &[Row] = &[
        (
            "healthy from the start",
            &[OK, OK],
            &["-succeeded", "-succeeded"],
        ),
        (
            "a refusal counts at once",
            &[Some(K::Auth), Some(K::Auth), OK, OK],
            &["Ffailed", "-failed", "Rsucceeded", "-succeeded"],
        ),
        (
            "so does a missing permission",
            &[Some(K::Permission), OK],
            &["Ffailed", "Rsucceeded"],
        ),
        (
            "so does an unreadable config",
            &[Some(K::Crypto)],
            &["Ffailed"],
        ),
        (
            "two lost packets are nothing",
            &[Some(K::Timeout), Some(K::Connect), OK, Some(K::Server)],
            &["--", "--", "-succeeded", "--"],
        ),
        (
            "three are an outage",
            &[
                Some(K::Timeout),
                Some(K::Server),
                Some(K::Io),
                Some(K::Server),
                OK,
            ],
            &["--", "--", "Ffailed", "-failed", "Rsucceeded"],
        ),
        (
            "a refusal cuts the wait short",
            &[Some(K::Timeout), Some(K::Auth), OK],
            &["--", "Ffailed", "Rsucceeded"],
        ),
        (
            "an outage after a refusal is the same failure",
            &[Some(K::Auth), Some(K::Timeout), OK],
            &["Ffailed", "-failed", "Rsucceeded"],
        ),
        (
            "rate limits and our own database say nothing",
            &[
                Some(K::RateLimited),
                Some(K::Timeout),
                Some(K::Store),
                Some(K::Timeout),
                Some(K::RateLimited),
                Some(K::Timeout),
            ],
            &["--", "--", "--", "--", "--", "Ffailed"],
        ),
        (
            "a second failure is told again",
            &[Some(K::Auth), OK, Some(K::Auth)],
            &["Ffailed", "Rsucceeded", "Ffailed"],
        ),
        (
            "what may pass needs three, whatever it is",
            &[
                Some(K::NotFound),
                Some(K::Decode),
                Some(K::Redirect),
                Some(K::Other),
            ],
            &["--", "--", "Ffailed", "-failed"],
        ),
    ];
    for (name, results, expected) in table {
        let (policy, mut now, mut probe) = (Policy::default(), start(), Probe::new(start()));
        for (at, (kind, expected)) in results.iter().zip(*expected).enumerate() {
            assert!(probe.is_due(now), "{name}, probe {at}");
            let error = kind.map(error);
            let seen = probe.record(&policy, error.as_ref().map_or(Ok(()), Err), now, 0.5);
            assert_eq!(letters(&seen), *expected, "{name}, probe {at}");
            // The state survives a restart between any two probes.
            probe = serde_json::from_str(&serde_json::to_string(&probe).unwrap()).unwrap();
            assert!(!probe.is_due(now), "{name}, probe {at}");
            now = probe.next_due();
        }
    }
}

#[test]
fn waits_double_up_to_an_hour() {
    let expected = [30, 60, 120, 240, 480, 960, 1920, HOUR, HOUR, HOUR];
    for (jitter, share) in [(1.0, 1.0), (0.5, 0.5), (7.0, 1.0), (f64::NAN, 1.0)] {
        let (policy, mut now, mut probe) = (Policy::default(), start(), Probe::new(start()));
        for ceiling in expected {
            let _ = probe.record(&policy, Err(&error(ErrorKind::Server)), now, jitter);
            let wait = seconds(ceiling).mul_f64(share);
            assert_eq!(probe.next_due(), now + wait, "jitter {jitter}");
            now = probe.next_due();
        }
        let _ = probe.record(&policy, Ok(()), now, 0.0);
        assert_eq!(probe.next_due(), now + seconds(5 * MINUTE));
        assert_eq!(probe.failures(), 0);
        let _ = probe.record(&policy, Err(&error(ErrorKind::Server)), now, 1.0);
        assert_eq!(probe.next_due(), now + seconds(30), "starts over");
    }
}

#[test]
fn waits_have_bounds() {
    let policy = Policy::default();
    let limited = |wait| error(ErrorKind::RateLimited).with_retry_after(seconds(wait));
    let after = |result: Result<(), &Error>, jitter| {
        let mut probe = Probe::new(start());
        let _ = probe.record(&policy, result, start(), jitter);
        (probe.next_due() - start()).get_seconds()
    };
    assert_eq!(after(Err(&error(ErrorKind::Auth)), 0.0), 1, "never at once");
    assert_eq!(
        after(Err(&limited(90)), 1.0),
        90,
        "the provider knows better"
    );
    assert_eq!(after(Err(&limited(10)), 1.0), 30);
    assert_eq!(
        after(Err(&limited(u64::MAX)), 1.0),
        24 * 3600,
        "within reason"
    );
    assert_eq!(after(Ok(()), 0.0), 300);
    assert_eq!(after(Ok(()), 1.0), 270, "spread by a tenth");
}

#[test]
fn extremes_do_not_panic() {
    let policy = Policy::default();
    let text = r#"{"next_due":"2026-11-21T08:00:00Z","failures":4294967295,"failing_since":null}"#;
    let mut probe: Probe = serde_json::from_str(text).unwrap();
    let seen = probe.record(
        &policy,
        Err(&error(ErrorKind::Timeout)),
        Timestamp::MAX,
        1.0,
    );
    assert_eq!(letters(&seen), "Ffailed");
    assert_eq!(probe.next_due(), Timestamp::MAX);
    // The clock was set back by ages.
    let seen = probe.record(&policy, Ok(()), Timestamp::MIN, 1.0);
    let after = Duration::ZERO;
    assert_eq!(seen.notification, Some(Notification::Recovered { after }));
}

#[test]
fn notifications_tell_what_and_since_when() {
    let (policy, mut probe) = (Policy::default(), Probe::new(start()));
    let timeout = error(ErrorKind::Timeout).with_provider("gohighlevel");
    let mut seen = Observation::default();
    for at in 0..3 {
        let now = start() + seconds(at * MINUTE);
        seen = probe.record(&policy, Err(&timeout), now, 1.0);
    }
    let failing = seen.notification.unwrap();
    assert_eq!(
        serde_json::to_value(&failing).unwrap(),
        serde_json::json!({
            "type": "failing",
            "since": "2026-11-21T08:00:00Z",
            "kind": "timeout",
            "message": "gohighlevel: timed out: what to do",
        })
    );
    assert!(probe.is_failing());
    assert_eq!(probe.failing_since(), Some(start()));
    let seen = probe.record(&policy, Ok(()), start() + seconds(HOUR), 1.0);
    let after = seconds(HOUR);
    assert_eq!(seen.notification, Some(Notification::Recovered { after }));
    assert!(!probe.is_failing());
}

#[test]
fn suggested_events_are_legal() {
    for status in [Status::Pending, Status::Active, Status::Error] {
        for event in [Event::Succeeded, Event::Failed] {
            assert!(apply(status, event).is_ok());
        }
    }
}

#[test]
fn a_person_can_hurry_it() {
    let (policy, mut probe) = (Policy::default(), Probe::new(start()));
    let _ = probe.record(&policy, Ok(()), start(), 0.0);
    let soon = start() + seconds(5);
    assert!(!probe.is_due(soon));
    probe.hurry(soon);
    assert!(probe.is_due(soon));
    probe.hurry(start() + seconds(10));
    assert_eq!(probe.next_due(), soon, "never later");
}
