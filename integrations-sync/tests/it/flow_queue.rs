//! The manual queue, copies of messages, and the flows of a process.

use std::sync::Arc;

use async_trait::async_trait;
use integrations_core::email::EmailAddress;
use integrations_core::model::{Channel, Contact, Direction, Message, Party};
use integrations_core::provider::Integration;
use integrations_core::webhook::{Change, Object};
use integrations_core::{Error, ErrorKind, IntegrationId, Result, TenantId};
use integrations_store::{ConflictId, OptOutSource, OptOutWord, Side};
use integrations_sync::flow::{
    Action, ConflictPolicy, Connector, Copied, DeletePolicy, Flows, Resolution, Transform,
};

use crate::backend::{Backend, on_both_engines};
use crate::support::crm::{Crm, FLOW, Pair, When, person, quick};

on_both_engines!(
    twins_are_linked_created_or_ignored,
    a_person_says_which_side_is_right,
    a_message_is_copied_once_and_never_on_suspicion,
    flows_are_opened_by_what_an_event_came_for,
    what_a_transform_does_is_compared_and_written,
);

async fn question(pair: &Pair) -> ConflictId {
    let open = pair
        .store
        .conflicts()
        .list(&pair.tenant, FLOW, true, None, 10)
        .await
        .unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    open[0].id
}

fn twin_of(n: u32) -> Contact {
    person(n).with_email(EmailAddress::parse(format!("other{n}@example.com")).unwrap())
}

async fn twins_are_linked_created_or_ignored(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    for n in 0..3 {
        let right = pair.right.add(twin_of(n));
        pair.right.changes();
        let left = pair.left.add(person(n));
        pair.deliver().await;
        let asked = question(&pair).await;
        let flow = &pair.flow;
        let resolve = |resolution: Resolution| async move {
            flow.resolve(asked, &resolution, "user:1").await
        };
        let unfit = resolve(Resolution::Keep(Side::Left)).await.unwrap_err();
        assert_eq!(unfit.kind(), ErrorKind::Validation);
        let writes = pair.api_writes();
        match n {
            0 => {
                let (left, right) = (left.clone(), right.clone());
                let synced = resolve(Resolution::Link { left, right }).await.unwrap();
                assert_eq!(synced.steps[0].action, Action::Update);
            }
            1 => {
                let synced = resolve(Resolution::Create).await.unwrap();
                assert_eq!(synced.steps[0].action, Action::Create);
                let email = pair.right.get(&right).unwrap().email;
                assert_eq!(email, twin_of(n).email, "the twin is left alone");
            }
            _ => {
                resolve(Resolution::Ignore).await.unwrap();
                pair.left
                    .edit(&left, |contact| contact.first_name = Some("X".into()));
                pair.deliver().await;
                assert_eq!(pair.api_writes(), writes);
            }
        }
        let again = resolve(Resolution::Ignore).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Conflict);
        pair.left.changes();
        pair.right.changes();
    }
    // One that is another's other half cannot be linked.
    let left = pair.left.add(person(0));
    pair.deliver().await;
    let asked = question(&pair).await;
    let right = pair.right.ids()[0].clone();
    let taken = pair
        .flow
        .resolve(asked, &Resolution::Link { left, right }, "user:1")
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Some("taken"), "{taken}");
    let none = pair
        .flow
        .resolve(ConflictId::new(), &Resolution::Ignore, "user:1")
        .await
        .unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
}

async fn a_person_says_which_side_is_right(backend: Backend) {
    let config = quick()
        .with_conflicts(ConflictPolicy::Ask)
        .with_deletes(DeletePolicy::Propagate);
    let pair = Pair::new(&backend, config).await;
    let left = pair.left.add(person(1));
    pair.deliver().await;
    let right = pair.right.ids()[0].clone();
    for keep in [Side::Right, Side::Left] {
        pair.left.edit(&left, |contact| {
            contact.first_name = Some(format!("Left {keep}"));
        });
        pair.right.edit(&right, |contact| {
            contact.first_name = Some(format!("Right {keep}"));
        });
        pair.deliver().await;
        let asked = question(&pair).await;
        pair.flow
            .resolve(asked, &Resolution::Keep(keep), "user:1")
            .await
            .unwrap();
        pair.assert_equal();
        let name = pair.left.get(&left).unwrap().first_name.unwrap();
        assert!(name.to_lowercase().starts_with(keep.as_str()), "{name}");
        pair.deliver().await;
    }
    // Deleted on one side, changed on the other.
    pair.left.remove(&left);
    pair.right
        .edit(&right, |contact| contact.first_name = Some("Kept".into()));
    pair.deliver().await;
    let asked = question(&pair).await;
    pair.flow
        .resolve(asked, &Resolution::Keep(Side::Right), "user:1")
        .await
        .unwrap();
    pair.deliver().await;
    pair.assert_equal();
    assert_eq!(pair.left.contacts().len(), 1);
    let left = pair.left.ids()[0].clone();
    pair.left.remove(&left);
    pair.right
        .edit(&right, |contact| contact.first_name = Some("Gone".into()));
    pair.deliver().await;
    let asked = question(&pair).await;
    pair.flow
        .resolve(asked, &Resolution::Keep(Side::Left), "user:1")
        .await
        .unwrap();
    assert_eq!(pair.right.contacts().len(), 0);
}

