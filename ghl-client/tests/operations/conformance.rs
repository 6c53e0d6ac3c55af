//! Every operation over real HTTP against a mock server that is not ours and reads the provider's own documents.
//!
//! `.ci/run conformance` installs the server (`@stdy/cli` from npm) and names it in `GHL_MOCK_SERVER`; without it the
//! test says that it is skipped. The server checks path, query, headers and body, refuses what does not fit, and answers
//! what the document describes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ghl_client::{Client, Error};
use integrations_core::http::HttpContext;
use serde_json::Value;

use crate::case::Case;
use crate::documents::{self, Documented};
use crate::requests::{CASES, HAND};
use crate::{known, nothing_failed};

/// Calls of one client, so that none waits for the provider's rate limit of 100 in ten seconds.
const CALLS: usize = 90;

/// The largest document is read in under a second.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(program: &OsStr, document: &Path) -> Self {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let child = Command::new(program)
            .args(["--host", "127.0.0.1", "--quiet", "--no-color", "-p"])
            .arg(port.to_string())
            .arg(document)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut server = Self { child, port };
        server.wait_until_it_listens(document);
        server
    }

    /// What the server prints when it is ready differs with its environment (`CI` is one such variable), so its port
    /// is asked.
    fn wait_until_it_listens(&mut self, document: &Path) {
        let deadline = tokio::time::Instant::now() + START_TIMEOUT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the mock server of {} ended: {status}", document.display());
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "the mock server of {} does not listen after {START_TIMEOUT:?}",
                document.display()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn client(&self) -> Client {
        let context = HttpContext::builder().build().unwrap();
        Client::builder()
            .private_token("pit-0000")
            .check_access(false)
            .base_url(&format!("http://127.0.0.1:{}", self.port))
            .allow_plain_http(true)
            .context(&context)
            .build()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A copy of a document whose references all lead somewhere: those of `v3` to the shared schemas do not, and those of
/// one document take them for its own.
fn copy(documented: &Documented, folder: &Path) -> PathBuf {
    let contract = if documented.v3 { "v3" } else { "dated" };
    let folder = folder.join(contract);
    std::fs::create_dir_all(&folder).unwrap();
    let document = documented.document;
    std::fs::write(folder.join("common.json"), document.common.to_string()).unwrap();
    let mut root = document.root.clone();
    mend(&mut root, &document.root);
    let path = folder.join(format!("{}.json", documented.group));
    std::fs::write(&path, root.to_string()).unwrap();
    path
}

fn mend(value: &mut Value, root: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                let (file, pointer) = reference.split_once('#').unwrap();
                if !file.is_empty() || root.pointer(pointer).is_none() {
                    *reference = format!("common.json#{pointer}");
                }
            }
            object.values_mut().for_each(|value| mend(value, root));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| mend(value, root)),
        _ => {}
    }
}

/// What the server found, in its own words.
fn reasons(error: &Error) -> Vec<String> {
    let body: Value = error
        .body()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let found = body["steady"]["errors"].as_array().into_iter().flatten();
    let mut found: Vec<String> = found
        .map(|fault| format!("{} {}", fault["path"], fault["message"]))
        .collect();
    if found.is_empty() {
        found.push(error.to_string());
    }
    found
}

/// The answer out of its envelope, when the operation has one.
fn content(case: &Case, answer: &[u8]) -> Vec<u8> {
    let member = case.spec.envelope.and_then(|name| {
        let answer: Value = serde_json::from_slice(answer).ok()?;
        let member = answer.get(name)?;
        // As the client does: where it may be missing, only an object is one.
        (member.is_object() || !case.spec.envelope_optional).then(|| member.to_string())
    });
    member.map_or_else(|| answer.to_vec(), String::into_bytes)
}

#[derive(Default)]
struct Counts {
    calls: usize,
    passed: usize,
    refused: usize,
    unreadable: usize,
    used: BTreeSet<usize>,
    failures: Vec<String>,
}

impl Counts {
    async fn call(&mut self, case: &Case, client: &Client, full: bool) {
        self.calls += 1;
        let which = if full { "full" } else { "minimal" };
        let name = format!("{} ({which})", case.key());
        let faults = match case.send(client, full).await {
            Ok(answer) => {
                let read = case.read.map(|read| read(&content(case, answer.bytes())));
                match read {
                    Some(Err(error)) => {
                        self.unreadable += 1;
                        vec![format!("cannot be read: {error}")]
                    }
                    _ => {
                        self.passed += 1;
                        return;
                    }
                }
            }
            Err(error) => {
                self.refused += 1;
                reasons(&error)
            }
        };
        for fault in faults {
            match known::mock(&case.key(), &fault) {
                Some(entry) => drop(self.used.insert(entry)),
                None => self.failures.push(format!("{name}: {fault}")),
            }
        }
    }
}

#[tokio::test]
async fn a_mock_server_of_the_documents_takes_every_call() {
    let Some(program) = std::env::var_os("GHL_MOCK_SERVER") else {
        println!("skipped: GHL_MOCK_SERVER names no server; see .ci/run conformance");
        return;
    };
    // npm's wrapper would end with the test and leave the server behind.
    let program = Path::new(&program).canonicalize().unwrap();
    let is_wrapper = program.extension().is_some_and(|end| end == "js");
    assert!(
        !is_wrapper,
        "name the program itself: @stdy/cli-*/bin/steady"
    );
    let documents = documents::all().expect("the official documents");
    let copies = tempfile::tempdir().unwrap();

    let mut groups: BTreeMap<(bool, &str), (&Documented, Vec<&Case>)> = BTreeMap::new();
    for case in CASES.iter().chain(HAND.iter()) {
        let documented = &documents[&case.key()];
        let group = groups.entry((documented.v3, documented.group));
        let (_, cases) = group.or_insert_with(|| (documented, Vec::new()));
        cases.push(case);
    }
    let mut counts = Counts::default();
    for (documented, cases) in groups.into_values() {
        let server = Server::start(program.as_os_str(), &copy(documented, copies.path()));
        let calls: Vec<(&Case, bool)> = cases
            .iter()
            .flat_map(|case| [(*case, false), (*case, true)])
            .collect();
        for calls in calls.chunks(CALLS) {
            let client = server.client();
            for (case, full) in calls {
                counts.call(case, &client, *full).await;
            }
        }
    }
    println!(
        "{} operations, {} calls: {} passed, {} refused, {} not read",
        counts.calls / 2,
        counts.calls,
        counts.passed,
        counts.refused,
        counts.unreadable
    );
    counts.failures.extend(known::unused_mock(&counts.used));
    nothing_failed("calls of a mock server", counts.calls, &counts.failures);
}
