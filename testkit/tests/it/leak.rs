use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use integrations_testkit::{LeakDetector, leak::Form};
use proptest::prelude::*;
use tracing_subscriber::layer::SubscriberExt as _;

/// Has what each encoding changes: `"`, `\`, `/`, `+`, `?`, a space and a letter beyond ASCII.
const SECRET: &str = "s3cr\"et\\val/ue+wi?th é and more to it";

fn detector() -> LeakDetector {
    let detector = LeakDetector::new();
    detector.plant("the secret", SECRET);
    detector
}

#[track_caller]
fn found(output: impl AsRef<[u8]>, form: Form) {
    let detector = detector();
    assert_eq!(detector.scan("output", output), 1);
    let report = detector.report();
    let leak = &report.leaks()[0];
    assert_eq!(
        (leak.secret.as_str(), leak.label.as_str()),
        ("the secret", "output")
    );
    assert_eq!(leak.form, form);
    let shown = format!("{report} {report:?} {detector:?}");
    assert!(!shown.contains(&SECRET[..12]) && shown.contains("the secret"));
}

#[test]
fn each_form_is_found() {
    found(format!("before {SECRET} after"), Form::Plain);
    found(hex::encode(SECRET), Form::Hex);
    found(hex::encode_upper(SECRET), Form::Hex);
    found(STANDARD.encode(SECRET), Form::Base64);
    found(URL_SAFE_NO_PAD.encode(SECRET), Form::Base64);
    found(serde_json::to_string(&[SECRET]).unwrap(), Form::Escaped);
    found(
        serde_json::to_string(SECRET).unwrap().replace('/', "\\/"),
        Form::Escaped,
    );
    found(format!("{SECRET:?}"), Form::Escaped);
    found(format!("{}", SECRET.escape_default()), Form::Escaped);
    let twice = serde_json::to_string(&serde_json::to_string(SECRET).unwrap()).unwrap();
    found(twice, Form::Escaped);
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    found(&form, Form::Percent);
    found(form.replace('+', "%20").to_lowercase(), Form::Percent);
    let all = SECRET.bytes().fold(String::new(), |mut all, byte| {
        write!(all, "%{byte:02X}").unwrap();
        all
    });
    found(all, Form::Percent);
    found(format!("key={}…", &SECRET[..13]), Form::Beginning);
    found(
        format!("key=***{}", &SECRET[SECRET.len() - 14..]),
        Form::End,
    );
}

#[test]
fn base64_is_found_at_every_alignment() {
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "z", "yz", "xyz"] {
            let text = format!("{before}{SECRET}{after}");
            found(STANDARD.encode(&text), Form::Base64);
            found(URL_SAFE_NO_PAD.encode(&text), Form::Base64);
        }
    }
}

#[test]
fn what_is_no_secret_is_not_found() {
    let detector = detector();
    let clean = [
        "s3cr".to_owned(),
        SECRET[1..10].to_owned(),
        STANDARD.encode("another value altogether, of some length"),
        "the secret".to_owned(),
        SECRET.chars().rev().collect(),
    ];
    for output in &clean {
        assert_eq!(detector.scan("output", output), 0, "{output}");
    }
    assert!(detector.report().is_clean());
    assert_eq!(detector.report().scans(), 5);
    detector.assert_clean();
}

#[test]
fn secrets_are_told_apart() {
    let detector = LeakDetector::new();
    detector.plant("one", "first-made-up-value");
    detector.plant("two", "second-made-up-value");
    assert_eq!(detector.scan("a", "second-made-up-value"), 1);
    assert_eq!(
        detector.scan("b", "second-made-up-value first-made-up-value"),
        2
    );
    let report = detector.report();
    let names: Vec<_> = report
        .leaks()
        .iter()
        .map(|leak| leak.secret.as_str())
        .collect();
    assert_eq!(names, ["two", "one", "two"]);
}

#[test]
#[should_panic(expected = "1 leaks in 1 scans")]
fn a_leak_fails_the_test() {
    let detector = detector();
    detector.scan("output", SECRET);
    detector.assert_clean();
}

#[test]
#[should_panic(expected = "shown nothing")]
fn a_detector_that_saw_nothing_proves_nothing() {
    detector().assert_clean();
}

