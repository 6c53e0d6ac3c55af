//! The catalogue: its file, its faults, its operations.

use std::collections::BTreeSet;
use std::sync::Arc;

use integrations_core::catalog::{Access, Arguments, Catalog, CatalogOperation};
use integrations_core::http::CannedTransport;
use serde_json::{Value, json};
use verity_client::ErrorKind;
use verity_client::catalog::{CatalogFile, CatalogOptions, Effect, VerityCatalog};

use crate::support::{bearer, catalogue, client, sent_json};

fn faults(catalogue: &Value) -> Vec<(String, Effect)> {
    let text = serde_json::to_string_pretty(catalogue).unwrap();
    let checked = CatalogFile::check(&text, &CatalogOptions::default()).unwrap();
    for fault in &checked.faults {
        assert!(fault.line > 0 && fault.column > 0, "{fault}");
    }
    checked
        .faults
        .into_iter()
        .map(|fault| (fault.pointer, fault.effect))
        .collect()
}

fn with(endpoint: Value) -> Value {
    json!({"endpoints": [endpoint]})
}

#[test]
fn a_catalogue_in_order() {
    let file = CatalogFile::parse(&catalogue().to_string()).unwrap();
    let names: Vec<_> = file
        .operations()
        .iter()
        .map(|operation| operation.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "calls_agents_get",
            "calls_agents_test_by_agentId",
            "comms_broadcasts_create",
            // `new` is another way to say `create`, so that this one is marked.
            "comms_broadcasts_create_get_100bd8ba",
            "comms_broadcasts_delete_by_id",
            "comms_broadcasts_get",
            "comms_broadcasts_get_by_id",
            "comms_broadcasts_patch_by_id",
            "health_get",
            "sms_create",
        ]
    );
    let operation = |name: &str| file.operation(name).unwrap();
    let create = operation("comms_broadcasts_create");
    assert_eq!(create.path, "/api/comms/broadcasts");
    assert!(create.body_required && create.answer.is_some());
    assert_eq!(create.body.as_ref().unwrap()["required"], json!(["type"]));
    assert_eq!(operation("comms_broadcasts_get").body, None);
    let test = operation("calls_agents_test_by_agentId");
    assert_eq!(
        (test.path.as_str(), test.access),
        ("/api/calls/agents/{agentId}/test", Access::Admin)
    );
    assert_eq!(operation("health_get").access, Access::Anyone);
    assert_eq!(
        operation("sms_create").path,
        "/api/integrations/df-middleware/send-message"
    );
    // What this version does not know is kept.
    assert_eq!(file.endpoints()[0].extra["owner"], "comms team");
    assert_eq!(file.document()["generator"], json!({"by": "made up"}));
    // `team` is required, because this catalogue marks what is not.
    let required: Vec<_> = operation("calls_agents_get")
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.required))
        .collect();
    assert_eq!(required, [("ids", true), ("team", true)]);
}

#[test]
fn a_catalogue_that_marks_nothing_requires_nothing() {
    let endpoint = json!({"path": "/apicalls", "methods": ["GET"], "parameters": {"query": {"team": "string", "n": "whatever"}}});
    let text = with(endpoint).to_string();
    let required = |options: &CatalogOptions| {
        let file = CatalogFile::check(&text, options).unwrap().file;
        file.operations()[0]
            .parameters
            .iter()
            .any(|parameter| parameter.required)
    };
    let mut options = CatalogOptions::default();
    assert!(!required(&options));
    options.unmarked_required = Some(true);
    assert!(required(&options));
}

