//! Each flow from its source to its targets.

use serde_json::{Value, json};
use tokio::process::Command;

use super::house::{Engine, House, LOCATION, OURS, PROGRAM, PROVIDER};

const ALEX: &str = "+12065550100";
const BEA: &str = "+12065550101";
const CARL: &str = "+12065550102";

macro_rules! on_both_engines {
    ($($name:ident($test:path);)+) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $test(super::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(engine) = super::Engine::postgres() {
                    $test(engine).await;
                }
            }
        }
    )+};
}

on_both_engines! {
    contacts_are_kept_equal(super::contacts);
    texts_are_filed_and_stop_is_heard(super::texts);
    what_users_write_is_sent_and_followed(super::outbound);
    calls_and_dispositions_are_shown(super::calls);
}

async fn contacts(engine: Engine) {
    // Some are there before the middleware is.
    let house = House::with(engine, &[], |ghl, aloware| {
        let fields = |n: u32| {
            json!({"firstName": format!("First{n}"), "email": format!("p{n}@example.com"),
                "phone": format!("+120655501{n:02}")})
        };
        let _ = ghl.seed_contacts_as(LOCATION, (20..30).map(fields));
        // The same person in both, without an address in common but the number.
        let _ =
            aloware.seed_contact(json!({"phone_number": "+12065550120", "company_name": "Acme"}));
    })
    .await;
    house
        .until("those of before are in Aloware", |house| {
            house.aloware.contacts().len() == 10
        })
        .await;
    house
        .until("the one in both is linked", |house| {
            let known = house.in_aloware("+12065550120");
            known.is_some_and(|known| known["first_name"] == "First20")
        })
        .await;
    let known = house.in_aloware("+12065550120").expect("a contact");
    assert_eq!(
        (&known["first_name"], &known["company_name"]),
        (&json!("First20"), &json!("Acme"))
    );

    // One that has no number is none of Aloware's, and no question.
    let nobody = json!({"firstName": "Nobody", "email": "nobody@example.com"});
    house.ghl.add_contact(LOCATION, nobody);
    let alex = house.person("(206) 555-0100", "alex@example.com");
    house
        .until("a new contact is there", |house| {
            house.in_aloware(ALEX).is_some()
        })
        .await;
    // And the other way, learned of by a call alone.
    let bea = house.aloware.seed_contact(
        json!({"phone_number": BEA, "first_name": "Bea", "email": "bea@example.com"}),
    );
    house.aloware.fail_call(&bea).expect("a call");
    house
        .until("a contact of Aloware's is in GoHighLevel", |house| {
            let contacts = house.ghl.contacts(LOCATION);
            contacts
                .iter()
                .any(|contact| contact["phone"] == BEA && contact["email"] == "bea@example.com")
        })
        .await;
    // Edits go both ways.
    assert!(
        house
            .ghl
            .edit_contact(LOCATION, &alex, json!({"lastName": "Archer"}))
    );
    assert!(
        house
            .aloware
            .edit_contact(&bea, json!({"last_name": "Baker"}))
    );
    house
        .until("both edits are on the other side", |house| {
            let alex = house
                .in_aloware(ALEX)
                .is_some_and(|one| one["last_name"] == "Archer");
            let contacts = house.ghl.contacts(LOCATION);
            let bea = contacts
                .iter()
                .any(|one| one["phone"] == BEA && one["lastName"] == "Baker");
            alex && bea
        })
        .await;
    house.quiet().await;
    assert_eq!(house.questions().await, []);

    // Twins: the same number, another address. Nothing is written over, a person is asked.
    let _ = house.aloware.seed_contact(
        json!({"phone_number": CARL, "first_name": "Carl", "email": "carl@example.com"}),
    );
    house.person(CARL, "dora@example.com");
    house.quiet().await;
    let carl = house.in_aloware(CARL).expect("a contact");
    assert_eq!(
        (&carl["first_name"], &carl["email"]),
        (&json!("Carl"), &json!("carl@example.com"))
    );
    assert_eq!(house.questions().await, [("twin".to_owned(), 1)]);

    // All of it once more changes nothing.
    let writes = house.ghl.total_writes() + house.aloware.total_writes();
    house.replay().await;
    assert_eq!(
        house.ghl.total_writes() + house.aloware.total_writes(),
        writes
    );
    assert!(house.aloware.applied_twice().is_empty());
    house.end().await;
}

