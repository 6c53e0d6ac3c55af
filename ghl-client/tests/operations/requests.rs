//! What every operation sends, against its document.

use std::sync::LazyLock;

use integrations_core::http::{Body, Outgoing};
use serde_json::{Map, Value};

use crate::case::{Case, Recorder};
use crate::documents::{self, Documented, key};
use crate::{generated, hand, known, nothing_failed, schema};

/// One call as it left.
pub(crate) struct Sent {
    pub(crate) case: &'static Case,
    pub(crate) full: bool,
    /// The request, or why it did not leave.
    pub(crate) outgoing: Result<Outgoing, String>,
}

/// The cases of both contracts.
pub(crate) static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut cases = generated::dated();
    cases.extend(generated::v3());
    cases
});

/// Those that are written by hand.
pub(crate) static HAND: LazyLock<Vec<Case>> = LazyLock::new(hand::cases);

static SENT: LazyLock<Vec<Sent>> = LazyLock::new(|| {
    // The rate limit is waited for in a time that does not pass.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let recorder = Recorder::default();
        let client = recorder.client();
        let mut all = Vec::new();
        for case in CASES.iter().chain(HAND.iter()) {
            for full in [false, true] {
                let answer = case.send(&client, full).await;
                let outgoing = recorder.take().ok_or_else(|| {
                    answer
                        .err()
                        .map_or_else(String::new, |error| error.to_string())
                });
                all.push(Sent {
                    case,
                    full,
                    outgoing,
                });
            }
        }
        all
    })
});

impl Case {
    pub(crate) fn key(&self) -> String {
        let operation = &self.spec.operation;
        key(self.is_v3(), operation.method.as_str(), operation.path)
    }
}

impl Sent {
    fn name(&self) -> String {
        let which = if self.full { "full" } else { "minimal" };
        format!("{} ({which})", self.case.key())
    }
}

#[test]
fn every_request_is_as_documented() {
    let Some(documents) = documents::all() else {
        return;
    };
    let mut failures = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for sent in SENT.iter() {
        let Some(documented) = documents.get(&sent.case.key()) else {
            failures.push(format!("{}: not documented", sent.name()));
            continue;
        };
        let faults = match &sent.outgoing {
            Ok(outgoing) => check(sent, documented, outgoing),
            Err(error) => vec![format!("did not leave: {error}")],
        };
        for fault in faults {
            match known::request(&documented.key(), &fault) {
                Some(entry) => drop(used.insert(entry)),
                None => failures.push(format!("{}: {fault}", sent.name())),
            }
        }
    }
    failures.extend(known::unused_requests(&used));
    println!("{} operations, {} requests", SENT.len() / 2, SENT.len());
    nothing_failed("requests", SENT.len(), &failures);
}

fn check(sent: &Sent, documented: &Documented, outgoing: &Outgoing) -> Vec<String> {
    let mut faults = Vec::new();
    let mut add = |place: &str, found: Vec<String>| {
        faults.extend(found.into_iter().map(|fault| format!("{place}{fault}")));
    };
    let spec = &sent.case.spec;

    if outgoing.method.as_str() != documented.method {
        add("method", vec![outgoing.method.to_string()]);
    }
    match path(documented.path, outgoing.url.path()) {
        Some(values) => {
            let mut values = Value::Object(values);
            undeclared(documented, &mut values);
            let validator = schema::parameters(documented, "path");
            add("path", schema::faults(&validator, &values));
        }
        None => add("path", vec![format!(": {}", outgoing.url.path())]),
    }

    let pairs = outgoing.url.query_pairs();
    let pairs: Vec<(String, String)> = pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let query = schema::query(documented, &pairs);
    let validator = schema::parameters(documented, "query");
    add("query", schema::faults(&validator, &query));

    let version = outgoing.headers.get("version");
    let version = version.and_then(|version| version.to_str().ok());
    if version != Some(spec.version.as_str()) {
        add("Version", vec![format!(": {version:?}")]);
    }
    let mut headers = Map::new();
    for parameter in documented.parameters("header") {
        let name = parameter["name"].as_str().unwrap();
        if let Some(value) = outgoing.headers.get(name) {
            headers.insert(name.to_owned(), value.to_str().unwrap().into());
        }
    }
    let validator = schema::parameters(documented, "header");
    add(
        "header",
        schema::faults(&validator, &Value::Object(headers)),
    );

    let kinds = documented.operation["requestBody"]["content"].as_object();
    let kind = outgoing.headers.get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok());
    if let Some(kind) = kind.filter(|kind| kinds.is_none_or(|kinds| !kinds.contains_key(*kind))) {
        add("content-type", vec![format!(": {kind}")]);
    }
    let body = body(outgoing);
    match (schema::body(documented), body) {
        (None, Value::Null) => {}
        (None, body) => add("body", vec![format!(": not documented: {body}")]),
        (Some(validator), body) => add("body", schema::faults(&validator, &body)),
    }
    faults
}

/// The values in a path, by the names in its template.
fn path(template: &str, path: &str) -> Option<Map<String, Value>> {
    let mut values = Map::new();
    let mut path = path.split('/');
    for part in template.split('/') {
        let value = path.next()?;
        match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            Some(name) => drop(values.insert(name.to_owned(), value.into())),
            None if part == value => {}
            None => return None,
        }
    }
    path.next().is_none().then_some(values)
}

/// Takes out the values that the path names and the document forgets to declare.
fn undeclared(documented: &Documented, values: &mut Value) {
    let declared = documented.parameters("path");
    if let Some(values) = values.as_object_mut() {
        values.retain(|name, _| declared.iter().any(|known| known["name"] == **name));
    }
}

/// The body as JSON; a form as an object of texts.
fn body(outgoing: &Outgoing) -> Value {
    match &outgoing.body {
        Body::Empty => Value::Null,
        Body::Bytes(bytes) => match outgoing.headers.get("content-type") {
            Some(kind) if kind == "application/x-www-form-urlencoded" => {
                let pairs = url::form_urlencoded::parse(bytes);
                let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into()));
                Value::Object(pairs.collect())
            }
            _ => serde_json::from_slice(bytes).unwrap(),
        },
        _ => Value::from("a stream"),
    }
}
