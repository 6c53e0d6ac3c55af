use std::{collections::BTreeSet, time::Duration};

use integrations_testkit::ghl::{SCOPES, SimulatedGhl};
use serde_json::{Value, json};

use crate::support::{Api, LOCATION, builder, ready};

async fn search(api: &Api, more: Value) -> Value {
    let mut body = json!({"locationId": LOCATION, "pageLimit": 100});
    for (name, value) in more.as_object().unwrap() {
        body[name.as_str()] = value.clone();
    }
    api.post("/contacts/search", body).await.expect(200)
}

fn ids(found: &Value) -> Vec<String> {
    let contacts = found["contacts"].as_array().unwrap();
    contacts
        .iter()
        .map(|c| c["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn search_after_reads_everything_once() {
    let (ghl, api) = ready().await;
    let seeded: BTreeSet<_> = ghl.seed_contacts(LOCATION, 47).into_iter().collect();
    let mut seen = Vec::new();
    let mut after = Value::Null;
    let mut pages = 0;
    loop {
        let mut more = json!({"pageLimit": 10});
        if !after.is_null() {
            more["searchAfter"] = after.clone();
        }
        let found = search(&api, more).await;
        assert_eq!(found["total"], 47);
        assert!(found["traceId"].is_string());
        let page = ids(&found);
        if page.is_empty() {
            break;
        }
        pages += 1;
        seen.extend(page);
        after = found["contacts"].as_array().unwrap().last().unwrap()["searchAfter"].clone();
        assert!(after[0].is_i64() && after[1].is_string(), "{after}");
    }
    assert_eq!((pages, seen.len()), (5, 47));
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), seeded);
}

