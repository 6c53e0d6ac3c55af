//! Every operation of the documents has its place in this crate, and is known as the documents have it.

use std::collections::{BTreeMap, BTreeSet};

use ghl_client::{Spec, TokenClasses, operations};
use serde_json::Value;

use crate::documents::{self, Documented, key};
use crate::known;
use crate::nothing_failed;
use crate::requests::CASES;

/// What this crate has for each operation. One that is written by hand may stand for both contracts.
fn ours() -> BTreeMap<String, &'static Spec> {
    let mut all = BTreeMap::new();
    for spec in operations() {
        let operation = &spec.operation;
        let v3 = operation.name.starts_with("v3.");
        let key = key(v3, operation.method.as_str(), operation.path);
        let before = all.insert(key.clone(), *spec);
        assert!(before.is_none(), "{key} is there twice");
    }
    all
}

/// Ours for a documented operation.
fn find<'a>(
    ours: &'a BTreeMap<String, &'static Spec>,
    documented: &Documented,
) -> Option<&'a &'static Spec> {
    let own = ours.get(&documented.key());
    own.or_else(|| {
        let dated = key(false, &documented.method, documented.path);
        ours.get(&dated)
            .filter(|_| known::stands_for_both(&dated).is_some())
    })
}

#[test]
fn every_documented_operation_is_there() {
    let Some(documents) = documents::all() else {
        return;
    };
    let ours = ours();
    let mut failures = Vec::new();
    let mut counts = [0, 0];
    for documented in documents.values() {
        counts[usize::from(documented.v3)] += 1;
        if find(&ours, documented).is_none() && known::elsewhere(&documented.key()).is_none() {
            failures.push(documented.key());
        }
    }
    assert_eq!(counts, [576, 627], "the documents have changed");
    for (key, spec) in &ours {
        if !documents.contains_key(key) {
            failures.push(format!("{}: {key} is not documented", spec.operation.name));
        }
    }
    println!("{} dated, {} of v3", counts[0], counts[1]);
    nothing_failed("operations", documents.len(), &failures);
}

#[test]
fn every_generated_operation_has_its_case() {
    let cases: BTreeSet<_> = CASES.iter().map(|case| case.key()).collect();
    assert_eq!(cases.len(), CASES.len(), "a case is there twice");
    let by_hand = |spec: &&&Spec| known::is_hand(spec);
    let mut failures: Vec<_> = operations()
        .iter()
        .filter(|spec| !by_hand(spec))
        .map(|spec| {
            let operation = &spec.operation;
            let v3 = operation.name.starts_with("v3.");
            key(v3, operation.method.as_str(), operation.path)
        })
        .filter(|key| !cases.contains(key))
        .collect();
    let all: BTreeSet<_> = ours().into_keys().collect();
    let lost = CASES.iter().filter(|case| !all.contains(&case.key()));
    failures.extend(lost.map(|case| format!("{} is not in operations()", case.name)));
    nothing_failed("cases", CASES.len(), &failures);
}

#[test]
fn versions_scopes_and_tokens_are_as_documented() {
    let Some(documents) = documents::all() else {
        return;
    };
    let ours = ours();
    let mut failures = Vec::new();
    for (key, spec) in &ours {
        let Some(documented) = documents.get(key) else {
            continue;
        };
        let operation = documented.operation;
        let mut differ = |what: &str, ours: String, theirs: String| {
            let known = matches!(what, "tokens" | "scopes") && known::spec(key).is_some();
            if ours != theirs && !known {
                failures.push(format!("{key}: {what} {ours}, documented {theirs}"));
            }
        };
        let slug = spec.docs.rsplit('/').next().unwrap_or_default();
        let id = operation["operationId"].as_str().unwrap_or_default();
        differ("page", slug.to_owned(), id.to_owned());

        let headers = documented.parameters("header");
        let version = headers.iter().find(|header| header["name"] == "Version");
        let version = version.and_then(|version| version["schema"]["enum"][0].as_str());
        let version = version.unwrap_or(if documented.v3 { "v3" } else { "2021-07-28" });
        differ(
            "version",
            spec.version.as_str().to_owned(),
            version.to_owned(),
        );

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
                    other => panic!("{key}: a new scheme {other}"),
                });
            }
        }
        if tokens == TokenClasses::NONE {
            tokens = TokenClasses::ANY;
        }
        differ(
            "tokens",
            format!("{:?}", spec.tokens),
            format!("{tokens:?}"),
        );
        let own: BTreeSet<_> = spec.scopes.iter().copied().collect();
        differ("scopes", format!("{own:?}"), format!("{scopes:?}"));
    }
    nothing_failed("specs", ours.len(), &failures);
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str)
}

#[test]
fn the_list_of_operations_is_whole() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/COVERAGE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (dated, v3) = text.split_once("\n## The contract v3\n").unwrap();
    let failures: Vec<_> = operations()
        .iter()
        .filter(|spec| {
            let operation = &spec.operation;
            let part = match operation.name.starts_with("v3.") {
                true => v3,
                false => dated,
            };
            let row = format!("| {} {}", operation.method, operation.path);
            !part.contains(&format!("{row} |")) && !part.contains(&format!("{row} (deprecated) |"))
        })
        .map(|spec| spec.operation.name.to_owned())
        .collect();
    nothing_failed("rows of COVERAGE.md", operations().len(), &failures);
    if let Some(documents) = documents::all() {
        for documented in documents.values() {
            let part = if documented.v3 { v3 } else { dated };
            let row = format!("| {} {}", documented.method, documented.path);
            assert!(part.contains(&row), "{row}");
        }
    }
}
