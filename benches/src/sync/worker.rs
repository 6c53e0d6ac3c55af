//! One of the processes that share the work.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ghl_client::GoHighLevel;
use integrations_core::http::HttpContext;
use integrations_core::provider::Providers;
use integrations_core::vault::{KeyRing, Vault};
use integrations_store::{IntegrationManager, Store, StoreOptions};
use integrations_sync::budget::SharedLimiter;
use integrations_sync::runtime::Runtime;
use serde::{Deserialize, Serialize};

/// Contacts in work at once in a process: enough for both limits while half of them wait for the other.
const LANES: usize = 32;

/// What a worker needs to know; it goes through its standard input, because it holds secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) keys: String,
    pub(super) base_url: String,
}

impl Setup {
    /// The integrations as each process sees them, under the limit that all of them share.
    pub(super) async fn open(&self) -> (IntegrationManager, SharedLimiter) {
        let options = StoreOptions::new().schema(&self.schema).max_connections(8);
        let store = Store::open_with(&self.database, options).await;
        let store = store.expect("a database");
        let limiter = SharedLimiter::new(&store);
        let http = HttpContext::builder().limiter(limiter.clone());
        let http = http.build().expect("TLS");
        let vault = Vault::new(KeyRing::parse(&self.keys).expect("a key ring"));
        let providers = Providers::new().with(GoHighLevel::new().with_base_url(&self.base_url));
        let manager = IntegrationManager::builder(store, vault, providers, http).build();
        (manager, limiter)
    }
}

/// A worker as the measurement sees it. It is killed when this is dropped.
pub(super) struct Worker {
    process: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It is our own child; that it is gone already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    pub(super) fn start(setup: &Setup) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program has a path"))
            .arg("sync-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a worker starts");
        let say = process.stdin.take().expect("piped");
        let hear = BufReader::new(process.stdout.take().expect("piped"));
        let mut worker = Self { process, say, hear };
        worker.say(&serde_json::to_string(setup).expect("JSON"));
        worker
    }

    fn say(&mut self, line: &str) {
        writeln!(self.say, "{line}").expect("the worker listens");
        self.say.flush().expect("the worker listens");
    }

    /// Waits until it could begin.
    pub(super) fn wait(&mut self) {
        let mut line = String::new();
        self.hear.read_line(&mut line).expect("the worker speaks");
        assert_eq!(line.trim(), "ready", "a worker failed to start");
    }

    pub(super) fn begin(&mut self) {
        self.say("go");
    }
}

/// One of the processes: says that it is ready, works when it is told to, and until the parent is gone.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) fn work() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut lines = std::io::stdin().lines().map_while(Result::ok);
    let setup: Setup =
        serde_json::from_str(&lines.next().expect("a setup")).expect("the parent's setup");
    let (manager, limiter) = runtime.block_on(setup.open());
    let builder = Runtime::builder(&manager).expect("jobs");
    let sync = builder.build().expect("a runtime");
    println!("ready");
    if lines.next().is_none() {
        return;
    }
    let working = runtime.block_on(async { sync.worker().concurrency(LANES).start() });
    let working = working.expect("a runtime");
    // The parent kills it; should the parent die, its end closes this process's input.
    let _ = lines.last();
    drop((working, limiter));
}
