//! The operations against the official OpenAPI documents, where these are at hand.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::{Access, Operation, Query, Since, find, operations};
use crate::ghl::schema::Field;

/// Where the documents are known to be wrong: they demand these, the live API does not.
const OPTIONAL: &[(&str, &str)] = &[("messages.send", "subType"), ("messages.send", "status")];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/ghl/apps")
}

/// The document of an operation and its object in it.
fn documented(operation: &Operation) -> Option<(Value, Value)> {
    let named = operation.since == Since::NamedOnly;
    let group = operation.path.split('/').nth(1)?;
    let file = match named {
        true => folder().join(format!("v3/{group}-v3.json")),
        false => folder().join(format!("{group}.json")),
    };
    let document: Value = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let object = document["paths"][operation.path][operation.method.to_lowercase()].clone();
    Some((document, object))
}

fn properties(document: &Value, object: &Value) -> Vec<(String, bool)> {
    let content = object["requestBody"]["content"].as_object();
    let schema = content.and_then(|content| content.values().next());
    let reference = schema.and_then(|schema| schema["schema"]["$ref"].as_str());
    let schema = reference.and_then(|reference| document.pointer(&reference[1..]));
    let Some(schema) = schema else {
        return Vec::new();
    };
    let required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|all| all.iter().any(|one| one == name))
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, _)| (name.clone(), required(name)))
        .collect()
}

fn parameters(object: &Value) -> Vec<(String, bool)> {
    let all = object["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == "query")
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap().to_owned();
            (name, parameter["required"] == true)
        })
        .collect()
}

fn ours(operation: &Operation, fields: &[Field]) -> Vec<(String, bool)> {
    let mut all: Vec<_> = fields
        .iter()
        .map(|field| {
            let lenient = OPTIONAL.contains(&(operation.name, field.name));
            (field.name.to_owned(), field.required || lenient)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn requests_are_those_of_the_documents() {
    if !folder().exists() {
        eprintln!("skipped: no official documents at {}", folder().display());
        return;
    }
    for operation in operations() {
        let (document, object) = documented(operation).unwrap();
        // This path is undocumented under one of its two versions.
        assert!(
            object.is_object(),
            "{} {}",
            operation.method,
            operation.path
        );
        if let Some(fields) = operation.body
            && operation.name != "contacts.search"
        {
            let mut theirs = properties(&document, &object);
            theirs.sort();
            assert_eq!(ours(operation, fields), theirs, "{}", operation.name);
        }
        let mut theirs = parameters(&object);
        theirs.sort();
        match operation.query {
            Query::Strict(fields) => {
                assert_eq!(ours(operation, fields), theirs, "{}", operation.name);
            }
            Query::Lenient => assert_eq!(theirs, [], "{}", operation.name),
        }
        let security = object["security"].as_array();
        let scope = security.and_then(|all| all[0].as_object()?.values().next().cloned());
        let scope = scope.map_or(Value::Null, |scope| scope[0].clone());
        assert_eq!(
            scope.as_str().unwrap_or(""),
            operation.scope,
            "{}",
            operation.name
        );
        let schemes: Vec<_> = security
            .into_iter()
            .flatten()
            .flat_map(|one| one.as_object().unwrap().keys().map(String::as_str))
            .collect();
        let access = match (schemes.contains(&"Agency-Access"), schemes.as_slice()) {
            (true, _) => Access::Either,
            (_, ["Agency-Access-Only"]) => Access::AgencyApp,
            (_, []) => Access::Open,
            _ => Access::SubAccount,
        };
        assert_eq!(access, operation.access, "{}", operation.name);
    }
}

#[test]
fn literal_segments_come_before_parameters() {
    let check = |method: &str, path: &str, expected: Option<&str>| {
        let found = find(method, path, false).map(|(operation, _)| operation.name);
        assert_eq!(found, expected, "{method} {path}");
    };
    check("POST", "/contacts/search", Some("contacts.search"));
    check("POST", "/contacts/upsert", Some("contacts.upsert"));
    check("GET", "/contacts/lookup", Some("contacts.get"));
    check(
        "GET",
        "/contacts/search/duplicate",
        Some("contacts.duplicate"),
    );
    check("GET", "/contacts", Some("contacts.list"));
    check("GET", "/conversations/search", Some("conversations.search"));
    check("GET", "/conversations/messages/abc", Some("messages.get"));
    check("GET", "/conversations/abc/messages", Some("messages.list"));
    check("GET", "/calendars/events", Some("events.list"));
    check("GET", "/users/search", Some("users.search"));
    check("PATCH", "/contacts/abc", None);
    check("GET", "/contacts/a/b/c", None);
    // Every operation is reachable by its own path.
    for operation in operations() {
        let named = operation.since == Since::NamedOnly;
        let found = find(operation.method, operation.path, named).map(|(found, _)| found.path);
        assert_eq!(found, Some(operation.path));
    }
}

#[test]
fn parameters_are_decoded() {
    let (_, params) = find("GET", "/contacts/a%20b%2Fc", false).unwrap();
    assert_eq!(params, [("contactId", "a b/c".to_owned())]);
    assert!(find("GET", "/contacts/%ff", false).is_none());
}
