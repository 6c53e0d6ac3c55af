//! One contact at a time: events in, writes out.

use std::time::Duration;

use integrations_core::email::EmailAddress;
use integrations_core::phone::PhoneNumber;
use integrations_core::webhook::{Change, Object};
use integrations_core::{Error, ErrorKind};
use integrations_store::{MappingState, Side};
use integrations_sync::flow::{
    Action, Clears, ConflictPolicy, DeletePolicy, Field, FieldRule, MatchKey, Question, Way,
};

use crate::backend::{Backend, on_both_engines};
use crate::support::crm::{FLOW, Pair, When, person, quick};

on_both_engines!(
    promise_10_a_write_that_comes_back_causes_no_other,
    promise_04_many_deliveries_of_one_change_have_one_effect,
    edits_of_different_fields_both_survive,
    the_last_write_wins_or_a_side_or_a_person,
    a_side_that_keeps_less_is_not_taken_for_changed,
    deletions_follow_the_policy,
    an_edit_beats_a_deletion_by_policy,
    a_merge_at_the_provider_keeps_one,
    twins_and_duplicates_wait_for_a_person,
    the_same_person_on_both_sides_is_linked,
    sides_that_fight_are_stopped,
    promise_09_a_creation_of_unknown_outcome_is_found_again,
    promise_09_without_a_search_a_person_decides,
    an_echo_before_the_answer_creates_nobody,
    what_a_provider_refuses_goes_to_a_person_and_heals,
    who_lacks_what_a_side_needs_is_not_created_there,
    one_way_flows_write_one_way,
    emptied_fields_and_tags_go_over_when_they_should,
    a_plan_is_what_is_done,
);

async fn state(pair: &Pair, side: Side, id: &str) -> MappingState {
    let mappings = pair.store.mappings();
    let found = mappings.find(&pair.tenant, FLOW, side, id).await.unwrap();
    found.unwrap().state
}

fn name(contact: &integrations_core::model::Contact) -> &str {
    contact.first_name.as_deref().unwrap_or_default()
}

async fn promise_10_a_write_that_comes_back_causes_no_other(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    for n in 0..5 {
        pair.left.add(person(n));
        pair.right.add(person(n + 10));
    }
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.api_writes(), 10, "each once");
    let id = pair.left.ids()[0].clone();
    pair.left
        .edit(&id, |contact| contact.first_name = Some("New".into()));
    let events = pair.deliver().await;
    assert_eq!(
        (events, pair.api_writes()),
        (2, 11),
        "the edit and its echo"
    );
    // The echo is known as one.
    let right = pair.right.writes().last().unwrap().id.clone();
    let change = [Change::upserted(Object::Contact, right)];
    let handled = pair
        .flow
        .handle_changes(&pair.tenant, pair.ids[1], &change, None)
        .await
        .unwrap();
    assert_eq!((handled.contacts, handled.echoes), (1, 1));
    assert!(handled.synced.steps.is_empty());
    // Without the ledger it is no change either.
    backend.store.echoes().purge(&pair.tenant).await.unwrap();
    pair.flow
        .handle_changes(&pair.tenant, pair.ids[1], &change, None)
        .await
        .unwrap();
    assert_eq!(pair.api_writes(), 11);
    assert_eq!(pair.questions().await, [""; 0]);
}

async fn promise_04_many_deliveries_of_one_change_have_one_effect(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let id = pair.left.add(person(1));
    let other = pair.again(&backend.another().await, quick());
    let change = [Change::upserted(Object::Contact, id.as_str())];
    for edit in ["First1", "Second"] {
        pair.left
            .edit(&id, |contact| contact.first_name = Some(edit.into()));
        let many = (0..24).map(|n| {
            let flow = if n % 2 == 0 { &pair.flow } else { &other };
            flow.handle_changes(&pair.tenant, pair.ids[0], &change, None)
        });
        for result in futures_util::future::join_all(many).await {
            result.unwrap();
        }
    }
    assert_eq!(pair.right.count("create"), 1);
    assert_eq!(pair.right.count("update"), 1);
    assert_eq!(pair.left.writes(), []);
    pair.assert_equal();
}

async fn edits_of_different_fields_both_survive(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_conflicts(ConflictPolicy::Ask)).await;
    let left = pair.left.add(person(1));
    pair.deliver().await;
    let right = pair.right.ids()[0].clone();
    pair.left.edit(&left, |contact| {
        contact.first_name = Some("Jane".into());
        contact.tags = vec!["VIP".into()];
    });
    pair.right.edit(&right, |contact| {
        contact.website = Some("jane.example".into());
        contact.tags = vec!["lead".into()];
    });
    pair.deliver().await;
    pair.assert_equal();
    let contact = pair.right.get(&right).unwrap();
    assert_eq!(name(&contact), "Jane");
    assert_eq!(contact.website.as_deref(), Some("jane.example"));
    assert_eq!(contact.tags.len(), 2);
    assert_eq!(pair.questions().await, [""; 0]);
}

