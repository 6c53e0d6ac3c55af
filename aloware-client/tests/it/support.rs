use std::time::Duration;

use aloware_client::Client;
use integrations_core::http::{Body, CannedTransport, HttpContext, Outgoing, RetryPolicy};
use serde_json::Value;

pub(crate) const TOKEN: &str = "740A6C4E-planted-0815";

/// A client over canned answers.
pub(crate) fn canned(transport: &CannedTransport) -> Client {
    let context = HttpContext::builder().transport(transport.clone()).build();
    Client::builder()
        .api_token(TOKEN)
        .retry(quick())
        .context(&context.unwrap())
        .build()
        .unwrap()
}

pub(crate) fn quick() -> RetryPolicy {
    let mut policy = RetryPolicy::DEFAULT;
    policy.base = Duration::from_millis(1);
    policy.cap = Duration::from_millis(2);
    policy
}

/// The JSON body of what was sent.
pub(crate) fn body(sent: &Outgoing) -> Value {
    match &sent.body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        Body::Empty => Value::Null,
        other => panic!("{other:?}"),
    }
}
