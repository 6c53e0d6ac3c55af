//! Our operations against the official documents, when they are at `../shared/specs` beside the repository.

mod document;

use std::collections::{BTreeMap, BTreeSet};

use ghl_client::{LocationIn, Spec, TokenClasses};
use serde_json::Value;

use self::document::Document;
use crate::support::{Answer, Case};
use crate::wire::cases;

/// What the documents require and the provider does not, with the reason.
const NOT_REQUIRED: &[(&str, &str)] = &[
    // Wrongly marked: `status` is for conversation providers, and `subType` has no values.
    ("messages.send", "status"),
    ("messages.send", "subType"),
    // Either this or `assignedUserId`, says the same document.
    ("calendars.block_slots.create", "calendarId"),
    // Either these or files, which the same document names in prose.
    ("messages.upload", "attachmentUrls"),
    // All marked, although some exclude each other.
    ("opportunities.search", "query"),
    ("opportunities.search", "page"),
    ("opportunities.search", "searchAfter"),
    ("opportunities.search", "additionalDetails"),
    ("objects.records.search", "query"),
    ("objects.records.search", "page"),
    ("objects.records.search", "searchAfter"),
];

/// What the documents know and this crate does not send, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    // Nothing but a marker that a contact was blocked by its own STOP: the provider sets it.
    ("contacts.create", "inboundDndSettings"),
    ("contacts.upsert", "inboundDndSettings"),
    ("contacts.update", "inboundDndSettings"),
    // No values are documented.
    ("messages.send", "subType"),
    // Instead of a file.
    ("medias.upload", "fileUrl"),
];

/// What this crate sends although the documents do not know it: their schema is empty here.
const UNDOCUMENTED: &[&str] = &["contacts.search"];

/// Members that another page of the provider documents.
const ELSEWHERE: &[(&str, &str)] = &[
    ("opportunities.search", "filters"),
    ("opportunities.search", "sort"),
    ("objects.records.search", "filters"),
    ("objects.records.search", "sort"),
];

/// Operations whose body the documents leave open.
const OPEN_BODY: &[&str] = &["forms.upload_custom_files"];

/// The document and the operation in it for each of ours; nothing when the documents are not there.
fn documented() -> Option<Vec<(&'static Spec, Document, Value)>> {
    let all = Document::load_all()?;
    let find = |spec: &'static Spec| {
        let group = spec.docs.rsplit('/').nth(1).unwrap();
        let document = all
            .get(group)
            .unwrap_or_else(|| panic!("no document {group}"));
        let operation = document.operation(spec.operation.path, spec.operation.method.as_str());
        let operation =
            operation.unwrap_or_else(|| panic!("{} is not documented", spec.operation.name));
        (spec, document.clone(), operation.clone())
    };
    Some(
        ghl_client::hand_written()
            .iter()
            .map(|spec| find(spec))
            .collect(),
    )
}

fn texts(value: &Value) -> BTreeSet<&str> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

