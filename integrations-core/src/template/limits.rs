//! Size limits, checked before anything else looks at an input.

use serde_json::Value;

use super::pointer;
use crate::{Error, FieldError, Result};

/// A config is at most about this long as JSON.
pub const MAX_CONFIG_BYTES: usize = 256 * 1024;
/// One text in a config is at most this long.
pub const MAX_STRING_BYTES: usize = 64 * 1024;
/// A config is nested at most this deep.
pub const MAX_DEPTH: usize = 32;
/// A template is at most about this long as JSON.
pub(super) const MAX_SPEC_BYTES: usize = 256 * 1024;
/// A field's name is at most this long: it is repeated in error paths.
const MAX_KEY_BYTES: usize = 256;
/// At most this many faults are reported.
pub(super) const MAX_FAULTS: usize = 256;

/// Refuses what is too large or too deep.
pub(super) fn check(value: &Value, bytes: usize, what: &str) -> Result<()> {
    let mut walk = Walk {
        size: 0,
        faults: Vec::new(),
    };
    walk.visit(value, "", 0);
    if walk.size > bytes {
        walk.faults.push(FieldError::new(
            "",
            format!("{what} is too large: at most {bytes} bytes"),
        ));
    }
    if walk.faults.is_empty() {
        return Ok(());
    }
    Err(Error::validation(
        format!("{what} is too large"),
        walk.faults,
    ))
}

struct Walk {
    size: usize,
    faults: Vec<FieldError>,
}

impl Walk {
    fn fault(&mut self, path: &str, message: String) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(FieldError::new(path, message));
        }
    }

    fn visit(&mut self, value: &Value, at: &str, depth: usize) {
        self.size += 2;
        match value {
            Value::String(text) => {
                self.size += text.len();
                if text.len() > MAX_STRING_BYTES {
                    self.fault(at, format!("is too long: at most {MAX_STRING_BYTES} bytes"));
                }
            }
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
                self.fault(
                    at,
                    format!("is nested too deeply: at most {MAX_DEPTH} levels"),
                );
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.visit(item, &format!("{at}/{index}"), depth + 1);
                }
            }
            Value::Object(fields) => {
                for (key, field) in fields {
                    self.size += key.len() + 3;
                    if key.len() > MAX_KEY_BYTES {
                        self.fault(
                            at,
                            format!(
                                "has a field name that is too long: at most {MAX_KEY_BYTES} bytes"
                            ),
                        );
                    } else {
                        self.visit(field, &pointer::push(at, key), depth + 1);
                    }
                }
            }
            Value::Number(_) => self.size += 8,
            Value::Null | Value::Bool(_) => self.size += 3,
        }
    }
}