#[tokio::test]
async fn seeded_contacts_share_dates_across_page_boundaries() {
    let (ghl, api) = ready().await;
    let _ = ghl.seed_contacts(LOCATION, 20);
    let found = search(&api, json!({"pageLimit": 3})).await;
    let dates: Vec<_> = found["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["dateAdded"])
        .collect();
    assert_eq!(dates[1], dates[2], "a date alone is no cursor");
}

#[tokio::test]
async fn pages_and_search_after_exclude_each_other() {
    let (ghl, api) = ready().await;
    let _ = ghl.seed_contacts(LOCATION, 25);
    let first = ids(&search(&api, json!({"pageLimit": 10, "page": 1})).await);
    let third = ids(&search(&api, json!({"pageLimit": 10, "page": 3})).await);
    assert_eq!((first.len(), third.len()), (10, 5));
    assert!(first.iter().all(|id| !third.contains(id)));
    let body = json!({"locationId": LOCATION, "pageLimit": 10, "page": 1, "searchAfter": [1, "a"]});
    let reply = api.post("/contacts/search", body).await;
    reply.refused(400, "page and searchAfter cannot be used together");
    let body = json!({"locationId": LOCATION, "pageLimit": 500, "page": 21});
    assert_eq!(api.post("/contacts/search", body).await.status, 400);
    let body = json!({"locationId": LOCATION, "pageLimit": 500, "searchAfter": ["a"]});
    assert_eq!(api.post("/contacts/search", body).await.status, 400);
}

#[tokio::test]
async fn required_and_bounded() {
    let (_ghl, api) = ready().await;
    let body = api.post("/contacts/search", json!({})).await.expect(422);
    let expected = [
        "locationId should not be empty",
        "locationId must be a string",
        "pageLimit should not be empty",
        "pageLimit must be a number conforming to the specified constraints",
    ];
    assert_eq!(body["message"], json!(expected));
    let refused = async |more: Value, message: &str| {
        let mut body = json!({"locationId": LOCATION, "pageLimit": 10});
        for (name, value) in more.as_object().unwrap() {
            body[name.as_str()] = value.clone();
        }
        api.post("/contacts/search", body)
            .await
            .refused(422, message);
    };
    refused(
        json!({"pageLimit": 501}),
        "pageLimit must not be greater than 500",
    )
    .await;
    refused(json!({"pageLimit": 0}), "pageLimit must not be less than 1").await;
    refused(json!({"limit": 10}), "property limit should not exist").await;
    let message = "query must be shorter than or equal to 75 characters";
    refused(json!({"query": "x".repeat(76)}), message).await;
    let message = "filters.0.field shoeSize is invalid";
    refused(
        json!({"filters": [{"field": "shoeSize", "operator": "exists"}]}),
        message,
    )
    .await;
    let message = "filters.0.value should not be empty";
    refused(
        json!({"filters": [{"field": "email", "operator": "eq"}]}),
        message,
    )
    .await;
    let filters = json!({"filters": [{"group": "XOR", "filters": []}]});
    let message = "filters.0.group must be one of the following values: AND, OR";
    refused(filters, message).await;
    let message = "sort.0.direction must be one of the following values: asc, desc";
    refused(
        json!({"sort": [{"field": "email", "direction": "up"}]}),
        message,
    )
    .await;
    let body = json!({"locationId": LOCATION, "pageLimit": 500, "query": "x".repeat(75)});
    api.post("/contacts/search", body).await.expect(200);
}

#[tokio::test]
async fn the_filters() {
    let (ghl, api) = ready().await;
    let add = |fields: Value| ghl.seed_contact(LOCATION, fields);
    let alex = add(json!({
        "firstName": "Alex", "email": "alex@example.com", "city": "Springfield",
        "tags": ["vip", "lead"], "dateAdded": "2026-01-10T00:00:00.000Z",
        "customFields": [{"id": "color", "field_value": "blue"}],
    }));
    let bea = add(json!({
        "firstName": "Bea", "phone": "+12125550104", "city": "Riverton",
        "tags": ["lead"], "dateAdded": "2026-02-10T00:00:00.000Z",
    }));
    let chris = add(json!({
        "firstName": "Chris", "email": "chris@example.org",
        "dateAdded": "2026-03-10T00:00:00.000Z",
    }));
    let all = [("alex", &alex), ("bea", &bea), ("chris", &chris)];
    let check = async |filters: Value, expected: &[&str]| {
        let found = search(&api, json!({"filters": filters})).await;
        let found = ids(&found);
        let names: Vec<_> = all
            .iter()
            .filter(|(_, id)| found.contains(id))
            .map(|(n, _)| *n)
            .collect();
        assert_eq!(names, expected, "{filters}");
        assert_eq!(found.len(), expected.len());
    };
    let one = |field: &str, operator: &str, value: Value| json!([{"field": field, "operator": operator, "value": value}]);
    check(json!([]), &["alex", "bea", "chris"]).await;
    check(one("email", "eq", json!("ALEX@example.com")), &["alex"]).await;
    check(
        one("email", "not_eq", json!("alex@example.com")),
        &["bea", "chris"],
    )
    .await;
    check(
        one("email", "contains", json!("example.")),
        &["alex", "chris"],
    )
    .await;
    check(
        one("email", "not_contains", json!(".org")),
        &["alex", "bea"],
    )
    .await;
    check(one("email", "exists", json!(null)), &["alex", "chris"]).await;
    check(one("email", "not_exists", json!(null)), &["bea"]).await;
    check(one("tags", "eq", json!("lead")), &["alex", "bea"]).await;
    check(one("tags", "eq", json!(["vip", "none"])), &["alex"]).await;
    check(one("tags", "not_contains", json!("vip")), &["bea", "chris"]).await;
    check(one("customFields.color", "eq", json!("blue")), &["alex"]).await;
    let february = json!({"gte": "2026-02-01T00:00:00Z", "lt": "2026-03-01T00:00:00Z"});
    check(one("dateAdded", "range", february), &["bea"]).await;
    check(
        one("dateAdded", "range", json!({"gt": 1_770_681_600_000_i64})),
        &["chris"],
    )
    .await;
    check(
        one("dateAdded", "range", json!({"gte": 1_770_681_600_000_i64})),
        &["bea", "chris"],
    )
    .await;
    // Top-level filters are joined by AND, groups by what they say.
    let springfield = json!({"field": "city", "operator": "eq", "value": "springfield"});
    let has_phone = json!({"field": "phone", "operator": "exists"});
    check(json!([springfield, has_phone]), &[]).await;
    check(
        json!([{"group": "OR", "filters": [springfield, has_phone]}]),
        &["alex", "bea"],
    )
    .await;
    let nested = json!([{"group": "OR", "filters": [
        {"group": "AND", "filters": [springfield, {"field": "tags", "operator": "eq", "value": "vip"}]},
        {"field": "firstNameLowerCase", "operator": "eq", "value": "chris"},
    ]}]);
    check(nested, &["alex", "chris"]).await;
}

#[tokio::test]
async fn query_and_sort() {
    let (ghl, api) = ready().await;
    for (name, city) in [("Fay", "B"), ("Eli", "A"), ("Gus", "B")] {
        let _ = ghl.seed_contact(LOCATION, json!({"firstName": name, "city": city}));
    }
    let names = |found: &Value| -> Vec<String> {
        let contacts = found["contacts"].as_array().unwrap();
        contacts
            .iter()
            .map(|c| c["firstName"].as_str().unwrap().to_owned())
            .collect()
    };
    let sort = json!({"sort": [
        {"field": "city", "direction": "desc"},
        {"field": "firstNameLowerCase", "direction": "asc"},
    ]});
    let found = search(&api, sort.clone()).await;
    assert_eq!(names(&found), ["Fay", "Gus", "Eli"]);
    let after = &found["contacts"][0]["searchAfter"];
    assert_eq!((&after[0], &after[1]), (&json!("b"), &json!("fay")));
    let mut rest = sort;
    rest["searchAfter"] = after.clone();
    assert_eq!(names(&search(&api, rest).await), ["Gus", "Eli"]);
    assert_eq!(names(&search(&api, json!({"query": "EL"})).await), ["Eli"]);
}

#[tokio::test]
async fn hits_have_their_own_shape() {
    let (ghl, api) = ready().await;
    let _ = ghl.seed_contact(
        LOCATION,
        json!({"firstName": "Hana", "address1": "1 Example Street"}),
    );
    let found = search(&api, json!({})).await;
    let hit = &found["contacts"][0];
    assert_eq!(hit["address"], "1 Example Street");
    assert!(hit.get("address1").is_none());
    assert_eq!(hit["additionalEmails"], json!([]));
    assert!(hit["phone"].is_null() && hit.get("validEmail").is_some());
}

#[tokio::test]
async fn the_search_lags_behind_writes() {
    let (ghl, api) = lagging(Duration::from_secs(3600)).await;
    let _ = ghl.seed_contacts(LOCATION, 1);
    let body = json!({"locationId": LOCATION, "email": "late@example.com"});
    let created = api.post("/contacts/", body).await.expect(201);
    let path = format!("/contacts/{}", created["contact"]["id"].as_str().unwrap());
    let total = async || search(&api, json!({})).await["total"].clone();
    assert_eq!(total().await, 1, "seeds are there, the new one is not");
    api.get(&path).await.expect(200);
    ghl.settle_search();
    assert_eq!(total().await, 2);
    api.delete(&path, None).await.expect(200);
    assert_eq!(total().await, 2, "the deleted one is still found");
    ghl.settle_search();
    assert_eq!(total().await, 1);
}

#[tokio::test]
async fn the_search_catches_up() {
    let (_ghl, api) = lagging(Duration::from_millis(50)).await;
    let body = json!({"locationId": LOCATION, "email": "late@example.com"});
    api.post("/contacts/", body).await.expect(201);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(search(&api, json!({})).await["total"], 1);
}

async fn lagging(lag: Duration) -> (SimulatedGhl, Api) {
    let ghl = builder().search_lag(lag).start().await.unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    (ghl, api)
}

#[tokio::test]
async fn the_deprecated_list_pages_by_date_and_id() {
    let (ghl, api) = ready().await;
    let seeded: BTreeSet<_> = ghl.seed_contacts(LOCATION, 23).into_iter().collect();
    let mut seen = Vec::new();
    let mut path = format!("/contacts/?locationId={LOCATION}&limit=10");
    loop {
        let found = api.get(&path).await.expect(200);
        assert_eq!(found["meta"]["total"], 23);
        assert_eq!(found["count"], found["contacts"].as_array().unwrap().len());
        seen.extend(ids(&found));
        let Some(next) = found["meta"]["nextPageUrl"].as_str() else {
            break;
        };
        path = next.strip_prefix(ghl.base_url()).unwrap().to_owned();
    }
    assert_eq!(seen.len(), 23);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), seeded);
    let reply = api
        .get(&format!("/contacts/?locationId={LOCATION}&limit=101"))
        .await;
    reply.refused(422, "limit must not be greater than 100");
    let reply = api
        .get(&format!("/contacts/?locationId={LOCATION}&page=2"))
        .await;
    reply.refused(422, "property page should not exist");
    let reply = api
        .with_version("v3")
        .get(&format!("/contacts/?locationId={LOCATION}"))
        .await;
    reply.refused(404, "Cannot GET /contacts/");
}

