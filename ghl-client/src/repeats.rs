//! Whether a provider gives the same page again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// The page before, and whether there was another one before that.
#[derive(Debug, Default)]
pub(crate) struct Repeats(Mutex<Option<(u64, bool)>>);

/// What a page is to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Another one.
    No,
    /// The first one again: the provider does not page.
    First,
    /// A later one again: the provider stays at its last page.
    Last,
}

impl Repeats {
    /// Compares the answer of a page with that of the page before.
    pub(crate) fn look(&self, body: &[u8]) -> Repeat {
        let digest = digest(body);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (repeat, is_later) = match *last {
            None => (Repeat::No, false),
            Some((before, true)) if before == digest => (Repeat::Last, true),
            Some((before, false)) if before == digest => (Repeat::First, false),
            Some(_) => (Repeat::No, true),
        };
        *last = Some((digest, is_later));
        repeat
    }
}

/// A digest of the answer without its trace id, which differs each time.
fn digest(body: &[u8]) -> u64 {
    const TRACE: &[u8] = b"\"traceId\"";
    let mut hasher = DefaultHasher::new();
    let at = body.windows(TRACE.len()).position(|window| window == TRACE);
    match at {
        Some(at) => {
            let behind = &body[at + TRACE.len()..];
            // Up to the quote that ends its value.
            let mut quotes = behind.iter().enumerate().filter(|(_, byte)| **byte == b'"');
            let end = quotes.nth(1).map_or(0, |(end, _)| end + 1);
            body[..at].hash(&mut hasher);
            behind[end..].hash(&mut hasher);
        }
        None => body.hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_again_is_no_paging() {
        let seen = Repeats::default();
        assert_eq!(seen.look(b"{\"a\":[1]}"), Repeat::No);
        assert_eq!(seen.look(b"{\"a\":[1]}"), Repeat::First);
    }

    #[test]
    fn a_later_page_again_is_the_end() {
        let seen = Repeats::default();
        for (body, expected) in [("1", Repeat::No), ("2", Repeat::No), ("2", Repeat::Last)] {
            assert_eq!(seen.look(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn the_trace_id_is_no_difference() {
        let seen = Repeats::default();
        assert_eq!(seen.look(br#"{"a":[1],"traceId":"t1","b":2}"#), Repeat::No);
        assert_eq!(
            seen.look(br#"{"a":[1],"traceId": "t22","b":2}"#),
            Repeat::First
        );
        assert_eq!(seen.look(br#"{"a":[1],"traceId":"t1","b":3}"#), Repeat::No);
        assert_eq!(seen.look(br#"{"traceId":null}"#), Repeat::No);
    }
}
