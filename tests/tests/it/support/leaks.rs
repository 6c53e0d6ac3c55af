//! One detector for the whole package: every test plants its secrets here, and all logs pass by it.

use std::path::Path;

use integrations_testkit::LeakDetector;

/// The detector.
pub(crate) fn detector() -> &'static LeakDetector {
    LeakDetector::of_process()
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