async fn the_last_write_wins_or_a_side_or_a_person(backend: Backend) {
    let policies = [
        ConflictPolicy::LastWriteWins,
        ConflictPolicy::Prefer(Side::Left),
        ConflictPolicy::Ask,
    ];
    let pair = Pair::new(&backend, quick()).await;
    for (n, policy) in (0..).zip(policies) {
        let left = pair.left.add(person(n));
        pair.deliver().await;
        let right = pair.right.ids().last().unwrap().clone();
        let mut flow = Pair {
            flow: pair.again(&backend.store, quick().with_conflicts(policy)),
            left: pair.left.clone(),
            right: pair.right.clone(),
            tenant: pair.tenant.clone(),
            store: pair.store.clone(),
            books: pair.books.clone(),
            ids: pair.ids,
        };
        pair.left
            .edit(&left, |contact| contact.first_name = Some("Left".into()));
        pair.right
            .edit(&right, |contact| contact.first_name = Some("Right".into()));
        flow.deliver().await;
        let names = [pair.left.get(&left), pair.right.get(&right)].map(Option::unwrap);
        let names = names.each_ref().map(name);
        match policy {
            ConflictPolicy::LastWriteWins => assert_eq!(names, ["Right", "Right"]),
            ConflictPolicy::Prefer(_) => assert_eq!(names, ["Left", "Left"]),
            _ => {
                assert_eq!(names, ["Left", "Right"]);
                assert_eq!(flow.questions().await, ["fields"]);
                assert_eq!(state(&flow, Side::Left, &left).await, MappingState::Held);
            }
        }
        flow.flow = pair.flow.clone();
    }
}

async fn a_side_that_keeps_less_is_not_taken_for_changed(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    // Forgets websites, shortens names, writes countries its own way.
    pair.right.keeps(|contact| {
        contact.website = None;
        if let Some(name) = &mut contact.first_name {
            name.truncate(4);
        }
        if let Some(country) = contact
            .address
            .as_mut()
            .and_then(|address| address.country.as_mut())
        {
            *country = country.to_uppercase();
        }
    });
    let mut contact = person(1)
        .with_website("a.example")
        .with_first_name("Maximilian");
    contact.address = Some({
        let mut address = integrations_core::model::Address::new();
        address.country = Some("us".into());
        address
    });
    let left = pair.left.add(contact.clone());
    pair.deliver().await;
    assert_eq!(pair.api_writes(), 1);
    let right = pair.right.ids()[0].clone();
    pair.right
        .edit(&right, |contact| contact.job_title = Some("CEO".into()));
    pair.deliver().await;
    let kept = pair.left.get(&left).unwrap();
    assert_eq!(kept.job_title.as_deref(), Some("CEO"));
    assert_eq!(kept.first_name.as_deref(), Some("Maximilian"));
    assert_eq!(kept.website.as_deref(), Some("a.example"));
    assert_eq!(pair.api_writes(), 2);
}

async fn deletions_follow_the_policy(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    for (n, deletes) in [
        (0, DeletePolicy::Propagate),
        (1, DeletePolicy::Unlink),
        (2, DeletePolicy::Ignore),
    ] {
        let left = pair.left.add(person(n));
        pair.deliver().await;
        let right = pair.right.ids().last().unwrap().clone();
        let flow = pair.again(&backend.store, quick().with_deletes(deletes));
        pair.left.remove(&left);
        let change = pair.left.changes();
        for (change, at) in change {
            flow.handle_changes(&pair.tenant, pair.ids[0], &[change], Some(at))
                .await
                .unwrap();
        }
        let there = pair.right.get(&right).is_some();
        match deletes {
            DeletePolicy::Propagate => {
                assert!(!there);
                assert_eq!(state(&pair, Side::Right, &right).await, MappingState::Gone);
            }
            DeletePolicy::Unlink => {
                assert!(there);
                pair.right
                    .edit(&right, |contact| contact.first_name = Some("X".into()));
                flow.sync_one(Side::Right, &right).await.unwrap();
                assert_eq!(pair.left.count("create"), 0, "left alone");
            }
            _ => {
                assert!(there);
                flow.sync_one(Side::Right, &right).await.unwrap();
                assert_eq!(pair.left.count("create"), 0, "nothing changed");
                pair.right
                    .edit(&right, |contact| contact.first_name = Some("X".into()));
                flow.sync_one(Side::Right, &right).await.unwrap();
                assert_eq!(pair.left.count("create"), 1, "its change brings it back");
            }
        }
        pair.left.changes();
        pair.right.changes();
    }
}