async fn a_message_is_copied_once_and_never_on_suspicion(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let left = pair.left.add(person(1));
    pair.deliver().await;
    let right = pair.right.ids()[0].clone();
    let text = |id: &str| {
        let mut message = Message::new()
            .with_id(id)
            .with_contact(left.as_str())
            .with_channel(Channel::Sms)
            .with_direction(Direction::Outbound)
            .with_body("hello");
        message.to = vec![Party::from(person(1).phone.unwrap())];
        message
    };
    let copy = |message: Message| {
        let flow = pair.flow.clone();
        async move { flow.copy_message(Side::Left, &message).await }
    };
    let Copied::New(Some(copied)) = copy(text("m1")).await.unwrap() else {
        panic!("it is new")
    };
    assert_eq!(copy(text("m1")).await.unwrap(), Copied::Known);
    let back = text(copied.as_str()).with_contact(right.as_str());
    let back = pair.flow.copy_message(Side::Right, &back).await.unwrap();
    assert_eq!(back, Copied::Copy);
    let unknown = Error::new(ErrorKind::Timeout, "").with_outcome_unknown(true);
    pair.right.fail("send", When::After, unknown);
    assert_eq!(copy(text("m2")).await.unwrap(), Copied::Unknown);
    assert_eq!(copy(text("m2")).await.unwrap(), Copied::Unknown);
    assert_eq!(pair.questions().await, ["message_unknown"]);
    pair.right
        .fail("send", When::Before, Error::new(ErrorKind::RateLimited, ""));
    assert!(copy(text("m3")).await.unwrap_err().is_retryable());
    assert!(matches!(copy(text("m3")).await.unwrap(), Copied::New(_)));
    assert_eq!(pair.right.count("send"), 3);
    let phone = person(1).phone.unwrap();
    let stop = OptOutWord::stop(&phone, Some(Channel::Sms), OptOutSource::new("twilio"));
    backend
        .store
        .opt_outs()
        .note(&pair.tenant, &[stop])
        .await
        .unwrap();
    assert_eq!(copy(text("m4")).await.unwrap(), Copied::Blocked);
    assert!(matches!(
        copy(text("m5").with_direction(Direction::Inbound))
            .await
            .unwrap(),
        Copied::New(_)
    ));
    assert_eq!(
        copy(text("m6").with_contact("nobody")).await.unwrap(),
        Copied::NoContact
    );
}

#[derive(Debug)]
struct Held(Vec<(IntegrationId, Crm)>);

#[async_trait]
impl Connector for Held {
    async fn connection(&self, _: &TenantId, id: IntegrationId) -> Result<Arc<dyn Integration>> {
        let found = self.0.iter().find(|(known, _)| *known == id);
        let crm = found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such integration"))?;
        Ok(Arc::new(crm.1.clone()))
    }
}

async fn flows_are_opened_by_what_an_event_came_for(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let held = Held(vec![
        (pair.ids[0], pair.left.clone()),
        (pair.ids[1], pair.right.clone()),
    ]);
    let flows = Flows::new(&backend.store, held);
    let id = pair.left.add(person(1));
    let change = [Change::upserted(Object::Contact, id.as_str())];
    let tell = |tenant: TenantId| {
        let (flows, change, left) = (&flows, &change, pair.ids[0]);
        async move {
            flows
                .handle_changes(&tenant, left, change, None)
                .await
                .unwrap()
        }
    };
    let other = TenantId::new("other").unwrap();
    assert_eq!(tell(other).await.contacts, 0);
    backend
        .store
        .flows()
        .pause(&pair.tenant, FLOW, true)
        .await
        .unwrap();
    assert_eq!(tell(pair.tenant.clone()).await.contacts, 0);
    backend
        .store
        .flows()
        .pause(&pair.tenant, FLOW, false)
        .await
        .unwrap();
    assert_eq!(tell(pair.tenant.clone()).await.synced.steps.len(), 1);
    pair.assert_equal();
    let flow = flows.open(&pair.tenant, FLOW).await.unwrap();
    assert_eq!(flow.config(), pair.flow.config());
    let missing = flows.open(&pair.tenant, "x").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

/// The right writes titles in capitals.
#[derive(Debug)]
struct Capitals;

impl Transform for Capitals {
    fn incoming(&self, side: Side, contact: &mut Contact) -> Result<()> {
        if side == Side::Right {
            contact.job_title = contact.job_title.as_ref().map(|title| title.to_lowercase());
        }
        if contact.job_title.as_deref() == Some("bad") {
            return Err(Error::new(ErrorKind::Validation, "no such title"));
        }
        Ok(())
    }

    fn outgoing(&self, side: Side, contact: &mut Contact) -> Result<()> {
        if side == Side::Right {
            contact.job_title = contact.job_title.as_ref().map(|title| title.to_uppercase());
        }
        Ok(())
    }
}

async fn what_a_transform_does_is_compared_and_written(backend: Backend) {
    let pair = Pair::new(&backend, quick()).await;
    let held = Held(vec![
        (pair.ids[0], pair.left.clone()),
        (pair.ids[1], pair.right.clone()),
    ]);
    let flow = Flows::new(&backend.store, held)
        .with_transform(FLOW, Capitals)
        .open(&pair.tenant, FLOW)
        .await
        .unwrap();
    let left = pair.left.add(person(1).with_job_title("ceo"));
    flow.sync_one(Side::Left, &left).await.unwrap();
    let right = pair.right.ids()[0].clone();
    let shown = || pair.right.get(&right).unwrap().job_title.unwrap();
    assert_eq!(shown(), "CEO");
    let echo = flow.sync_one(Side::Right, &right).await.unwrap();
    assert!(echo.steps.is_empty());
    pair.right
        .edit(&right, |contact| contact.job_title = Some("CTO".into()));
    flow.sync_one(Side::Right, &right).await.unwrap();
    assert_eq!(
        pair.left.get(&left).unwrap().job_title.as_deref(),
        Some("cto")
    );
    pair.left
        .edit(&left, |contact| contact.job_title = Some("bad".into()));
    flow.sync_one(Side::Left, &left).await.unwrap();
    assert_eq!(pair.questions().await, ["refused"]);
}
