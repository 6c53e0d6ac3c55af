//! Good requests, made worse.

use serde_json::{Map, Value, json};

use super::sample::Sample;

/// What has been trouble to somebody.
const WORDS: [&str; 40] = [
    "..",
    "../",
    "/..",
    "/../",
    "./",
    "//",
    "%2e%2e",
    "%2e",
    "%2f",
    "%5c",
    "%252e",
    "%252f",
    "%00",
    "%0d%0a",
    "%c0%ae",
    "%",
    "?",
    "#",
    "&",
    "=",
    ";",
    "\\",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "[id]",
    "{id}",
    "\0",
    "\r\n",
    "\n",
    "\u{feff}",
    "ü",
    "null",
    "true",
    "-1",
    "1e999",
    "18446744073709551616",
];

/// One of the seeds after a few changes; sometimes as it is.
pub(super) fn mutated(seeds: &[Sample], words: &[&str], random: &mut fastrand::Rng) -> Sample {
    let Some(seed) = random.choice(seeds) else {
        return Sample::new("GET", "/", &[], "");
    };
    let mut sample = seed.clone();
    let word = |random: &mut fastrand::Rng| -> String {
        let own = !words.is_empty() && random.bool();
        let from = if own { words } else { &WORDS[..] };
        random.choice(from).copied().unwrap_or_default().to_owned()
    };
    for _ in 0..random.u8(0..=5) {
        match random.u8(..16) {
            0..4 => json_node(&mut sample.body, random, &word),
            4..7 => bytes(&mut sample.body, random, &word),
            7..10 => text(&mut sample.target, random, &word),
            10 => text(&mut sample.method, random, &word),
            11 => {
                let methods = [
                    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
                ];
                methods[random.usize(..methods.len())].clone_into(&mut sample.method);
            }
            12 if !sample.headers.is_empty() => {
                let at = random.usize(..sample.headers.len());
                bytes(&mut sample.headers[at].1, random, &word);
            }
            13 if !sample.headers.is_empty() => {
                let at = random.usize(..sample.headers.len());
                match random.bool() {
                    true => drop(sample.headers.remove(at)),
                    false => sample.headers.push(sample.headers[at].clone()),
                }
            }
            14 => {
                let names = [
                    "content-type",
                    "content-length",
                    "content-encoding",
                    "transfer-encoding",
                    "connection",
                    "host",
                    "cookie",
                    "x-forwarded-for",
                    "expect",
                    "range",
                    "origin",
                    "access-control-request-method",
                ];
                let name = names[random.usize(..names.len())].to_owned();
                let value = word(random).into_bytes();
                sample.headers.push((name, value));
            }
            _ => {
                // The body, or a header, of another one.
                if let Some(other) = random.choice(seeds) {
                    match random.choice(&other.headers) {
                        Some(header) if random.bool() => sample.headers.push(header.clone()),
                        _ => sample.body.clone_from(&other.body),
                    }
                }
            }
        }
    }
    sample
}

fn text(
    text: &mut String,
    random: &mut fastrand::Rng,
    word: &impl Fn(&mut fastrand::Rng) -> String,
) {
    let mut raw = std::mem::take(text).into_bytes();
    bytes(&mut raw, random, word);
    *text = String::from_utf8_lossy(&raw).into_owned();
}

fn bytes(
    bytes: &mut Vec<u8>,
    random: &mut fastrand::Rng,
    word: &impl Fn(&mut fastrand::Rng) -> String,
) {
    let at = random.usize(..=bytes.len());
    let end = (at + random.usize(..16)).min(bytes.len());
    match random.u8(..8) {
        0 => bytes.insert(at, random.u8(..)),
        1 => drop(bytes.drain(at..end)),
        2 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
        3 => {
            let piece = bytes[at..end].to_vec();
            let to = random.usize(..=bytes.len());
            bytes.splice(to..to, piece);
        }
        4 => bytes.truncate(at),
        5 => {
            let piece = bytes[at..end].repeat(random.usize(..200));
            bytes.splice(at..at, piece);
        }
        _ => drop(bytes.splice(at..at, word(random).into_bytes())),
    }
}

/// Changes one value somewhere in a JSON body; makes one of what is none.
fn json_node(
    body: &mut Vec<u8>,
    random: &mut fastrand::Rng,
    word: &impl Fn(&mut fastrand::Rng) -> String,
) {
    let mut whole: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    let mut node = &mut whole;
    while random.u8(..4) != 0 {
        // Down into one of its children.
        let children = match &*node {
            Value::Array(items) => items.len(),
            Value::Object(pairs) => pairs.len(),
            _ => 0,
        };
        if children == 0 {
            break;
        }
        let at = random.usize(..children);
        node = match node {
            Value::Array(items) => &mut items[at],
            Value::Object(pairs) => match pairs.values_mut().nth(at) {
                Some(child) => child,
                None => return,
            },
            _ => return,
        };
    }
    match (&mut *node, random.u8(..4)) {
        (Value::Object(pairs), 0) => {
            pairs.insert(word(random), json!(word(random)));
        }
        (Value::Object(pairs), 1) => {
            let name = pairs.keys().nth(random.usize(..=pairs.len())).cloned();
            name.and_then(|name| pairs.remove(&name));
        }
        (Value::String(text), 0..3) => {
            let mut changed = std::mem::take(text);
            self::text(&mut changed, random, word);
            *text = changed;
        }
        (node, _) => *node = value(random, word),
    }
    *body = whole.to_string().into_bytes();
}

fn value(random: &mut fastrand::Rng, word: &impl Fn(&mut fastrand::Rng) -> String) -> Value {
    match random.u8(..9) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => random.i64(..).into(),
        3 => random.f64().into(),
        4 => json!([]),
        5 => {
            let mut deep = json!({});
            for _ in 0..random.u8(..200) {
                deep = if random.bool() {
                    json!([deep])
                } else {
                    json!({ "a": deep })
                };
            }
            deep
        }
        6 => word(random).repeat(random.usize(..2000)).into(),
        7 => {
            let pairs = (0..random.usize(..50)).map(|n| (format!("{}{n}", word(random)), json!(n)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        _ => word(random).into(),
    }
}
