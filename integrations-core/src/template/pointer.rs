//! JSON pointers (RFC 6901).

use serde_json::{Map, Value};

/// A child's pointer.
pub(super) fn push(pointer: &str, key: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + key.len() + 1);
    out.push_str(pointer);
    out.push('/');
    for c in key.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out
}

/// A pointer as it is, a bare field name as its pointer.
pub(super) fn from_name(name: String) -> String {
    if name.starts_with('/') {
        name
    } else {
        push("", &name)
    }
}

/// Where the schema of a field stands in a template, when no reference is in the way.
pub(super) fn schema_of(field: &str) -> String {
    format!("/configSchema{}", field.replace('/', "/properties/"))
}

/// The value at a pointer below `root`.
pub(super) fn get<'a>(root: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let (first, rest) = first(pointer)?;
    let value = root.get(&first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        value.pointer(rest)
    }
}

/// Puts a value at a pointer and makes the objects on the way; what is in the way is replaced.
pub(super) fn insert(root: &mut Map<String, Value>, pointer: &str, value: Value) {
    let Some((key, rest)) = first(pointer) else {
        return;
    };
    if rest.is_empty() {
        root.insert(key, value);
        return;
    }
    let child = root.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    if let Value::Object(child) = child {
        insert(child, rest, value);
    }
}

/// The first key of a pointer, unescaped, and the pointer behind it.
fn first(pointer: &str) -> Option<(String, &str)> {
    let path = pointer.strip_prefix('/')?;
    let end = path.find('/').unwrap_or(path.len());
    let (key, rest) = path.split_at(end);
    Some((key.replace("~1", "/").replace("~0", "~"), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_escaped_both_ways() {
        let pointer = push(&push("", "a/b"), "c~d");
        assert_eq!(pointer, "/a~1b/c~0d");
        let mut root = Map::new();
        insert(&mut root, &pointer, json!(1));
        assert_eq!(Value::Object(root.clone()), json!({"a/b": {"c~d": 1}}));
        assert_eq!(get(&root, &pointer), Some(&json!(1)));
        assert_eq!(get(&root, "/a~1b/x"), None);
        assert_eq!(get(&root, ""), None);
    }
}