#[test]
fn versions_scopes_tokens_and_pages_are_as_documented() {
    let Some(documented) = documented() else {
        return;
    };
    for (spec, document, operation) in documented {
        let name = spec.operation.name;
        let versions = document.parameters(&operation, "header");
        if let Some(version) = versions.get("Version") {
            let known = texts(&version["schema"]["enum"]);
            assert!(known.contains(spec.version.as_str()), "{name}: {known:?}");
        }
        let slug = spec.docs.rsplit('/').next();
        assert_eq!(operation["operationId"].as_str(), slug, "{name}");

        let mut tokens = TokenClasses::NONE;
        let mut scopes = BTreeSet::new();
        for scheme in operation["security"].as_array().into_iter().flatten() {
            for (scheme, needed) in scheme.as_object().unwrap() {
                scopes.extend(texts(needed));
                tokens = tokens.or(match scheme.as_str() {
                    "bearer" | "Location-Access" => TokenClasses::LOCATION,
                    "Location-Access-Only" => TokenClasses::LOCATION_OAUTH,
                    "Agency-Access" => TokenClasses::COMPANY,
                    "Agency-Access-Only" => TokenClasses::COMPANY_OAUTH,
                    other => panic!("{name}: a new scheme {other}"),
                });
            }
        }
        assert_eq!(spec.tokens, tokens, "{name}");
        assert_eq!(
            spec.scopes.iter().copied().collect::<BTreeSet<_>>(),
            scopes,
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn queries_and_bodies_are_as_documented() {
    let Some(documented) = documented() else {
        return;
    };
    let cases = cases().await;
    for (spec, document, operation) in &documented {
        let name = spec.operation.name;
        let query = document.parameters(operation, "query");
        let body = document.body(operation);
        for case in cases.iter().filter(|case| case.spec.operation.name == name) {
            check_query(case, &query);
            if !UNDOCUMENTED.contains(&name) && !OPEN_BODY.contains(&name) {
                let mut sent = match case.is_multipart() {
                    true => document.form(&body, case.json_body()),
                    false => case.json_body(),
                };
                if let Value::Object(sent) = &mut sent {
                    sent.retain(|member, _| !ELSEWHERE.contains(&(name, member)));
                }
                if body.is_null() {
                    assert!(sent.is_null(), "{case:?}: a body that is not documented");
                } else {
                    document.check(&body, &sent, &format!("{case:?}"), &|property| {
                        NOT_REQUIRED.contains(&(name, property))
                    });
                }
            }
        }
        let full = cases
            .iter()
            .find(|case| case.full && case.spec.operation.name == name);
        let full = full.unwrap();
        let sent: BTreeSet<_> = match full.json_body() {
            Value::Object(body) => body.into_iter().map(|(name, _)| name).collect(),
            _ => BTreeSet::new(),
        };
        for property in document.properties(&body).keys() {
            let left_out = LEFT_OUT.contains(&(name, property));
            assert!(sent.contains(property) != left_out, "{name}: {property}");
        }
        let sent: BTreeSet<_> = full
            .sent
            .url
            .query_pairs()
            .map(|(name, _)| name.into_owned())
            .collect();
        for parameter in query.keys() {
            let left_out = LEFT_OUT.contains(&(name, parameter));
            assert!(sent.contains(parameter) != left_out, "{name}: {parameter}");
        }
        check_location(spec, document, operation, full);
    }
    println!("{} operations, {} cases", documented.len(), cases.len());
}

fn check_query(case: &Case, known: &BTreeMap<String, Value>) {
    let sent: Vec<_> = case.sent.url.query_pairs().collect();
    for (name, value) in &sent {
        let parameter = known.get(&**name);
        let parameter = parameter.unwrap_or_else(|| panic!("{case:?} sends {name}"));
        let schema = &parameter["schema"];
        let allowed = texts(&schema["enum"]);
        let all_known = value.split(',').all(|value| allowed.contains(value));
        assert!(allowed.is_empty() || all_known, "{case:?}: {name}={value}");
        if schema["type"] == "number" {
            assert!(value.parse::<f64>().is_ok(), "{case:?}: {name}={value}");
        }
    }
    for (name, parameter) in known {
        let is_sent = sent.iter().any(|(sent, _)| sent == name);
        let required = parameter["required"] == true;
        assert!(is_sent || !required, "{case:?} leaves out {name}");
    }
}

fn check_location(spec: &Spec, document: &Document, operation: &Value, full: &Case) {
    let name = spec.operation.name;
    if name.starts_with("oauth.") {
        // There the location is what is asked for, and not what the call belongs to.
        return;
    }
    let in_path = spec.operation.path.contains("{locationId}");
    let in_query = document
        .parameters(operation, "query")
        .contains_key("locationId");
    let in_body = document
        .properties(&document.body(operation))
        .contains_key("locationId");
    let expected = match (in_path, in_query, in_body) {
        (true, false, false) => LocationIn::Path,
        (false, true, false) => LocationIn::Query,
        (false, false, true) => LocationIn::Body,
        (false, false, false) => LocationIn::Nowhere,
        more => panic!("{name}: the location is documented in {more:?}"),
    };
    // The schema of this search is empty.
    let expected = if name == "contacts.search" {
        LocationIn::Body
    } else {
        expected
    };
    assert_eq!(spec.location, expected, "{name}");
    let sent_in_query = full
        .sent
        .url
        .query_pairs()
        .any(|(name, _)| name == "locationId");
    assert_eq!(sent_in_query, expected == LocationIn::Query, "{name}");
    let sent_in_body = full.json_body().get("locationId").is_some();
    assert_eq!(sent_in_body, expected == LocationIn::Body, "{name}");
}

#[tokio::test(start_paused = true)]
async fn answers_made_of_the_documents_are_read() {
    let Some(documented) = documented() else {
        return;
    };
    let cases = cases().await;
    let mut read = 0;
    for (spec, document, operation) in &documented {
        let name = spec.operation.name;
        let case = cases
            .iter()
            .find(|case| case.spec.operation.name == name)
            .unwrap();
        let Some(example) = document.answer(operation) else {
            assert!(
                UNDOCUMENTED.contains(&name) || case.answer != Answer::Json,
                "{name} has no documented answer"
            );
            continue;
        };
        assert_eq!(case.answer, Answer::Json, "{name} has a documented answer");
        let answer = (case.decode)(example.to_string()).await;
        assert!(answer.is_ok(), "{name}: {}\n{example}", answer.unwrap_err());
        read += 1;
    }
    println!("{read} answers");
}
