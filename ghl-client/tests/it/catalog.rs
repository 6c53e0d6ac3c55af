//! Operations called by name: what leaves, and what is refused before.

use std::collections::BTreeSet;

use ghl_client::{Client, ErrorKind, GhlCatalog};
use http::StatusCode;
use integrations_core::Result;
use integrations_core::catalog::{Answer, Arguments, Catalog, CatalogOperation, Place};
use integrations_core::http::{CannedTransport, HttpContext, Outgoing};
use serde_json::{Value, json};

fn catalog(transport: &CannedTransport) -> GhlCatalog {
    client(transport).catalog()
}

fn client(transport: &CannedTransport) -> Client {
    let context = HttpContext::builder().transport(transport.clone());
    Client::builder()
        .private_token("pit-1")
        .context(&context.build().unwrap())
        .build()
        .unwrap()
}

fn find<'c>(catalog: &'c GhlCatalog, name: &str) -> &'c CatalogOperation {
    let found = catalog
        .operations()
        .iter()
        .find(|operation| operation.name == name);
    found.unwrap_or_else(|| panic!("{name}"))
}

fn arguments(path: &[(&str, &str)], query: &[(&str, &str)], body: Option<Value>) -> Arguments {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut arguments = Arguments::default();
    arguments.path = path.iter().map(owned).collect();
    arguments.query = query.iter().map(owned).collect();
    arguments.body = body;
    arguments
}

async fn call(catalog: &GhlCatalog, name: &str, arguments: Arguments) -> Result<Answer> {
    catalog.call(find(catalog, name), arguments).await
}

fn line(sent: &Outgoing) -> String {
    let query = sent
        .url
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    format!("{} {}{query}", sent.method, sent.url.path())
}

fn body(sent: &Outgoing) -> Value {
    match &sent.body {
        integrations_core::http::Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        _ => Value::Null,
    }
}

#[test]
fn every_operation_is_offered_once_and_whole() {
    let transport = CannedTransport::new();
    let client = client(&transport);
    let mut largest = (0, String::new());
    for (catalog, least) in [(client.catalog(), 565), (client.catalog_v3(), 615)] {
        let operations = catalog.operations();
        assert!(operations.len() > least, "{}", operations.len());
        let names: BTreeSet<_> = operations.iter().map(|operation| &operation.name).collect();
        assert_eq!(names.len(), operations.len());
        for operation in operations {
            let name = &operation.name;
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.len() <= 64 && name.chars().all(fits), "{name}");
            for step in operation.path.split('{').skip(1) {
                let wire = step.split('}').next().unwrap();
                let known = |parameter: &integrations_core::catalog::Parameter| {
                    parameter.name == wire && parameter.place == Place::Path
                };
                assert!(operation.parameters.iter().any(known), "{name}: {wire}");
            }
            let schemas = operation
                .parameters
                .iter()
                .map(|parameter| &parameter.schema);
            for schema in schemas.chain(&operation.body) {
                assert!(
                    jsonschema::draft202012::meta::is_valid(schema),
                    "{name}: {schema}"
                );
                jsonschema::validator_for(schema).unwrap();
            }
            let size = operation
                .body
                .as_ref()
                .map_or(0, |body| body.to_string().len());
            largest = largest.max((size, name.clone()));
        }
    }
    println!("the largest body's schema: {largest:?}");
    assert!(largest.0 < 64 << 10, "{largest:?}");
}

#[test]
fn what_is_known_of_an_operation_is_said() {
    let catalog = catalog(&CannedTransport::new());
    let get = find(&catalog, "contacts_get_contact");
    assert_eq!(get.scopes, ["contacts.readonly"]);
    assert!(get.is_read_only());
    assert!(find(&catalog, "contacts_search_contacts_advanced").is_read_only());
    let create = find(&catalog, "contacts_create_contact");
    assert!(!create.is_read_only() && !create.is_destructive());
    assert!(find(&catalog, "contacts_delete_contact").is_destructive());
    let schema = create.body.as_ref().unwrap();
    assert_eq!(schema["required"], json!(["locationId"]));
    assert_eq!(
        schema["properties"]["tags"],
        json!({"type": "array", "items": {"type": "string"}})
    );
    let list = find(&catalog, "contacts_get_contacts");
    let limit = list
        .parameters
        .iter()
        .find(|parameter| parameter.name == "limit")
        .unwrap();
    assert_eq!(limit.schema, json!({"type": "integer", "default": 20}));
}

