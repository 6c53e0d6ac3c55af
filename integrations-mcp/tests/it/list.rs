//! `tools/list`, and what cannot be offered.

use http::Method;
use integrations_core::ErrorKind;
use integrations_core::catalog::CatalogOperation;
use integrations_mcp::{Filter, META, McpServer};
use rmcp::model::PaginatedRequestParams;
use rmcp::service::{ClientLifecycleMode, ServiceError};
use serde_json::json;

use crate::fixture::{Fixture, client, generations, usual};

fn many(count: usize) -> Vec<CatalogOperation> {
    let name = |at| format!("domain{}_operation_{at}", at % 50);
    (0..count)
        .map(|at| CatalogOperation::new(name(at), Method::GET, format!("/d/{at}/{{id}}")))
        .collect()
}

#[tokio::test]
async fn both_generations_see_the_tool_as_it_is() {
    for generation in generations() {
        let server = McpServer::builder(Fixture::usual())
            .name("crm", "1.2.3")
            .build()
            .unwrap();
        let client = client(server, generation).await;
        let info = client.peer_info().unwrap();
        assert_eq!(info.server_info.as_ref().unwrap().name, "crm");
        let tools = client.list_all_tools().await.unwrap();
        let tool = serde_json::to_value(&tools[0]).unwrap();
        assert_eq!(tool["name"], "contacts_update");
        assert_eq!(
            tool["description"],
            "Changes a contact.\nPUT /contacts/{contactId}; needs the scopes: contacts.write"
        );
        assert_eq!(
            tool["inputSchema"],
            json!({"type": "object", "additionalProperties": false, "required": ["contactId", "body"], "properties": {
                "contactId": {"type": "string"}, "limit": {"type": "integer", "minimum": 1},
                "tags": {"type": "array", "items": {"type": "string"}},
                "body": {"type": "object", "required": ["firstName"], "properties": {
                    "firstName": {"type": "string"}, "kind": {"enum": ["lead", "customer"]}}}}})
        );
        assert_eq!(
            tool["annotations"],
            json!({"readOnlyHint": false, "destructiveHint": true, "idempotentHint": true, "openWorldHint": true})
        );
        assert_eq!(
            tool["_meta"][format!("{META}scopes")],
            json!(["contacts.write"])
        );
        let typed = tools.iter().find(|tool| tool.name == "typed").unwrap();
        assert!(typed.output_schema.is_some());
    }
}

#[tokio::test]
async fn five_thousand_operations_come_in_pages_and_in_their_order() {
    let operations = many(5000);
    let server = McpServer::builder(Fixture::new(operations.clone()))
        .page_size(333)
        .build()
        .unwrap();
    let client = client(server, ClientLifecycleMode::Initialize).await;
    let mut names = Vec::new();
    let mut cursor = None;
    let mut pages = 0;
    loop {
        let page = client
            .list_tools(Some(PaginatedRequestParams::default().with_cursor(cursor)))
            .await
            .unwrap();
        pages += 1;
        names.extend(page.tools.into_iter().map(|tool| tool.name.to_string()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, 16);
    let wanted: Vec<_> = operations
        .into_iter()
        .map(|operation| operation.name)
        .collect();
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let (_, client) = usual(|builder| builder.page_size(2)).await;
    for bad in ["", "0", "cbf29ce484222325-2", "x".repeat(100_000).as_str()] {
        let request = PaginatedRequestParams::default().with_cursor(Some(bad.to_owned()));
        let error = client.list_tools(Some(request)).await.unwrap_err();
        let ServiceError::McpError(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.code.0, -32602);
        assert!(error.message.len() < 200);
    }
}

#[tokio::test]
async fn a_filter_hides_and_refuses() {
    let filter = Filter::new()
        .allow("contacts")
        .allow("wait")
        .read_only(true);
    let (fixture, client) = usual(|builder| builder.filter(filter)).await;
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.len(), 1, "{tools:?}");
    let hidden = crate::fixture::call(&client, "contacts_update", json!({})).await;
    assert!(hidden.is_err(), "what is hidden cannot be called");
    assert!(fixture.calls().is_empty());
}

#[test]
fn what_cannot_be_offered_is_refused_at_the_start() {
    let named = |name: &str, path: &str| CatalogOperation::new(name, Method::GET, path);
    let build = |operations, filter| {
        McpServer::builder(Fixture::new(operations))
            .filter(filter)
            .build()
            .map(|_| ())
    };
    // Three at once, of which two have a third's name with what a generator might have added.
    let three = vec![
        named("a_get", "/1"),
        named("a_get", "/2"),
        named("a_get", "/3"),
    ];
    let error = build(three, Filter::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let line = error.to_string();
    assert!(
        line.contains("GET /1 and of GET /2") && line.contains("GET /2 and of GET /3"),
        "{line}"
    );

    let bad: Vec<_> = ["", "a b", "ä", "a/b", &"x".repeat(65), "a\nb"]
        .into_iter()
        .map(|name| named(name, "/"))
        .collect();
    let line = build(bad, Filter::new()).unwrap_err().to_string();
    assert_eq!(line.matches("is no name").count(), 6, "{line}");
    assert!(!line.contains('\n'));

    let line = build(many(3), Filter::new().allow("kontacts_*"))
        .unwrap_err()
        .to_string();
    assert!(line.contains("kontacts_*"), "{line}");
    assert!(build(Vec::new(), Filter::new()).is_err());
    assert!(build(many(3), Filter::new().deny("*")).is_err());
}
