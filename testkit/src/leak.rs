//! Finds planted secrets where they must not be.
//!
//! Plant every secret of a test in a [`LeakDetector`], let it see all output, and demand an empty
//! report at the end.

mod forms;
mod layer;
mod panic;

use std::{
    collections::HashMap,
    fmt, fs, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};

use self::forms::{SHORTEST, needles};
pub use self::{forms::Form, layer::LeakLayer, panic::PanicWatch};

/// Knows secrets and searches for them.
///
/// Each secret is searched for as it is, in base64 (standard and URL-safe, at all three
/// alignments), hex, percent-encoded, escaped as in JSON and Rust strings, and by its beginning
/// and end. Clones share what they know and found.
///
/// ```
/// use integrations_testkit::{LeakDetector, leak::Form};
///
/// let detector = LeakDetector::new();
/// detector.plant("token", "pit-0b5c6a2e-made-up");
/// detector.scan("log", "Authorization: Bearer cGl0LTBiNWM2YTJlLW1hZGUtdXA=");
/// let report = detector.report();
/// assert_eq!(report.leaks()[0].form, Form::Base64);
/// assert!(!report.to_string().contains("0b5c6a2e"));
/// ```
#[derive(Clone, Default)]
pub struct LeakDetector(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    names: Vec<String>,
    /// What is searched for, by its first bytes.
    needles: HashMap<[u8; HEAD], Vec<Needle>>,
    /// Which two bytes some needle begins with. Most places are dismissed by a look at this.
    starts: Vec<bool>,
    leaks: Vec<Leak>,
    scans: u64,
}

struct Needle {
    secret: usize,
    form: Form,
    text: Vec<u8>,
}

const HEAD: usize = 4;

/// A secret that was found. Holds its name, not the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leak {
    /// Where it was found: the label of the scan.
    pub label: String,
    /// The name that the secret was planted under.
    pub secret: String,
    /// In which form.
    pub form: Form,
}

/// All that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct LeakReport {
    leaks: Vec<Leak>,
    scans: u64,
}

impl LeakDetector {
    /// A detector that knows no secret yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The one detector of this process, for tests that run side by side: every test plants its secrets in it, and from
    /// the first call on it sees all logs from `DEBUG` up and the message of every panic.
    ///
    /// # Panics
    ///
    /// If the process has a global `tracing` subscriber already.
    pub fn of_process() -> &'static Self {
        static DETECTOR: OnceLock<LeakDetector> = OnceLock::new();
        DETECTOR.get_or_init(|| {
            let detector = Self::new();
            // Under `DEBUG` come the frames and bytes of the HTTP library: whose logs, and whose business.
            let layer = detector.layer().with_filter(LevelFilter::DEBUG);
            let subscriber = tracing_subscriber::registry().with(layer);
            tracing::subscriber::set_global_default(subscriber).expect("nobody else logs here");
            // For as long as the process lives.
            std::mem::forget(detector.watch_panics());
            detector
        })
    }

    /// Registers a secret under a name.
    ///
    /// # Panics
    ///
    /// If it is shorter than 8 bytes: such a text is found by chance.
    pub fn plant(&self, name: impl Into<String>, secret: impl AsRef<[u8]>) {
        let (name, secret) = (name.into(), secret.as_ref());
        assert!(
            secret.len() >= SHORTEST,
            "the secret `{name}` is too short to be searched for"
        );
        let mut known = self.known();
        let number = known.names.len();
        known.names.push(name);
        for (form, text) in needles(secret) {
            if let Some(head) = text.first_chunk::<HEAD>() {
                let needle = Needle {
                    secret: number,
                    form,
                    text: text.clone(),
                };
                known.needles.entry(*head).or_default().push(needle);
                known.starts.resize(1 << 16, false);
                known.starts[start(head)] = true;
            }
        }
    }

    /// Searches some output. Returns how many secrets were found in it; each counts once, in its
    /// plainest form.
    pub fn scan(&self, label: impl Into<String>, output: impl AsRef<[u8]>) -> usize {
        let (label, output) = (label.into(), output.as_ref());
        let mut known = self.known();
        known.scans += 1;
        let mut found: HashMap<usize, Form> = HashMap::new();
        let likely = |(_, head): &(usize, &[u8])| known.starts.get(start(head)) == Some(&true);
        for (at, head) in output.windows(HEAD).enumerate().filter(likely) {
            let Some(needles) = head.first_chunk().and_then(|head| known.needles.get(head)) else {
                continue;
            };
            for needle in needles {
                if output[at..].starts_with(&needle.text) {
                    let form = found.entry(needle.secret).or_insert(needle.form);
                    *form = needle.form.min(*form);
                }
            }
        }
        let count = found.len();
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        for (secret, form) in found {
            let secret = known.names[secret].clone();
            let label = label.clone();
            known.leaks.push(Leak {
                label,
                secret,
                form,
            });
        }
        count
    }

    /// Searches all files below a folder, for example a database. Returns how many were read.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn scan_dir(&self, folder: impl AsRef<Path>) -> io::Result<usize> {
        let mut files = 0;
        let mut open = vec![folder.as_ref().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    open.push(entry.path());
                } else if kind.is_file() {
                    self.scan(
                        format!("file {}", entry.path().display()),
                        fs::read(entry.path())?,
                    );
                    files += 1;
                }
            }
        }
        Ok(files)
    }

    /// A `tracing` layer that shows this detector all spans and events, at all levels.
    #[must_use]
    pub fn layer(&self) -> LeakLayer {
        LeakLayer::new(self.clone())
    }

    /// Shows this detector the message of every panic of the process, until the guard is dropped.
    /// The hook that was there before still runs.
    pub fn watch_panics(&self) -> PanicWatch {
        PanicWatch::new(self.clone())
    }

    /// What was found so far.
    pub fn report(&self) -> LeakReport {
        let known = self.known();
        LeakReport {
            leaks: known.leaks.clone(),
            scans: known.scans,
        }
    }

    /// Demands that nothing was found.
    ///
    /// # Panics
    ///
    /// With the report, if anything was found; and if nothing was scanned at all, because such a
    /// test proves nothing.
    pub fn assert_clean(&self) {
        let report = self.report();
        assert!(report.scans > 0, "the leak detector was shown nothing");
        assert!(report.is_clean(), "{report}");
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(head: &[u8]) -> usize {
    usize::from(head[0]) << 8 | usize::from(head[1])
}

impl fmt::Debug for LeakDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known();
        f.debug_struct("LeakDetector")
            .field("secrets", &known.names)
            .field("scans", &known.scans)
            .field("leaks", &known.leaks.len())
            .finish()
    }
}

impl LeakReport {
    /// The leaks, in the order of the scans.
    #[must_use]
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.leaks.is_empty()
    }

    /// How many outputs were searched.
    #[must_use]
    pub fn scans(&self) -> u64 {
        self.scans
    }
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} leaks in {} scans", self.leaks.len(), self.scans)?;
        for leak in &self.leaks {
            write!(
                f,
                "\n  {}: `{}` as {:?}",
                leak.label, leak.secret, leak.form
            )?;
        }
        Ok(())
    }
}
