use integrations_store::{Broken, Engine, NewAudit};
use serde_json::json;

use crate::backend::{ACTOR, Backend, on_both_engines, tenant};

on_both_engines!(
    a_chain_verifies_and_pages,
    tampering_shows,
    concurrent_writers_make_one_chain,
    bad_entries_are_refused,
);

async fn fill(backend: &Backend, rows: usize) {
    let a = tenant("a");
    for at in 0..rows {
        let action = format!("test.{at}");
        let entry = NewAudit::new(ACTOR, &action).details(json!({ "at": at, "ä": "\u{0}" }));
        backend.store.audit().append(&a, &entry).await.unwrap();
    }
}

async fn a_chain_verifies_and_pages(backend: Backend) {
    let a = tenant("a");
    let audit = backend.store.audit();
    let empty = audit.verify_chain(&a).await.unwrap();
    assert!(empty.ok && empty.rows == 0);
    fill(&backend, 7).await;
    let report = audit.verify_chain(&a).await.unwrap();
    assert!(report.ok && report.rows == 7, "{report:?}");
    let first = audit.list(&a, None, 0, 5).await.unwrap();
    let rest = audit.list(&a, None, first[4].seq, 5).await.unwrap();
    let actions: Vec<_> = first
        .iter()
        .chain(&rest)
        .map(|row| row.action.clone())
        .collect();
    assert_eq!(
        actions,
        (0..7).map(|at| format!("test.{at}")).collect::<Vec<_>>()
    );
    assert_eq!(rest.last().unwrap().hash, report.head);
    assert_eq!(
        first[0].details["ä"], "\u{0}",
        "what PostgreSQL's jsonb would refuse"
    );
}

/// Each way to tamper, on a fresh chain of nine rows, and where it is seen.
async fn tampering_shows(backend: Backend) {
    let copy = "INSERT INTO main.audit_log SELECT tenant_id, 10, id, integration_id, at, actor, action, details, hash \
                FROM main.audit_log WHERE seq = 9";
    let cases: [(&[&str], u64, Broken); 9] = [
        (
            &["UPDATE main.audit_log SET actor = 'user:2' WHERE seq = 4"],
            4,
            Broken::Changed,
        ),
        (
            &["UPDATE main.audit_log SET at = at + 1 WHERE seq = 1"],
            1,
            Broken::Changed,
        ),
        (
            &["UPDATE main.audit_log SET details = '{}' WHERE seq = 9"],
            9,
            Broken::Changed,
        ),
        (
            &["DELETE FROM main.audit_log WHERE seq = 5"],
            5,
            Broken::Gap,
        ),
        (
            &["DELETE FROM main.audit_log WHERE seq > 6"],
            7,
            Broken::Tail,
        ),
        (&["DELETE FROM main.audit_log"], 1, Broken::Tail),
        (&[copy], 10, Broken::Tail),
        (
            // Two rows change places.
            &[
                "UPDATE main.audit_log SET seq = 100 WHERE seq = 3",
                "UPDATE main.audit_log SET seq = 3 WHERE seq = 4",
                "UPDATE main.audit_log SET seq = 4 WHERE seq = 100",
            ],
            3,
            Broken::Changed,
        ),
        // The head is cut to fit the tail: its hash does not.
        (
            &[
                "DELETE FROM main.audit_log WHERE seq = 9",
                "UPDATE main.audit_heads SET entries = 8",
            ],
            9,
            Broken::Tail,
        ),
    ];
    let a = tenant("a");
    for (statements, at, how) in cases {
        backend.raw("DELETE FROM main.audit_log").await.unwrap();
        backend.raw("DELETE FROM main.audit_heads").await.unwrap();
        fill(&backend, 9).await;
        for statement in statements {
            backend.raw(statement).await.unwrap();
        }
        let report = backend.store.audit().verify_chain(&a).await.unwrap();
        assert!(!report.ok, "{statements:?}");
        assert_eq!(report.first_bad, Some((at, how)), "{statements:?}");
    }
}

async fn concurrent_writers_make_one_chain(backend: Backend) {
    let a = tenant("a");
    let stores = [
        backend.store.clone(),
        backend.another().await,
        backend.another().await,
    ];
    let mut writers = Vec::new();
    for (at, store) in stores.into_iter().cycle().take(12).enumerate() {
        let a = a.clone();
        writers.push(tokio::spawn(async move {
            for _ in 0..5 {
                let actor = format!("writer:{at}");
                store
                    .audit()
                    .append(&a, &NewAudit::new(&actor, "test"))
                    .await
                    .unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let report = backend.store.audit().verify_chain(&a).await.unwrap();
    assert!(report.ok && report.rows == 60, "{report:?}");
}

async fn bad_entries_are_refused(backend: Backend) {
    let a = tenant("a");
    let audit = backend.store.audit();
    let long = "x".repeat(1_000_000);
    let bad = NewAudit::new("", &long).details(json!({ "text": long }));
    let error = audit.append(&a, &bad).await.unwrap_err();
    let paths: Vec<_> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(paths, ["/actor", "/action", "/details"]);
    assert_eq!(audit.verify_chain(&a).await.unwrap().rows, 0);
    fill(&backend, 1).await;
    let broken = match backend.engine() {
        Engine::Sqlite => "UPDATE main.audit_log SET details = 'no json'",
        _ => "UPDATE main.audit_log SET details = 'no json'",
    };
    backend.raw(broken).await.unwrap();
    let error = audit.list(&a, None, 0, 10).await.unwrap_err();
    assert_eq!(error.code(), Some("corrupt"));
    assert!(
        error.to_string().contains("audit_log a/1: details"),
        "{error}"
    );
}