#[test]
fn every_fault_is_told_with_its_place() {
    let mut broken = catalogue();
    let endpoints = broken["endpoints"].as_array_mut().unwrap();
    endpoints.extend([
        json!({"path": "/api/comms/broadcasts", "methods": ["GET"]}),
        json!({"path": "/apicomms/broadcasts/{broadcastId}", "methods": ["GET", "HEAD", 7]}),
        json!({"path": "comms", "methods": ["GET"]}),
        json!({"path": "/api/../x", "methods": []}),
        json!({"methods": "GET"}),
        json!("nothing"),
        json!({"path": "/api/a/[id]", "methods": ["GET", "GET"], "parameters": {"path": {"key": "string"}, "query": 7},
               "authType": "requireWizard", "authRequired": "yes", "description": {}}),
        json!({"path": "/api/b", "methods": ["POST"], "authType": "none", "authRequired": true,
               "schema": {"request": {"type": "strnig"}, "response": 7}}),
    ]);
    broken["domains"]["ghosts"] = json!(["/api/ghost", 7]);
    broken["statistics"]["totalEndpoints"] = json!(99);
    broken["generatedAt"] = json!("yesterday");
    let faults = faults(&broken);
    let expected = [
        ("/endpoints/7/path", Effect::LeftOut),
        ("/endpoints/8/path", Effect::LeftOut),
        ("/endpoints/8/methods/1", Effect::LeftOut),
        ("/endpoints/8/methods/2", Effect::LeftOut),
        ("/endpoints/9/path", Effect::LeftOut),
        ("/endpoints/10/path", Effect::LeftOut),
        ("/endpoints/10/methods", Effect::LeftOut),
        ("/endpoints/11", Effect::LeftOut),
        ("/endpoints/11/methods", Effect::LeftOut),
        ("/endpoints/12", Effect::LeftOut),
        ("/endpoints/13/methods/1", Effect::Noted),
        ("/endpoints/13/parameters/path", Effect::Noted),
        ("/endpoints/13/parameters/path/key", Effect::Noted),
        ("/endpoints/13/parameters/query", Effect::Loosened),
        ("/endpoints/13/authType", Effect::Noted),
        ("/endpoints/13/authRequired", Effect::Noted),
        ("/endpoints/13/description", Effect::Noted),
        ("/endpoints/14/authType", Effect::Noted),
        ("/endpoints/14/schema/request/type", Effect::Loosened),
        ("/endpoints/14/schema/response", Effect::Loosened),
        ("/domains/ghosts/0", Effect::Noted),
        ("/domains/ghosts/1", Effect::Noted),
        ("/statistics/totalEndpoints", Effect::Noted),
        ("/generatedAt", Effect::Noted),
    ];
    let told: BTreeSet<_> = faults
        .iter()
        .map(|(pointer, effect)| (pointer.as_str(), *effect))
        .collect();
    for fault in expected {
        assert!(told.contains(&fault), "{fault:?} is missing in {told:#?}");
    }
    // And counts of methods, which follow from the others.
    let more: Vec<_> = told
        .iter()
        .filter(|(pointer, _)| !pointer.starts_with("/statistics/methods"))
        .collect();
    assert_eq!(more.len(), expected.len(), "{more:#?}");

    let error = CatalogFile::parse(&broken.to_string()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert_eq!(error.fields().len(), faults.len());
    assert!(
        error.fields()[0].message.starts_with("line 1 column "),
        "{error}"
    );
}

#[test]
fn of_two_entries_the_stricter_says_who_may_call() {
    let entry =
        |path: &str, kind: &str| json!({"path": path, "methods": ["GET"], "authType": kind});
    for (first, second, access) in [
        ("none", "requireAdmin", Access::Admin),
        ("requireUser", "requireAdmin", Access::Admin),
        ("requireAdmin", "none", Access::Admin),
        ("requireUser", "none", Access::User),
    ] {
        let twice = json!({"endpoints": [entry("/apicalls/[id]", first), entry("/api/calls/{callId}", second)]});
        let checked = CatalogFile::check(&twice.to_string(), &CatalogOptions::default()).unwrap();
        assert_eq!(checked.faults.len(), 1);
        assert_eq!(
            checked.file.operations()[0].access,
            access,
            "{first} {second}"
        );
    }
}

#[test]
fn a_line_and_a_column_lead_to_the_fault() {
    let text = "{\n  \"endpoints\": [\n    {\"path\": \"/api/a\",\n     \"methods\": [\"GET\", \"BREW\"]}\n  ]\n}";
    let checked = CatalogFile::check(text, &CatalogOptions::default()).unwrap();
    let fault = &checked.faults[0];
    assert_eq!((fault.line, fault.column), (4, 25));
    assert_eq!(
        fault.to_string(),
        "4:25 /endpoints/0/methods/1 is not one of GET, POST, PUT, PATCH and DELETE"
    );
    assert_eq!(checked.file.operations().len(), 1);
}

#[test]
fn names_that_come_twice_are_told() {
    let text = r#"{"endpoints": [{"path": "/api/a", "path": "/api/b", "methods": ["GET"]}], "version": "1", "version": "2"}"#;
    let checked = CatalogFile::check(text, &CatalogOptions::default()).unwrap();
    let pointers: Vec<_> = checked
        .faults
        .iter()
        .map(|fault| fault.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/endpoints/0/path", "/version"]);
    assert_eq!(checked.file.operations()[0].path, "/api/b");
}

#[test]
fn files_that_are_none() {
    for (text, line) in [
        ("", 1),
        ("{", 1),
        ("{\n \"endpoints\": [,]}", 2),
        ("[]", 1),
        ("null", 1),
        ("{\"endpoints\": {}}", 1),
        ("{}", 1),
        (&"[".repeat(200_000), 1),
    ] {
        let error = CatalogFile::parse(text).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Validation, Some("catalog_faults"))
        );
        let message = &error.fields()[0].message;
        assert!(message.starts_with(&format!("line {line} ")), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.json");
    assert_eq!(
        CatalogFile::load(&missing).unwrap_err().kind(),
        ErrorKind::Config
    );
    let path = folder.path().join("latin1.json");
    std::fs::write(&path, b"{\n \"endpoints\": [\"\xe4\"]}").unwrap();
    let error = CatalogFile::load(&path).unwrap_err();
    assert!(
        error.fields()[0]
            .message
            .starts_with("line 2 column 17: is not UTF-8"),
        "{error}"
    );
    std::fs::write(&path, format!("\u{feff}{}", catalogue())).unwrap();
    assert_eq!(CatalogFile::load(&path).unwrap().operations().len(), 10);
}

#[test]
fn schemas_with_circles_are_told_and_left_out() {
    let schema = |request: Value| {
        let endpoint =
            json!({"path": "/api/a", "methods": ["POST"], "schema": {"request": request}});
        let mut catalogue = with(endpoint);
        catalogue["shared"] =
            json!({"loop": {"$ref": "#/shared/loop"}, "text": {"type": "string"}});
        let text = catalogue.to_string();
        let checked = CatalogFile::check(&text, &CatalogOptions::default()).unwrap();
        let messages: Vec<_> = checked.faults.iter().map(ToString::to_string).collect();
        (
            messages.join("\n"),
            checked.file.operations()[0].body.clone().unwrap(),
        )
    };
    for (request, told) in [
        (json!({"$ref": "#"}), "refers to itself: # → #"),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
            "refers to itself: #/$defs/a → #/$defs/b → #/$defs/a",
        ),
        (
            json!({"properties": {"children": {"items": {"$ref": "#"}}}}),
            "refers to itself",
        ),
        (json!({"$ref": "#/shared/loop"}), "refers to itself"),
        (json!({"$ref": "#/nowhere"}), "refers to nothing"),
        (
            json!({"$ref": "https://example.com/schema.json"}),
            "refers to another file",
        ),
        (json!({"$ref": 7}), "is not a text"),
        (json!({"$dynamicRef": "#x"}), "only the reader could know"),
        (
            json!({"type": "object", "required": true}),
            "is not JSON Schema",
        ),
    ] {
        let (messages, body) = schema(request);
        assert!(messages.contains(told), "{told}: {messages}");
        assert_eq!(body, json!({"type": "object"}));
    }
    // A few references make many parts.
    let mut definitions = serde_json::Map::new();
    definitions.insert("d0".into(), json!({"type": "string"}));
    for depth in 1..40 {
        let below = json!({"$ref": format!("#/$defs/d{}", depth - 1)});
        definitions.insert(
            format!("d{depth}"),
            json!({"properties": {"a": below, "b": below}}),
        );
    }
    let (messages, _) = schema(json!({"$ref": "#/$defs/d39", "$defs": definitions}));
    assert!(
        messages.contains("too many parts") || messages.contains("too deep"),
        "{messages}"
    );
    let mut deep = json!({});
    for _ in 0..90 {
        deep = json!({"items": deep});
    }
    assert!(schema(deep).0.contains("is too deep"));
    // And what is no circle is put in place.
    let twice = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}, "b": {"$ref": "#/shared/text", "maxLength": 3},
        "$ref": {"type": "integer"}}, "$defs": {"t": {"type": "number"}}, "default": {"$ref": "not a reference"}});
    let (messages, body) = schema(twice);
    assert_eq!(messages, "");
    assert_eq!(body["properties"]["a"], json!({"type": "number"}));
    assert_eq!(
        body["properties"]["b"],
        json!({"allOf": [{"type": "string"}, {"maxLength": 3}]})
    );
    assert_eq!(body["properties"]["$ref"], json!({"type": "integer"}));
    assert_eq!(body["default"], json!({"$ref": "not a reference"}));
}

