//! Pages: each style to its end, and no further.

use futures_util::TryStreamExt;
use ghl_client::{Endpoint, ErrorKind, SortOrder};
use integrations_core::http::{Body, CannedTransport, Outgoing};
use integrations_core::paging::Cursor;
use serde_json::{Value, json};

use crate::support::{client, location};

/// A transport that answers these bodies.
fn answers(bodies: impl IntoIterator<Item = Value>) -> CannedTransport {
    bodies
        .into_iter()
        .fold(CannedTransport::new(), |transport, body| {
            transport.answer(200, &body.to_string())
        })
}

fn queries(transport: &CannedTransport) -> Vec<String> {
    let sent = transport.sent();
    let query = |sent: &Outgoing| sent.url.query().unwrap_or_default().to_owned();
    sent.iter().map(query).collect()
}

fn bodies(transport: &CannedTransport) -> Vec<Value> {
    let sent = transport.sent();
    let body = |sent: &Outgoing| match &sent.body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        _ => Value::Null,
    };
    sent.iter().map(body).collect()
}

fn contacts(ids: std::ops::Range<u32>) -> Value {
    let contact =
        |id| json!({"id": format!("c{id}"), "searchAfter": [1_000 + id, format!("c{id}")]});
    json!({"contacts": ids.map(contact).collect::<Vec<_>>(), "total": 5})
}

#[tokio::test]
async fn a_search_of_contacts_goes_on_behind_the_last_one() {
    let transport = answers([contacts(0..2), contacts(2..4), contacts(4..5)]);
    let location = location(&transport);
    let search = location.contacts().search().page_limit(2_u32).query("x");
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    let ids: Vec<_> = found.iter().map(|contact| contact.id.as_str()).collect();
    assert_eq!(ids, ["c0", "c1", "c2", "c3", "c4"]);

    let sent = bodies(&transport);
    assert_eq!(sent.len(), 3);
    assert_eq!(
        sent[0],
        json!({"locationId": "loc1", "pageLimit": 2, "query": "x", "page": 1})
    );
    assert_eq!(
        sent[1],
        json!({"locationId": "loc1", "pageLimit": 2, "query": "x", "searchAfter": [1001, "c1"]})
    );
    assert_eq!(sent[2]["searchAfter"], json!([1003, "c3"]));
}

#[tokio::test]
async fn contacts_that_do_not_say_where_to_go_on_are_paged_by_number() {
    let without = |range: std::ops::Range<u32>| {
        let mut page = contacts(range);
        for contact in page["contacts"].as_array_mut().unwrap() {
            contact.as_object_mut().unwrap().remove("searchAfter");
        }
        page
    };
    let transport = answers([without(0..2), without(2..4), without(4..5)]);
    let location = location(&transport);
    let search = location.contacts().search().page_limit(2_u32);
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 5);
    let pages: Vec<_> = bodies(&transport)
        .iter()
        .map(|body| body["page"].clone())
        .collect();
    assert_eq!(pages, [json!(1), json!(2), json!(3)]);
}

#[tokio::test]
async fn a_stored_cursor_goes_on_where_it_was() {
    let transport = answers([contacts(0..2), contacts(2..4)]);
    let location = location(&transport);
    let search = || location.contacts().search().page_limit(2_u32);
    let first = search().page().await.unwrap();
    assert_eq!(first.total, Some(5));
    let stored = serde_json::to_string(&first.next).unwrap();

    let cursor: Cursor = serde_json::from_str(&stored).unwrap();
    let second = search().start_at(&cursor).page().await.unwrap();
    assert_eq!(second.items[0].id.as_str(), "c2");
    assert_eq!(bodies(&transport)[1]["searchAfter"], json!([1001, "c1"]));
}

#[tokio::test]
async fn a_repeated_cursor_ends_the_search() {
    let transport = answers([contacts(0..2), contacts(0..2), contacts(0..2)]);
    let location = location(&transport);
    let search = location.contacts().search().page_limit(2_u32);
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!((found.len(), transport.sent().len()), (4, 2));
}

