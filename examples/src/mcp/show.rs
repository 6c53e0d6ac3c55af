//! What is told to people.

use integrations_core::Error;
use integrations_core::catalog::{Access, CatalogOperation};
use integrations_mcp::Filter;

/// An error on as many lines as it has faults.
#[must_use]
pub fn fault(error: &Error) -> String {
    if error.fields().is_empty() {
        return error.to_string();
    }
    let mut text = error.message().to_owned();
    for fault in error.fields() {
        text.push_str("\n  ");
        if !fault.path.is_empty() {
            text.push_str(&fault.path);
            text.push(' ');
        }
        text.push_str(&fault.message);
    }
    text
}

/// The tools that a filter leaves, one a line: name, method and path, and what is to be known of them.
#[must_use]
pub fn list(operations: &[CatalogOperation], filter: &Filter) -> String {
    let offered: Vec<_> = operations
        .iter()
        .filter(|operation| filter.admits(operation))
        .collect();
    let width = offered.iter().map(|operation| operation.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for operation in &offered {
        let (name, path) = (&operation.name, &operation.path);
        let method = operation.method.as_str();
        text.push_str(&format!("{name:width$}  {method:6} {path}"));
        let mut notes = Vec::new();
        if operation.is_read_only() {
            notes.push("reads".to_owned());
        }
        if operation.is_destructive() {
            notes.push("may take away".to_owned());
        }
        if operation.access == Access::Admin {
            notes.push("for administrators".to_owned());
        }
        if !operation.scopes.is_empty() {
            notes.push(operation.scopes.join(" "));
        }
        if !notes.is_empty() {
            text.push_str(&format!("  ({})", notes.join("; ")));
        }
        text.push('\n');
    }
    text
}

/// A number and what it counts.
#[must_use]
pub fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use integrations_core::FieldError;

    use super::*;

    #[test]
    fn tools_are_listed_with_what_is_to_be_known() {
        let mut remove = CatalogOperation::new("users_remove", Method::DELETE, "/users/{id}");
        remove.access = Access::Admin;
        remove.scopes = vec!["users.write".into(), "users.readonly".into()];
        let all = [
            CatalogOperation::new("users", Method::GET, "/users"),
            remove,
        ];
        assert_eq!(
            list(&all, &Filter::new()),
            "users         GET    /users  (reads)\n\
             users_remove  DELETE /users/{id}  (may take away; for administrators; users.write users.readonly)\n"
        );
        assert_eq!(list(&all, &Filter::new().deny("users")), "");
    }

    #[test]
    fn every_fault_has_its_line() {
        let faults = vec![
            FieldError::new("/endpoints/0", "line 3 column 5: is not an object"),
            FieldError::new("", "and 7 more"),
        ];
        assert_eq!(
            fault(&Error::validation("the catalogue has faults", faults)),
            "the catalogue has faults\n  /endpoints/0 line 3 column 5: is not an object\n  and 7 more"
        );
        assert!(fault(&Error::config("no key")).ends_with(": no key"));
        assert_eq!(
            (plural(1, "tool"), plural(0, "tool")),
            ("1 tool".into(), "0 tools".into())
        );
    }
}
