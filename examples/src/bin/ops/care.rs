//! `rotate-keys`, `verify-audit`, `migrate`, `purge`.

use std::io::IsTerminal as _;

use integrations_core::Result;
use integrations_core::vault::{KeyRing, Vault};
use integrations_store::Store;
use integrations_sync::runtime::{Retention, Runtime};
use serde_json::{Value, json};

use crate::args::Purge;
use crate::open::Deployment;
use crate::view::{Record, record};
use crate::{ask, view};

/// Whether every row went.
pub(crate) async fn rotate_keys(d: &Deployment) -> Result<bool> {
    let vault = d.vault()?;
    let active = vault.active_id();
    let watched = std::io::stderr().is_terminal();
    let manager = d.manager(vault)?;
    let report = manager
        .rotate_keys_with(|so_far| {
            if watched {
                anstream::eprint!("\r{} rows wrapped again", so_far.rewrapped);
            }
        })
        .await?;
    if watched {
        anstream::eprintln!();
    }
    let failed: Vec<String> = report
        .failed
        .iter()
        .map(|reason| view::line(reason))
        .collect();
    let document = record! {
        "activeKey": active.as_str(), "rewrapped": report.rewrapped,
        "changedMeanwhile": report.changed_meanwhile, "failed": failed,
    };
    view::one(d.json, &document, || {
        let mut out = format!(
            "{} rows are wrapped with the key {active} now",
            report.rewrapped
        );
        for reason in &failed {
            out.push_str("\nnot rotated: ");
            out.push_str(reason);
        }
        if failed.is_empty() {
            out.push_str("; older keys can leave the ring in ten minutes");
        }
        out
    });
    Ok(failed.is_empty())
}

/// Whether every chain is whole.
pub(crate) async fn verify_audit(d: &Deployment) -> Result<bool> {
    let mut chains: Vec<Record> = Vec::new();
    let mut whole = true;
    for tenant in d.tenants().await? {
        let report = d.store.audit().verify_chain(&tenant).await?;
        whole &= report.ok;
        let bad = report.first_bad;
        chains.push(record! {
            "tenant": tenant.as_str(), "ok": report.ok, "rows": report.rows, "head": report.head,
            "firstBad": bad.map(|(seq, _)| seq), "problem": bad.map(|(_, how)| how.to_string()),
        });
    }
    let document = record! { "ok": whole, "chains": chains };
    view::one(d.json, &document, || {
        view::table(
            &["tenant", "ok", "rows", "head", "firstBad", "problem"],
            &chains,
        )
    });
    Ok(whole)
}

pub(crate) async fn migrate(d: &Deployment) -> Result<()> {
    let migrated = d.store.migrate().await?;
    d.jobs.migrate().await?;
    let document = record! {
        "from": migrated.from, "to": migrated.to, "applied": migrated.applied,
        "needed": Store::schema_version(),
    };
    view::one(d.json, &document, || match migrated.applied.len() {
        0 => format!("the tables are up to date: version {}", migrated.to),
        files => format!(
            "{files} files ran: version {} → {}",
            migrated.from, migrated.to
        ),
    });
    Ok(())
}

/// Whether it was done.
pub(crate) async fn purge(d: &Deployment, purge: &Purge) -> Result<bool> {
    let what = "forget what is finished and older than the --help says, of all tenants";
    if !ask::may(what, u64::MAX, purge.yes)? {
        return Ok(false);
    }
    // Nothing is opened here.
    let manager = d.manager(Vault::new(KeyRing::generate()?))?;
    let retention = Retention::new()
        .messages(purge.messages)
        .dead_letters(purge.dead_letters)
        .runs(purge.runs);
    let (events, failed) = (purge.events, purge.failed_events);
    let runtime = Runtime::builder(&manager)?
        .retention(retention)
        .inbox(|inbox| inbox.retention(events).failed_retention(failed))
        .build()?;
    let forgotten = runtime.purge().await?;
    let document = match json!(forgotten) {
        Value::Object(document) => document,
        _ => Record::new(),
    };
    view::one(d.json, &document, || view::card(&document));
    Ok(true)
}
