//! What the tests share: a client without a network, one case per operation, hostile answers.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ghl_client::{Call, Client, Download, Endpoint, ErrorKind, Location, Result, Spec, Untyped};
use integrations_core::http::{Body, CannedTransport, HttpContext, Outgoing};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "pit-0000-planted-token";
pub(crate) const LOCATION: &str = "loc1";

/// A client whose answers are canned.
pub(crate) fn client(transport: &CannedTransport) -> Client {
    let context = HttpContext::builder()
        .transport(transport.clone())
        .build()
        .unwrap();
    Client::builder()
        .private_token(TOKEN)
        // One token for all operations, those too that refuse it.
        .check_access(false)
        .context(&context)
        .build()
        .unwrap()
}

/// A location whose answers are canned.
pub(crate) fn location(transport: &CannedTransport) -> Location {
    client(transport).location(LOCATION)
}

type Answered = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One call, as it was sent and as it was meant.
pub(crate) struct Case {
    pub(crate) spec: Spec,
    /// Whether every field is set, or only the required ones.
    pub(crate) full: bool,
    pub(crate) expected: &'static str,
    pub(crate) expected_body: Value,
    pub(crate) sent: Outgoing,
    /// A documented answer.
    pub(crate) sample: Value,
    /// What it answers.
    pub(crate) answer: Answer,
    /// Makes the same call and decodes this answer.
    pub(crate) decode: Box<dyn Fn(String) -> Answered + Send + Sync>,
}

/// What an operation answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Answer {
    Json,
    Untyped,
    Download,
}

impl Answer {
    fn of<R: Endpoint>() -> Self {
        let id = TypeId::of::<R::Response>();
        match id {
            _ if id == TypeId::of::<Download>() => Self::Download,
            _ if id == TypeId::of::<Untyped>() => Self::Untyped,
            _ => Self::Json,
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = if self.full {
            "all fields"
        } else {
            "required fields"
        };
        write!(f, "{} with {which}", self.spec.operation.name)
    }
}

impl Case {
    pub(crate) fn is_multipart(&self) -> bool {
        let content_type = self.sent.headers.get("content-type");
        content_type.is_some_and(|value| value.as_bytes().starts_with(b"multipart/"))
    }

    /// The body as JSON; a form as an object of texts, and of lists where a name comes twice.
    pub(crate) fn json_body(&self) -> Value {
        let form = "application/x-www-form-urlencoded";
        match &self.sent.body {
            Body::Empty => Value::Null,
            Body::Bytes(bytes) if self.sent.headers["content-type"] == form => {
                let pairs = url::form_urlencoded::parse(bytes);
                let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into()));
                Value::Object(pairs.collect())
            }
            Body::Bytes(bytes) if self.is_multipart() => {
                multipart(&self.sent.headers["content-type"], bytes)
            }
            Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
            _ => panic!("no case streams"),
        }
    }
}

/// Collects the cases of a resource.
#[derive(Default)]
pub(crate) struct Cases {
    pub(crate) all: Vec<Case>,
    transport: CannedTransport,
}

impl Cases {
    pub(crate) fn location(&self) -> Location {
        location(&self.transport)
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.transport)
    }

    /// A call with the required fields only: `expected` is method, path and query, `body` the JSON.
    pub(crate) async fn required<R: Endpoint>(
        &mut self,
        call: Call<R>,
        expected: &'static str,
        body: Value,
        sample: &Value,
    ) {
        self.push(call, false, expected, body, sample).await;
    }

    /// A call with every field.
    pub(crate) async fn full<R: Endpoint>(
        &mut self,
        call: Call<R>,
        expected: &'static str,
        body: Value,
        sample: &Value,
    ) {
        self.push(call, true, expected, body, sample).await;
    }

    /// A call of an operation that has no optional field.
    pub(crate) async fn only<R: Endpoint>(
        &mut self,
        call: Call<R>,
        expected: &'static str,
        body: Value,
        sample: &Value,
    ) {
        self.push(call.clone(), false, expected, body.clone(), sample)
            .await;
        self.push(call, true, expected, body, sample).await;
    }

    async fn push<R: Endpoint>(
        &mut self,
        call: Call<R>,
        full: bool,
        expected: &'static str,
        expected_body: Value,
        sample: &Value,
    ) {
        let sent = sent(&self.transport, call.clone()).await;
        let transport = self.transport.clone();
        self.all.push(Case {
            spec: R::SPEC,
            full,
            expected,
            expected_body,
            sent,
            sample: sample.clone(),
            answer: Answer::of::<R>(),
            decode: Box::new(move |body| {
                let _ = transport.clone().answer(200, &body);
                let call = call.clone().with_max_attempts(1);
                Box::pin(async move { call.send().await.map(drop) })
            }),
        });
    }
}

