//! The file name in `Content-Disposition` (RFC 6266).

use http::{HeaderMap, header};

/// The name without any folder in front; nothing when there is none, or none that a file may have.
pub(super) fn file_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_DISPOSITION)?;
    // Some servers send the name as bare UTF-8.
    let value = String::from_utf8_lossy(value.as_bytes());
    let mut plain = None;
    let mut encoded = None;
    for (name, value) in parameters(&value) {
        if name.eq_ignore_ascii_case("filename*") {
            encoded = encoded.or_else(|| extended(&value));
        } else if name.eq_ignore_ascii_case("filename") {
            plain = plain.or(Some(value));
        }
    }
    encoded
        .as_deref()
        .and_then(bare)
        .or_else(|| bare(plain.as_deref()?))
}

/// The parameters, quotes and backslashes resolved.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut chars = value.chars().skip_while(|c| *c != ';').skip(1).peekable();
    while chars.peek().is_some() {
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| !matches!(c, '=' | ';')) {
            name.push(c);
        }
        let mut text = String::new();
        if chars.next_if_eq(&'=').is_some() {
            while chars.next_if_eq(&' ').is_some() {}
            if chars.next_if_eq(&'"').is_some() {
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        // Browsers of old sent paths of Windows here, without doubling the backslash.
                        '\\' if matches!(chars.peek(), Some('"' | '\\')) => {
                            text.extend(chars.next());
                        }
                        c => text.push(c),
                    }
                }
                while chars.next_if(|c| *c != ';').is_some() {}
            } else {
                while let Some(c) = chars.next_if(|c| *c != ';') {
                    text.push(c);
                }
                text.truncate(text.trim_end().len());
            }
        }
        chars.next_if_eq(&';');
        found.push((name.trim().to_owned(), text));
    }
    found
}

/// `UTF-8''percent-encoded`.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let escape = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match escape {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The last part of a path, so that a name can lead nowhere, without what some system or reader takes for more than a
/// part of a name.
fn bare(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let tame: String = last.chars().filter(|c| !is_wild(*c)).collect();
    // Dots in front hide a file, and Windows drops what is blank at the end.
    let blank = |c: char| c == '.' || c.is_whitespace();
    let mut name = tame.trim_matches(blank).to_owned();
    if is_device(&name) {
        name.insert(0, '_');
    }
    (!name.is_empty() && name.len() <= 255).then_some(name)
}

