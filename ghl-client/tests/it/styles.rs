//! The ways to page of generated operations, and what a call sends beyond its request.

use futures_util::TryStreamExt;
use ghl_client::ErrorKind;
use integrations_core::http::{Body, CannedTransport, Outgoing};
use serde_json::{Value, json};

use crate::support::location;

fn answers(bodies: impl IntoIterator<Item = Value>) -> CannedTransport {
    let bodies = bodies.into_iter();
    bodies.fold(CannedTransport::new(), |transport, body| {
        transport.answer(200, &body.to_string())
    })
}

fn queries(transport: &CannedTransport) -> Vec<String> {
    let query = |sent: &Outgoing| sent.url.query().unwrap_or_default().to_owned();
    transport.sent().iter().map(query).collect()
}

fn products(ids: std::ops::Range<u32>) -> Value {
    let product = |id: u32| json!({"_id": id.to_string()});
    json!({"products": ids.map(product).collect::<Vec<_>>(), "traceId": "t"})
}

#[tokio::test]
async fn offsets_go_on_until_a_page_is_empty() {
    // The provider caps pages at three, whatever is asked for.
    let transport = answers([products(0..3), products(3..4), products(0..0)]);
    let location = location(&transport);
    let list = location.products().list_products().limit(100);
    let found: Vec<_> = list.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 4);
    let queries = queries(&transport);
    assert!(!queries[0].contains("offset"), "{queries:?}");
    assert!(queries[1].contains("offset=3"), "{queries:?}");
    assert!(queries[2].contains("offset=4"), "{queries:?}");
}

#[tokio::test]
async fn a_total_saves_the_last_request() {
    let submissions = json!({"submissions": [{"id": "1"}], "meta": {"total": 1}});
    let transport = answers([submissions, json!({"submissions": []})]);
    let location_handle = location(&transport);
    let list = location_handle.forms().get_forms_submissions();
    let found: Vec<_> = list.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 1);

    let forms = json!({"forms": [{"id": "1"}, {"id": "2"}], "total": 2});
    let transport = answers([forms]);
    let location_handle = location(&transport);
    let list = location_handle.forms().get_forms().limit(10);
    let found: Vec<_> = list.items().try_collect().await.unwrap();
    assert_eq!((found.len(), transport.sent().len()), (2, 1));
}

#[tokio::test]
async fn a_provider_that_does_not_page_is_an_error_and_no_loop() {
    let again = |trace: &str| json!({"products": [{"_id": "1"}], "traceId": trace});
    let transport = answers([again("a"), again("b")]);
    let location = location(&transport);
    let mut items = location.products().list_products().items();
    assert!(TryStreamExt::try_next(&mut items).await.unwrap().is_some());
    let error = TryStreamExt::try_next(&mut items).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().contains("first page again"), "{error}");
}

#[tokio::test]
async fn a_provider_that_stays_at_its_last_page_ends_the_stream() {
    let transport = answers([products(0..2), products(2..4), products(2..4)]);
    let location = location(&transport);
    let found: Vec<_> = location
        .products()
        .list_products()
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 4);
}

#[tokio::test]
async fn a_cursor_is_handed_on() {
    let page = |id: &str, next: Value| json!({"messages": [{"id": id}], "nextCursor": next});
    let transport = answers([page("1", json!("c1")), page("2", json!(null))]);
    let location = location(&transport);
    let export = location.conversations().export_messages_by_location();
    let found: Vec<_> = export.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(queries(&transport)[1].contains("cursor=c1"));
}

#[tokio::test]
async fn messages_of_v3_go_on_behind_the_last_one_in_either_shape() {
    let first =
        json!({"messages": {"messages": [{"id": "1"}], "lastMessageId": "1", "nextPage": true}});
    let second = json!({"messages": [{"id": "2"}], "lastMessageId": "2", "nextPage": false});
    let transport = answers([first, second]);
    let location = location(&transport);
    let messages = location.v3().conversations().get_messages("conv1");
    let found: Vec<_> = messages.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(queries(&transport)[1].contains("lastMessageId=1"));
}

#[tokio::test]
async fn the_retired_list_of_contacts_goes_on_behind_date_and_id() {
    let page = |id: &str, meta: Value| json!({"contacts": [{"id": id}], "meta": meta});
    let transport = answers([
        page(
            "1",
            json!({"startAfter": 1_700_000_000_000_i64, "startAfterId": "1"}),
        ),
        page("2", json!({"startAfter": null, "startAfterId": null})),
    ]);
    let location = location(&transport);
    let found: Vec<_> = location
        .contacts()
        .get_contacts()
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let second = &queries(&transport)[1];
    assert!(
        second.contains("startAfter=1700000000000") && second.contains("startAfterId=1"),
        "{second}"
    );
}

#[tokio::test]
async fn lists_one_level_deeper_page_too() {
    let page = |ids: &[&str]| {
        let posts: Vec<_> = ids.iter().map(|id| json!({"_id": id})).collect();
        json!({"success": true, "results": {"posts": posts, "count": 3}})
    };
    let transport = answers([page(&["1", "2"]), page(&["3"]), page(&[])]);
    let location = location(&transport);
    let posts = location
        .social_planner()
        .get_posts()
        .from_date("2026-01-01")
        .to_date("2026-02-01")
        .include_users("true");
    let found: Vec<_> = posts.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 3);
}

fn body(transport: &CannedTransport) -> Value {
    match &transport.sent()[0].body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_member_can_be_added_cleared_or_emptied() {
    let transport = answers([json!({})]);
    let location = location(&transport);
    let call = location.v3().contacts().update_contact("c1").city("Oslo");
    let call = call
        .with_member("tags", Vec::<String>::new())
        .with_member("email", Value::Null);
    call.with_member("newField", 1)
        .with_query("dryRun", true)
        .send()
        .await
        .unwrap();
    assert_eq!(
        body(&transport),
        json!({"city": "Oslo", "tags": [], "email": null, "newField": 1})
    );
    assert_eq!(queries(&transport), ["dryRun=true"]);
}

#[tokio::test]
async fn a_member_of_what_is_no_object_is_refused_before_it_is_sent() {
    let transport = CannedTransport::new();
    let location = location(&transport);
    let upload = ghl_client::Upload::from_bytes("a.png", vec![1_u8]);
    let call = location.medias().upload(upload).with_member("name", "x");
    let error = call.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(transport.sent().is_empty());
}

#[tokio::test]
async fn an_empty_answer_is_done_to_a_change_and_no_answer_to_a_question() {
    for body in ["", " "] {
        let transport = CannedTransport::new().answer(204, body).answer(200, body);
        let location = location(&transport);
        let deleted = location.products().delete_product_by_id("p1").send().await;
        assert!(deleted.is_ok(), "{deleted:?}");
        let error = location
            .products()
            .list_products()
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("empty"), "{error}");
    }
    // And what stands for nothing elsewhere is no answer either.
    for body in ["null", "[]", "\"\""] {
        let transport = CannedTransport::new().answer(200, body);
        let location = location(&transport);
        let error = location
            .products()
            .list_products()
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}