#[tokio::test]
async fn pages_are_read_when_they_are_needed() {
    let transport = answers([contacts(0..2), contacts(2..4)]);
    let location = location(&transport);
    let mut items = location.contacts().search().page_limit(2_u32).items();
    assert!(transport.sent().is_empty());
    items.try_next().await.unwrap();
    items.try_next().await.unwrap();
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test]
async fn a_foreign_cursor_is_refused_before_anything_is_sent() {
    let transport = CannedTransport::new();
    let (client, location) = (client(&transport), location(&transport));
    let foreign = Cursor::new("something else");
    let mut errors = vec![
        location
            .contacts()
            .search()
            .start_at(&foreign)
            .page()
            .await
            .unwrap_err(),
        location
            .conversations()
            .search()
            .start_at(&foreign)
            .page()
            .await
            .unwrap_err(),
        location
            .users()
            .search("com1")
            .start_at(&foreign)
            .page()
            .await
            .unwrap_err(),
        client
            .locations()
            .search()
            .start_at(&foreign)
            .page()
            .await
            .unwrap_err(),
    ];
    for foreign in ["", "0", "-1", "[]", "{}", "\"a\""].map(Cursor::new) {
        let call = location.opportunities().search().start_at(&foreign);
        errors.push(call.page().await.unwrap_err());
        let call = location.objects().search_records("x").start_at(&foreign);
        errors.push(call.page().await.unwrap_err());
    }
    let half = location
        .opportunities()
        .search()
        .start_at(&Cursor::new("1 "));
    errors.push(half.page().await.unwrap_err());
    let streamed = location.contacts().search().start_at(&foreign).items();
    errors.push(streamed.try_collect::<Vec<_>>().await.unwrap_err());
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
        assert!(error.operation().is_some());
    }
    assert!(transport.sent().is_empty());
}

fn page_of_locations(ids: std::ops::Range<u32>) -> Value {
    let one = |id| json!({"id": format!("loc{id}")});
    json!({"locations": ids.map(one).collect::<Vec<_>>()})
}

#[tokio::test]
async fn locations_are_skipped_until_a_page_is_short() {
    let transport = answers([page_of_locations(0..10), page_of_locations(10..13)]);
    let client = client(&transport);
    let search = client.locations().search().company_id("com1");
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 13);
    assert_eq!(
        queries(&transport),
        ["companyId=com1", "companyId=com1&skip=10"]
    );
}

#[tokio::test]
async fn a_provider_that_gives_less_than_asked_loses_nothing() {
    // Asked for 50, it gives 20 at most.
    let transport = answers([
        page_of_locations(0..20),
        page_of_locations(20..40),
        page_of_locations(40..45),
    ]);
    let client = client(&transport);
    let search = client.locations().search().limit(50_u32);
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 45);
    assert_eq!(
        queries(&transport),
        ["limit=50", "skip=20&limit=50", "skip=40&limit=50"]
    );
}

#[tokio::test]
async fn users_tell_their_total() {
    let users: Vec<_> = (0..25).map(|id| json!({"id": id})).collect();
    let transport = answers([
        json!({"users": users, "count": 26}),
        json!({"users": [{"id": 25}], "count": "26"}),
    ]);
    let location = location(&transport);
    let first = location.users().search("com1").page().await.unwrap();
    assert_eq!(
        (first.total, first.next.as_ref().unwrap().as_str()),
        (Some(26), "25")
    );
    let next = first.next.unwrap();
    let last = location
        .users()
        .search("com1")
        .start_at(&next)
        .page()
        .await
        .unwrap();
    assert!(last.next.is_none());
    assert_eq!(
        queries(&transport)[1],
        "companyId=com1&locationId=loc1&skip=25"
    );
}

fn conversations(rows: &[(&str, i64)]) -> Value {
    let one =
        |(id, date): &(&str, i64)| json!({"id": id, "lastMessageDate": 1_767_355_200_000 + date});
    json!({"conversations": rows.iter().map(one).collect::<Vec<_>>(), "total": 9})
}

