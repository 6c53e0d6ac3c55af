//! Payments of apps with external billing.

use ghl_client::oauth::{
    BillingVisit, InstallType, Payer, PaymentStatus, PaymentType, ReportPayment,
};
use ghl_client::{Client, ErrorKind};
use integrations_core::http::{Body, CannedTransport, HttpContext, Outgoing};
use integrations_testkit::LeakDetector;
use serde_json::{Value, json};

const KEY: &str = "planted-client-key";
const SECRET: &str = "planted-client-secret";

fn client(transport: &CannedTransport, token: Option<&str>) -> Client {
    let context = HttpContext::builder().transport(transport.clone());
    let context = context.build().unwrap();
    let builder = match token {
        Some(token) => Client::builder().private_token(token),
        None => Client::builder().without_token(),
    };
    builder.context(&context).build().unwrap()
}

fn report(payer: Payer) -> ReportPayment {
    ReportPayment::new("app1-abcd", KEY, SECRET, payer, 12.5)
}

fn body(sent: &Outgoing) -> Value {
    match &sent.body {
        Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
        _ => panic!("a body of bytes"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_leaves_as_documented() {
    let transport = CannedTransport::new().answer(200, "").answer(201, "{}");
    // The token of a client that has one stays here.
    for (client, payer) in [
        (client(&transport, None), Payer::Location("loc1".into())),
        (
            client(&transport, Some("pit-1")),
            Payer::Company("com1".into()),
        ),
    ] {
        client
            .oauth()
            .report_payment(report(payer))
            .status(PaymentStatus::Completed)
            .payment_type(PaymentType::Recurring)
            .subscription_id("sub1")
            .payment_id("pay1")
            .send()
            .await
            .unwrap();
    }
    let sent = transport.sent();
    for sent in &sent {
        assert_eq!(sent.method, "POST");
        let url = "https://services.leadconnectorhq.com/oauth/billing/webhook";
        assert_eq!(sent.url.as_str(), url);
        for (name, value) in [("x-ghl-client-key", KEY), ("x-ghl-client-secret", SECRET)] {
            assert_eq!(sent.headers[name], value);
            assert!(sent.headers[name].is_sensitive());
        }
        assert_eq!(sent.headers["content-type"], "application/json");
        assert_eq!(sent.headers.get("authorization"), None);
    }
    assert_eq!(
        body(&sent[0]),
        json!({
            "clientId": "app1-abcd", "authType": "location", "locationId": "loc1", "subscriptionId": "sub1",
            "paymentId": "pay1", "amount": 12.5, "status": "COMPLETED", "paymentType": "recurring",
        })
    );
    assert_eq!(body(&sent[1])["authType"], "company");
    assert_eq!(body(&sent[1])["companyId"], "com1");
    assert_eq!(body(&sent[1]).get("locationId"), None);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_may_have_arrived_is_not_reported_twice() {
    let transport = CannedTransport::new().answer(503, "").answer(200, "{}");
    let client = client(&transport, None);
    let call = client
        .oauth()
        .report_payment(report(Payer::Location("loc1".into())));
    let error = call.send().await.unwrap_err();
    assert!(error.is_outcome_unknown());
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_not_sent() {
    let transport = CannedTransport::new();
    let client = client(&transport, None);
    let payer = Payer::Location("loc1".into());
    let mut bad = vec![];
    for (key, secret, amount) in [
        ("", SECRET, 1.0),
        (KEY, "", 1.0),
        ("line\nend", SECRET, 1.0),
        (KEY, SECRET, f64::NAN),
        (KEY, SECRET, f64::INFINITY),
    ] {
        bad.push(ReportPayment::new(
            "app1",
            key,
            secret,
            payer.clone(),
            amount,
        ));
    }
    for report in bad {
        let error = client.oauth().report_payment(report).send().await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert_eq!(error.operation(), Some("oauth.report_payment"));
    }
    assert_eq!(transport.sent().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn promise_07_neither_key_nor_secret_is_shown() {
    let secrets = LeakDetector::new();
    secrets.plant("key", KEY);
    secrets.plant("secret", SECRET);
    let transport = CannedTransport::new().answer(401, &format!(r#"{{"message":"{SECRET}"}}"#));
    let client = client(&transport, None);
    let report = report(Payer::Company("com1".into()));
    secrets.scan("request", format!("{report:#?}"));
    let call = client.oauth().report_payment(report);
    secrets.scan("call", format!("{call:#?}"));
    let error = call.send().await.unwrap_err();
    secrets.scan("error", format!("{error} {error:#?}"));
    secrets.scan("sent", format!("{:#?}", transport.sent()));
    secrets.assert_clean();
}

#[test]
fn a_visit_of_the_billing_url_names_its_payers() {
    let visit = BillingVisit::parse(
        "https://app.example.com/billing?clientId=app1-abcd&installType=agency%2Clocation&companyId=com1\
         &locationId=loc1,%20loc2,,#top",
    );
    assert_eq!(visit.client_id.as_deref(), Some("app1-abcd"));
    assert_eq!(visit.install_type, Some(InstallType::Both));
    assert_eq!(visit.location_ids, ["loc1".into(), "loc2".into()]);
    let [company, one, two] = visit.payers().try_into().unwrap();
    assert_eq!(company, Payer::Company("com1".into()));
    assert_eq!(one, Payer::Location("loc1".into()));
    assert_eq!(two, Payer::Location("loc2".into()));

    let location = BillingVisit::parse("installType=location&companyId=com1&locationId=loc1");
    assert_eq!(location.payers(), [Payer::Location("loc1".into())]);
    let company = BillingVisit::parse("?installType=agency&companyId=com1&locationId=loc1");
    assert_eq!(company.payers(), [Payer::Company("com1".into())]);
    assert_eq!(BillingVisit::parse(""), BillingVisit::default());
    assert_eq!(BillingVisit::parse("?locationId=&companyId=").payers(), []);
}
