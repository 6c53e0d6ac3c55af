//! The token is nowhere but where it is sent.

use aloware_client::{Client, ErrorKind};
use integrations_testkit::{Fault, FaultPlan, LeakDetector, SimulatedAloware};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::quick;

#[tokio::test]
async fn promise_07_no_log_error_or_debug_form_shows_the_token() {
    let detector = LeakDetector::new();
    let subscriber = tracing_subscriber::registry().with(detector.layer());
    let _guard = tracing::subscriber::set_default(subscriber);
    let aloware = SimulatedAloware::builder().seed(7).start().await.unwrap();
    let token = aloware.issue_token();
    detector.plant("the API token", &token);
    let builder = Client::builder()
        .api_token(token.as_str())
        .base_url(&aloware.base_url());
    detector.scan("builder", format!("{builder:?}"));
    let client = builder.retry(quick()).build().unwrap();
    detector.scan("client", format!("{client:?} {client:#?}"));
    for fault in [
        Fault::Pass,
        Fault::ServerError(503),
        Fault::ServerErrorAfterEffect(500),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::HtmlOnOk,
        Fault::TruncatedBody,
        Fault::EmptyBody,
        Fault::NoContent,
        Fault::Redirect(format!("http://127.0.0.1:1/?api_token={token}")),
        Fault::TooManyRequests { retry_after: None },
    ] {
        aloware.set_faults(FaultPlan::seeded(1).rate(fault, 1.0).on("/*"));
        let find = client
            .contacts()
            .find_by_phone("+12025550177")
            .with_max_attempts(2);
        detector.scan("call", format!("{find:?}"));
        if let Err(error) = find.send().await {
            detector.scan("an error of a GET", format!("{error} {error:?}"));
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                detector.scan("a cause", format!("{error} {error:?}"));
                cause = error.source();
            }
        }
        let upsert = client
            .contacts()
            .upsert("+12025550177")
            .with_max_attempts(2);
        if let Err(error) = upsert.send().await {
            detector.scan("an error of a POST", format!("{error} {error:?}"));
        }
        let raw = client
            .request(http::Method::POST, "/webhook/forms")
            .member("phone_number", "+12025550178");
        detector.scan("raw", format!("{raw:?}"));
        let _ = raw.send::<serde_json::Value>().await;
    }
    aloware.set_faults(FaultPlan::none());
    aloware.revoke_token(&token);
    let error = client.users().list().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    detector.scan("refused", format!("{error} {error:?}"));
    detector.scan("journal", format!("{:?} {aloware:?}", aloware.requests()));
    assert!(detector.report().scans() > 30);
    detector.assert_clean();
}