/// Ends a line, leads to a stream or a drive, or turns round how the name reads.
fn is_wild(c: char) -> bool {
    c == ':'
        || c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Windows opens a device under these names, whatever stands behind the first dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_uppercase();
    match stem.strip_prefix("COM").or(stem.strip_prefix("LPT")) {
        Some(number) => {
            let mut number = number.chars();
            let is_port = |c| matches!(c, '0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}');
            number.next().is_some_and(is_port) && number.next().is_none()
        }
        None => matches!(
            stem.as_str(),
            "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$"
        ),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn names_are_read_and_lead_nowhere() {
        let table: &[(&[u8], Option<&str>)] = &[
            (b"attachment; filename=\"call 1.wav\"", Some("call 1.wav")),
            (b"attachment; filename=call.wav", Some("call.wav")),
            (b"attachment;filename=call.wav ;size=3", Some("call.wav")),
            (
                b"attachment; FileName=\"a;b=\\\"c\\\".wav\"",
                Some("a;b=\"c\".wav"),
            ),
            (
                b"attachment; filename=\"x.wav\"; filename*=UTF-8''Anruf%20%C3%BC.wav",
                Some("Anruf \u{fc}.wav"),
            ),
            // Unusable, so that the plain one counts.
            (
                b"attachment; filename=x.wav; filename*=utf-16'en'%00",
                Some("x.wav"),
            ),
            (
                b"attachment; filename=x.wav; filename*=UTF-8''%FF",
                Some("x.wav"),
            ),
            (b"inline; filename=\"../../etc/passwd\"", Some("passwd")),
            (
                b"inline; filename=\"C:\\Users\\x\\call.wav\"",
                Some("call.wav"),
            ),
            (
                b"attachment; filename*=UTF-8''..%2F..%2Fa.wav",
                Some("a.wav"),
            ),
            (b"attachment; filename=\"..\"", None),
            (b"attachment; filename=\"a/\"", None),
            (b"attachment; filename=\"\"", None),
            (b"attachment; filename*=UTF-8''a%0Ab%00", Some("ab")),
            // What is dangerous somewhere.
            (b"attachment; filename=\"C:evil.exe\"", Some("Cevil.exe")),
            (
                b"attachment; filename=\"a.txt:stream\"",
                Some("a.txtstream"),
            ),
            (b"attachment; filename=.bashrc", Some("bashrc")),
            (b"attachment; filename=\". .. :.ssh\"", Some("ssh")),
            (b"attachment; filename=\"a.wav. .\"", Some("a.wav")),
            (b"attachment; filename=\"...:\"", None),
            (b"attachment; filename=con", Some("_con")),
            (b"attachment; filename=NUL.tar.gz", Some("_NUL.tar.gz")),
            (b"attachment; filename=\"Com1 .wav\"", Some("_Com1 .wav")),
            (
                b"attachment; filename*=UTF-8''LPT%C2%B2",
                Some("_LPT\u{b2}"),
            ),
            (b"attachment; filename=\"C:O:N\"", Some("_CON")),
            (b"attachment; filename=com10.wav", Some("com10.wav")),
            (b"attachment; filename=console.wav", Some("console.wav")),
            (
                b"attachment; filename*=UTF-8''x%E2%80%AEgpj.exe",
                Some("xgpj.exe"),
            ),
            (b"attachment; filename", None),
            (b"attachment", None),
            (b"", None),
            (
                "attachment; filename=\"Anruf \u{fc}.wav\"".as_bytes(),
                Some("Anruf \u{fc}.wav"),
            ),
        ];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.insert(header::CONTENT_DISPOSITION, value.clone());
            assert_eq!(file_name(&headers).as_deref(), *expected, "{value:?}");
        }
        assert_eq!(file_name(&HeaderMap::new()), None);
    }

    /// What a name may be made of, the wild parts more often than chance would have them.
    fn parts() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            any::<char>().prop_map(String::from),
            select(vec![
                "/",
                "\\",
                ":",
                "\0",
                ".",
                "..",
                " ",
                "con",
                "NUL",
                "COM1",
                "lpt\u{b9}",
                "\u{202e}",
                "\u{2066}",
                "\u{200f}",
                "\"",
                ";",
                "%2F",
                "\u{fc}",
                "a.wav",
            ])
            .prop_map(str::to_owned),
            "[a-z]{1,120}",
        ];
        vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_name_is_dangerous_anywhere(name in parts(), is_encoded: bool) {
            let value = match is_encoded {
                true => {
                    let bytes = name.bytes().map(|byte| format!("%{byte:02X}"));
                    format!("attachment; filename*=UTF-8''{}", bytes.collect::<String>())
                }
                false => format!("attachment; filename=\"{name}\""),
            };
            // What no header can carry cannot come.
            prop_assume!(HeaderValue::from_bytes(value.as_bytes()).is_ok());
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.insert(header::CONTENT_DISPOSITION, value);
            let Some(name) = file_name(&headers) else {
                return Ok(());
            };
            prop_assert!((1..=255).contains(&name.len()));
            let wild = ['/', '\\', ':', '\0', '\u{202e}', '\u{2066}', '\u{200f}'];
            prop_assert!(!name.contains(wild));
            prop_assert!(!name.contains(char::is_control));
            prop_assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
            let stem = name.split('.').next().unwrap().trim_end().to_lowercase();
            prop_assert!(!["con", "nul", "com1", "lpt\u{b9}"].contains(&stem.as_str()), "{name:?}");
        }
    }
}
