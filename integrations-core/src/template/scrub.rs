//! JSON that may hold a secret: wiped when it is dropped.

use serde_json::Value;
use zeroize::Zeroize as _;

/// A value whose texts are overwritten on drop. Has no `Debug`: nothing may print it.
pub(super) struct Scrub(pub(super) Value);

impl Drop for Scrub {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Overwrites every text of a value.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
