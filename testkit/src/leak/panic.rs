use std::{
    fmt,
    panic::{self, PanicHookInfo},
    sync::Arc,
};

use super::LeakDetector;

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static;

/// Shows a [`LeakDetector`] the panics of the process while it lives.
///
/// The hook is the process's: drop the guards of several detectors in the reverse order.
#[must_use = "panics are watched until this is dropped"]
pub struct PanicWatch {
    previous: Arc<Hook>,
}

impl PanicWatch {
    pub(super) fn new(detector: LeakDetector) -> Self {
        let previous: Arc<Hook> = Arc::from(panic::take_hook());
        let next = Arc::clone(&previous);
        panic::set_hook(Box::new(move |info| {
            detector.scan("panic", info.to_string());
            next(info);
        }));
        Self { previous }
    }
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        // The hook cannot be changed by a thread that panics.
        if !std::thread::panicking() {
            let previous = Arc::clone(&self.previous);
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

impl fmt::Debug for PanicWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PanicWatch(..)")
    }
}
