use std::fmt::Write as _;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// The form in which a secret was found, plainest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Form {
    /// As it is.
    Plain,
    /// Escaped as in a JSON or Rust string.
    Escaped,
    /// Percent-encoded, as in URLs and forms.
    Percent,
    /// Hex, in either case.
    Hex,
    /// Base64, standard or URL-safe, at any alignment.
    Base64,
    /// Its first 12 bytes: a truncated or half-masked secret.
    Beginning,
    /// Its last 12 bytes.
    End,
}

/// The shortest secret. Shorter texts are found by chance.
pub(super) const SHORTEST: usize = 8;

/// How much of a secret gives it away.
const PART: usize = 12;

/// Everything that a secret is searched as.
pub(super) fn needles(secret: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let mut all = vec![(Form::Plain, secret.to_vec())];
    let hex = hex::encode(secret);
    all.push((Form::Hex, hex.to_uppercase().into_bytes()));
    all.push((Form::Hex, hex.into_bytes()));
    all.extend(base64s(secret).map(|text| (Form::Base64, text.into_bytes())));
    all.extend(percents(secret).map(|text| (Form::Percent, text.into_bytes())));
    if let Ok(text) = std::str::from_utf8(secret) {
        all.extend(escapes(text).map(|text| (Form::Escaped, text.into_bytes())));
    }
    // A part of a short secret would be found by chance, or would be nearly the whole.
    if secret.len() >= 2 * PART {
        all.push((Form::Beginning, secret[..PART].to_vec()));
        all.push((Form::End, secret[secret.len() - PART..].to_vec()));
    }
    let mut seen: Vec<Vec<u8>> = Vec::new();
    all.retain(|(_, text)| {
        let new = text.len() >= SHORTEST && !seen.contains(text);
        if new {
            seen.push(text.clone());
        }
        new
    });
    all
}

/// The base64 digits that depend on the secret alone, when it stands after 0, 1 or 2 other bytes
/// and before unknown ones.
fn base64s(secret: &[u8]) -> impl Iterator<Item = String> {
    (0..3usize).flat_map(move |before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        // A digit holds 6 bits: skip those that share bits with what stands before and after.
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD]
            .map(|engine| engine.encode(&bytes)[first..last].to_owned())
    })
}

fn percents(secret: &[u8]) -> impl Iterator<Item = String> {
    let encode = |keep: fn(u8) -> bool, lower: bool, plus: bool| {
        let mut text = String::new();
        for &byte in secret {
            // Writing to a string cannot fail.
            let _ = match byte {
                b' ' if plus => text.write_char('+'),
                byte if keep(byte) => text.write_char(char::from(byte)),
                byte if lower => write!(text, "%{byte:02x}"),
                byte => write!(text, "%{byte:02X}"),
            };
        }
        text
    };
    let unreserved: fn(u8) -> bool = |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    // What forms and JavaScript leave alone as well.
    let more: fn(u8) -> bool = |byte| byte.is_ascii_alphanumeric() || b"-._~*!'()".contains(&byte);
    let nothing: fn(u8) -> bool = |_| false;
    let form: fn(u8) -> bool = |byte| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    [
        encode(unreserved, false, false),
        encode(unreserved, true, false),
        encode(more, false, false),
        encode(form, false, true),
        encode(nothing, false, false),
        encode(nothing, true, false),
    ]
    .into_iter()
}

fn escapes(text: &str) -> impl Iterator<Item = String> {
    let inside = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let json = inside(text);
    let slashes = json.replace('/', "\\/");
    let ascii = |text: &str| {
        let mut escaped = String::new();
        for unit in text.encode_utf16() {
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => escaped.push(char::from(byte)),
                _ => {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
        escaped
    };
    // JSON within JSON, as in a logged message.
    let twice = inside(&json);
    [
        ascii(&json),
        json,
        slashes,
        twice,
        text.escape_debug().to_string(),
        text.escape_default().to_string(),
    ]
    .into_iter()
}
