//! What every operation answers, as documented and as providers really send it.

use std::collections::BTreeSet;

use integrations_core::http::Idempotency;
use serde_json::Value;

use crate::case::{Case, Read};
use crate::documents::{self, Documented};
use crate::example::{example, hostile, lost};
use crate::requests::CASES;
use crate::{known, nothing_failed};

/// The typed operations whose reply is documented.
fn documented() -> Option<Vec<(&'static Case, &'static Documented, Read, Value)>> {
    let documents = documents::all()?;
    let mut all = Vec::new();
    for case in CASES.iter() {
        let documented = documents.get(&case.key());
        let schema = documented.and_then(Documented::reply);
        if let (Some(documented), Some(schema), Some(read)) = (documented, schema, case.read) {
            all.push((
                case,
                documented,
                read,
                example(documented.document, schema, "", 0),
            ));
        }
    }
    Some(all)
}

/// The place in the JSON, as the text around it.
fn place(body: &str, error: &serde_json::Error) -> String {
    let at = error.column().min(body.len());
    let start = at.saturating_sub(60);
    let around: String = body.chars().skip(start).take(at - start + 10).collect();
    format!("{error}, behind {around}")
}

#[test]
fn every_documented_reply_is_read_and_nothing_of_it_is_lost() {
    let Some(documented) = documented() else {
        return;
    };
    let mut failures = Vec::new();
    let mut used = BTreeSet::new();
    for (case, documented, read, example) in &documented {
        let body = example.to_string();
        let key = documented.key();
        let again = match read(body.as_bytes()) {
            Ok(again) => serde_json::from_slice(&again).unwrap(),
            Err(error) => {
                failures.push(format!("{key}: {}: {}", case.answer, place(&body, &error)));
                continue;
            }
        };
        if case.is_success {
            // Its spellings become one.
            assert!(!serde_json::json!({"succeeded": null}).eq(&again), "{key}");
            continue;
        }
        let mut found = Vec::new();
        lost(example, &again, "", &mut found);
        for fault in found {
            match known::reply(&key, &fault) {
                Some(entry) => drop(used.insert(entry)),
                None => failures.push(format!("{key}: {}{fault}", case.answer)),
            }
        }
    }
    failures.extend(known::unused_replies(&used));
    nothing_failed("replies", documented.len(), &failures);
}

#[test]
fn every_hostile_reply_is_read() {
    let Some(documented) = documented() else {
        return;
    };
    let mut failures = Vec::new();
    let mut count = 0;
    for (case, documented, read, example) in &documented {
        for (what, reply) in hostile(example) {
            let body = reply.to_string();
            count += 1;
            if let Err(error) = read(body.as_bytes()) {
                let place = place(&body, &error);
                failures.push(format!(
                    "{}: {what}: {}: {place}",
                    documented.key(),
                    case.answer
                ));
            }
        }
    }
    println!("{} operations", documented.len());
    nothing_failed("hostile replies", count, &failures);
}

#[test]
fn an_empty_reply_is_read() {
    let typed: Vec<_> = CASES
        .iter()
        .filter_map(|case| Some((case, case.read?)))
        .collect();
    let failures = typed.iter().filter_map(|(case, read)| {
        // To a change it says that it was done; to a question it is no answer, and not read at all.
        let asks = case.spec.operation.idempotency == Idempotency::Safe;
        let error = read(b"").err().filter(|_| !asks)?;
        Some(format!("{}: {}: {error}", case.key(), case.answer))
    });
    nothing_failed("empty replies", typed.len(), &failures.collect::<Vec<_>>());
}

#[test]
fn what_is_documented_is_typed() {
    let Some(documents) = documents::all() else {
        return;
    };
    let mut failures = Vec::new();
    for case in CASES.iter() {
        let Some(documented) = documents.get(&case.key()) else {
            continue;
        };
        let typed = case.read.is_some();
        if typed != documented.reply().is_some() && known::untyped(&case.key()).is_none() {
            failures.push(format!("{}: {}", case.key(), case.answer));
        }
    }
    nothing_failed("typed replies", CASES.len(), &failures);
}
