//! Where things stand in the text of a file that is known to be JSON.

use std::collections::{BTreeMap, HashSet};

/// Finds the places of these pointers, and every name that an object has twice.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Offsets by pointer.
    pub(super) places: BTreeMap<String, usize>,
    /// The pointer of each name that came before in its object, with the place of the repetition.
    pub(super) repeated: Vec<(String, usize)>,
}

/// Reads the text once. It must be JSON, as deep as `serde_json` takes it.
pub(super) fn find(text: &str, wanted: &HashSet<&str>) -> Found {
    let mut scan = Scan {
        text,
        at: 0,
        path: String::new(),
        wanted,
        found: Found::default(),
    };
    scan.value();
    scan.found
}

/// The line and the column of an offset, both from 1.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[start..].chars().count() + 1)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    path: String,
    wanted: &'a HashSet<&'a str>,
    found: Found,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Goes over one byte, if it is this one.
    fn skip(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self) {
        self.space();
        if self.wanted.contains(self.path.as_str()) {
            self.found.places.insert(self.path.clone(), self.at);
        }
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => drop(self.string()),
            _ => {
                while !matches!(
                    self.peek(),
                    None | Some(b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n')
                ) {
                    self.at += 1;
                }
            }
        }
    }

    fn object(&mut self) {
        self.at += 1;
        let mut names = HashSet::new();
        while !self.skip(b'}') {
            let place = self.at;
            if self.peek() != Some(b'"') {
                return;
            }
            let raw = self.string();
            let name = match raw.contains('\\') {
                true => serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_default(),
                false => raw.to_owned(),
            };
            if !self.skip(b':') {
                return;
            }
            let outer = self.path.len();
            self.path.push('/');
            self.path
                .push_str(&name.replace('~', "~0").replace('/', "~1"));
            if !names.insert(name) {
                self.found.repeated.push((self.path.clone(), place));
            }
            self.value();
            self.path.truncate(outer);
            self.skip(b',');
        }
    }

    fn array(&mut self) {
        self.at += 1;
        let mut index = 0;
        while !self.skip(b']') {
            if self.peek().is_none() {
                return;
            }
            let outer = self.path.len();
            self.path.push('/');
            self.path.push_str(&index.to_string());
            let before = self.at;
            self.value();
            self.path.truncate(outer);
            if !self.skip(b',') && self.at == before {
                return;
            }
            index += 1;
        }
    }

    /// Goes over a string; what stands between its quotes.
    fn string(&mut self) -> &'a str {
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let end = self.at.min(self.text.len());
        self.at = end + 1;
        &self.text[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_repetitions() {
        let text =
            "{\n \"a\": [1, {\"b/c\": \"x\\\"}\", \"b\\u002fc\": 2}],\n \"ä\": null, \"a\": 3}";
        let wanted = ["/a/1/b~1c", "/ä", "/nothing", ""].into_iter().collect();
        let found = find(text, &wanted);
        let place = |pointer: &str| line_and_column(text, found.places[pointer]);
        assert_eq!(place(""), (1, 1));
        assert_eq!(place("/ä"), (3, 7));
        let repeated: Vec<_> = found
            .repeated
            .iter()
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(repeated, ["/a/1/b~1c", "/a"]);
        assert!(!found.places.contains_key("/nothing"));
    }

    #[test]
    fn a_text_that_is_no_json_ends() {
        for text in [
            "", "{", "[", "[1", "{\"", "{\"a\"", "{\"a\":", "\"", "\"\\", "{]", "[}", "}{",
        ] {
            let _ = find(text, &HashSet::new());
        }
    }
}
