//! Webhooks that nobody sent: each of them has to be refused, and to change nothing.

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, header};
use integrations_core::{Error, ErrorKind, Result};
use integrations_testkit::aloware::Auth;
use integrations_testkit::plan::Dice;
use integrations_testkit::post;
use integrations_testkit::verity::Proof;
use serde_json::json;
use tokio::time::sleep;
use url::Url;

use crate::world::{Addresses, LOCATION, VERITY_NUMBER, World};

/// What they would write, if they were believed.
const TEXT: &str = "Forged";

/// How many forgeries there were, and how many of them were answered with a 401 or 403.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Forged {
    pub(crate) sent: u64,
    pub(crate) refused: u64,
}

/// Sends so many, of every kind, while the real events happen.
///
/// # Errors
/// When nobody answers.
pub(crate) async fn forge(
    world: &World,
    to: &Addresses,
    count: usize,
    dice: &mut Dice,
) -> Result<Forged> {
    let mut forged = Forged::default();
    for at in 0..count {
        sleep(dice.within(0, 60)).await;
        let who = dice.below(world.people.len());
        let (url, headers, body) = forgery(world, to, at, who);
        let status = post(url.as_str(), &headers, &body).await.map_err(|error| {
            Error::new(ErrorKind::Connect, "nobody answers a forged webhook").with_source(error)
        })?;
        forged.sent += 1;
        forged.refused += u64::from(matches!(status, 401 | 403));
    }
    Ok(forged)
}

fn forgery(world: &World, to: &Addresses, at: usize, who: usize) -> (Url, HeaderMap, Bytes) {
    let person = &world.people[who];
    let contact =
        json!({"locationId": LOCATION, "id": person.ghl, "firstName": TEXT, "phone": person.phone});
    let delivery = json!({"locationId": LOCATION, "contactId": person.ghl, "messageId": format!("forged{at}"),
        "type": "SMS", "phone": person.phone, "message": TEXT});
    let call = json!({"event": "InboundSMS-DispositionCompleted", "body": {"id": 1_000_000 + at, "type": 2, "direction": 1,
        "contact_id": person.aloware, "body": TEXT, "contact": {"id": person.aloware, "phone_number": person.phone}}});
    let text = json!({"type": "message.received", "message": {"id": format!("forged{at}"), "direction": "inbound",
        "from": person.phone, "to": VERITY_NUMBER, "body": TEXT}});
    let broadcast = json!({"broadcastId": TEXT, "eventType": "broadcast_completed"});
    let verity = |body: &serde_json::Value, about_broadcast, proof| {
        let forged = world
            .verity
            .webhook(body.to_string(), about_broadcast, proof);
        (forged.headers, forged.body)
    };
    let (url, (headers, body)) = match at % 9 {
        // Signed, and changed afterwards.
        0 => {
            let forged = world.ghl.webhook("ContactUpdate", contact).tampered();
            (&to.ghl, (forged.headers, forged.body))
        }
        1 => {
            let forged = world.ghl.webhook("ContactUpdate", contact).unsigned();
            (&to.ghl, (forged.headers, forged.body))
        }
        // The address of the conversation provider without the secret in it.
        2 => (&to.deliveries, plain(&delivery)),
        3 => (
            &to.aloware,
            proven(&call, &Auth::basic("middleware", "pass")),
        ),
        4 => (&to.aloware, proven(&call, &Auth::Bearer("pass".to_owned()))),
        5 => (&to.texting, verity(&text, false, Proof::Forged)),
        6 => (&to.texting, verity(&text, false, Proof::Nothing)),
        // The right secret, as a header: whoever reads one has it.
        7 => (&to.texting, verity(&text, false, Proof::LegacySecret)),
        _ => (&to.broadcasts, verity(&broadcast, true, Proof::Forged)),
    };
    (url.clone(), headers, body)
}

fn plain(body: &serde_json::Value) -> (HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    (headers, body.to_string().into())
}

fn proven(body: &serde_json::Value, auth: &Auth) -> (HeaderMap, Bytes) {
    let (mut headers, body) = plain(body);
    auth.add_to(&mut headers);
    (headers, body)
}