/// What a sync does: everything by one date, page by page, from a date on.
async fn read_by_date(api: &Api, field: &str, direction: &str, from: i64) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut more = json!({
        "pageLimit": 7,
        "sort": [{"field": field, "direction": direction}],
        "filters": [{"field": field, "operator": "range", "value": {"gte": from}}],
    });
    loop {
        let found = search(api, more.clone()).await;
        let page = found["contacts"].as_array().unwrap();
        let Some(last) = page.last() else {
            assert_eq!(found["total"], rows.len());
            return rows;
        };
        more["searchAfter"] = last["searchAfter"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        rows.extend(page.iter().map(|c| (text(&c[field]), text(&c["id"]))));
    }
}

#[tokio::test]
async fn reading_by_date_finds_each_once_in_order_whatever_the_ties() {
    let (ghl, api) = ready().await;
    ghl.set_rate_limit(LOCATION, 1000, Duration::from_secs(10));
    let base: i64 = 1_767_355_200_000;
    for number in 0_i64..60 {
        let date = base + number * number % 10 * 1000;
        let fields = json!({"firstName": "A", "dateAdded": date, "dateUpdated": date + number % 3});
        let _ = ghl.seed_contact(LOCATION, fields);
    }
    for field in ["dateAdded", "dateUpdated"] {
        for from in [0, base + 1, base + 4000] {
            let all = ghl.contacts(LOCATION);
            let mut expected: Vec<_> = all
                .iter()
                .map(|c| {
                    (
                        c[field].as_str().unwrap().to_owned(),
                        c["id"].as_str().unwrap().to_owned(),
                    )
                })
                .filter(|(date, _)| {
                    date.parse::<jiff::Timestamp>().unwrap().as_millisecond() >= from
                })
                .collect();
            expected.sort();
            assert_eq!(read_by_date(&api, field, "asc", from).await, expected);
            expected.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            assert_eq!(read_by_date(&api, field, "desc", from).await, expected);
        }
    }
}

