use std::{collections::BTreeSet, time::Duration};

use integrations_testkit::{
    Fault, FaultPlan, SimulatedAloware,
    aloware::{Auth, Effect, WebhookFaults},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    receiver::receiver,
    support::{Reply, http, send},
};

const LIMIT: Duration = Duration::from_secs(20);
const JANE: &str = "+12025550177";

struct Api {
    aloware: SimulatedAloware,
    token: String,
    http: reqwest::Client,
}

async fn start(seed: u64) -> Api {
    let aloware = SimulatedAloware::builder()
        .seed(seed)
        .start()
        .await
        .unwrap();
    let token = aloware.issue_token();
    Api {
        aloware,
        token,
        http: http(),
    }
}

impl Api {
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Reply {
        let url = format!("{}{path}", self.aloware.base_url());
        let request = self.http.get(url).query(&[("api_token", &self.token)]);
        send(request.query(query)).await
    }

    async fn post(&self, path: &str, mut body: Value) -> Reply {
        body["api_token"] = json!(self.token);
        let url = format!("{}{path}", self.aloware.base_url());
        send(self.http.post(url).json(&body)).await
    }

    async fn form(&self, body: Value) -> Reply {
        self.post("/webhook/forms", body).await
    }

    async fn find(&self) -> Reply {
        let query = [("phone_number", JANE)];
        self.get("/webhook/contact/phone-number", &query).await
    }

    fn jane(&self) -> String {
        self.aloware
            .seed_contact(json!({"phone_number": JANE, "first_name": "Jane"}))
    }
}

fn names(told: &[integrations_testkit::aloware::PlainWebhook]) -> Vec<&str> {
    told.iter().map(|told| told.event.as_str()).collect()
}

#[tokio::test]
async fn what_does_not_exist_answers_the_web_application() {
    let api = start(1).await;
    for path in [
        "/webhook/calls",
        "/calls",
        "/webhook/contacts/7",
        "/communications",
        "/webhook/sequences",
        "/",
    ] {
        let reply = api.get(path, &[]).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.header("content-type").starts_with("text/html"));
        assert!(reply.text.starts_with("<!DOCTYPE html>"));
    }
    assert_eq!(api.aloware.stats().pages, 6);
    assert_eq!(api.post("/webhook/users", json!({})).await.status, 405);
    assert_eq!(api.get("/webhook/forms", &[]).await.status, 405);
    assert_eq!(api.post("/webhook/lists", json!({})).await.status, 405);
    let url = format!("{}/webhook/forms", api.aloware.base_url());
    let put = api
        .http
        .request(Method::PUT, url)
        .json(&json!({"api_token": api.token}));
    assert_eq!(send(put).await.status, 405);
}

#[tokio::test]
async fn the_token_counts_only_where_it_belongs() {
    let api = start(1).await;
    let base = api.aloware.base_url();
    let users = format!("{base}/webhook/users");
    let forms = format!("{base}/webhook/forms");
    let form = json!({"phone_number": JANE});
    let bearer = api.http.get(&users).bearer_auth(&api.token);
    let in_query = api
        .http
        .post(&forms)
        .query(&[("api_token", &api.token)])
        .json(&form);
    let as_form = api
        .http
        .post(&forms)
        .form(&[("api_token", api.token.as_str()), ("phone_number", JANE)]);
    let wrong = api.http.get(&users).query(&[("api_token", "740A6C4E")]);
    for request in [bearer, in_query, as_form, wrong] {
        assert_eq!(send(request).await.status, 401);
    }
    assert_eq!(api.aloware.stats().refused, 4);
    assert!(api.aloware.contacts().is_empty());
    assert!(api.get("/webhook/users", &[]).await.expect(200).is_array());
    api.aloware.revoke_token(&api.token);
    assert_eq!(api.get("/webhook/users", &[]).await.status, 401);
}