fn after(transport: &CannedTransport) -> Vec<Option<i64>> {
    let after = |query: &String| {
        let (_, rest) = query.split_once("startAfterDate=")?;
        let value: i64 = rest.split('&').next()?.parse().ok()?;
        Some(value - 1_767_355_200_000)
    };
    queries(transport).iter().map(after).collect()
}

async fn ids_of<R>(call: ghl_client::Call<R>) -> Vec<String>
where
    R: Endpoint + ghl_client::Paged<Item = ghl_client::conversations::Conversation>,
{
    let found: Vec<_> = call.items().try_collect().await.unwrap();
    found.iter().map(|one| one.id.as_str().to_owned()).collect()
}

#[tokio::test]
async fn conversations_of_one_instant_are_not_lost_between_pages() {
    // The provider gives what lies strictly behind a date, and b, c and d share one.
    let transport = answers([
        conversations(&[("a", 9), ("b", 5), ("c", 5)]),
        conversations(&[("b", 5), ("c", 5), ("d", 5)]),
        conversations(&[("e", 4)]),
    ]);
    let location = location(&transport);
    let search = location.conversations().search().limit(3_u32);
    assert_eq!(ids_of(search).await, ["a", "b", "c", "d", "e"]);
    // One more than the last date; then, after a page of one date only, behind it.
    assert_eq!(after(&transport), [None, Some(6), Some(5)]);
}

#[tokio::test]
async fn conversations_go_on_in_either_order() {
    let transport = answers([
        conversations(&[("a", 1), ("b", 2)]),
        conversations(&[("b", 2), ("c", 3)]),
        conversations(&[("c", 3)]),
    ]);
    let location = location(&transport);
    let search = location.conversations().search();
    let search = search.limit(2_u32).sort(SortOrder::Ascending);
    assert_eq!(ids_of(search).await, ["a", "b", "c"]);
    assert_eq!(after(&transport), [None, Some(1), Some(2)]);
}

#[tokio::test]
async fn conversations_go_on_behind_the_sort_value_that_they_tell() {
    let row = |id: &str, score: f64| json!({"id": id, "sort": [score], "lastMessageDate": 5});
    let transport = answers([
        json!({"conversations": [row("a", 9.5), row("b", 7.25)]}),
        json!({"conversations": [row("c", 7.0)]}),
    ]);
    let location = location(&transport);
    let search = location.conversations().search().limit(2_u32);
    assert_eq!(ids_of(search).await, ["a", "b", "c"]);
    let second = &queries(&transport)[1];
    assert!(second.contains("startAfterDate=7.25"), "{second}");
}

#[tokio::test]
async fn repeated_conversations_end_the_search() {
    let page = || conversations(&[("a", 9), ("b", 5)]);
    let transport = answers([page(), page(), page(), page()]);
    let location = location(&transport);
    let search = location.conversations().search().limit(2_u32);
    let ids = ids_of(search).await;
    assert!(ids.len() <= 4 && transport.sent().len() <= 3, "{ids:?}");
}

fn messages(ids: std::ops::Range<u32>, more: bool) -> Value {
    let last = format!("m{}", ids.end - 1);
    let one = |id| json!({"id": format!("m{id}")});
    json!({"messages": {"lastMessageId": last, "nextPage": more, "messages": ids.map(one).collect::<Vec<_>>()}})
}

#[tokio::test]
async fn messages_go_on_behind_the_last_one_while_there_are_more() {
    let transport = answers([
        messages(0..3, true),
        messages(3..6, true),
        messages(6..7, false),
    ]);
    let location = location(&transport);
    let list = location.messages().list("con1").limit(3_u32);
    let found: Vec<_> = list.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 7);
    let expected = [
        "limit=3",
        "lastMessageId=m2&limit=3",
        "lastMessageId=m5&limit=3",
    ];
    assert_eq!(queries(&transport), expected);
}

#[tokio::test]
async fn repeated_messages_end_the_list() {
    let transport = answers([
        messages(0..3, true),
        messages(0..3, true),
        messages(0..3, true),
    ]);
    let location = location(&transport);
    let found: Vec<_> = location
        .messages()
        .list("con1")
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!((found.len(), transport.sent().len()), (6, 2));
}