async fn an_edit_beats_a_deletion_by_policy(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    for (n, policy, kept) in [
        (0, ConflictPolicy::LastWriteWins, true),
        (1, ConflictPolicy::Prefer(Side::Right), true),
        (2, ConflictPolicy::Prefer(Side::Left), false),
        (3, ConflictPolicy::Ask, true),
    ] {
        let left = pair.left.add(person(n));
        pair.deliver().await;
        let right = pair.right.ids().last().unwrap().clone();
        let config = quick()
            .with_deletes(DeletePolicy::Propagate)
            .with_conflicts(policy);
        let flow = pair.again(&backend.store, config);
        pair.left.remove(&left);
        pair.right
            .edit(&right, |contact| contact.first_name = Some("Kept".into()));
        let created = pair.left.count("create");
        flow.sync_one(Side::Left, &left).await.unwrap();
        assert_eq!(pair.right.get(&right).is_some(), kept, "{policy:?}");
        let back = pair.left.count("create") - created;
        assert_eq!(back, usize::from(kept && policy != ConflictPolicy::Ask));
        if policy == ConflictPolicy::Ask {
            assert_eq!(pair.questions().await, ["edited_and_deleted"]);
        }
        pair.left.changes();
        pair.right.changes();
    }
}

async fn a_merge_at_the_provider_keeps_one(backend: Backend) {
    let config = quick().with_deletes(DeletePolicy::Propagate);
    let pair = Pair::new(&backend, config).await;
    let (a, b) = (pair.left.add(person(1)), pair.left.add(person(2)));
    pair.deliver().await;
    pair.left.edit(&a, |contact| {
        contact.website = Some("merged.example".into());
    });
    pair.left.remove(&b);
    pair.left.changes();
    let merged = [Change::merged(Object::Contact, b.as_str(), a.as_str())];
    for _ in 0..2 {
        pair.flow
            .handle_changes(&pair.tenant, pair.ids[0], &merged, None)
            .await
            .unwrap();
    }
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.right.ids().len(), 1);
    // Merged into one that nobody knew: it takes the place.
    let c = pair.left.add(person(1).with_website("new.example"));
    pair.left.remove(&a);
    pair.left.changes();
    let merged = [Change::merged(Object::Contact, a.as_str(), c.as_str())];
    pair.flow
        .handle_changes(&pair.tenant, pair.ids[0], &merged, None)
        .await
        .unwrap();
    pair.assert_equal();
    assert_eq!(pair.right.count("create"), 2);
}

async fn twins_and_duplicates_wait_for_a_person(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    // The same phone, another e-mail address.
    let twin = pair
        .right
        .add(person(1).with_email(EmailAddress::parse("other@example.com").unwrap()));
    pair.right.changes();
    let left = pair.left.add(person(1));
    pair.deliver().await;
    assert_eq!(pair.questions().await, ["twin"]);
    assert_eq!(pair.api_writes(), 0);
    assert_eq!(state(&pair, Side::Left, &left).await, MappingState::Held);
    pair.right
        .edit(&twin, |contact| contact.first_name = Some("X".into()));
    pair.deliver().await;
    assert_eq!(pair.questions().await, ["twin", "twin"]);
    // Twice the same person on one side.
    pair.left.add(person(5));
    pair.deliver().await;
    pair.left.add(person(5));
    pair.deliver().await;
    assert_eq!(pair.questions().await[2..], ["duplicate"]);
    assert_eq!(pair.right.count("create"), 1);
}

async fn the_same_person_on_both_sides_is_linked(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let left = pair.left.add(person(1).with_website("a.example"));
    let mut other = person(1).with_job_title("CEO");
    other.phone = None;
    let right = pair.right.add(other);
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.left.count("create") + pair.right.count("create"), 0);
    assert_eq!(state(&pair, Side::Left, &left).await, MappingState::Linked);
    assert_eq!(
        pair.right.get(&right).unwrap().website.as_deref(),
        Some("a.example")
    );
}

async fn sides_that_fight_are_stopped(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_max_flips(4)).await;
    let left = pair.left.add(person(1));
    pair.deliver().await;
    let right = pair.right.ids()[0].clone();
    for n in 0..20 {
        // Something on each side insists on its own spelling.
        pair.left
            .edit(&left, |contact| contact.first_name = Some(format!("L{n}")));
        pair.deliver().await;
        pair.right
            .edit(&right, |contact| contact.first_name = Some(format!("R{n}")));
        pair.deliver().await;
    }
    assert_eq!(pair.questions().await, ["flapping"]);
    assert!(pair.api_writes() <= 7, "{}", pair.api_writes());
}

