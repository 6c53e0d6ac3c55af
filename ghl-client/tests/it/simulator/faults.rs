use std::time::Duration;

use ghl_client::ErrorKind;
use integrations_testkit::{Fault, FaultPlan};

use super::{LOCATION, with_faults};

/// What becomes of a call: its error, whether the outcome is unknown, how often it was sent and took effect.
type Outcome = (Option<ErrorKind>, bool, u64, u64);

/// Creates a contact, which must not be done twice, while this goes wrong once.
async fn create(fault: Fault) -> Outcome {
    let patience = patience(&fault);
    let (ghl, location) = with_faults(FaultPlan::none().script("POST /contacts/", [fault])).await;
    let call = location.contacts().create().email("jane@example.com");
    let result = call.with_attempt_timeout(patience).send().await;
    let error = result.err();
    assert_eq!(
        ghl.contacts(LOCATION).len() as u64,
        ghl.writes("contacts.create")
    );
    (
        error.as_ref().map(integrations_core::Error::kind),
        error
            .as_ref()
            .is_some_and(integrations_core::Error::is_outcome_unknown),
        ghl.stats().requests,
        ghl.writes("contacts.create"),
    )
}

/// Reads a contact, which may be done again, while this goes wrong once.
async fn read(fault: Fault) -> Outcome {
    let patience = patience(&fault);
    let plan = FaultPlan::none().script("GET /contacts/{id}", [fault]);
    let (ghl, location) = with_faults(plan).await;
    let id = ghl.seed_contacts(LOCATION, 1).remove(0);
    let call = location.contacts().get(id);
    let result = call.with_attempt_timeout(patience).send().await;
    let error = result.err();
    (
        error.as_ref().map(integrations_core::Error::kind),
        error
            .as_ref()
            .is_some_and(integrations_core::Error::is_outcome_unknown),
        ghl.stats().requests,
        0,
    )
}

/// Short for what is late, long enough for what is large.
fn patience(fault: &Fault) -> Duration {
    match fault {
        Fault::DelayResponse(_) => Duration::from_millis(300),
        _ => Duration::from_secs(20),
    }
}

const LATE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn promise_09_a_write_is_never_repeated_after_it_may_have_arrived() {
    use ErrorKind::{Decode, Io, Redirect, Server, Timeout};
    let table = [
        (Fault::ServerError(503), (Some(Server), true, 1, 0)),
        (
            Fault::ServerErrorAfterEffect(502),
            (Some(Server), true, 1, 1),
        ),
        (Fault::ResetBefore, (Some(Io), true, 1, 0)),
        (Fault::ResetAfter, (Some(Io), true, 1, 1)),
        (Fault::HtmlOnOk, (Some(Decode), true, 1, 0)),
        (Fault::TruncatedBody, (Some(Io), true, 1, 1)),
        (Fault::EmptyBody, (Some(Decode), true, 1, 1)),
        (Fault::NoContent, (Some(Decode), true, 1, 1)),
        (Fault::DelayResponse(LATE), (Some(Timeout), true, 1, 1)),
        (
            Fault::Redirect("https://example.com/steal".to_owned()),
            (Some(Redirect), false, 1, 0),
        ),
        // Refused unprocessed: this, and only this, comes again.
        (
            Fault::TooManyRequests {
                retry_after: Some(Duration::from_secs(1)),
            },
            (None, false, 2, 1),
        ),
    ];
    for (fault, expected) in table {
        assert_eq!(create(fault.clone()).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn promise_09_a_read_comes_again() {
    use ErrorKind::{Decode, Redirect};
    let table = [
        (Fault::ServerError(503), (None, false, 2, 0)),
        (Fault::ServerErrorAfterEffect(502), (None, false, 2, 0)),
        (Fault::ResetBefore, (None, false, 2, 0)),
        (Fault::ResetAfter, (None, false, 2, 0)),
        (Fault::TruncatedBody, (None, false, 2, 0)),
        (Fault::DelayResponse(LATE), (None, false, 2, 0)),
        (
            Fault::TooManyRequests {
                retry_after: Some(Duration::from_secs(1)),
            },
            (None, false, 2, 0),
        ),
        (Fault::HtmlOnOk, (Some(Decode), false, 1, 0)),
        (Fault::EmptyBody, (Some(Decode), false, 1, 0)),
        (Fault::GzipBomb(64 << 20), (Some(Decode), false, 1, 0)),
        (
            Fault::Redirect("https://example.com/steal".to_owned()),
            (Some(Redirect), false, 1, 0),
        ),
    ];
    for (fault, expected) in table {
        assert_eq!(read(fault.clone()).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn promise_09_a_message_goes_out_once() {
    let plan = FaultPlan::none().script("POST /conversations/messages", [Fault::ResetAfter]);
    let (ghl, location) = with_faults(plan).await;
    let contact = ghl.seed_contacts(LOCATION, 1).remove(0);
    let error = location
        .messages()
        .sms(&*contact, "Hello")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_outcome_unknown());
    assert_eq!(
        (ghl.messages(LOCATION).len(), ghl.writes("messages.send")),
        (1, 1)
    );
}

#[tokio::test]
async fn what_is_the_same_when_done_twice_comes_again() {
    let plan = FaultPlan::none()
        .script("PUT /contacts/{id}", [Fault::ResetAfter])
        .script(
            "POST /contacts/{id}/tags",
            [Fault::ServerErrorAfterEffect(500)],
        )
        .script("POST /contacts/upsert", [Fault::TruncatedBody])
        .script("DELETE /contacts/{id}", [Fault::NoContent]);
    let (ghl, location) = with_faults(plan).await;
    let contact = ghl.seed_contacts(LOCATION, 1).remove(0);
    let contacts = location.contacts();
    contacts
        .update(&*contact)
        .city("Oslo")
        .send()
        .await
        .unwrap();
    let tags = contacts.add_tags(&*contact, ["vip"]).send().await.unwrap();
    assert!(tags.tags.contains(&"vip".to_owned()));
    let upserted = contacts
        .upsert()
        .email("new@example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(upserted.new, Some(false), "the first attempt created it");
    contacts.delete(&*contact).send().await.unwrap();
    assert_eq!(ghl.contacts(LOCATION).len(), 1);
}
