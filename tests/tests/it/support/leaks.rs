//! One detector for the whole package: every test plants its secrets here, and all logs pass by it.

use std::path::Path;
use std::sync::OnceLock;

use integrations_testkit::LeakDetector;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;

/// The detector, which sees the logs of all tests from the first call on.
pub(crate) fn detector() -> &'static LeakDetector {
    static DETECTOR: OnceLock<LeakDetector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        let detector = LeakDetector::new();
        // Under `debug` come the frames and bytes of the HTTP library: whose logs, and whose business.
        let layer = detector.layer().with_filter(LevelFilter::DEBUG);
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else logs here");
        // For as long as the process lives.
        std::mem::forget(detector.watch_panics());
        detector
    })
}

pub(crate) fn plant(name: &str, secret: &str) {
    detector().plant(name, secret);
}

pub(crate) fn scan(label: &str, output: impl AsRef<[u8]>) {
    detector().scan(label, output);
}

/// Demands that no planted secret was seen anywhere so far, nor is in a file of this folder.
pub(crate) fn assert_clean(folder: &Path) {
    let files = detector().scan_dir(folder).expect("readable files");
    assert!(files > 0, "no database file was searched");
    detector().assert_clean();
}