async fn promise_09_a_creation_of_unknown_outcome_is_found_again(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let lost = || Error::new(ErrorKind::Timeout, "no answer").with_outcome_unknown(true);
    pair.right.fail("create", When::After, lost());
    pair.left.add(person(1));
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.right.count("create"), 1, "found, not created again");
    pair.right.fail("create", When::Before, lost());
    pair.left.add(person(2));
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.right.count("create"), 2, "not found, so created");
    // Nothing was sent: the error comes back, and the next delivery creates.
    let refused = Error::new(ErrorKind::RateLimited, "later");
    pair.right.fail("create", When::Before, refused);
    let id = pair.left.add(person(3));
    let error = pair.flow.sync_one(Side::Left, &id).await.unwrap_err();
    assert!(error.is_retryable());
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.right.count("create"), 3);
}

async fn promise_09_without_a_search_a_person_decides(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    pair.right.finds(false);
    let lost = Error::new(ErrorKind::Io, "broken").with_outcome_unknown(true);
    pair.right.fail("create", When::After, lost);
    pair.left.add(person(1));
    let without_keys = {
        let mut contact = person(2);
        (contact.email, contact.phone) = (None, None);
        contact
    };
    let lost = Error::new(ErrorKind::Io, "broken").with_outcome_unknown(true);
    pair.right.fail("create", When::After, lost);
    pair.left.add(without_keys);
    for (change, at) in pair.left.changes() {
        pair.flow
            .handle_changes(&pair.tenant, pair.ids[0], &[change], Some(at))
            .await
            .unwrap();
    }
    assert_eq!(pair.questions().await, ["unresolved", "unresolved"]);
    assert_eq!(pair.right.count("create"), 2);
}

async fn an_echo_before_the_answer_creates_nobody(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    pair.right.latency(Duration::from_millis(80));
    let mut contact = person(1);
    (contact.email, contact.phone) = (None, None);
    let left = pair.left.add(contact);
    pair.left.changes();
    let creating = pair.flow.sync_one(Side::Left, &left);
    let hearing = async {
        // The provider tells of the contact before it answers the call that creates it.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        let change = loop {
            if let Some((change, _)) = pair.right.changes().pop() {
                break change;
            }
            assert!(tokio::time::Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        pair.flow
            .handle_changes(&pair.tenant, pair.ids[1], &[change], None)
            .await
    };
    let (created, heard) = tokio::join!(creating, hearing);
    assert_eq!(created.unwrap().steps[0].action, Action::Create);
    assert!(heard.unwrap().synced.steps.is_empty());
    assert_eq!(pair.api_writes(), 1);
}

async fn what_a_provider_refuses_goes_to_a_person_and_heals(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let refused = || {
        Error::validation(
            "the phone number is not valid",
            vec![integrations_core::FieldError::new("/phone", "is not valid")],
        )
    };
    pair.right.fail("create", When::Before, refused());
    let left = pair.left.add(person(1));
    pair.deliver().await;
    assert_eq!(pair.questions().await, ["refused"]);
    pair.left
        .edit(&left, |contact| contact.first_name = Some("B".into()));
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.questions().await, [""; 0], "it answered itself");
    pair.right.fail("update", When::Before, refused());
    pair.left
        .edit(&left, |contact| contact.first_name = Some("C".into()));
    pair.deliver().await;
    assert_eq!(pair.questions().await, ["refused"]);
    pair.left
        .edit(&left, |contact| contact.first_name = Some("D".into()));
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.questions().await, [""; 0]);
    // One that the provider knows already.
    pair.right.unique(true);
    pair.right.add(person(7));
    pair.right.changes();
    let flow = pair.again(&backend.store, quick().with_match_by(Vec::new()));
    let id = pair.left.add(person(7));
    let synced = flow.sync_one(Side::Left, &id).await.unwrap();
    assert_eq!(synced.steps[0].action, Action::Link);
    pair.assert_equal();
}

