use std::fmt::{self, Write as _};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::layer::{Context, Layer};

use super::LeakDetector;

/// Shows a [`LeakDetector`] all fields of all spans and events.
///
/// ```
/// use integrations_testkit::LeakDetector;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let detector = LeakDetector::new();
/// detector.plant("key", "a-made-up-secret");
/// let subscriber = tracing_subscriber::registry().with(detector.layer());
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info!(key = "a-made-up-secret", "connecting");
/// });
/// assert!(!detector.report().is_clean());
/// ```
#[derive(Debug, Clone)]
pub struct LeakLayer(LeakDetector);

impl LeakLayer {
    pub(super) fn new(detector: LeakDetector) -> Self {
        Self(detector)
    }
}

impl<S: Subscriber> Layer<S> for LeakLayer {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut text = Text::default();
        attributes.record(&mut text);
        let meta = attributes.metadata();
        self.0
            .scan(format!("span {}::{}", meta.target(), meta.name()), text.0);
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        values.record(&mut text);
        self.0.scan("span record", text.0);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let meta = event.metadata();
        self.0
            .scan(format!("{} event {}", meta.level(), meta.target()), text.0);
    }
}

/// All fields, one a line, so that no find spans two of them.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = writeln!(self.0, "{}={value}", field.name());
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        let _ = writeln!(
            self.0,
            "{}={}",
            field.name(),
            String::from_utf8_lossy(value)
        );
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let _ = writeln!(self.0, "{}={value} {value:?}", field.name());
        let mut source = value.source();
        while let Some(cause) = source {
            let _ = writeln!(self.0, "{cause} {cause:?}");
            source = cause.source();
        }
    }
}
