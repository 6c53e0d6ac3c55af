//! What is counted, and that nothing of a call is in it.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::header;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use serde_json::json;

use super::support::{Fake, KEY, PERSON, USER, ask, by, call, clean, router, through};
use crate::house::detector;

/// Keeps the counters by their names and labels.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, u64)>>>);

struct One(Kept, String);

impl CounterFn for One {
    fn increment(&self, value: u64) {
        self.0.0.lock().unwrap().push((self.1.clone(), value));
    }

    fn absolute(&self, _: u64) {}
}

impl Kept {
    fn name(&self, key: &Key) -> String {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let text = format!("{}{{{}}}", key.name(), labels.join(","));
        detector().scan("metric", &text);
        text
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(One(self.clone(), self.name(key))))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.lock().unwrap().push((self.name(key), 0));
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.lock().unwrap().push((self.name(key), 0));
        Histogram::noop()
    }
}

#[test]
fn requests_are_counted_by_key_form_and_code() {
    let kept = Kept::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&kept, || {
        runtime.block_on(async {
            let router = router(&Fake::ok());
            let path = format!("/calls/agents?email={PERSON}");
            ask(&router, by(USER, through("GET", &path, Body::empty()))).await;
            let query = json!({"email": PERSON});
            let headers = json!({"Authorization": format!("Bearer {USER}")});
            for endpoint in ["/api/calls/agents", "/api/unlisted", "/else"] {
                let envelope = json!({"endpoint": endpoint, "method": "GET", "query": query, "headers": headers});
                ask(&router, call(&envelope)).await;
            }
            let mut forged = through("GET", "/calls/agents", Body::empty());
            forged.headers_mut().remove("x-api-key");
            ask(&router, forged).await;
            let mut basic = through("GET", "/calls/agents", Body::empty());
            basic.headers_mut().insert(header::AUTHORIZATION, format!("Basic {KEY}").parse().unwrap());
            basic.headers_mut().remove("x-api-key");
            ask(&router, basic).await;
            // Given up before it is answered.
            let pending = super::support::router(&Fake::new(|_| std::future::pending()));
            let asked = ask(&pending, through("GET", "/calls/agents", Body::empty()));
            let _ = tokio::time::timeout(std::time::Duration::from_millis(1), asked).await;
        });
    });
    let kept = kept.0.lock().unwrap();
    let count = |name: &str| {
        kept.iter()
            .filter(|(kept, _)| kept == name)
            .map(|(_, value)| value)
            .sum::<u64>()
    };
    for (labels, times) in [
        ("form=path,key=first,code=OK", 1),
        ("form=envelope,key=first,code=OK", 2),
        ("form=envelope,key=first,code=INVALID_ENDPOINT", 1),
        ("form=path,key=,code=UNAUTHORIZED", 2),
        ("form=path,key=first,code=CANCELLED", 1),
    ] {
        let name = format!("integrations_gateway_requests_total{{{labels}}}");
        assert_eq!(count(&name), times, "{name} in {kept:?}");
    }
    assert_eq!(count("integrations_gateway_unlisted_total{}"), 1);
    for name in [
        "integrations_gateway_in_flight{}",
        "integrations_gateway_request_seconds{form=path}",
        "integrations_gateway_upstream_seconds{operation=agents_list}",
        "integrations_gateway_upstream_seconds{operation=}",
    ] {
        assert!(
            kept.iter().any(|(kept, _)| kept == name),
            "{name} in {kept:?}"
        );
    }
    clean();
}