#[test]
#[should_panic(expected = "too short")]
fn short_secrets_cannot_be_searched_for() {
    LeakDetector::new().plant("pin", "1234567");
}

#[test]
fn files_are_searched_below_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    std::fs::write(folder.path().join("clean.db"), "nothing here").unwrap();
    let mut binary = vec![0, 255, 128];
    binary.extend_from_slice(SECRET.as_bytes());
    binary.extend_from_slice(&[0, 1]);
    std::fs::write(below.join("data.db-wal"), binary).unwrap();
    let detector = detector();
    assert_eq!(detector.scan_dir(folder.path()).unwrap(), 2);
    let report = detector.report();
    assert_eq!(report.leaks().len(), 1);
    assert!(report.leaks()[0].label.ends_with("data.db-wal"));
    assert!(detector.scan_dir(folder.path().join("nowhere")).is_err());
}

#[test]
fn the_layer_sees_events_spans_records_and_errors() {
    #[derive(Debug)]
    struct Leaky;
    impl std::fmt::Display for Leaky {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "failed with {SECRET}")
        }
    }
    impl std::error::Error for Leaky {}

    let check = |emit: fn()| {
        let detector = detector();
        let subscriber = tracing_subscriber::registry().with(detector.layer());
        tracing::subscriber::with_default(subscriber, emit);
        detector.report()
    };
    assert_eq!(check(|| tracing::info!("with {SECRET}")).leaks().len(), 1);
    assert_eq!(check(|| tracing::trace!(token = SECRET)).leaks().len(), 1);
    assert_eq!(
        check(|| tracing::error!(token = ?Some(SECRET)))
            .leaks()
            .len(),
        1
    );
    let error: fn() = || tracing::warn!(error = &Leaky as &dyn std::error::Error);
    assert_eq!(check(error).leaks().len(), 1);
    assert_eq!(
        check(|| drop(tracing::info_span!("call", token = SECRET)))
            .leaks()
            .len(),
        1
    );
    let record: fn() = || {
        let span = tracing::info_span!("call", token = tracing::field::Empty);
        span.record("token", SECRET);
    };
    assert_eq!(check(record).leaks().len(), 1);
    let clean = check(|| tracing::info!(token = "[redacted]", "fine"));
    assert!(clean.is_clean() && clean.scans() == 1);
}

#[test]
fn panics_are_watched_until_the_guard_is_dropped() {
    let detector = detector();
    let watch = detector.watch_panics();
    let panicked = std::panic::catch_unwind(|| panic!("lost {SECRET}"));
    assert!(panicked.is_err());
    drop(watch);
    let leaks = detector.report().leaks().to_vec();
    assert!(leaks.iter().any(|leak| leak.label == "panic"), "{leaks:?}");
    let _ = std::panic::catch_unwind(|| panic!("lost {SECRET}"));
    assert_eq!(detector.report().leaks().len(), leaks.len());
}

proptest! {
    /// Whatever stands around it, and whatever it is made of.
    #[test]
    fn any_secret_is_found(
        secret in proptest::collection::vec(any::<u8>(), 8..60),
        before in proptest::collection::vec(any::<u8>(), 0..20),
        after in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let detector = LeakDetector::new();
        detector.plant("secret", &secret);
        let whole = [before, secret, after].concat();
        prop_assert_eq!(detector.scan("plain", &whole), 1);
        prop_assert_eq!(detector.scan("hex", hex::encode(&whole)), 1);
        prop_assert_eq!(detector.scan("base64", STANDARD.encode(&whole)), 1);
        prop_assert_eq!(detector.scan("base64", URL_SAFE_NO_PAD.encode(&whole)), 1);
        let form: String = url::form_urlencoded::byte_serialize(&whole).collect();
        prop_assert_eq!(detector.scan("form", form), 1);
    }

    #[test]
    fn any_text_is_found_in_json(secret in "\\PC{8,40}", before in "\\PC{0,10}") {
        let detector = LeakDetector::new();
        detector.plant("secret", &secret);
        let text = serde_json::to_string(&format!("{before}{secret}")).unwrap();
        prop_assert_eq!(detector.scan("json", &text), 1);
        prop_assert_eq!(detector.scan("json", serde_json::to_string(&text).unwrap()), 1);
    }
}
