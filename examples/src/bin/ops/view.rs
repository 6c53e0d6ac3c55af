//! How rows are shown: JSON for machines, aligned columns for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The most of one cell that a table shows.
const CELL: usize = 72;

/// Names and values of one thing.
pub(crate) type Record = Map<String, Value>;

/// Makes a [`Record`] of an object literal.
macro_rules! record {
    ($($json:tt)+) => {
        match serde_json::json!({ $($json)+ }) {
            serde_json::Value::Object(record) => record,
            _ => serde_json::Map::new(),
        }
    };
}
pub(crate) use record;

/// What an outsider may have chosen, in one line: no control character reaches a terminal.
pub(crate) fn line(text: &str) -> String {
    let tame = |c: char| if c.is_control() || is_bidi(c) { ' ' } else { c };
    text.chars().map(tame).collect()
}

/// Characters that turn the order of what follows.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => line(text),
        other => line(&other.to_string()),
    }
}

fn cell(value: &Value) -> String {
    let text = text(value);
    if text.chars().count() <= CELL {
        return text;
    }
    let mut cut: String = text.chars().take(CELL - 1).collect();
    cut.push('…');
    cut
}

/// Columns of these fields, aligned, with a heading.
pub(crate) fn table(fields: &[&str], rows: &[Record]) -> String {
    let heading = |field: &&str| {
        let mut words = String::new();
        for c in field.chars() {
            if c.is_uppercase() {
                words.push(' ');
            }
            words.extend(c.to_uppercase());
        }
        words
    };
    let mut lines = vec![fields.iter().map(heading).collect::<Vec<_>>()];
    for row in rows {
        let value = |field: &&str| cell(row.get(*field).unwrap_or(&Value::Null));
        lines.push(fields.iter().map(value).collect());
    }
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..fields.len()).map(width).collect();
    let mut out = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            // Writing to a string does not fail.
            let _ = write!(row, "{cell:<width$}  ");
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

/// One thing, a field a line; what is empty is left out.
pub(crate) fn card(record: &Record) -> String {
    let shown = |value: &Value| !matches!(value, Value::Null);
    let fields = record.iter().filter(|(_, value)| shown(value));
    let width = fields.clone().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    let mut out = String::new();
    for (name, value) in fields {
        let _ = writeln!(out, "{name:<width$}  {}", text(value));
    }
    out
}

/// Prints what `list` found: an object per line, or a table.
pub(crate) fn rows(json: bool, fields: &[&str], rows: &[Record]) {
    if json {
        for row in rows {
            anstream::println!("{}", Value::Object(row.clone()));
        }
    } else if rows.is_empty() {
        anstream::println!("none");
    } else {
        anstream::print!("{}", table(fields, rows));
    }
}

/// Prints one document, or what people read.
pub(crate) fn one(json: bool, record: &Record, people: impl FnOnce() -> String) {
    if json {
        anstream::println!("{}", Value::Object(record.clone()));
    } else {
        let people = people();
        anstream::println!("{}", people.trim_end());
    }
}
