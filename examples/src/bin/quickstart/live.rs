//! Steps 2 and 4 at the real API, reading only.

use ghl_client::Client;
use integrations_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::report::Report;
use crate::story::Story;

const CONTACTS: usize = 250;

pub(crate) async fn run(story: &Story) -> Result<Report> {
    let missing: Vec<_> = ["GHL_API_KEY", "GHL_LOCATION_ID"]
        .into_iter()
        .filter(|name| std::env::var(name).map_or(true, |value| value.trim().is_empty()))
        .collect();
    if !missing.is_empty() {
        return Err(Error::config(format!(
            "--live needs {} in the environment",
            missing.join(" and ")
        )));
    }
    let started = Instant::now();
    let location =
        Client::from_env()?.location(std::env::var("GHL_LOCATION_ID").unwrap_or_default().trim());
    let mut report = Report::default();

    story.step(2, "Test the connection");
    let details = location.details().send().await?;
    report.integration.status = "active".to_owned();
    story.say(format!(
        "connected to {} in {} ms",
        details.name.as_deref().unwrap_or("the location"),
        started.elapsed().as_millis()
    ));

    story.step(4, "Read");
    let bar = story.progress(CONTACTS as u64, "contacts");
    let mut items = location.contacts().search().items();
    while report.contacts.read < CONTACTS as u64 {
        match items.try_next().await {
            Ok(Some(_)) => report.contacts.read += 1,
            Ok(None) => break,
            Err(error) => {
                report.contacts.throttled_errors +=
                    u64::from(error.kind() == ErrorKind::RateLimited);
                return Err(error);
            }
        }
        bar.set_position(report.contacts.read);
    }
    bar.finish_and_clear();
    story.say(format!("read {} contacts", report.contacts.read));
    // Nothing was stored, so nothing can be wrong with it.
    report.audit.chain_ok = true;
    report.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}
