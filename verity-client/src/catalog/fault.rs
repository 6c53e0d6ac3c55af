use std::fmt;

/// What a fault of a catalogue leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing but this: what it is about is not used.
    Noted,
    /// A schema or a parameter is left out, and what it would have refused is let through.
    Loosened,
    /// An endpoint, or one method of it, is left out: for a gateway it is one that the catalogue does not have, whoever may
    /// call it by the file.
    LeftOut,
    /// The file cannot be used at all.
    Unusable,
}

/// One fault of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogFault {
    /// The JSON pointer of the place, for example `/endpoints/3/methods/0`; empty for the file.
    pub pointer: String,
    /// The line, from 1; 0 when it is not known.
    pub line: usize,
    /// The column in characters, from 1; 0 when it is not known.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What it leads to.
    pub effect: Effect,
}

impl fmt::Display for CatalogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pointer, message) = (&self.pointer, &self.message);
        match (self.line, pointer.is_empty()) {
            (0, true) => f.write_str(message),
            (0, false) => write!(f, "{pointer} {message}"),
            (line, true) => write!(f, "{line}:{} {message}", self.column),
            (line, false) => write!(f, "{line}:{} {pointer} {message}", self.column),
        }
    }
}

/// Faults while they are collected, without lines.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<CatalogFault>);

impl Faults {
    pub(super) fn add(
        &mut self,
        effect: Effect,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) {
        self.0.push(CatalogFault {
            pointer: pointer.into(),
            line: 0,
            column: 0,
            message: message.into(),
            effect,
        });
    }
}

/// A name as one step of a JSON pointer.
pub(super) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
