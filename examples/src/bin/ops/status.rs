//! `status`: what there is, and what needs a person, on one page.

use std::fmt::Write as _;

use integrations_core::{Result, TenantId};
use integrations_store::{CauseCount, EventCounts, Filter};
use integrations_sync::jobs::JobCount;
use serde_json::{Value, json};

use crate::open::Deployment;
use crate::view::{Record, record};
use crate::{rows, view};

/// How many rows of each part a person is shown.
const SHOWN: usize = 15;

#[derive(Default)]
struct Page {
    tenants: usize,
    integrations: Vec<Record>,
    events: EventCounts,
    jobs: Vec<JobCount>,
    causes: Vec<CauseCount>,
    flows: Vec<Record>,
    endpoints: Vec<Record>,
    schedules: Vec<Record>,
}

pub(crate) async fn run(deployment: &Deployment) -> Result<()> {
    let tenants = deployment.tenants().await?;
    let mut page = Page {
        tenants: tenants.len(),
        ..Page::default()
    };
    for tenant in &tenants {
        page.look_at(deployment, tenant).await?;
    }
    let store = &deployment.store;
    if deployment.all_tenants {
        page.events = store.deployment().event_counts().await?;
        page.causes = store.deployment().dead_letter_counts().await?;
        page.jobs = deployment.jobs.totals().await?;
    } else if let Some(tenant) = tenants.first() {
        page.events = store.events().counts(tenant, None).await?;
        page.causes = store.dead_letters().counts(tenant).await?;
        page.jobs = deployment.jobs.counts(tenant).await?;
    }
    let document = page.document();
    view::one(deployment.json, &document, || page.people());
    Ok(())
}

impl Page {
    async fn look_at(&mut self, d: &Deployment, tenant: &TenantId) -> Result<()> {
        let store = &d.store;
        let own = |mut record: Record| {
            record.insert("tenant".to_owned(), tenant.as_str().into());
            record
        };
        let integrations = store
            .integrations()
            .list(tenant, &Filter::all().limit(500))
            .await?;
        self.integrations
            .extend(integrations.iter().map(rows::integration));
        for flow in store.flows().list(tenant, None).await? {
            let last = store.runs().list(tenant, Some(&flow.name), None, 1).await?;
            let open = store.conflicts().counts(tenant, &flow.name).await?;
            let mut record = own(rows::flow(&flow));
            let open: u64 = open.iter().map(|(_, count)| count).sum();
            record.insert("openConflicts".to_owned(), open.into());
            let last = last.first();
            record.insert(
                "lastRun".to_owned(),
                last.map_or(Value::Null, |run| Value::Object(rows::run(run))),
            );
            record.insert(
                "lastRunStatus".to_owned(),
                json!(last.map(|run| run.status)),
            );
            record.insert(
                "lastRunAt".to_owned(),
                json!(last.map(|run| run.started_at)),
            );
            self.flows.push(record);
        }
        let endpoints = d.blind_endpoints()?.summaries(tenant).await?;
        self.endpoints
            .extend(endpoints.iter().map(rows::endpoint).map(own));
        let schedules = store.schedules().list(tenant, "", 500).await?;
        self.schedules.extend(schedules.iter().map(rows::schedule));
        Ok(())
    }

    fn jobs(&self) -> Vec<Record> {
        let row = |job: &JobCount| record! { "kind": job.kind, "state": job.state.as_str(), "count": job.count };
        self.jobs.iter().map(row).collect()
    }

    fn causes(&self) -> Vec<Record> {
        let row = |cause: &CauseCount| {
            record! { "source": cause.source.as_str(), "kind": cause.kind, "cause": cause.cause, "count": cause.count }
        };
        self.causes.iter().map(row).collect()
    }

    fn document(&self) -> Record {
        record! {
            "tenants": self.tenants, "integrations": self.integrations, "events": self.events, "jobs": self.jobs(),
            "deadLetters": self.causes(), "flows": self.flows, "endpoints": self.endpoints,
            "schedules": self.schedules,
        }
    }

    fn people(&self) -> String {
        let mut out = String::new();
        let counts = self.events;
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "events        {} pending, {} processing, {} kept, {} failed, {} done",
            counts.pending, counts.processing, counts.kept, counts.failed, counts.done
        );
        let part = |out: &mut String, title: &str, fields: &[&str], rows: &[Record]| {
            if rows.is_empty() {
                let _ = writeln!(out, "{title:<13} none");
                return;
            }
            let shown = &rows[..rows.len().min(SHOWN)];
            let _ = write!(out, "\n{title}\n{}", view::table(fields, shown));
            if rows.len() > SHOWN {
                let _ = writeln!(out, "… and {} more: see `ops list`", rows.len() - SHOWN);
            }
        };
        part(
            &mut out,
            "dead letters",
            &["count", "source", "kind", "cause"],
            &self.causes(),
        );
        part(&mut out, "jobs", &["count", "kind", "state"], &self.jobs());
        part(
            &mut out,
            "integrations",
            &[
                "tenant", "id", "provider", "name", "status", "since", "error",
            ],
            &self.integrations,
        );
        part(
            &mut out,
            "flows",
            &[
                "tenant",
                "name",
                "paused",
                "lastRunAt",
                "lastRunStatus",
                "openConflicts",
            ],
            &self.flows,
        );
        part(
            &mut out,
            "endpoints",
            &[
                "tenant",
                "id",
                "description",
                "state",
                "failingSince",
                "pending",
                "failed",
            ],
            &self.endpoints,
        );
        part(
            &mut out,
            "schedules",
            &[
                "tenant", "name", "kind", "spec", "paused", "nextAt", "lastAt",
            ],
            &self.schedules,
        );
        out
    }
}