async fn texts(engine: Engine) {
    let house = House::new(engine, &[("TEXTING_SYNC_TO_ALOWARE", "true")]).await;
    let alex = house.person(ALEX, "alex@example.com");
    house
        .until("she is in Aloware", |house| {
            house.in_aloware(ALEX).is_some()
        })
        .await;
    let words = house
        .verity
        .receive_text(ALEX, OURS, "See you at the weekend");
    let written = house.verity.write_text(ALEX, "See you then");
    house
        .until("both are filed", |house| house.filed("texting:").len() == 2)
        .await;
    house.quiet().await;
    let inbound = &house.filed(&format!("texting:{words}"))[0];
    assert_eq!(inbound["contactId"], alex.as_str());
    assert_eq!(
        (&inbound["direction"], &inbound["body"]),
        (&json!("inbound"), &json!("See you at the weekend"))
    );
    assert_eq!(inbound["conversationProviderId"], PROVIDER);
    let outbound = &house.filed(&format!("texting:{written}"))[0];
    assert_eq!(
        (&outbound["direction"], &outbound["status"]),
        (&json!("outbound"), &json!("delivered"))
    );
    // In Aloware they are notes: a message would reach her once more.
    let notes = house.in_aloware(ALEX).expect("a contact")["notes"].to_string();
    assert!(
        notes.contains("See you at the weekend") && notes.contains("See you then"),
        "{notes}"
    );
    assert_eq!(house.aloware.writes("messages.send"), 0);
    // Nobody's number is nobody's message.
    let _ = house
        .verity
        .receive_text("+12065550177", OURS, "Who is this?");
    house.quiet().await;
    assert_eq!(house.filed("texting:").len(), 2);

    // STOP, as the whole message and in any case; from now on nothing is sent.
    let _ = house.verity.receive_text(ALEX, OURS, " Stop. ");
    house.quiet().await;
    let contact = house.ghl.contact(LOCATION, &alex).expect("a contact");
    let tags = contact["tags"].to_string();
    assert!(
        tags.contains("dnc-sms") && tags.contains("sms opted out"),
        "{tags}"
    );
    assert_eq!(
        contact["dndSettings"]["SMS"]["status"], "active",
        "{contact}"
    );
    assert_eq!(
        house.filed("texting:").len(),
        2,
        "the word itself is not filed"
    );
    assert!(
        house
            .ghl
            .write_sms(LOCATION, &alex, "Blocked there")
            .is_none()
    );
    // START lifts it.
    let _ = house.verity.receive_text(ALEX, OURS, "start");
    house.quiet().await;
    let contact = house.ghl.contact(LOCATION, &alex).expect("a contact");
    assert!(
        !contact["tags"].to_string().contains("dnc-sms"),
        "{contact}"
    );
    assert_ne!(
        contact["dndSettings"]["SMS"]["status"], "active",
        "{contact}"
    );
    // What only comes near a keyword is a message, and a question to a person.
    let _ = house
        .verity
        .receive_text(ALEX, OURS, "please stop by tomorrow");
    house.quiet().await;
    assert_eq!(house.questions().await, [("near_stop".to_owned(), 1)]);
    assert!(house.ghl.write_sms(LOCATION, &alex, "I will").is_some());
    house.quiet().await;
    assert_eq!(house.verity.stop_violations(), 0);

    let writes = house.ghl.total_writes() + house.aloware.total_writes();
    house.replay().await;
    assert_eq!(
        house.ghl.total_writes() + house.aloware.total_writes(),
        writes
    );
    assert_eq!(
        house.verity.texts().len(),
        2,
        "hers that was written elsewhere, and the last"
    );
    house.end().await;
}