/// A catalogue of 5,000 endpoints, 10,000 operations.
fn large(from: usize) -> Value {
    let endpoints: Vec<_> = (0..5000)
        .map(|at| (at + from) % 5000)
        .map(|at| {
            json!({"path": format!("/apicomms/resource{}/[id]/part{}", at % 50, at / 50), "methods": ["GET", "POST"],
                   "parameters": {"path": {"id": "string"}, "query": {"limit": "integer?"}},
                   "schema": {"request": {"type": "object", "properties": {"n": {"type": "integer"}}}}})
        })
        .collect();
    json!({ "endpoints": endpoints })
}

#[test]
fn five_thousand_endpoints_are_read_in_no_time() {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures the reading, not the world"
    )]
    let started = std::time::Instant::now();
    let file = CatalogFile::parse(&large(0).to_string()).unwrap();
    assert_eq!(file.operations().len(), 10_000);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    // The order of the file changes nothing.
    let other = CatalogFile::parse(&large(1234).to_string()).unwrap();
    assert!(file.operations() == other.operations());
}

#[tokio::test]
async fn an_operation_is_called_by_its_name() {
    let transport =
        CannedTransport::new()
            .answer(401, "{}")
            .answer_with(200, &[], r#"{"ok":true}"#);
    let catalog: Arc<dyn Catalog> = catalog(&transport);
    let create = named(&*catalog, "comms_broadcasts_patch_by_id");
    let mut arguments = Arguments::default();
    arguments.path.insert("id".into(), "a/b".into());
    arguments.body = Some(json!({"subject": "x"}));
    let answer = catalog.call(&create, arguments).await.unwrap();
    assert_eq!(answer.json().unwrap(), json!({"ok": true}));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    let sent = transport.sent();
    assert_eq!(
        (sent[0].method.as_str(), sent[0].url.path()),
        ("PATCH", "/api/comms/broadcasts/a%2Fb")
    );
    assert_eq!(bearer(&transport, 0), "Bearer session-0");
    assert_eq!(bearer(&transport, 1), "Bearer session-1");
    assert_eq!(sent_json(&transport), json!({"subject": "x"}));
}

/// The original system worked the endpoint out from the name, and so called the first of its kind.
#[tokio::test]
async fn a_name_never_leads_to_another_endpoint() {
    let transport = CannedTransport::new().answer(200, "{}").answer(200, "{}");
    let catalog = catalog(&transport);
    let mut arguments = Arguments::default();
    arguments.path.insert("agentId".into(), "7".into());
    let test = named(&*catalog, "calls_agents_test_by_agentId");
    catalog.call(&test, arguments.clone()).await.unwrap();
    assert_eq!(transport.sent()[0].url.path(), "/api/calls/agents/7/test");
    // An operation of another catalogue is not called by its name alone.
    let mut other = test.clone();
    other.path = "/api/admin/{agentId}".into();
    let error = catalog.call(&other, arguments).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_not_sent() {
    let transport = CannedTransport::new();
    let catalog = catalog(&transport);
    let mut arguments = Arguments::default();
    arguments.path.insert("id".into(), "1".into());
    arguments.query = vec![
        ("limit".into(), "many".into()),
        ("page".into(), "2".into()),
        ("status".into(), "a".into()),
        ("status".into(), "b".into()),
    ];
    arguments.body = Some(json!({"type": "fax of jane@example.com", "subject": 7}));
    let create = named(&*catalog, "comms_broadcasts_create");
    let error = catalog.call(&create, arguments).await.unwrap_err();
    let mut places: Vec<_> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "/body/subject",
            "/body/type",
            "/path/id",
            "/query/limit",
            "/query/page",
            "/query/status"
        ]
    );
    assert!(!format!("{error} {error:?}").contains("jane"));
    assert_eq!(error.operation(), Some("comms_broadcasts_create"));

    for (name, place) in [
        ("comms_broadcasts_create", "/body"),
        ("comms_broadcasts_get_by_id", "/path/id"),
        ("calls_agents_get", "/query/ids"),
    ] {
        let error = catalog
            .call(&named(&*catalog, name), Arguments::default())
            .await
            .unwrap_err();
        assert_eq!(error.fields()[0].path, place);
    }
    let mut arguments = Arguments::default();
    arguments.query = vec![
        ("team".into(), "a".into()),
        ("ids".into(), "1".into()),
        ("ids".into(), "x".into()),
    ];
    arguments.body = Some(json!({}));
    let error = catalog
        .call(&named(&*catalog, "calls_agents_get"), arguments)
        .await
        .unwrap_err();
    let places: Vec<_> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(places, ["/query/ids", "/body"]);
    // A parameter cannot leave its place.
    let mut arguments = Arguments::default();
    arguments.path.insert("id".into(), "../users".into());
    let get = named(&*catalog, "comms_broadcasts_get_by_id");
    let error = catalog.call(&get, arguments).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(transport.sent().is_empty());
}

fn catalog(transport: &CannedTransport) -> Arc<VerityCatalog> {
    let file = CatalogFile::parse(&catalogue().to_string()).unwrap();
    Arc::new(VerityCatalog::new(&client(transport), Arc::new(file)))
}

fn named(catalog: &dyn Catalog, name: &str) -> CatalogOperation {
    let found = catalog
        .operations()
        .iter()
        .find(|operation| operation.name == name);
    found
        .unwrap_or_else(|| panic!("no operation {name}"))
        .clone()
}

/// What the team's own sample says, where it is at hand.
#[test]
fn the_shared_sample_is_in_order() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/samples/verity/verity-catalog.sample.json"
    );
    if std::path::Path::new(path).exists() {
        assert_eq!(CatalogFile::load(path).unwrap().operations().len(), 8);
    }
}
