//! A contact is worked on by one process at a time.

use std::time::Duration;

use integrations_core::{Error, ErrorKind};
use integrations_store::{PutMapping, Side};
use integrations_sync::flow::ConflictPolicy;

use crate::backend::{Backend, on_both_engines};
use crate::support::crm::{FLOW, Pair, When, person, quick};

on_both_engines!(
    two_processes_create_one,
    promise_05_a_call_is_given_up_with_its_claim,
    promise_05_a_write_that_was_cut_off_is_not_taken_for_a_change,
);

async fn two_processes_create_one(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_claim(Duration::from_secs(5))).await;
    let other = pair.again(
        &backend.another().await,
        quick().with_claim(Duration::from_secs(5)),
    );
    pair.right.latency(Duration::from_millis(3));
    let ids: Vec<String> = (0..40).map(|n| pair.left.add(person(n))).collect();
    let work = ids.iter().flat_map(|id| {
        [&pair.flow, &other].map(|flow| async move { flow.sync_one(Side::Left, id).await })
    });
    for result in futures_util::future::join_all(work).await {
        result.unwrap();
    }
    assert_eq!(pair.right.count("create"), 40);
    pair.assert_equal();
}

/// A process that still waits to send when the contact is its own no longer: somebody else has taken it, or the database
/// cannot be asked.
async fn promise_05_a_call_is_given_up_with_its_claim(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let cases = [
        ("update", true),
        ("update", false),
        ("create", true),
        ("create", false),
    ];
    for (n, (call, away)) in (1..).zip(cases) {
        let store = backend.another().await;
        let slow = pair.again(&store, quick().with_claim(Duration::from_millis(600)));
        let id = pair.left.add(person(n));
        if call == "update" {
            pair.deliver().await;
            pair.left
                .edit(&id, |contact| contact.first_name = Some("New".to_owned()));
        }
        pair.left.changes();
        let before = pair.right.count(call);
        pair.right.stick(call);
        let working = tokio::spawn({
            let id = id.clone();
            async move { slow.sync_one(Side::Left, &id).await }
        });
        pair.right.halted().await;
        if away {
            store.close().await;
        } else {
            take(&pair, &id).await;
        }
        // Who takes over is not held up for longer than the claim lasts.
        pair.flow.sync_one(Side::Left, &id).await.unwrap();
        assert_eq!(pair.right.count(call), before + 1, "{call}");
        let ended = tokio::time::timeout(Duration::from_secs(20), working).await;
        let ended = ended.expect("the call that waits is given up").unwrap();
        assert_eq!(ended.is_err(), away, "{call}: {ended:?}");
        assert_eq!(pair.right.count(call), before + 1, "{call}");
        pair.assert_equal();
    }
}

/// Takes the row of a contact from whoever works on it.
async fn take(pair: &Pair, id: &str) {
    let mappings = pair.store.mappings();
    loop {
        let row = mappings.find(&pair.tenant, FLOW, Side::Left, id).await;
        let puts = [PutMapping::new(row.unwrap().expect("a row"))];
        let mut transaction = pair.store.begin("test").await.unwrap();
        let written = mappings.put_in(&mut transaction, &pair.tenant, FLOW, &puts);
        let written = written.await.unwrap();
        transaction.commit().await.unwrap();
        // None: who works on it has just said that it still does.
        if !written.is_empty() {
            return;
        }
    }
}

/// Both sides have changed, the write to the left arrives, and the one to the right does not; then somebody changes on the
/// right what the left was just given.
async fn promise_05_a_write_that_was_cut_off_is_not_taken_for_a_change(backend: Backend) {
    let policies = [
        ConflictPolicy::Prefer(Side::Left),
        ConflictPolicy::LastWriteWins,
        ConflictPolicy::Ask,
    ];
    let mut pair = Pair::new(&backend, quick()).await;
    for (n, policy) in (1..).zip(policies) {
        pair.flow = pair.again(&backend.store, quick().with_conflicts(policy));
        let left = pair.left.add(person(n));
        pair.deliver().await;
        let right = pair.right.ids().pop().unwrap();
        for when in [When::Before, When::After] {
            pair.left.edit(&left, |contact| {
                contact.last_name = Some(format!("L{when:?}"));
            });
            pair.right.edit(&right, |contact| {
                contact.first_name = Some(format!("R{when:?}"));
            });
            let (call, on) = match when {
                // The left was written.
                When::Before => ("update", &pair.right),
                // Nobody knows whether it was.
                When::After => ("update", &pair.left),
            };
            let lost = Error::new(ErrorKind::Timeout, "no answer").with_outcome_unknown(true);
            on.fail(call, when, lost);
            pair.right.changes();
            pair.left.changes();
            let failed = pair.flow.sync_one(Side::Left, &left).await.unwrap_err();
            assert!(failed.is_retryable());
            pair.right.edit(&right, |contact| {
                contact.first_name = Some(format!("S{when:?}"));
            });
            // An answer that came in time would have told the left's own time too.
            pair.left.edit(&left, |contact| {
                contact.website = Some("https://example.com".into());
            });
            pair.deliver().await;
            pair.assert_equal();
            let left = pair.left.get(&left).unwrap();
            let name = (left.first_name.as_deref(), left.last_name.as_deref());
            let (first, last) = (format!("S{when:?}"), format!("L{when:?}"));
            assert_eq!(name, (Some(&*first), Some(&*last)), "{policy:?}");
        }
        assert_eq!(pair.questions().await, [""; 0], "{policy:?}");
    }
}