/// Reads a multipart form: a file becomes its name, content type and content.
pub(crate) fn multipart(content_type: &http::HeaderValue, body: &[u8]) -> Value {
    let (_, boundary) = content_type
        .to_str()
        .unwrap()
        .split_once("boundary=")
        .unwrap();
    let body = std::str::from_utf8(body).unwrap();
    let body = body.strip_suffix(&format!("--{boundary}--\r\n")).unwrap();
    let mut form = serde_json::Map::new();
    for part in body.split(&format!("--{boundary}\r\n")).skip(1) {
        let (head, content) = part.split_once("\r\n\r\n").unwrap();
        let content = content.strip_suffix("\r\n").unwrap();
        let quoted = |name: &str| {
            let (_, rest) = head.split_once(&format!("; {name}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let name = quoted("name").unwrap();
        let value = match (quoted("filename"), head.split_once("content-type: ")) {
            (Some(file), Some((_, kind))) => json!([file, kind, content]),
            _ => json!(content),
        };
        match form.get_mut(&name) {
            None => drop(form.insert(name, value)),
            Some(Value::Array(list)) if list[0].is_array() => list.push(value),
            Some(before) => *before = json!([before.clone(), value]),
        }
    }
    Value::Object(form)
}

/// Sends a call to nowhere and returns what left.
pub(crate) async fn sent<R: Endpoint>(transport: &CannedTransport, call: Call<R>) -> Outgoing {
    let before = transport.sent().len();
    let error = call.with_max_attempts(1).send().await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    let mut sent = transport.sent();
    assert_eq!(sent.len(), before + 1);
    sent.pop().unwrap()
}

/// Whether a member is kept in hostile answers: what no answer is without.
fn is_certain(name: &str) -> bool {
    matches!(name, "id" | "_id" | "access_token")
}

/// Answers as no documentation shows them, and as they come nevertheless.
pub(crate) fn hostile(sample: &Value, envelope: Option<&str>) -> Vec<(String, Value)> {
    type Change = Arc<dyn Fn(&Value) -> Option<Value>>;
    let changes: [(&str, Change); 6] = [
        ("missing", Arc::new(|_| None)),
        ("null", Arc::new(|_| Some(Value::Null))),
        (
            "numbers as strings",
            Arc::new(|value| match value {
                Value::Number(number) => Some(Value::String(number.to_string())),
                other => Some(other.clone()),
            }),
        ),
        (
            "strings as numbers",
            Arc::new(|value| match value {
                Value::String(_) => Some(Value::from(1_700_000_000)),
                other => Some(other.clone()),
            }),
        ),
        (
            "unknown values",
            Arc::new(|value| match value {
                Value::String(_) => Some(Value::from("something new")),
                other => Some(other.clone()),
            }),
        ),
        (
            "booleans as strings",
            Arc::new(|value| match value {
                Value::Bool(flag) => Some(Value::String(flag.to_string())),
                other => Some(other.clone()),
            }),
        ),
    ];
    let mut all = vec![("more fields".to_owned(), with_more(sample))];
    for (name, change) in changes {
        all.push((name.to_owned(), changed(sample, &*change)));
        if matches!(name, "missing" | "null") {
            // One at a time too, so that one mended field does not hide another.
            for path in leaves(sample, envelope) {
                let mut answer = sample.clone();
                let (parent, last) = path.rsplit_once('/').unwrap();
                if let Some(Value::Object(object)) = answer.pointer_mut(parent) {
                    match change(&Value::Null) {
                        Some(value) => object.insert(last.to_owned(), value),
                        None => object.remove(last),
                    };
                }
                all.push((format!("{name}: {path}"), answer));
            }
        }
    }
    all
}

fn with_more(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut more: serde_json::Map<_, _> = object
                .iter()
                .map(|(name, value)| (name.clone(), with_more(value)))
                .collect();
            more.insert("somethingNew".to_owned(), json!({"deep": [1, {"x": null}]}));
            Value::Object(more)
        }
        Value::Array(list) => list.iter().map(with_more).collect(),
        other => other.clone(),
    }
}

fn changed(value: &Value, change: &dyn Fn(&Value) -> Option<Value>) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter_map(|(name, value)| {
                let value = match value {
                    Value::Object(_) | Value::Array(_) => changed(value, change),
                    value if name == "access_token" => value.clone(),
                    value if is_certain(name) && change(value).is_none_or(|v| v.is_null()) => {
                        value.clone()
                    }
                    value => change(value)?,
                };
                Some((name.clone(), value))
            })
            .collect(),
        Value::Array(list) => list
            .iter()
            .map(|value| match value {
                Value::Object(_) => changed(value, change),
                other => change(other).unwrap_or_default(),
            })
            .collect(),
        other => other.clone(),
    }
}

/// The JSON pointers of all members but the certain ones and the envelope.
fn leaves(value: &Value, envelope: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                if !is_certain(name) && envelope != Some(name) {
                    found.push(path.clone());
                }
                let below = leaves(value, None);
                found.extend(below.into_iter().map(|leaf| format!("{path}{leaf}")));
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                let below = leaves(value, None);
                found.extend(below.into_iter().map(|leaf| format!("/{index}{leaf}")));
            }
        }
        _ => {}
    }
    found
}
