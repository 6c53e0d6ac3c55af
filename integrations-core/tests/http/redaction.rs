//! What is logged, traced and measured holds no secret and no personal data.

use std::io::Write;
use std::sync::{Arc, Mutex};

use integrations_core::http::{CannedTransport, StaticBearer, TransportFailure};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{builder, everything, post};

/// Collects everything that is logged or measured on this thread.
#[derive(Clone, Default)]
pub(crate) struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    /// Starts to collect; ends when the guards are dropped.
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let all = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(all.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (all, guard)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Collected {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Recorder for Collected {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let _ = writeln!(self.clone(), "{key}");
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let _ = writeln!(self.clone(), "{key}");
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let _ = writeln!(self.clone(), "{key}");
        Histogram::noop()
    }
}

#[tokio::test(start_paused = true)]
async fn promise_07_calls_leave_no_secret_in_logs_metrics_and_errors() {
    let (log, _guard) = Collected::start();
    let _metrics = metrics::set_default_local_recorder(&log);
    let planted = [
        "planted-token",
        "planted-query",
        "planted-body",
        "planted-answer",
        "planted-header",
        "planted-cookie",
    ];
    let answer = r#"{"error":"planted-answer","message":"planted-token is wrong"}"#;
    let mut shown = String::new();
    for status in [200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503] {
        let headers = [
            ("location", "https://evil.example/?q=planted-query"),
            ("set-cookie", "planted-cookie"),
            ("retry-after", "0"),
        ];
        let transport = (0..12).fold(CannedTransport::new(), |transport, _| {
            transport.answer_with(status, &headers, answer)
        });
        let pipeline = builder(&transport)
            .auth(StaticBearer::new(&"planted-token".into()).unwrap())
            .build()
            .unwrap();
        let mut request = post().json(&["planted-body"]).unwrap();
        request.query.push("email", "planted-query");
        let name = http::HeaderName::from_static("x-secret");
        request = request.header(name, "planted-header").unwrap();
        shown.push_str(&format!("{request:?} {pipeline:?}"));
        match pipeline.send(request).await {
            Ok(reply) => {
                shown.push_str(&format!("{reply:?}"));
                let error = reply.json::<Vec<u32>>().unwrap_err();
                shown.push_str(&everything(&error));
            }
            Err(error) => shown.push_str(&everything(&error)),
        }
    }
    let transport = CannedTransport::new().fail(TransportFailure::Broken);
    let error = builder(&transport).build().unwrap().send(post()).await;
    shown.push_str(&everything(&error.unwrap_err()));

    let logged = log.text();
    for part in [
        "things.do",
        "/things/{id}",
        "http attempt",
        "integrations_http_attempts_total",
    ] {
        assert!(logged.contains(part), "{part} is not logged:\n{logged}");
    }
    for secret in planted {
        assert!(!logged.contains(secret), "{secret} is logged:\n{logged}");
        assert!(!shown.contains(secret), "{secret} is shown:\n{shown}");
    }
}

#[tokio::test]
async fn promise_07_a_connection_error_does_not_show_the_query() {
    let (log, _guard) = Collected::start();
    let base = "http://127.0.0.1:1".parse().unwrap();
    let context = crate::sockets::real();
    let pipeline =
        integrations_core::http::Pipeline::builder(&context, crate::support::Plain, base)
            .build()
            .unwrap();
    let mut request = post();
    request.query.push("apikey", "planted-query");
    let error = pipeline.send(request).await.unwrap_err();
    assert!(!everything(&error).contains("planted-query"));
    assert!(!log.text().contains("planted-query"), "{}", log.text());
}