#[tokio::test]
async fn an_error_ends_the_stream_after_the_items_before_it() {
    let transport = answers([contacts(0..2)]).answer(403, "{}");
    let location = location(&transport);
    let mut items = location.contacts().search().page_limit(2_u32).items();
    assert!(items.try_next().await.unwrap().is_some());
    assert!(items.try_next().await.unwrap().is_some());
    assert_eq!(
        items.try_next().await.unwrap_err().kind(),
        ErrorKind::Permission
    );
    assert!(items.try_next().await.unwrap().is_none());
}

fn opportunities(ids: std::ops::Range<u32>, tells: bool) -> Value {
    let one = |id| match tells {
        true => json!({"id": format!("o{id}"), "sort": [1_000 + id, format!("o{id}")]}),
        false => json!({"id": format!("o{id}")}),
    };
    json!({"opportunities": ids.map(one).collect::<Vec<_>>(), "total": 5})
}

#[tokio::test]
async fn opportunities_go_on_behind_the_last_one() {
    let transport = answers([
        opportunities(0..2, true),
        opportunities(2..4, true),
        opportunities(4..5, true),
    ]);
    let location = location(&transport);
    let search = location.opportunities().search().limit(2_u32);
    let found: Vec<_> = search.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 5);
    let expected = [
        json!({"locationId": "loc1", "limit": 2}),
        json!({"locationId": "loc1", "limit": 2, "searchAfter": [1001, "o1"]}),
        json!({"locationId": "loc1", "limit": 2, "searchAfter": [1003, "o3"]}),
    ];
    assert_eq!(bodies(&transport), expected);
}

#[tokio::test]
async fn opportunities_by_number_are_neither_lost_nor_doubled() {
    let page = |ids| opportunities(ids, false);
    // Pages count from 0, or from 1: the provider documents both.
    let from_0 = answers([page(0..2), page(2..4), page(4..5)]);
    let from_1 = answers([page(0..2), page(0..2), page(2..4), page(4..5)]);
    for transport in [from_0, from_1] {
        let location = location(&transport);
        let search = location.opportunities().search().limit(2_u32);
        let found: Vec<_> = search.items().try_collect().await.unwrap();
        let ids: Vec<_> = found.iter().filter_map(|one| one.id.as_ref()).collect();
        let ids: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
        assert_eq!(ids, ["o0", "o1", "o2", "o3", "o4"]);
        let sent = bodies(&transport);
        let pages: Vec<_> = sent.iter().map(|body| body["page"].as_u64()).collect();
        assert_eq!(pages[..3], [None, Some(1), Some(2)]);
    }
}

#[tokio::test]
async fn records_go_on_behind_the_last_one() {
    let page = |ids: std::ops::Range<u32>| {
        let one =
            |id| json!({"id": format!("r{id}"), "searchAfter": [1_000 + id, format!("r{id}")]});
        json!({"records": ids.map(one).collect::<Vec<_>>(), "total": "3"})
    };
    let transport = answers([page(0..2), page(2..3)]);
    let location = location(&transport);
    let search = || {
        location
            .objects()
            .search_records("business")
            .page_limit(2_u32)
    };
    let first = search().page().await.unwrap();
    assert_eq!((first.items.len(), first.total), (2, Some(3)));
    let next = first.next.unwrap();
    let last = search().start_at(&next).page().await.unwrap();
    assert_eq!((last.items.len(), last.next), (1, None));
    let expected = [
        json!({"locationId": "loc1", "pageLimit": 2, "page": 1}),
        json!({"locationId": "loc1", "pageLimit": 2, "searchAfter": [1001, "r1"]}),
    ];
    assert_eq!(bodies(&transport), expected);
}

#[tokio::test]
async fn pages_of_an_impossible_size_are_refused() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    let errors = [
        location
            .opportunities()
            .search()
            .limit(0_u32)
            .send()
            .await
            .unwrap_err(),
        location
            .opportunities()
            .search()
            .limit(501_u32)
            .send()
            .await
            .unwrap_err(),
        location
            .objects()
            .search_records("x")
            .page_limit(0_u32)
            .send()
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    }
    assert!(transport.sent().is_empty());
}