#[tokio::test]
async fn emails_and_phones_are_found_whatever_their_case_and_however_they_are_asked_for() {
    let (ghl, api) = ready().await;
    let _ = ghl.seed_contacts(LOCATION, 20);
    let a = ghl.seed_contact(
        LOCATION,
        json!({"email": "Alex@Example.com", "phone": "+12125550101"}),
    );
    let b = ghl.seed_contact(LOCATION, json!({"email": "bea@example.com"}));
    let c = ghl.seed_contact(LOCATION, json!({"phone": "+12125550101"}));
    let email = json!({"field": "email", "operator": "eq", "value": "ALEX@example.com"});
    let phone = json!({"field": "phone", "operator": "eq", "value": "+12125550101"});
    let both = json!({"field": "email", "operator": "eq", "value": ["alex@example.com", "bea@example.com"]});
    for (filters, expected) in [
        (json!([email]), vec![&a]),
        (json!([phone]), vec![&a, &c]),
        (
            json!([{"group": "OR", "filters": [email, phone]}]),
            vec![&a, &c],
        ),
        (json!([email, phone]), vec![&a]),
        (json!([both]), vec![&a, &b]),
        (
            json!([{"group": "OR", "filters": [email, {"field": "city", "operator": "eq", "value": "nowhere"}]}]),
            vec![&a],
        ),
    ] {
        let found = search(&api, json!({"filters": filters})).await;
        let found: BTreeSet<_> = ids(&found).into_iter().collect();
        assert_eq!(found, expected.into_iter().cloned().collect(), "{filters}");
    }
}