async fn one_way_flows_write_one_way(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_way(Way::ToRight)).await;
    let left = pair.left.add(person(1));
    pair.right.add(person(9));
    pair.deliver().await;
    assert_eq!(pair.left.writes(), []);
    assert_eq!(pair.right.count("create"), 1);
    let right = pair.right.writes()[0].id.clone();
    // What somebody changes in the mirror is put straight.
    pair.right
        .edit(&right, |contact| contact.first_name = Some("X".into()));
    pair.deliver().await;
    assert_eq!(name(&pair.right.get(&right).unwrap()), "First1");
    assert_eq!(pair.left.writes(), []);
    // One field of a flow that goes both ways.
    let config = quick()
        .with_field(FieldRule::same(Field::Website).way(Way::ToLeft))
        .with_field(FieldRule::renamed(Field::JobTitle, Field::extra("title")))
        .with_constant(Side::Right, Field::Source, "sync");
    let flow = pair.again(&backend.store, config);
    pair.left.edit(&left, |contact| {
        contact.website = Some("left.example".into());
        contact.job_title = Some("CEO".into());
    });
    flow.sync_one(Side::Left, &left).await.unwrap();
    let mirror = pair.right.get(&right).unwrap();
    assert_eq!(mirror.website, None);
    assert_eq!(mirror.extra["title"], "CEO");
    assert_eq!(mirror.source.as_deref(), Some("sync"));
}

async fn emptied_fields_and_tags_go_over_when_they_should(backend: Backend) {
    for (n, clears) in [(1, Clears::Keep), (2, Clears::Propagate)] {
        let pair = Pair::new(&backend, quick().with_clears(clears)).await;
        let mut contact = person(n).with_website("a.example");
        contact.tags = vec!["One".into(), "two".into()];
        let left = pair.left.add(contact);
        pair.deliver().await;
        let right = pair.right.ids()[0].clone();
        pair.left.edit(&left, |contact| {
            contact.website = None;
            contact.tags = vec!["one".into()];
        });
        pair.deliver().await;
        let mirror = pair.right.get(&right).unwrap();
        assert_eq!(mirror.tags.len(), 1, "a tag that went is a change");
        assert_eq!(mirror.website.is_none(), clears == Clears::Propagate);
        pair.left.edit(&left, |contact| contact.tags.clear());
        pair.deliver().await;
        let mirror = pair.right.get(&right).unwrap();
        assert_eq!(mirror.tags.is_empty(), clears == Clears::Propagate);
        pair.right
            .edit(&right, |contact| contact.last_name = Some("L".into()));
        pair.deliver().await;
        let source = pair.left.get(&left).unwrap();
        assert_eq!(source.website, None, "it does not come back");
        assert_eq!(source.last_name.as_deref(), Some("L"));
        backend
            .store
            .flows()
            .delete(&pair.tenant, FLOW)
            .await
            .unwrap();
    }
}

async fn a_plan_is_what_is_done(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let left = pair.left.add(person(1));
    let plan = pair.flow.plan_one(Side::Left, &left).await.unwrap();
    assert_eq!(pair.api_writes(), 0);
    assert!(
        pair.store
            .mappings()
            .list(&pair.tenant, FLOW, None, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let done = pair.flow.sync_one(Side::Left, &left).await.unwrap();
    assert_eq!(plan.steps[0].fields, done.steps[0].fields);
    assert_eq!(plan.steps[0].action, Action::Create);
    pair.left
        .edit(&left, |contact| contact.first_name = Some("X".into()));
    let plan = pair.flow.plan_one(Side::Left, &left).await.unwrap();
    let done = pair.flow.sync_one(Side::Left, &left).await.unwrap();
    assert_eq!(plan, done);
    assert_eq!(done.steps[0].fields, ["firstName"]);
    pair.right
        .add(person(1).with_phone(PhoneNumber::from_e164("+12025550199").unwrap()));
    let twin = pair.right.ids().last().unwrap().clone();
    let plan = pair.flow.plan_one(Side::Right, &twin).await.unwrap();
    assert_eq!(plan.steps[0].action, Action::Ask(Question::Twin));
    assert_eq!(pair.questions().await, [""; 0]);
}

async fn who_lacks_what_a_side_needs_is_not_created_there(backend: Backend) {
    let config = quick().with_required(Side::Right, MatchKey::Phone);
    let pair = Pair::new(&backend, config).await;
    let mut nameless = person(1);
    nameless.phone = None;
    let id = pair.left.add(nameless.clone());
    nameless.email = Some(EmailAddress::parse("other@example.com").unwrap());
    pair.right.add(nameless);
    pair.deliver().await;
    assert_eq!(pair.right.contacts().len(), 1, "no number, no contact");
    assert_eq!(pair.left.contacts().len(), 2, "the left needs none");
    assert_eq!(pair.questions().await, [""; 0]);
    // It gets one.
    let phone = person(1).phone;
    pair.left.edit(&id, |contact| contact.phone = phone.clone());
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.right.contacts().len(), 2);
}