#[tokio::test]
async fn a_form_creates_changes_or_refuses_and_names_no_id() {
    let api = start(1).await;
    let created = api
        .form(json!({"phone_number": "202-555-0177", "first_name": "Jane"}))
        .await;
    assert_eq!(created.expect(201), json!({"message": "Contact created."}));
    let again = json!({"phone_number": JANE, "first_name": "Joan"});
    assert_eq!(
        api.form(again.clone()).await.expect(409)["message"],
        "Contact already exists"
    );
    assert_eq!(api.aloware.contacts()[0]["first_name"], "Jane");
    let mut forced = again;
    forced["force_update"] = json!(1);
    assert_eq!(
        api.form(forced.clone())
            .await
            .expect(200)
            .as_object()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(api.form(forced).await.status, 200);
    for bad in [
        json!({}),
        json!({"phone_number": ""}),
        json!({"phone_number": "ext. 12"}),
    ] {
        let refused = api.form(bad).await.expect(400);
        assert_eq!(
            refused,
            json!({"error": "Phone number is empty or invalid."})
        );
    }
    let effects: Vec<_> = api
        .aloware
        .write_journal()
        .iter()
        .map(|write| write.effect)
        .collect();
    assert_eq!(
        effects,
        [
            Effect::Created,
            Effect::None,
            Effect::Changed,
            Effect::Unchanged,
            Effect::None,
            Effect::None,
            Effect::None,
        ]
    );
    assert_eq!(api.aloware.writes("contacts.upsert"), 3);
    assert_eq!(
        api.aloware.applied_twice().len(),
        1,
        "the same form, obeyed again"
    );
}

#[tokio::test]
async fn a_contact_is_found_by_phone_with_loose_types() {
    let mut kinds = BTreeSet::new();
    for seed in 0..24 {
        let api = start(seed).await;
        assert_eq!(
            api.find().await.expect(404),
            json!({"error": "Contact not found."})
        );
        let bad = api
            .get("/webhook/contact/phone-number", &[("phone_number", "x")])
            .await;
        assert_eq!(
            bad.expect(400),
            json!({"error": "Phone number is empty or invalid."})
        );
        api.jane();
        let found = api.find().await.expect(200);
        kinds.insert((found["id"].is_string(), found["is_dnc"].is_boolean()));
        let id = found["id"].to_string();
        assert_eq!(id.trim_matches('"'), "7000001");
        assert!(!found["created_at"].as_str().unwrap().contains(['T', 'Z']));
    }
    assert_eq!(kinds.len(), 4, "every mixture comes up: {kinds:?}");
}

#[tokio::test]
async fn exact_replies() {
    let api = start(1).await;
    let id = api.jane();
    let sms = json!({"line_id": 101, "to": JANE, "message": "Hello"});
    let said = api.post("/webhook/sms-gateway/send", sms).await.expect(202);
    assert_eq!(said, json!({"message": "Message sent."}));
    let call = json!({"user_id": 42, "contact_id": id, "line_id": 101});
    let said = api
        .post("/webhook/two-legged-call", call.clone())
        .await
        .expect(202);
    assert_eq!(said, json!({"message": "Two legged call established."}));
    let _ = api.aloware.take_webhooks();
    api.aloware.set_users_available(false);
    let refused = api.post("/webhook/two-legged-call", call).await.expect(422);
    assert!(
        refused["errors"]["user"][0]
            .as_str()
            .unwrap()
            .starts_with("Oops!")
    );
    assert!(
        api.aloware.take_webhooks().is_empty(),
        "no call, and nobody is told"
    );

    let who = json!({"source": "phone_number", "phone_number": JANE, "sequence_id": 12});
    let said = api
        .post("/webhook/sequence-enroll", who.clone())
        .await
        .expect(200);
    assert_eq!(
        said,
        json!({"message": "Contact is successfully enrolled in the sequence."})
    );
    assert_eq!(
        api.post("/webhook/sequence-enroll", who.clone())
            .await
            .status,
        400
    );
    assert_eq!(
        api.post("/webhook/sequence-disenroll", who).await.status,
        200
    );
    assert!(api.aloware.sequences_of(&id).is_empty());
    let strange = json!({"source": "facebook", "id": 1});
    assert_eq!(
        api.post("/webhook/sequence-disenroll", strange)
            .await
            .status,
        400
    );

    let form = json!({"phone_number": JANE, "list_ids": "31,32", "force_update": true});
    api.form(form).await.expect(200);
    assert_eq!(
        (api.aloware.list("31"), api.aloware.list("32")),
        (vec![id.clone()], vec![id.clone()])
    );
    let remove = "/webhook/powerdialer-remove-contact-from-lists";
    let said = api
        .post(remove, json!({"contact_id": id}))
        .await
        .expect(200);
    assert_eq!(
        said,
        json!({"message": "The contact has been removed from the Power Dialer lists."})
    );
    assert!(
        api.aloware.list("31").is_empty() && api.aloware.list("32").is_empty(),
        "from every list"
    );
    let said = api.post(remove, json!({"contact_id": 1})).await.expect(404);
    assert_eq!(
        said,
        json!({"message": "The requested contact id does not exist."})
    );
    for (path, name, there) in [
        ("/webhook/powerdialer-clear-list", "list_id", "31"),
        ("/webhook/powerdialer-clear-user-lists", "user_id", "42"),
    ] {
        assert_eq!(api.post(path, json!({name: there})).await.status, 200);
        assert_eq!(api.post(path, json!({name: "999"})).await.status, 404);
    }
    let info = api
        .post("/webhook/lookup", json!({"phone_number": JANE}))
        .await
        .expect(200);
    assert!(info["line_type"].is_string() && info["sid"].is_string());
    assert_eq!(api.post("/webhook/lookup", json!({})).await.status, 400);
}

#[tokio::test]
async fn stop_ends_text_messages_and_not_calls() {
    let api = start(1).await;
    let id = api.jane();
    for (text, stops) in [
        ("please stop this", false),
        ("Yes", false),
        ("weekend", false),
        (" sToP ", true),
    ] {
        api.aloware.receive_sms(&id, text).unwrap();
        assert_eq!(
            api.aloware.contact(&id).unwrap()["is_opted_out"] == 1,
            stops,
            "{text}"
        );
    }
    let told = api.aloware.take_webhooks();
    assert_eq!(
        told.len(),
        5,
        "one for each message, and the change of the contact"
    );
    let sms = json!({"from": "+12025550142", "to": JANE, "message": "Hello"});
    assert_eq!(
        api.post("/webhook/sms-gateway/send", sms).await.status,
        202,
        "taken all the same"
    );
    let told = api.aloware.take_webhooks();
    assert_eq!(names(&told), ["OutboundSMS-DispositionInvalid"]);
    let body = &told[0].json()["body"];
    assert_eq!(
        (&body["current_status2"], &body["disposition_status2"]),
        (&json!(19), &json!(7))
    );
    let call = json!({"user_id": 42, "contact_phone_number": JANE, "line_id": 101});
    assert_eq!(api.post("/webhook/two-legged-call", call).await.status, 202);
}

#[tokio::test]
async fn nobody_asks_whether_a_contact_agreed_unless_told_to() {
    let strict = SimulatedAloware::builder()
        .only_authorized_texts(true)
        .start()
        .await
        .unwrap();
    let token = strict.issue_token();
    let api = Api {
        aloware: strict,
        token,
        http: http(),
    };
    let id = api.jane();
    let sms = json!({"from": "+12025550142", "to": JANE, "message": "Hello"});
    api.post("/webhook/sms-gateway/send", sms.clone())
        .await
        .expect(202);
    assert_eq!(
        names(&api.aloware.take_webhooks()),
        ["OutboundSMS-DispositionInvalid"]
    );
    assert!(api.aloware.edit_contact(&id, json!({"text_authorized": 1})));
    let _ = api.aloware.take_webhooks();
    api.post("/webhook/sms-gateway/send", sms).await.expect(202);
    assert_eq!(
        names(&api.aloware.take_webhooks()),
        ["OutboundSMS-DispositionCompleted"]
    );
}

#[tokio::test]
async fn each_thing_has_its_number_of_deliveries() {
    let api = start(2).await;
    let id = api.jane();
    let call = api.aloware.complete_call(&id).unwrap();
    let told = api.aloware.take_webhooks();
    assert_eq!(
        names(&told),
        [
            "OutboundPhoneCall",
            "OutboundPhoneCall-DispositionCompleted",
            "Recording-Saved",
            "Call-Disposed",
            "transcription.call.summarized",
            "transcription.open_search.saved",
        ]
    );
    let last = &told[4].json()["body"];
    assert!(last["id"].is_null(), "it has no id of its own");
    assert_eq!(last["communication"]["id"].to_string(), call);
    assert!(
        told[3].json()["body"]["contact_id"].is_null(),
        "not every event names the contact"
    );
    for told in &told {
        assert!(!told.headers.contains_key("authorization"));
        assert_eq!(told.headers["user-agent"], "GuzzleHttp/7");
    }
    api.aloware.fail_call(&id).unwrap();
    assert_eq!(api.aloware.take_webhooks().len(), 2);
    api.aloware.miss_call(&id).unwrap();
    assert_eq!(api.aloware.take_webhooks().len(), 3);
    api.aloware.set_appointment(&id).unwrap();
    assert_eq!(api.aloware.take_webhooks().len(), 1);
    assert!(api.aloware.dispose_again(&call, "Interested"));
    assert_eq!(names(&api.aloware.take_webhooks()), ["Call-Disposed"]);
    assert_eq!(api.aloware.test_webhook().body, r#"{"test_payload":true}"#);
    assert_eq!(api.aloware.complete_call("1"), None);
}

#[tokio::test]
async fn what_people_do_is_told_by_one_delivery() {
    let api = start(3).await;
    let id = api
        .aloware
        .add_contact(json!({"phone_number": JANE, "first_name": "Jane"}));
    assert!(api.aloware.dispose_contact(&id, "Interested"));
    assert!(!api.aloware.dispose_contact("1", "Interested"));
    let text = api.aloware.write_sms(&id, "Hello").unwrap();
    assert_eq!(api.aloware.write_sms("1", "Hello"), None);
    let told = api.aloware.take_webhooks();
    assert_eq!(
        names(&told),
        [
            "Contact-Created",
            "Contact-Disposed",
            "OutboundSMS-DispositionCompleted"
        ]
    );
    let bodies: Vec<_> = told
        .iter()
        .map(|told| told.json()["body"].clone())
        .collect();
    assert_eq!(bodies[0]["phone_number"], JANE);
    assert_eq!(bodies[1]["disposition_status"], "Interested");
    assert_eq!(bodies[2]["id"].to_string(), text);
    assert_eq!(
        (&bodies[2]["body"], &bodies[2]["lead_number"]),
        (&json!("Hello"), &json!(JANE))
    );
    api.aloware.receive_sms(&id, "stop").unwrap();
    let _ = api.aloware.take_webhooks();
    api.aloware.write_sms(&id, "Hello again").unwrap();
    assert_eq!(
        names(&api.aloware.take_webhooks()),
        ["OutboundSMS-DispositionInvalid"]
    );
}

#[tokio::test]
async fn webhooks_are_sent_once_whatever_is_answered() {
    let api = start(1).await;
    let id = api.jane();
    let _ = api.aloware.take_webhooks();
    let here = receiver(500).await;
    let sender = api
        .aloware
        .send_webhooks(&here.url, Auth::basic("aloware", "pa:ss"))
        .start();
    api.aloware.complete_call(&id).unwrap();
    assert!(sender.settled(LIMIT).await);
    let stats = sender.stats();
    assert_eq!(
        (stats.changes, stats.given_up, stats.failed_tries),
        (6, 6, 6),
        "never again"
    );
    assert_eq!(here.seen.lock().unwrap().len(), 6);
    let heads = here.heads.lock().unwrap().clone();
    assert!(
        heads
            .iter()
            .all(|head| head.contains("authorization: basic "))
    );
    assert!(api.aloware.take_webhooks().is_empty());
    drop(sender);
    api.aloware.fail_call(&id).unwrap();
    assert_eq!(
        api.aloware.take_webhooks().len(),
        2,
        "nobody is subscribed any more"
    );
}

#[tokio::test]
async fn webhooks_go_astray_by_seed() {
    let run = async |seed| {
        let api = start(1).await;
        let here = receiver(200).await;
        let faults = WebhookFaults::seeded(seed)
            .lose(0.2)
            .duplicate(0.3, 2)
            .reorder(0.3, Duration::from_millis(40));
        let sender = api
            .aloware
            .send_webhooks(&here.url, Auth::Bearer("t0ken".to_owned()));
        let sender = sender.faults(faults).pace(0.0).start();
        let ids = api.aloware.seed_contacts(20);
        for id in &ids {
            api.aloware.fail_call(id).unwrap();
        }
        assert!(sender.settled(LIMIT).await);
        let stats = sender.stats();
        assert!(stats.lost > 0 && stats.copies > 0);
        let mut seen: Vec<_> = here
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        seen.sort();
        (stats.lost, stats.copies, seen.len())
    };
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await, run(8).await);
}

#[tokio::test]
async fn faults_strike_by_plan() {
    let api = start(1).await;
    let plan = FaultPlan::none()
        .script("POST /webhook/forms", [Fault::ResetAfter, Fault::HtmlOnOk])
        .script(
            "GET /webhook/users",
            [Fault::TooManyRequests {
                retry_after: Some(LIMIT),
            }],
        );
    api.aloware.set_faults(plan);
    let url = format!("{}/webhook/forms", api.aloware.base_url());
    let form = json!({"api_token": api.token, "phone_number": JANE});
    assert!(api.http.post(&url).json(&form).send().await.is_err());
    assert_eq!(api.aloware.contacts().len(), 1, "obeyed, and not answered");
    assert!(
        api.form(json!({"phone_number": "+12025550178"}))
            .await
            .text
            .starts_with('<')
    );
    assert_eq!(api.aloware.contacts().len(), 1, "answered, and not obeyed");
    let throttled = api.get("/webhook/users", &[]).await;
    assert_eq!(
        (throttled.status, throttled.header("retry-after")),
        (429, "20")
    );
    let writes = api.aloware.write_journal();
    assert_eq!((writes[0].status, writes[1].effect), (None, Effect::None));
    assert_eq!(writes[1].contact, None, "a number that nobody has");
    let struck = FaultPlan::none().script("POST /webhook/forms", [Fault::ServerError(503)]);
    api.aloware.set_faults(struck);
    assert_eq!(api.form(json!({"phone_number": JANE})).await.status, 503);
    let write = api.aloware.write_journal().pop().unwrap();
    let jane = api.aloware.contacts()[0]["id"].to_string();
    assert_eq!((write.effect, write.contact), (Effect::None, Some(jane)));
    assert_eq!(api.aloware.requests()[0].operation, Some("contacts.upsert"));
    assert!(!format!("{:?} {:?}", api.aloware, api.aloware.requests()).contains(JANE));
}

#[tokio::test]
async fn a_limit_that_nobody_documents_can_be_set() {
    let aloware = SimulatedAloware::builder().rate_limit(2, Duration::from_secs(60));
    let aloware = aloware.start().await.unwrap();
    let token = aloware.issue_token();
    let api = Api {
        aloware,
        token,
        http: http(),
    };
    for status in [200, 200, 429] {
        let reply = api.get("/webhook/users", &[]).await;
        assert_eq!(reply.status, status);
        if status == 429 {
            assert!(reply.header("retry-after").parse::<u64>().unwrap() <= 60);
        }
    }
    assert_eq!(api.aloware.stats().throttled, 1);
}
