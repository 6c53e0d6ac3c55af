//! Refusals: every documented body, through a whole call.

use ghl_client::{ApiError, Client, ErrorKind};
use integrations_core::http::{CannedTransport, HttpContext, RetryPolicy};
use serde_json::json;

use crate::support::{TOKEN, location};

async fn refused(status: u16, body: &str) -> integrations_core::Error {
    let transport = CannedTransport::new().answer(status, body);
    let context = HttpContext::builder().transport(transport);
    let client = Client::builder()
        .private_token(TOKEN)
        .context(&context.build().unwrap())
        .retry(RetryPolicy::never());
    let location = client.build().unwrap().location("loc1");
    location.contacts().get("c").send().await.unwrap_err()
}

#[tokio::test]
async fn every_documented_error_has_its_kind_and_code() {
    use ErrorKind::{
        Auth, Config, Conflict, NotFound, Permission, RateLimited, Server, Validation,
    };
    let table = [
        (
            400,
            r#"{"statusCode":400,"message":"Bad Request"}"#,
            Validation,
            None,
        ),
        (
            400,
            r#"{"statusCode":400,"message":"This location does not allow duplicated contacts.","meta":{"contactId":"c","matchingField":"email"}}"#,
            Conflict,
            Some("duplicate_contact"),
        ),
        (
            400,
            r#"{"statusCode":400,"message":"Conversation already exists","conversationId":"con1"}"#,
            Conflict,
            Some("conversation_exists"),
        ),
        (
            400,
            r#"{"statusCode":400,"message":"Invalid API version segment 'x' at position 0"}"#,
            Config,
            Some("version_unknown"),
        ),
        (
            400,
            r#"{"statusCode":400,"message":"Location is not active"}"#,
            Permission,
            Some("location_inactive"),
        ),
        (
            401,
            r#"{"statusCode":401,"message":"Invalid JWT"}"#,
            Auth,
            None,
        ),
        (
            401,
            r#"{"statusCode":401,"message":"Invalid token: access token is invalid","error":"Unauthorized"}"#,
            Auth,
            None,
        ),
        (
            401,
            r#"{"message":"version header was not found."}"#,
            Config,
            Some("version_missing"),
        ),
        (
            401,
            r#"{"statusCode":401,"message":"The token is not authorized for this scope."}"#,
            Permission,
            Some("missing_scope"),
        ),
        (
            401,
            r#"{"statusCode":401,"message":"Token's user type mismatch!"}"#,
            Permission,
            Some("token_class"),
        ),
        (
            401,
            r#"{"message":"This authClass type is not allowed to access this scope. Please verify your IAM configuration if this is not the case."}"#,
            Permission,
            Some("token_class"),
        ),
        (
            403,
            r#"{"statusCode":403,"message":"The token does not have access to this location."}"#,
            Permission,
            Some("wrong_location"),
        ),
        (
            403,
            r#"{"statusCode":403,"message":"Forbidden"}"#,
            Permission,
            None,
        ),
        (
            404,
            r#"{"statusCode":404,"message":"Contact not found","error":"Not Found"}"#,
            NotFound,
            None,
        ),
        (
            404,
            r#"{"error":{"code":"RESOURCE_NOT_FOUND","message":"gone","details":{"a":1},"resolution":"look"}}"#,
            NotFound,
            Some("RESOURCE_NOT_FOUND"),
        ),
        (
            422,
            r#"{"statusCode":422,"message":["email must be an email"],"error":"Unprocessable Entity"}"#,
            Validation,
            None,
        ),
        (
            422,
            r#"{"statusCode":422,"message":"email must be an email"}"#,
            Validation,
            None,
        ),
        (
            429,
            r#"{"statusCode":429,"message":"Too Many Requests"}"#,
            RateLimited,
            None,
        ),
        (429, "", RateLimited, None),
        (
            500,
            r#"{"statusCode":500,"message":"Internal server error"}"#,
            Server,
            None,
        ),
        (502, "<html><body>Bad Gateway</body></html>", Server, None),
        (503, "", Server, None),
    ];
    for (status, body, kind, code) in table {
        let error = refused(status, body).await;
        assert_eq!(
            (error.kind(), error.code()),
            (kind, code),
            "{status} {body}"
        );
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(error.operation(), Some("contacts.get"));
        assert_eq!(error.provider(), Some(ghl_client::PROVIDER));
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("Please verify") && !shown.contains("<html>"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let body = r#"{"statusCode":401,"message":"The token is not authorized for this scope."}"#;
    let shown = refused(401, body).await.to_string();
    assert!(shown.contains("contacts.readonly"), "{shown}");

    let transport = CannedTransport::new().answer(401, body);
    let location = location(&transport);
    let error = location.messages().sms("c", "x").send().await.unwrap_err();
    let shown = error.to_string();
    assert!(shown.contains("conversations/message.write"), "{shown}");
    assert_eq!(
        transport.sent().len(),
        1,
        "no new token cures a missing scope"
    );
}

#[tokio::test]
async fn the_contact_that_is_there_already_is_told() {
    let body = json!({
        "statusCode": 400, "message": "This location does not allow duplicated contacts.", "traceId": "tra1",
        "meta": {"contactId": "cnt9", "contactName": "Jane", "matchingField": "email"}
    });
    let error = refused(400, &body.to_string()).await;
    assert_eq!(error.request_id(), Some("tra1"));
    let api = ApiError::of(&error).unwrap();
    assert_eq!(api.meta["contactId"], "cnt9");
    assert_eq!(api.meta["matchingField"], "email");
    assert_eq!(api.trace_id.as_deref(), Some("tra1"));
}

#[tokio::test]
async fn the_conversation_that_is_there_already_is_told() {
    let body = r#"{"statusCode":400,"message":"Conversation already exists","error":"Bad Request","conversationId":"con9"}"#;
    let api = ApiError::of(&refused(400, body).await).unwrap();
    assert_eq!(api.meta["conversationId"], "con9");
    assert_eq!(api.meta.len(), 1, "{:?}", api.meta);
}

#[tokio::test]
async fn refused_fields_are_named_and_not_quoted() {
    let body = json!({"statusCode": 422, "message": [
        "email must be an email", "customFields.0.id should not be empty", "property nonsense should not exist",
        "phone +12025550123 is not a number", "\"jane@example.com\" is taken"
    ]});
    let error = refused(422, &body.to_string()).await;
    let paths: Vec<_> = error
        .fields()
        .iter()
        .map(|field| field.path.as_str())
        .collect();
    assert_eq!(paths, ["/email", "/customFields/0/id", "/nonsense"]);
    assert_eq!(ApiError::of(&error).unwrap().messages.len(), 5);
}

#[tokio::test]
async fn html_on_200_is_an_error_that_keeps_its_status() {
    let transport = CannedTransport::new().answer_with(
        200,
        &[("content-type", "text/html; charset=utf-8")],
        "<html>maintenance</html>",
    );
    let location = location(&transport);
    let error = location.contacts().get("c").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    assert!(error.to_string().contains("text/html"), "{error}");
    assert!(ApiError::of(&error).is_none());
}

#[tokio::test]
async fn an_empty_body_where_an_object_is_promised_is_an_error() {
    let error = refused(200, "").await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = refused(204, "").await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    let error = refused(200, r#"{"contact":{"email":"x@example.com"}}"#).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("contact"), "{error}");
}

#[tokio::test]
async fn a_raw_call_passes_the_same_way() {
    let transport = CannedTransport::new()
        .answer(200, r#"{"funnels":[1]}"#)
        .answer(
            403,
            r#"{"message":"The token does not have access to this location."}"#,
        );
    let location = location(&transport);
    let call = || {
        let call = location.request(http::Method::GET, "/funnels/funnel/list");
        call.query("locationId", location.id())
    };
    let funnels: serde_json::Value = call().send().await.unwrap();
    assert_eq!(funnels, json!({"funnels": [1]}));
    let error = call().send::<serde_json::Value>().await.unwrap_err();
    assert_eq!(error.code(), Some("wrong_location"));
    let sent = &transport.sent()[0];
    assert_eq!(sent.url.query(), Some("locationId=loc1"));
    assert_eq!(sent.headers["version"], "2021-07-28");
}

#[tokio::test]
async fn wrong_settings_are_refused_before_anything_is_sent() {
    let kind = |builder: ghl_client::ClientBuilder| builder.build().unwrap_err().kind();
    assert_eq!(kind(Client::builder()), ErrorKind::Config);
    let with = |url: &str| Client::builder().private_token("t").base_url(url);
    for url in [
        "nonsense",
        "http://example.com",
        "ftp://example.com",
        "https://user:pw@example.com",
    ] {
        assert_eq!(kind(with(url)), ErrorKind::Config, "{url}");
    }
    let transport = CannedTransport::new();
    let location = location(&transport);
    for id in ["", ".", ".."] {
        let error = location.contacts().get(id).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation, "{id}");
    }
    assert!(transport.sent().is_empty());
}