async fn outbound(engine: Engine) {
    let house = House::new(engine, &[]).await;
    let alex = house.person(ALEX, "alex@example.com");
    let bea = house.person(BEA, "bea@example.com");
    house.verity.set_unreachable(BEA);
    let sent = house
        .ghl
        .write_sms(LOCATION, &alex, "Your appointment is at nine.");
    let sent = sent.expect("a message");
    let lost = house
        .ghl
        .write_sms(LOCATION, &bea, "Yours too.")
        .expect("a message");
    house
        .until("both ends are known", |house| {
            house.status(&sent) == "delivered" && house.status(&lost) == "failed"
        })
        .await;
    house.quiet().await;
    let texts = house.verity.texts();
    let first = texts.iter().find(|text| text.to == ALEX).expect("a text");
    assert_eq!(
        (first.from.as_str(), first.body.as_str()),
        (OURS, "Your appointment is at nine.")
    );
    assert_eq!(first.correlation.as_deref(), Some(sent.as_str()));
    assert_eq!(texts.len(), 2);
    assert!(
        house.filed("texting:").is_empty(),
        "what came back is not filed once more"
    );

    // Somebody who said STOP elsewhere: GoHighLevel does not know it, the register does.
    let stop = house.aloware.contacts();
    let stop = stop
        .iter()
        .find(|one| one["phone_number"] == ALEX)
        .expect("a contact");
    let id = match &stop["id"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    };
    house
        .aloware
        .receive_sms(&id, "OPT OUT")
        .expect("a message");
    house.quiet().await;
    assert!(
        house
            .ghl
            .edit_contact(LOCATION, &alex, json!({"dnd": false, "dndSettings": {}}))
    );
    house.quiet().await;
    if let Some(blocked) = house.ghl.write_sms(LOCATION, &alex, "One more thing") {
        house
            .until("its writer is told", |house| {
                house.status(&blocked) == "failed"
            })
            .await;
    }
    assert_eq!(house.verity.texts().len(), 2, "a STOP of any source blocks");
    assert_eq!(house.verity.stop_violations(), 0);

    house.replay().await;
    assert_eq!(house.verity.texts().len(), 2);
    house.end().await;
}