#[tokio::test(start_paused = true)]
async fn calls_go_the_way_of_the_client() {
    let transport = CannedTransport::new()
        .answer(200, r#"{"contact":{"id":"c"}}"#)
        .answer(201, "{}")
        .answer(200, "{}");
    let catalog = catalog(&transport);
    let path = [("contactId", "../a b/ü")];
    let answer = call(
        &catalog,
        "contacts_get_contact",
        arguments(&path, &[], None),
    )
    .await
    .unwrap();
    assert_eq!(answer.json().unwrap()["contact"]["id"], "c");
    let new = json!({"locationId": "loc", "firstName": "Jane", "tomorrow": 1});
    let answer = call(
        &catalog,
        "contacts_create_contact",
        arguments(&[], &[], Some(new.clone())),
    );
    assert_eq!(answer.await.unwrap().status, StatusCode::CREATED);
    let query = [
        ("endDate", "e"),
        ("startDate", "s"),
        ("fields", "a"),
        ("fields", "b"),
        ("groupBy", "g"),
        ("locationId", "loc"),
        ("type", "t"),
    ];
    call(
        &catalog,
        "ad_publishing_fb_get_reporting",
        arguments(&[], &query, None),
    )
    .await
    .unwrap();
    let sent = transport.sent();
    assert_eq!(line(&sent[0]), "GET /contacts/..%2Fa%20b%2F%C3%BC");
    assert_eq!(sent[0].headers["version"], "2021-07-28");
    assert_eq!(sent[0].headers["authorization"], "Bearer pit-1");
    assert_eq!(
        (line(&sent[1]), body(&sent[1])),
        ("POST /contacts/".to_owned(), new)
    );
    assert!(
        line(&sent[2]).contains("fields=a%2Cb"),
        "{}",
        line(&sent[2])
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_always_the_same_need_not_be_given() {
    let transport = CannedTransport::new().answer(200, "{}").answer(200, "{}");
    let catalog = catalog(&transport);
    let notes = arguments(&[("appointmentId", "a")], &[("limit", "5")], None);
    call(&catalog, "calendars_get_appointment_notes", notes)
        .await
        .unwrap();
    let gone = arguments(&[("templateId", "t")], &[], Some(json!({"altId": "loc"})));
    call(&catalog, "invoices_delete_estimate_template", gone)
        .await
        .unwrap();
    let sent = transport.sent();
    assert_eq!(
        line(&sent[0]),
        "GET /calendars/appointments/a/notes?limit=5&offset=0"
    );
    assert_eq!(
        body(&sent[1]),
        json!({"altId": "loc", "altType": "location"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_catalogue_of_one_location_names_it_everywhere_and_takes_no_other() {
    let transport = CannedTransport::new()
        .answer(200, "{}")
        .answer(200, "{}")
        .answer(200, "{}");
    let catalog = catalog(&transport).for_location("loc-1");
    for operation in catalog.operations() {
        for parameter in &operation.parameters {
            assert!(
                !matches!(parameter.name.as_str(), "locationId" | "altId"),
                "{}",
                operation.name
            );
        }
        let properties = operation
            .body
            .as_ref()
            .map(|body| &body["properties"]["locationId"]);
        assert!(properties.is_none_or(Value::is_null), "{}", operation.name);
    }
    let new = Some(json!({"firstName": "Jane"}));
    call(
        &catalog,
        "contacts_create_contact",
        arguments(&[], &[], new),
    )
    .await
    .unwrap();
    call(
        &catalog,
        "contacts_get_contacts",
        arguments(&[], &[("limit", "1")], None),
    )
    .await
    .unwrap();
    call(
        &catalog,
        "locations_get_location",
        arguments(&[], &[], None),
    )
    .await
    .unwrap();
    let sent = transport.sent();
    assert_eq!(
        body(&sent[0]),
        json!({"firstName": "Jane", "locationId": "loc-1"})
    );
    assert_eq!(line(&sent[1]), "GET /contacts/?limit=1&locationId=loc-1");
    assert_eq!(line(&sent[2]), "GET /locations/loc-1");
    for other in [
        (
            "contacts_create_contact",
            arguments(&[], &[], Some(json!({"locationId": "loc-2"}))),
        ),
        (
            "contacts_get_contacts",
            arguments(&[], &[("locationId", "loc-2")], None),
        ),
        (
            "locations_get_location",
            arguments(&[("locationId", "loc-2")], &[], None),
        ),
    ] {
        let error = call(&catalog, other.0, other.1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert!(!error.to_string().contains("loc-2"), "{error}");
    }
    assert_eq!(transport.sent().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_whole() {
    let transport = CannedTransport::new();
    let catalog = catalog(&transport);
    let wrong = arguments(
        &[("contactId", ".."), ("id", "hunter2")],
        &[("x", "hunter2")],
        Some(json!("hunter2")),
    );
    let error = call(&catalog, "contacts_get_contact", wrong)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    let paths: Vec<_> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(paths, ["/contactId", "/id", "/x", "/body"]);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let error = call(&catalog, "contacts_create_contact", Arguments::default())
        .await
        .unwrap_err();
    assert_eq!(error.fields()[0].path, "/body/locationId");
    let list = arguments(&[], &[], Some(json!([1])));
    assert!(
        call(&catalog, "contacts_create_contact", list)
            .await
            .is_err()
    );
    let unknown = CatalogOperation::new("nothing", http::Method::GET, "/");
    assert!(catalog.call(&unknown, Arguments::default()).await.is_err());
    assert!(transport.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn scopes_are_checked_and_a_gateways_page_is_no_answer() {
    let page = "<html><body>Bad gateway</body></html>";
    let transport = CannedTransport::new().answer_with(200, &[("content-type", "text/html")], page);
    let context = HttpContext::builder().transport(transport.clone());
    let client = Client::builder()
        .private_token("pit-1")
        .granted_scopes(["contacts.readonly"])
        .context(&context.build().unwrap())
        .build()
        .unwrap();
    let catalog = client.catalog();
    let new = arguments(&[], &[], Some(json!({"locationId": "loc"})));
    let error = call(&catalog, "contacts_create_contact", new)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("missing_scope"));
    assert!(transport.sent().is_empty());
    let get = arguments(&[("contactId", "c")], &[], None);
    let error = call(&catalog, "contacts_get_contact", get)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn v3_speaks_v3() {
    let transport = CannedTransport::new().answer(200, "{}");
    let client = client(&transport);
    let catalog = client.catalog_v3();
    let get = arguments(&[("contactId", "c")], &[], None);
    call(&catalog, "v3_contacts_get_contact", get)
        .await
        .unwrap();
    assert_eq!(transport.sent()[0].headers["version"], "v3");
}
