//! STOP, on both sides of a flow and elsewhere.

use integrations_core::email::EmailAddress;
use integrations_core::model::Channel;
use integrations_core::{Error, ErrorKind};
use integrations_store::{OptOutSource, OptOutWord, RunKind, Side};
use integrations_sync::flow::Way;

use crate::backend::{Backend, on_both_engines};
use crate::support::crm::{Crm, Pair, When, person, quick};

on_both_engines!(
    promise_15_a_stop_goes_over_and_is_lifted_by_its_source_alone,
    promise_15_a_stop_is_heard_from_whom_is_not_synced,
    promise_15_a_stop_of_another_source_shows_on_both_sides,
    promise_15_a_stop_that_comes_with_our_write_is_its_sides_own,
    promise_15_a_stop_of_ours_whose_arrival_nobody_told_is_ours,
    promise_15_a_stop_that_was_lifted_under_our_write_is_lifted,
    promise_15_a_stop_shows_where_a_person_is_asked_too,
    a_side_that_knows_one_channel_is_told_of_all_by_that,
);

/// What somebody who is no side of the flow says of text messages to a person.
async fn texting(pair: &Pair, n: u32, stop: bool) {
    let phone = person(n).phone.unwrap();
    let source = OptOutSource::new("texting");
    let word = match stop {
        true => OptOutWord::stop(&phone, Some(Channel::Sms), source),
        false => OptOutWord::lift(&phone, Some(Channel::Sms), source),
    };
    let opt_outs = pair.store.opt_outs();
    opt_outs.note(&pair.tenant, &[word]).await.unwrap();
}

async fn promise_15_a_stop_goes_over_and_is_lifted_by_its_source_alone(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let left = pair.left.add(person(1));
    pair.deliver().await;
    let right = pair.right.ids()[0].clone();
    let opt_outs = backend.store.opt_outs();
    let phone = person(1).phone.unwrap();
    let blocks = || async {
        opt_outs
            .blocks(&pair.tenant, &Channel::Sms, &phone)
            .await
            .unwrap()
    };
    let shown = || {
        [pair.left.get(&left), pair.right.get(&right)]
            .map(|contact| contact.unwrap().opt_outs.blocks(&Channel::Sms))
    };
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, true));
    pair.deliver().await;
    assert!(blocks().await);
    assert_eq!(shown(), [true, true]);
    // The other side lifts what it did not say: it stays.
    pair.right
        .edit(&right, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    assert!(blocks().await);
    assert_eq!(shown(), [true, true]);
    // The texting system says so too; then the left takes its word back.
    let texting = OptOutSource::new("twilio");
    let stop = OptOutWord::stop(&phone, Some(Channel::Sms), texting.clone());
    opt_outs.note(&pair.tenant, &[stop]).await.unwrap();
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    assert!(blocks().await);
    assert_eq!(shown(), [true, true]);
    let lift = OptOutWord::lift(&phone, Some(Channel::Sms), texting);
    opt_outs.note(&pair.tenant, &[lift]).await.unwrap();
    assert!(!blocks().await);
    pair.left
        .edit(&left, |contact| contact.website = Some("x.example".into()));
    pair.deliver().await;
    assert_eq!(shown(), [false, false]);
    // A STOP of a contact that is created on the other side goes with it.
    let mut contact = person(2);
    contact.opt_outs.all = Some(true);
    pair.right.add(contact);
    pair.deliver().await;
    pair.assert_equal();
    let phone = person(2).phone.unwrap();
    assert!(
        opt_outs
            .blocks(&pair.tenant, &Channel::Call, &phone)
            .await
            .unwrap()
    );
    let said = opt_outs.list(&pair.tenant, &phone).await.unwrap();
    assert_eq!(said.len(), 1, "the echo is nobody's word");
}

async fn promise_15_a_stop_is_heard_from_whom_is_not_synced(backend: Backend) {
    let pair = Pair::new(&backend, quick().with_way(Way::ToRight)).await;
    let opt_outs = backend.store.opt_outs();
    let blocks = |n: u32| {
        let (opt_outs, tenant) = (&opt_outs, &pair.tenant);
        async move {
            let phone = person(n).phone.unwrap();
            opt_outs
                .blocks(tenant, &Channel::Sms, &phone)
                .await
                .unwrap()
        }
    };
    // One whom the flow never writes to the other side.
    let right = pair.right.add(person(1));
    pair.right
        .edit(&right, |contact| contact.opt_outs.set(Channel::Sms, true));
    pair.deliver().await;
    assert!(blocks(1).await);
    pair.right
        .edit(&right, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    assert!(!blocks(1).await);
    // One whom a person has to look at.
    pair.right
        .add(person(2).with_email(EmailAddress::parse("other@example.com").unwrap()));
    pair.right.changes();
    let left = pair.left.add(person(2));
    pair.deliver().await;
    assert_eq!(pair.questions().await, ["twin"]);
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, true));
    pair.left.changes();
    pair.flow.run(RunKind::Full).execute().await.unwrap();
    assert!(blocks(2).await);
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    assert!(!blocks(2).await);
}

