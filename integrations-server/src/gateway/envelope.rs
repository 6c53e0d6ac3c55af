//! A call as JSON: `{endpoint, method, params, query, body, headers}`.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::keys::bearer;
use super::path;
use super::refusal::{Code, Refusal};

/// A call that has the form of one.
pub(super) struct Envelope {
    pub(super) endpoint: String,
    pub(super) method: Method,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) query: Vec<(String, String)>,
    /// The body's own text, a part of the envelope's.
    pub(super) body: Option<Bytes>,
    /// All headers but the token.
    pub(super) headers: HeaderMap,
    /// The user's token.
    pub(super) token: Option<String>,
}

/// The parts unread, so that each is judged in its turn. A part that is there twice is refused.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    endpoint: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    query: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: Option<&'a RawValue>,
}

fn invalid(message: &'static str) -> Refusal {
    Refusal::new(Code::InvalidRequest, message)
}

impl Envelope {
    /// Reads an envelope; what is wrong with it is found in the order that callers know: what is missing, the endpoint,
    /// the method, all else.
    pub(super) fn read(bytes: &Bytes, prefix: &str) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("The body is not JSON"))?;
        match text.trim_ascii_start().as_bytes().first() {
            Some(b'{') => {}
            None => return Err(Refusal::missing_fields()),
            // An array would do as a struct.
            Some(_) => {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(text);
                json.map_err(|_| invalid("The body is not JSON"))?;
                return Err(Refusal::missing_fields());
            }
        }
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| {
            invalid(if error.is_data() {
                "A field of the request is there twice"
            } else {
                "The body is not JSON"
            })
        })?;
        let (Some(endpoint), Some(method)) = (string(wire.endpoint), string(wire.method)) else {
            return Err(Refusal::missing_fields());
        };
        if !endpoint.starts_with(prefix) {
            let message = format!("Endpoint must start with {prefix}");
            return Err(Refusal::new(Code::InvalidEndpoint, message));
        }
        if !path::is_endpoint(&endpoint) {
            return Err(Refusal::new(
                Code::InvalidEndpoint,
                "Endpoint is not a plain path",
            ));
        }
        let method = match method.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "DELETE" => Method::DELETE,
            "PATCH" => Method::PATCH,
            _ => {
                let message = "Invalid method. Must be one of: GET, POST, PUT, DELETE, PATCH";
                return Err(Refusal::new(Code::InvalidMethod, message));
            }
        };
        let (headers, token) = headers(wire.headers)?;
        Ok(Self {
            parameters: parameters(wire.params)?,
            query: query(wire.query)?,
            // What was never sent with a GET is not sent now.
            body: wire
                .body
                .filter(|_| method != Method::GET)
                .map(|raw| bytes.slice_ref(raw.get().as_bytes())),
            endpoint,
            method,
            headers,
            token,
        })
    }
}

/// A text that is not empty.
fn string(raw: Option<&RawValue>) -> Option<String> {
    let text: String = serde_json::from_str(raw?.get()).ok()?;
    (!text.is_empty()).then_some(text)
}

fn parameters(raw: Option<&RawValue>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut parameters = BTreeMap::new();
    for (name, value) in pairs(raw, "params must be an object of texts")? {
        let value = scalar(value).ok_or_else(|| invalid("params must be an object of texts"))?;
        parameters.insert(name, value);
    }
    match path::unfit(&parameters) {
        None => Ok(parameters),
        Some(_) => Err(invalid("A parameter is empty or would change the path")),
    }
}

/// A list stands for a name that is there several times; `null` for one that is not there.
fn query(raw: Option<&RawValue>) -> Result<Vec<(String, String)>, Refusal> {
    const FORM: &str = "query must be an object of texts";
    let mut query = Vec::new();
    for (name, value) in pairs(raw, FORM)? {
        match value {
            Value::Null => {}
            Value::Array(values) => {
                for value in values {
                    let value = scalar(value).ok_or_else(|| invalid(FORM))?;
                    query.push((name.clone(), value));
                }
            }
            value => query.push((name, scalar(value).ok_or_else(|| invalid(FORM))?)),
        }
    }
    Ok(query)
}

fn headers(raw: Option<&RawValue>) -> Result<(HeaderMap, Option<String>), Refusal> {
    const FORM: &str = "headers must be an object of header values";
    let mut headers = HeaderMap::new();
    let mut token = None;
    for (name, value) in pairs(raw, FORM)? {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(FORM))?;
        let Some(value) = scalar(value) else {
            return Err(invalid(FORM));
        };
        if name == header::AUTHORIZATION {
            let sent = bearer(value.as_bytes()).and_then(|sent| std::str::from_utf8(sent).ok());
            let sent = sent.ok_or_else(Refusal::invalid_token)?.to_owned();
            // Two spellings of one header.
            if token.replace(sent).is_some() {
                return Err(Refusal::invalid_token());
            }
            continue;
        }
        let value = HeaderValue::from_str(&value).map_err(|_| invalid(FORM))?;
        if headers.insert(name, value).is_some() {
            return Err(invalid("A header is there twice"));
        }
    }
    Ok((headers, token))
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn pairs(raw: Option<&RawValue>, form: &'static str) -> Result<Vec<(String, Value)>, Refusal> {
    match raw {
        None => Ok(Vec::new()),
        Some(raw) => serde_json::from_str(raw.get())
            .map(|Pairs(pairs)| pairs)
            .map_err(|_| invalid(form)),
    }
}

/// An object whose names differ.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs: Vec<(String, Value)> = Vec::new();
                let mut names = HashSet::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom("a name is there twice"));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
