//! Webhook bodies over the limit, in pieces, of bytes that are no text, and requests that are none of ours.

use axum::body::Body;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use integrations_core::webhook::RawRequest;
use integrations_testkit::SimulatedGhl;
use integrations_testkit::signer::Ed25519Signer;
use tower::ServiceExt as _;

use crate::support::app::App;
use crate::support::ghl::{self, LOCATION, SLUG};
use crate::support::tenant;

const LIMIT: usize = integrations_server::DEFAULT_BODY_LIMIT;
const SIGNATURE: HeaderName = HeaderName::from_static("x-ghl-signature");

struct Receiving {
    _ghl: SimulatedGhl,
    app: App,
    signer: Ed25519Signer,
}

async fn receiving() -> Receiving {
    let ghl = ghl::start(ghl::builder()).await;
    let signer = Ed25519Signer::from_seed([9; 32]);
    let key = signer.public_key().spki_base64();
    let app = App::start(&ghl::providers(&ghl, [key])).await;
    let config = ghl::config(&ghl::token(&ghl, LOCATION), LOCATION);
    app.activate(&tenant("acme"), SLUG, &config).await;
    Receiving {
        _ghl: ghl,
        app,
        signer,
    }
}

impl Receiving {
    fn signed(&self, body: Vec<u8>) -> RawRequest {
        let signature = self.signer.sign_base64(&body);
        let signature = HeaderValue::from_str(&signature).expect("base64");
        let headers = [(SIGNATURE, signature)].into_iter().collect();
        RawRequest::new(Method::POST, "", headers, body)
    }

    /// In pieces, so that no length is announced.
    async fn post_in_pieces(&self, body: Vec<u8>) -> StatusCode {
        let raw = self.signed(body.clone());
        let pieces: Vec<_> = body
            .chunks(10_000)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
            .collect();
        let mut request = Request::post(format!("/api/webhooks/{SLUG}"))
            .body(Body::from_stream(stream::iter(pieces)))
            .expect("a request");
        *request.headers_mut() = raw.headers;
        let response = self.app.router().oneshot(request).await;
        response.unwrap_or_else(|never| match never {}).status()
    }

    async fn post(&self, raw: &RawRequest) -> StatusCode {
        self.app.post(SLUG, raw).await.status
    }
}

/// A genuine event of exactly this many bytes.
fn event_of(bytes: usize, id: &str) -> Vec<u8> {
    let mut event = ghl::contact_create(LOCATION, "c1");
    event["webhookId"] = serde_json::json!(id);
    event["filler"] = serde_json::json!("");
    let short = event.to_string().len();
    event["filler"] = serde_json::json!("x".repeat(bytes - short));
    event.to_string().into_bytes()
}

#[tokio::test]
async fn bodies_up_to_the_limit_and_not_a_byte_more() {
    let receiving = receiving().await;
    let rows = async || {
        let rows = receiving.app.number("SELECT COUNT(*) FROM webhook_events");
        rows.await
    };
    let over = event_of(LIMIT + 1, "over");
    let raw = receiving.signed(over.clone());
    assert_eq!(receiving.post(&raw).await, StatusCode::PAYLOAD_TOO_LARGE);
    let status = receiving.post_in_pieces(over).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    // A length that is a lie is believed to be too large, and not to be small.
    let mut liar = receiving.signed(event_of(1000, "liar"));
    liar.headers.insert(
        http::header::CONTENT_LENGTH,
        HeaderValue::from_static("99999999999999"),
    );
    assert_eq!(receiving.post(&liar).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(rows().await, 0, "nothing of it was stored");
    let most = receiving.signed(event_of(LIMIT, "most"));
    assert_eq!(receiving.post(&most).await, StatusCode::OK);
    let status = receiving.post_in_pieces(event_of(LIMIT, "pieces")).await;
    assert_eq!((status, rows().await), (StatusCode::OK, 2));
    receiving.app.finish().await;
}

#[tokio::test]
async fn requests_that_are_none_of_ours_are_refused() {
    let receiving = receiving().await;
    let before = receiving.app.rows().await;
    let good = receiving.signed(event_of(1000, "good"));
    let with = |change: &dyn Fn(&mut RawRequest)| {
        let mut raw = good.clone();
        change(&mut raw);
        raw
    };
    let refused: Vec<(&str, RawRequest)> = vec![
        (
            "two signatures",
            with(&|raw| {
                let signature = raw.headers[SIGNATURE].clone();
                raw.headers.append(SIGNATURE, signature);
            }),
        ),
        (
            "no signature",
            with(&|raw| {
                raw.headers.remove(SIGNATURE);
            }),
        ),
        (
            "a signature that is no text",
            with(&|raw| {
                let value = HeaderValue::from_bytes(b"\xff\xfe").expect("opaque");
                raw.headers.insert(SIGNATURE, value);
            }),
        ),
        (
            "an endless signature",
            with(&|raw| {
                let value = HeaderValue::from_str(&"A".repeat(50_000)).expect("text");
                raw.headers.insert(SIGNATURE, value);
            }),
        ),
        (
            "the provider's own word for none",
            with(&|raw| {
                raw.headers
                    .insert(SIGNATURE, HeaderValue::from_static("N/A"));
            }),
        ),
        (
            "a GET",
            with(&|raw| {
                raw.method = Method::GET;
                raw.body = bytes::Bytes::new();
            }),
        ),
    ];
    for (what, raw) in refused {
        let status = receiving.post(&raw).await;
        assert!(status.is_client_error(), "{what}: {status}");
        assert_eq!(receiving.app.rows().await, before, "{what}");
    }
    for path in [
        "",
        "unknown",
        "gohighlevel/",
        "gohighlevel/x/y",
        "%ff",
        "..%2f..",
    ] {
        let status = receiving.app.post(path, &good).await.status;
        assert!(status.is_client_error(), "{path}: {status}");
    }
    assert_eq!(receiving.app.rows().await, before);
    assert_eq!(receiving.post(&good).await, StatusCode::OK, "as it was");
    receiving.app.finish().await;
}

/// Strings that databases and formatters stumble over, in a genuine event.
#[tokio::test]
async fn strange_texts_in_genuine_events_do_no_harm() {
    let receiving = receiving().await;
    let mut stored = 0;
    for text in [
        "'; DROP TABLE webhook_events; --",
        "\u{0}",
        "a\u{0}b",
        "\u{202e}\u{feff}",
        "{}{0}{:?}%s%n",
        &"x".repeat(100_000),
        "",
    ] {
        for field in ["webhookId", "type", "locationId", "timestamp", "id"] {
            let mut event = ghl::contact_create(LOCATION, "c1");
            event["webhookId"] = serde_json::json!(format!("{field}-{}", text.len()));
            event[field] = serde_json::json!(text);
            let raw = receiving.signed(event.to_string().into_bytes());
            let status = receiving.post(&raw).await;
            let rows = "SELECT COUNT(*) FROM webhook_events";
            let rows = receiving.app.number(rows).await;
            let shown = text.chars().take(20).collect::<String>();
            assert!(
                status == StatusCode::OK || status == StatusCode::BAD_REQUEST,
                "{field} {shown:?}: {status}"
            );
            assert!(rows >= stored, "{field} {shown:?}");
            stored = rows;
        }
    }
    assert!(
        stored > 10,
        "most of them are events all the same: {stored}"
    );
    receiving.app.finish().await;
}
