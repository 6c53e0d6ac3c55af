//! Step 7: the audit trail, and the search for secrets.

use integrations_core::{Error, IntegrationId, Result};
use serde_json::Value;

use crate::report::Report;
use crate::story::Story;
use crate::world::World;

pub(crate) async fn run(
    story: &Story,
    world: &World,
    integration: IntegrationId,
    report: &mut Report,
) -> Result<()> {
    story.step(7, "Read the trail");
    let audit = world.store().audit();
    for row in audit.list(&world.tenant, Some(integration), 0, 500).await? {
        let text = |name: &str| {
            row.details
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (from, to) = (text("from"), text("to"));
        let moved = if to.is_empty() || from == to {
            String::new()
        } else {
            format!("{from} → {to}")
        };
        story.say(format!(
            "{:>3}  {}  {:<24} {:<8} {moved}",
            row.seq,
            row.at.strftime("%H:%M:%S"),
            row.action,
            row.actor
        ));
        if !moved.is_empty() {
            report.integration.transitions.push(format!("{from}>{to}"));
        }
    }
    let chain = audit.verify_chain(&world.tenant).await?;
    report.audit.rows = chain.rows;
    report.audit.chain_ok = chain.ok;
    story.say(format!(
        "{} rows; the hash chain {}",
        chain.rows,
        if chain.ok { "holds" } else { "is broken" }
    ));
    report.integration.status = world
        .manager
        .get(&world.tenant, integration)
        .await?
        .status
        .to_string();

    for line in world
        .shown
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .iter()
    {
        world.detector.scan("an error", line);
    }
    let shown = serde_json::to_string(&world.manager.get(&world.tenant, integration).await?)
        .unwrap_or_default();
    world
        .detector
        .scan("the integration as people see it", shown);
    world
        .detector
        .scan_dir(world.folder.path())
        .map_err(|error| Error::config("the database cannot be searched").with_source(error))?;
    let leaks = world.detector.report();
    report.secrets_leaked = leaks.leaks().len();
    for leak in leaks.leaks() {
        story.say(format!("LEAK: {leak:?}"));
    }
    story.say(format!(
        "{} places searched for the planted secrets, in clear and encoded (logs, errors, answers, database): {} found",
        leaks.scans(),
        report.secrets_leaked
    ));
    Ok(())
}
