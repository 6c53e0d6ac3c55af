//! Nothing that can be printed shows the credential.

use integrations_core::IntegrationId;
use integrations_core::http::HttpContext;
use integrations_core::provider::Context;
use integrations_testkit::LeakDetector;

use super::fixture::Fixture;
use crate::support::tenant;

pub(crate) async fn nothing_shows_the_secret<F: Fixture>(fixture: &F) {
    let detector = LeakDetector::new();
    detector.plant("the credential", fixture.secret());
    let provider = fixture.provider();
    let template = provider.template();
    let valid = template.validate(&fixture.config()).expect("good");
    let config = valid.clone().into_config();
    let http = HttpContext::new().expect("TLS");
    let context = Context::new(http, tenant("acme"), IntegrationId::new());
    let connection = provider.connect(config.clone(), &context);
    let connection = connection.expect("connected");
    let body = fixture.event("one").to_string();
    let shown = [
        ("provider", format!("{provider:?} {provider:#?}")),
        ("template", format!("{template:?} {:?}", template.spec())),
        ("valid config", format!("{valid:?} {valid:#?}")),
        ("config", format!("{config:?} {:?}", config.redacted())),
        ("connection", format!("{connection:?} {connection:#?}")),
        ("context", format!("{context:?}")),
        ("contacts", format!("{:?}", connection.contacts())),
        ("messages", format!("{:?}", connection.messages())),
        ("oauth", format!("{:?}", provider.oauth())),
        ("webhooks", format!("{:?}", provider.webhooks())),
        ("request", format!("{:?}", fixture.sign(body.as_bytes()))),
    ];
    for (what, text) in &shown {
        assert!(!text.is_empty());
        assert_eq!(detector.scan(*what, text), 0, "{what} shows the credential");
    }
    // The detector sees it where it is.
    let open = format!("{:?}", fixture.config());
    assert_eq!(detector.scan("the config as it was sent", open), 1);
}
