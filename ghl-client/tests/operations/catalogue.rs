//! The catalogue of callable operations, held against the documents.

use std::collections::BTreeMap;

use ghl_client::Client;
use integrations_core::catalog::{Catalog, CatalogOperation, Place};

use crate::documents;
use crate::nothing_failed;

fn ours() -> BTreeMap<String, CatalogOperation> {
    let client = Client::builder().private_token("pit-1").build().unwrap();
    let mut all = BTreeMap::new();
    for (v3, catalog) in [(false, client.catalog()), (true, client.catalog_v3())] {
        for operation in catalog.operations() {
            let key = documents::key(v3, operation.method.as_str(), &operation.path);
            all.insert(key, operation.clone());
        }
    }
    all
}

#[test]
fn every_documented_parameter_and_body_is_in_the_catalogue() {
    let Some(documents) = documents::all() else {
        return;
    };
    let ours = ours();
    let mut failures = Vec::new();
    let mut left_out = 0;
    for documented in documents.values() {
        let key = documented.key();
        let Some(operation) = ours.get(&key) else {
            // Files are no JSON, and the exchange of codes takes the application's own secret.
            let contents = &documented.operation["requestBody"]["content"];
            let is_file = contents.get("multipart/form-data").is_some();
            left_out += 1;
            if !is_file && !key.contains("/oauth/token") {
                failures.push(format!("{key} is not offered"));
            }
            continue;
        };
        for (place, ours) in [("path", Place::Path), ("query", Place::Query)] {
            for parameter in documented.parameters(place) {
                let name = parameter["name"].as_str().unwrap();
                // Written into the path of another, or named twice.
                let in_path = place != "path" || documented.path.contains(&format!("{{{name}}}"));
                let known = operation
                    .parameters
                    .iter()
                    .any(|known| known.name == name && known.place == ours);
                if in_path && !known {
                    failures.push(format!("{key} has no {place} parameter {name}"));
                }
            }
        }
        if documented.body().is_some() && operation.body.is_none() {
            failures.push(format!("{key} has no body"));
        }
    }
    println!("{left_out} left out");
    assert!(left_out <= 14, "{left_out}");
    nothing_failed("operations of the catalogue", documents.len(), &failures);
}