#[tokio::test]
async fn with_jitter_a_later_write_is_found_before_an_earlier_one() {
    let ghl = builder()
        .seed(3)
        .search_jitter(Duration::from_millis(400))
        .start()
        .await
        .unwrap();
    let api = Api::new(&ghl, &ghl.issue_private_token(LOCATION, SCOPES));
    let made: Vec<_> = (0..40)
        .map(|n| ghl.add_contact(LOCATION, json!({"firstName": format!("C{n}")})))
        .collect();
    let mut overtaken = false;
    loop {
        let found: BTreeSet<_> = ids(&search(&api, json!({})).await).into_iter().collect();
        let seen: Vec<_> = made.iter().map(|id| found.contains(id)).collect();
        overtaken |= seen.windows(2).any(|pair| pair == [false, true]);
        if found.len() == made.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(overtaken);
    // The last of several writes to one contact wins, whichever is indexed last.
    for n in 0..20 {
        assert!(ghl.edit_contact(LOCATION, &made[0], json!({"city": format!("City {n}")})));
    }
    tokio::time::sleep(Duration::from_millis(450)).await;
    let found = search(&api, json!({"query": "C0"})).await;
    assert_eq!(found["contacts"][0]["city"], "City 19");
}

#[tokio::test]
async fn ten_thousand_contacts_are_made_and_read_quickly() {
    let (ghl, api) = ready().await;
    ghl.set_rate_limit(LOCATION, 1_000_000, Duration::from_secs(10));
    let _ = ghl.seed_contacts(LOCATION, 10_000);
    let started = tokio::time::Instant::now();
    let sort = json!([{"field": "dateUpdated", "direction": "asc"}]);
    let mut more = json!({"pageLimit": 100, "sort": sort});
    let mut seen = 0;
    loop {
        let found = search(&api, more.clone()).await;
        let page = found["contacts"].as_array().unwrap();
        let Some(last) = page.last() else { break };
        more["searchAfter"] = last["searchAfter"].clone();
        seen += page.len();
    }
    assert_eq!(seen, 10_000);
    let read = started.elapsed();
    for n in 0..500 {
        let body = json!({"locationId": LOCATION, "email": format!("made{n}@example.com")});
        api.post("/contacts/", body).await.expect(201);
        let filters =
            json!([{"field": "email", "operator": "eq", "value": format!("made{n}@example.com")}]);
        let found = search(&api, json!({"filters": filters})).await;
        assert_eq!(found["total"], 1);
    }
    // Generous: an unoptimised build on a busy machine.
    let whole = started.elapsed();
    eprintln!(
        "read 10,000 in {read:?}, then 500 made and found in {:?}",
        whole - read
    );
    assert!(whole < Duration::from_secs(30), "{whole:?}");
}
