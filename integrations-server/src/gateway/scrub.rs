//! What of a message from elsewhere may be shown.

/// The longest message that is shown, in characters.
const LONGEST: usize = 1000;

/// A message without paths, URLs, the lines of a stack and control characters.
pub(super) fn scrub(text: &str) -> String {
    let lines = text.lines().filter(|line| !is_frame(line));
    let mut clean = String::new();
    for line in lines {
        if !clean.is_empty() {
            clean.push(' ');
        }
        without_paths(line, &mut clean);
    }
    tame(&clean)
}

/// A message in one line that is not too long.
pub(super) fn tame(text: &str) -> String {
    let chars = text.trim().chars();
    chars
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect()
}

/// Replaces secrets that a message repeats.
pub(super) fn redact(mut text: String, secrets: &[&str]) -> String {
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        if text.contains(secret) {
            text = text.replace(secret, "[redacted]");
        }
    }
    text
}

/// JavaScript, Java, Python, Go and Rust show the lines of a stack so.
fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    let numbered = line.split_once(": ").is_some_and(|(number, _)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    line.starts_with("at ")
        || line.starts_with("File \"")
        || line.starts_with("goroutine ")
        || line.starts_with("Traceback ")
        || line.starts_with("stack backtrace")
        || numbered
}

/// From a slash to the next blank: a path, or the rest of a URL.
fn without_paths(line: &str, clean: &mut String) {
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let path =
            matches!(c, '/' | '\\') && chars.peek().is_some_and(|next| !next.is_whitespace());
        if !path {
            clean.push(c);
            continue;
        }
        clean.push_str("[path]");
        while chars.next_if(|c| !c.is_whitespace()).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_stacks_go() {
        for (text, clean) in [
            ("not found", "not found"),
            ("open '/srv/app/db.ts' failed", "open '[path] failed"),
            ("see https://10.0.0.1/x?token=1 now", "see https:[path] now"),
            ("C:\\app\\x.ts broke", "C:[path] broke"),
            ("either / or", "either / or"),
            (
                "Error: x\n    at run (/srv/a.js:1:2)\n    at main",
                "Error: x",
            ),
            ("boom\n   3: core::panic\nend", "boom end"),
            ("a\u{0}b\u{1b}[31m", "a b [31m"),
            ("", ""),
        ] {
            assert_eq!(scrub(text), clean, "{text:?}");
        }
        assert_eq!(scrub(&"x".repeat(5000)).len(), LONGEST);
    }

    #[test]
    fn secrets_that_come_back_are_not_shown() {
        let text = redact("bad token tok-123!".to_owned(), &["tok-123", ""]);
        assert_eq!(text, "bad token [redacted]!");
    }
}