async fn promise_15_a_stop_of_another_source_shows_on_both_sides(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let left = pair.left.add(person(1));
    pair.deliver().await;
    let right = pair.right.ids()[0].clone();
    let phone = person(1).phone.unwrap();
    let shown = || {
        [pair.left.get(&left), pair.right.get(&right)]
            .map(|contact| contact.unwrap().opt_outs.blocks(&Channel::Sms))
    };
    let texting = OptOutSource::new("twilio");
    let says = [
        OptOutWord::stop(&phone, Some(Channel::Sms), texting.clone()),
        OptOutWord::lift(&phone, Some(Channel::Sms), texting),
    ];
    for (word, expected) in says.into_iter().zip([true, false]) {
        let opt_outs = backend.store.opt_outs();
        opt_outs.note(&pair.tenant, &[word]).await.unwrap();
        pair.flow.sync_address(None, Some(&phone)).await.unwrap();
        assert_eq!(shown(), [expected; 2]);
        // What was written comes back, and is no word of either side.
        pair.deliver().await;
        assert_eq!(shown(), [expected; 2]);
    }
}

/// The right cannot be told of text messages; somebody says STOP there while something else is written.
async fn promise_15_a_stop_that_comes_with_our_write_is_its_sides_own(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    pair.right.takes_opt_outs_of(&[Channel::Call]);
    let id = pair.left.add(person(1));
    pair.deliver().await;
    let phone = person(1).phone.unwrap();
    let opt_outs = pair.store.opt_outs();
    texting(&pair, 1, true).await;
    pair.right
        .keeps(|contact| contact.opt_outs.set(Channel::Sms, true));
    pair.left
        .edit(&id, |contact| contact.first_name = Some("New".to_owned()));
    pair.deliver().await;
    texting(&pair, 1, false).await;
    pair.flow.sync_address(None, Some(&phone)).await.unwrap();
    pair.deliver().await;
    let blocked = opt_outs.blocks(&pair.tenant, &Channel::Sms, &phone).await;
    assert!(blocked.unwrap(), "the right's own word stands");
    let left = pair.left.get(&id).unwrap();
    assert!(left.opt_outs.blocks(&Channel::Sms));
    // And it is the right's to take back.
    pair.right.keeps(|_| {});
    let other = pair.right.ids().pop().unwrap();
    pair.right
        .edit(&other, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    let blocked = opt_outs.blocks(&pair.tenant, &Channel::Sms, &phone).await;
    assert!(!blocked.unwrap());
    assert!(!pair.left.get(&id).unwrap().opt_outs.blocks(&Channel::Sms));
}

/// A side took its own STOP back, somebody else's still stood and was written over that, and the answer was lost.
async fn promise_15_a_stop_that_was_lifted_under_our_write_is_lifted(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let id = pair.left.add(person(1));
    pair.deliver().await;
    pair.left
        .edit(&id, |contact| contact.opt_outs.set(Channel::Sms, true));
    pair.deliver().await;
    texting(&pair, 1, true).await;
    pair.left
        .edit(&id, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.left.changes();
    let lost = Error::new(ErrorKind::Timeout, "no answer").with_outcome_unknown(true);
    pair.left.fail("update", When::After, lost);
    let cut_off = pair.flow.sync_one(Side::Left, &id).await;
    assert!(cut_off.unwrap_err().is_retryable());
    pair.deliver().await;
    texting(&pair, 1, false).await;
    let phone = person(1).phone.unwrap();
    pair.flow.sync_address(None, Some(&phone)).await.unwrap();
    pair.deliver().await;
    let said = pair.store.opt_outs().list(&pair.tenant, &phone).await;
    assert!(said.unwrap().is_empty());
    for contact in [pair.left.contacts(), pair.right.contacts()].concat() {
        assert!(!contact.opt_outs.blocks(&Channel::Sms));
    }
}

/// Two contacts of which nobody knows yet whether they are one person.
async fn promise_15_a_stop_shows_where_a_person_is_asked_too(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let left = pair.left.add(person(1));
    let mut twin = person(1);
    twin.email = Some(EmailAddress::parse("twin@example.com").unwrap());
    let right = pair.right.add(twin);
    pair.deliver().await;
    assert_eq!(pair.questions().await, ["twin", "twin"]);
    let phone = person(1).phone.unwrap();
    let shown = || {
        let contacts = [pair.left.get(&left), pair.right.get(&right)];
        contacts.map(|contact| contact.unwrap().opt_outs.blocks(&Channel::Sms))
    };
    for stop in [true, false, true] {
        texting(&pair, 1, stop).await;
        pair.flow.sync_address(None, Some(&phone)).await.unwrap();
        pair.deliver().await;
        assert_eq!(shown(), [stop; 2]);
    }
    let writes = pair.api_writes();
    pair.flow.sync_address(None, Some(&phone)).await.unwrap();
    assert_eq!(pair.api_writes(), writes);
    // One of them says so too, and takes it back.
    let opt_outs = pair.store.opt_outs();
    let words = async || opt_outs.list(&pair.tenant, &phone).await.unwrap().len();
    assert_eq!(words().await, 1, "what we show is nobody's word");
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    assert_eq!(shown(), [true; 2], "it is shown again");
    texting(&pair, 1, false).await;
    pair.flow.sync_address(None, Some(&phone)).await.unwrap();
    pair.deliver().await;
    assert_eq!(shown(), [false; 2]);
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, true));
    pair.deliver().await;
    assert_eq!(words().await, 1);
    pair.left
        .edit(&left, |contact| contact.opt_outs.set(Channel::Sms, false));
    pair.deliver().await;
    assert_eq!(words().await, 0);
}

