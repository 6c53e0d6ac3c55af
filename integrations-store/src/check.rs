//! Input that a column can hold: bounded, and without the NUL character, which PostgreSQL's text refuses.

use integrations_core::{Error, FieldError, Result};

/// Names, actors, words.
pub(crate) const SHORT: usize = 256;
/// Keys and addresses: they are indexed, and PostgreSQL's index entries end near 2,700 bytes.
pub(crate) const KEY: usize = 512;
/// URLs and other free text.
pub(crate) const LONG: usize = 2048;
/// JSON documents.
pub(crate) const DOCUMENT: usize = 256 * 1024;
/// Payloads.
pub(crate) const PAYLOAD: usize = 16 * 1024 * 1024;

/// Collects what is wrong with an input, so that all of it is told at once.
#[derive(Debug, Default)]
pub(crate) struct Check(Vec<FieldError>);

impl Check {
    pub(crate) fn text(&mut self, path: &str, text: &str, max: usize) -> &mut Self {
        if text.is_empty() {
            self.0.push(FieldError::new(path, "is empty"));
        }
        self.optional(path, Some(text), max)
    }

    pub(crate) fn optional(&mut self, path: &str, text: Option<&str>, max: usize) -> &mut Self {
        let Some(text) = text else { return self };
        self.size(path, text.len(), max);
        if text.contains('\0') {
            self.0
                .push(FieldError::new(path, "contains the NUL character"));
        }
        self
    }

    pub(crate) fn size(&mut self, path: &str, size: usize, max: usize) -> &mut Self {
        if size > max {
            self.0.push(FieldError::new(
                path,
                format!("is {size} bytes long; at most {max} are kept"),
            ));
        }
        self
    }

    pub(crate) fn done(&mut self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::validation("", std::mem::take(&mut self.0)))
    }
}

/// Cuts a text that is only shown, at a character, and drops what no column holds.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    let clean: String = text.chars().filter(|c| *c != '\0').collect();
    if clean.len() <= max {
        return clean;
    }
    let mut end = max.saturating_sub('…'.len_utf8());
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &clean[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_told_at_once() {
        let error = Check::default()
            .text("/name", "", SHORT)
            .text("/actor", "a\0b", SHORT)
            .text("/key", &"x".repeat(1_000_000), KEY)
            .done()
            .unwrap_err();
        let paths: Vec<_> = error
            .fields()
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        assert_eq!(paths, ["/name", "/actor", "/key"]);
        assert!(error.to_string().len() < 300);
    }

    #[test]
    fn shortened_text_ends_at_a_character() {
        let cut = shorten(&"ä".repeat(100), 50);
        assert!(cut.len() <= 50 && cut.ends_with('…'));
        assert_eq!(shorten("a\0b", 50), "ab");
    }
}
