use integrations_core::{Error, ErrorKind, IntegrationId};
use integrations_store::{DeadLetterFilter, DeadLetterStatus, DeadSource, NewDeadLetter, Store};

use crate::backend::{Backend, on_both_engines, tenant};

on_both_engines!(
    what_failed_has_one_open_letter,
    a_letter_is_gone_with_its_transaction,
    letters_are_found_by_what_is_known_of_them,
    promise_12_another_tenant_sees_and_changes_nothing,
    a_letter_shows_no_payload,
);

fn letter(source: DeadSource, id: &str) -> NewDeadLetter {
    let error = Error::new(ErrorKind::Validation, "the address is refused").with_code("bad_email");
    let mut letter = NewDeadLetter::of_error(source, id, "contact.push", &error);
    letter.subject = Some("contact:1".to_owned());
    letter.attempts = 3;
    letter.payload = "{\"email\":\"planted@example.com\"}".to_owned();
    letter
}

async fn add(store: &Store, tenant_name: &str, new: &NewDeadLetter) -> bool {
    let mut transaction = store.begin("test").await.unwrap();
    let letters = store.dead_letters();
    let added = letters
        .add_in(&mut transaction, &tenant(tenant_name), new)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    added.is_some()
}

async fn what_failed_has_one_open_letter(backend: Backend) {
    let store = &backend.store;
    let a = tenant("a");
    let new = letter(DeadSource::Event, "e1");
    assert!(add(store, "a", &new).await);
    assert!(!add(store, "a", &new).await, "one is open");
    assert!(add(store, "a", &letter(DeadSource::Job, "e1")).await);
    assert!(add(store, "b", &new).await);
    let letters = store.dead_letters();
    let open = letters.list(&a, &DeadLetterFilter::open()).await.unwrap();
    assert_eq!(open.len(), 2);
    // Replayed and failed again: a second one.
    let mut transaction = store.begin("test").await.unwrap();
    let found = letters
        .find_open_in(&mut transaction, &a, open[0].id)
        .await
        .unwrap();
    assert_eq!(found.unwrap().source_id, "e1");
    assert!(
        letters
            .mark_replayed_in(&mut transaction, &a, open[0].id, "e1")
            .await
            .unwrap()
    );
    assert!(
        !letters
            .mark_replayed_in(&mut transaction, &a, open[0].id, "e1")
            .await
            .unwrap()
    );
    transaction.commit().await.unwrap();
    assert!(add(store, "a", &new).await);
    let all = letters.list(&a, &DeadLetterFilter::all()).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].status, DeadLetterStatus::Replayed);
    assert!(all[0].resolved_at.is_some());
}

async fn a_letter_is_gone_with_its_transaction(backend: Backend) {
    let store = &backend.store;
    let letters = store.dead_letters();
    let mut transaction = store.begin("test").await.unwrap();
    let added = letters
        .add_in(
            &mut transaction,
            &tenant("a"),
            &letter(DeadSource::Job, "1"),
        )
        .await
        .unwrap();
    drop(transaction);
    let found = letters.find(&tenant("a"), added.unwrap()).await.unwrap();
    assert!(found.is_none());
}

async fn letters_are_found_by_what_is_known_of_them(backend: Backend) {
    let store = &backend.store;
    let a = tenant("a");
    let integration = IntegrationId::new();
    let mut first = letter(DeadSource::Job, "1");
    first.integration = Some(integration);
    add(store, "a", &first).await;
    let mut second = NewDeadLetter::new(
        DeadSource::Event,
        "2",
        "ContactCreate",
        "panic",
        "the handler panicked",
    );
    second.message = "x".repeat(5_000);
    add(store, "a", &second).await;
    let letters = store.dead_letters();
    let all = letters.list(&a, &DeadLetterFilter::open()).await.unwrap();
    assert_eq!(
        all.iter()
            .map(|one| one.source_id.as_str())
            .collect::<Vec<_>>(),
        ["1", "2"]
    );
    assert_eq!(all[0].integration, Some(integration));
    assert_eq!(all[0].code.as_deref(), Some("bad_email"));
    assert_eq!((all[0].attempts, all[0].cause.as_str()), (3, "validation"));
    assert!(all[1].message.len() <= 1_024, "cut");

    let open = DeadLetterFilter::open;
    for (filter, expected) in [
        (open().source(DeadSource::Event), &["2"][..]),
        (open().cause("validation"), &["1"]),
        (open().kind("ContactCreate"), &["2"]),
        (open().after(all[0].id), &["2"]),
        (open().limit(1), &["1"]),
        (open().since(all[0].created_at), &["1", "2"]),
        (open().until(all[0].created_at), &[]),
        (open().status(DeadLetterStatus::Dropped), &[]),
    ] {
        let found = letters.list(&a, &filter).await.unwrap();
        let ids: Vec<_> = found.iter().map(|one| one.source_id.as_str()).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
    let counts = letters.counts(&a).await.unwrap();
    assert_eq!(counts.len(), 2);
    assert_eq!((counts[0].source, counts[0].count), (DeadSource::Event, 1));
    let long = NewDeadLetter::new(DeadSource::Job, "3", "k".repeat(1_000), "other", "x");
    let mut transaction = store.begin("test").await.unwrap();
    let error = letters
        .add_in(&mut transaction, &a, &long)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
}

async fn promise_12_another_tenant_sees_and_changes_nothing(backend: Backend) {
    let store = &backend.store;
    let (a, b) = (tenant("a"), tenant("b"));
    add(store, "a", &letter(DeadSource::Job, "1")).await;
    let letters = store.dead_letters();
    let id = letters.list(&a, &DeadLetterFilter::open()).await.unwrap()[0].id;
    assert!(letters.find(&b, id).await.unwrap().is_none());
    assert!(
        letters
            .list(&b, &DeadLetterFilter::all())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(letters.counts(&b).await.unwrap().is_empty());
    assert!(!letters.drop_letter(&b, id).await.unwrap());
    let mut transaction = store.begin("test").await.unwrap();
    assert!(
        letters
            .find_open_in(&mut transaction, &b, id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        !letters
            .mark_replayed_in(&mut transaction, &b, id, "2")
            .await
            .unwrap()
    );
    transaction.commit().await.unwrap();
    assert!(letters.drop_letter(&a, id).await.unwrap());
    let dropped = letters.find(&a, id).await.unwrap().unwrap();
    let later = dropped.created_at + std::time::Duration::from_secs(3_600);
    assert_eq!(letters.purge(&b, later).await.unwrap(), 0);
    assert_eq!(
        letters.purge(&a, dropped.created_at).await.unwrap(),
        0,
        "not yet"
    );
    assert_eq!(letters.purge(&a, later).await.unwrap(), 1);
}

async fn a_letter_shows_no_payload(backend: Backend) {
    let new = letter(DeadSource::Job, "1");
    assert!(!format!("{new:?}").contains("planted"), "{new:?}");
    add(&backend.store, "a", &new).await;
    let letters = backend.store.dead_letters();
    let stored = letters
        .list(&tenant("a"), &DeadLetterFilter::open())
        .await
        .unwrap();
    assert!(stored[0].payload.contains("planted"));
    assert!(!format!("{stored:?}").contains("planted"), "{stored:?}");
}