/// The answer of the write that shows a STOP is lost: an update's on one side, a creation's on the other.
async fn promise_15_a_stop_of_ours_whose_arrival_nobody_told_is_ours(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let lost = || Error::new(ErrorKind::Timeout, "no answer").with_outcome_unknown(true);
    let shown = |crm: &Crm, n: u32| {
        let phone = person(n).phone;
        let mut all = crm.contacts().into_iter();
        let contact = all.rfind(|one| one.phone == phone);
        contact.is_some_and(|one| one.opt_outs.blocks(&Channel::Sms))
    };
    pair.left.add(person(1));
    pair.deliver().await;
    for n in [1, 2] {
        let phone = person(n).phone.unwrap();
        texting(&pair, n, true).await;
        if n == 1 {
            pair.left.fail("update", When::After, lost());
            let cut_off = pair.flow.sync_address(None, Some(&phone)).await;
            assert!(cut_off.unwrap_err().is_retryable());
            assert!(shown(&pair.left, n), "it arrived");
        } else {
            pair.right.fail("create", When::After, lost());
            pair.left.add(person(n));
        }
        pair.deliver().await;
        pair.flow.sync_address(None, Some(&phone)).await.unwrap();
        assert!(shown(&pair.left, n) && shown(&pair.right, n), "{n}");
        texting(&pair, n, false).await;
        pair.flow.sync_address(None, Some(&phone)).await.unwrap();
        pair.deliver().await;
        assert!(!shown(&pair.left, n) && !shown(&pair.right, n), "{n}");
        let opt_outs = pair.store.opt_outs();
        let said = opt_outs.list(&pair.tenant, &phone).await.unwrap();
        assert!(said.is_empty(), "{n}: {said:?}");
    }
    assert_eq!(pair.right.count("create"), 2);
}

async fn a_side_that_knows_one_channel_is_told_of_all_by_that(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    pair.right.takes_opt_outs_of(&[Channel::Call]);
    let id = pair.left.add(person(1));
    pair.deliver().await;
    pair.left.edit(&id, |contact| {
        contact.opt_outs.all = Some(true);
        contact.opt_outs.set(Channel::Call, false);
    });
    pair.deliver().await;
    let right = pair.right.contacts().pop().unwrap();
    assert_eq!(right.opt_outs.all, None);
    assert!(right.opt_outs.blocks(&Channel::Call));
    let writes = pair.api_writes();
    pair.flow.sync_one(Side::Left, &id).await.unwrap();
    assert_eq!(pair.api_writes(), writes, "once is enough");
    pair.left
        .edit(&id, |contact| contact.opt_outs.all = Some(false));
    pair.deliver().await;
    let right = pair.right.contacts().pop().unwrap();
    assert!(!right.opt_outs.blocks(&Channel::Call));
}