async fn calls(engine: Engine) {
    let house = House::new(
        engine,
        &[
            ("ENABLE_ALOWARE_SEQUENCES", "true"),
            ("ALOWARE_STATUS_TO_SEQUENCE", r#"{"Interested": "12"}"#),
        ],
    )
    .await;
    let alex = house.person(ALEX, "alex@example.com");
    let bea = house.person(BEA, "bea@example.com");
    house
        .until("they are in Aloware", |house| {
            house.in_aloware(ALEX).is_some() && house.in_aloware(BEA).is_some()
        })
        .await;
    let id = |number: &str| {
        let contact = house.in_aloware(number).expect("a contact");
        contact["id"].to_string().trim_matches('"').to_owned()
    };
    let (in_alex, in_bea) = (id(ALEX), id(BEA));
    let call = house.aloware.complete_call(&in_alex).expect("a call");
    let missed = house.aloware.miss_call(&in_alex).expect("a call");
    house
        .until("the summary is in the note", |house| {
            let notes = house.ghl.notes(LOCATION);
            notes
                .iter()
                .any(|note| note["body"].to_string().contains("### Call Summary"))
        })
        .await;
    house.quiet().await;
    let shown = house.filed("call:");
    assert_eq!(shown.len(), 2);
    let of = |call: &str| {
        let key = format!("call:{call}");
        shown
            .iter()
            .find(|one| one["altId"] == key.as_str())
            .expect("a call")
    };
    let (completed, missed_one) = (of(&call), of(&missed));
    assert_eq!(
        (&completed["messageType"], &completed["direction"]),
        (&json!("TYPE_CALL"), &json!("outbound"))
    );
    assert_eq!(completed["meta"]["callStatus"], "completed");
    assert_eq!(
        (&missed_one["direction"], &missed_one["meta"]["callStatus"]),
        (&json!("inbound"), &json!("no-answer"))
    );
    let notes = house.ghl.notes(LOCATION);
    assert_eq!(
        notes.len(),
        2,
        "one for each call, however many events tell of it"
    );
    let note = notes
        .iter()
        .find(|note| note["body"].to_string().contains(&call))
        .expect("a note");
    assert_eq!(note["contactId"], alex.as_str());
    let text = note["body"].as_str().expect("a text");
    assert!(
        text.contains("1 min 3 s of talk") && !text.contains("static/recording"),
        "{text}"
    );
    // A later word about it changes the note and adds none.
    assert!(house.aloware.dispose_again(&call, "Call back on Monday"));
    house.quiet().await;
    let notes = house.ghl.notes(LOCATION);
    assert_eq!(notes.len(), 2);
    assert!(
        notes
            .iter()
            .any(|note| note["body"].to_string().contains("Call back on Monday"))
    );

    // Texts of Aloware's are filed; a disposition is a tag and a sequence, but for who opted out.
    house
        .aloware
        .receive_sms(&in_alex, "Call me")
        .expect("a message");
    house
        .aloware
        .write_sms(&in_alex, "Gladly")
        .expect("a message");
    house
        .aloware
        .receive_sms(&in_bea, "STOP")
        .expect("a message");
    house
        .until("they are filed", |house| house.filed("aloware:").len() == 2)
        .await;
    house.quiet().await;
    for id in [&in_alex, &in_bea] {
        assert!(house.aloware.dispose_contact(id, "Interested"));
    }
    house
        .until("she is enrolled", |house| {
            house.aloware.sequences_of(&in_alex).contains("12")
        })
        .await;
    house.quiet().await;
    assert!(house.aloware.sequences_of(&in_bea).is_empty(), "opted out");
    for contact in [&alex, &bea] {
        let contact = house.ghl.contact(LOCATION, contact).expect("a contact");
        assert!(
            contact["tags"]
                .to_string()
                .contains("disposition: interested"),
            "{contact}"
        );
    }
    assert_eq!(house.aloware.writes("sequences.enroll"), 1);

    house.replay().await;
    assert_eq!(house.filed("").len(), 4);
    assert_eq!(house.ghl.notes(LOCATION).len(), 2);
    assert_eq!(house.aloware.writes("sequences.enroll"), 1);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_leave_a_row() {
    let house = House::new(Engine::Sqlite, &[]).await;
    house
        .verity
        .announce_broadcast("b-1", "broadcast_completed");
    house.quiet().await;
    let store = house.store().await;
    let integrations_store::SqlxPool::Sqlite(pool) = store.sqlx() else {
        panic!("a file");
    };
    let sql = "SELECT id, document FROM middleware_records WHERE kind = 'broadcast'";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&pool).await.expect("rows");
    store.close().await;
    assert_eq!(rows.len(), 1);
    let row: Value = serde_json::from_str(&rows[0].1).expect("JSON");
    assert_eq!(
        (rows[0].0.as_str(), &row["event"]),
        ("b-1", &json!("broadcast_completed"))
    );
    assert!(
        row["analytics"].is_null(),
        "nobody said where Verity's database is"
    );
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_the_past_are_imported_once() {
    let house = House::new(Engine::Sqlite, &[]).await;
    house.person(ALEX, "alex@example.com");
    house.quiet().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("messages.jsonl");
    let line = |id: u32, direction: &str| {
        json!({"id": id.to_string(), "phone": "(206) 555-0100", "direction": direction, "text": format!("Words {id}"),
            "at": format!("2025-03-0{id}T10:00:00Z")})
        .to_string()
    };
    let import = async |text: String| {
        std::fs::write(&file, text).expect("a file");
        let mut command = Command::new(PROGRAM);
        command
            .args(["import", "--database", &house.database])
            .arg(&file);
        command.output().await.expect("the import")
    };
    let refused = import(format!("{}\nplanted", line(1, "inbound"))).await;
    assert!(!refused.status.success());
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        error.contains("line 2") && !error.contains("planted"),
        "{error}"
    );
    for _ in 0..2 {
        let done = import(format!("{}\n{}\n", line(1, "inbound"), line(2, "outbound"))).await;
        assert!(done.status.success(), "{done:?}");
        house
            .until("they are filed", |house| house.filed("import:").len() == 2)
            .await;
        house.quiet().await;
    }
    let filed = house.filed("import:");
    assert_eq!(filed.len(), 2, "each once");
    assert_eq!(filed[0]["dateAdded"], "2025-03-01T10:00:00.000Z");
    assert_eq!(filed[1]["direction"], "outbound");
    house.end().await;
}

/// The keys of the system before: every later event of a kind about a record is a repetition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_keys_are_a_setting() {
    let house = House::new(Engine::Sqlite, &[("MIDDLEWARE_DEDUPE", "seed-exact")]).await;
    let alex = house.person(ALEX, "alex@example.com");
    house
        .until("she is there", |house| house.in_aloware(ALEX).is_some())
        .await;
    for name in ["One", "Two"] {
        assert!(
            house
                .ghl
                .edit_contact(LOCATION, &alex, json!({"lastName": name}))
        );
        house.quiet().await;
    }
    let metrics = house.get("/metrics", &[]).await;
    let duplicate = metrics.body.lines().any(|line| {
        line.starts_with("integrations_webhooks_total{")
            && line.contains(r#"provider="gohighlevel""#)
            && line.contains(r#"outcome="duplicate""#)
    });
    assert!(duplicate, "{}", metrics.body);
    let known = house.in_aloware(ALEX).expect("a contact");
    assert_eq!(known["last_name"], "One");
    house.end().await;
}
