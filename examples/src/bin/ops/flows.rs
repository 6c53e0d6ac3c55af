//! `drift`, `run`, `pause`, `resume`: flows, queues and schedules.

use std::collections::BTreeMap;

use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{RunKind, Side, StoredConflict};
use integrations_sync::flow::{Action, Flow, Resolution, Step};
use integrations_sync::jobs::NewJob;
use integrations_sync::runtime::{RunJob, Runtime};
use integrations_sync::schedule::Scheduler;
use serde_json::json;

use crate::args::{Drift, Pausable, Resolve, Run};
use crate::open::Deployment;
use crate::view::{Record, record};
use crate::{usage, view};

/// How many steps of a drift a person is shown.
const SHOWN: usize = 40;

/// Who started what this tool starts.
const ACTOR: &str = "ops";

pub(crate) async fn drift(d: &Deployment, drift: &Drift) -> Result<()> {
    let tenant = d.tenant().await?;
    there(d, &tenant, &drift.flow).await?;
    let flow = open(d, &tenant, &drift.flow).await?;
    let report = flow.run(RunKind::Reconcile).plan().await?;
    let steps: Vec<Record> = report.steps.iter().map(step).collect();
    let document = record! {
        "flow": drift.flow, "drift": report.drift(), "counts": report.counts, "steps": steps,
    };
    view::one(d.json, &document, || {
        let mut by_action: BTreeMap<String, u64> = BTreeMap::new();
        for step in &report.steps {
            let action = format!("{} on the {}", word(step.action), step.side);
            *by_action.entry(action).or_default() += 1;
        }
        let sums: Vec<_> = by_action
            .iter()
            .map(|(what, n)| format!("{n} to {what}"))
            .collect();
        if steps.is_empty() {
            return format!(
                "{} contacts were read: nothing has drifted",
                report.counts.read
            );
        }
        let shown = &steps[..steps.len().min(SHOWN)];
        let fields = ["action", "side", "id", "sourceId", "fields"];
        let more = match steps.len() - shown.len() {
            0 => String::new(),
            more => format!("… and {more} more: --json shows all\n"),
        };
        format!(
            "{} contacts were read: {}\n\n{}{more}",
            report.counts.read,
            sums.join(", "),
            view::table(&fields, shown)
        )
    });
    Ok(())
}

/// A flow over its live connections. What transforms the application adds, this tool does not know.
async fn open(d: &Deployment, tenant: &TenantId, name: &str) -> Result<Flow> {
    let manager = d.manager(d.vault()?)?;
    let runtime = Runtime::builder(&manager)?.build()?;
    runtime.flows().open(tenant, name).await
}

pub(crate) async fn resolve(d: &Deployment, resolve: &Resolve) -> Result<()> {
    let tenant = d.tenant().await?;
    let found = d.store.conflicts().find(&tenant, resolve.conflict).await?;
    let conflict = found.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "the tenant has no such conflict: see `ops list conflicts`",
        )
    })?;
    let resolution = resolution(resolve, &conflict)?;
    let flow = open(d, &tenant, &conflict.flow).await?;
    let synced = flow.resolve(conflict.id, &resolution, ACTOR).await?;
    let steps: Vec<Record> = synced.steps.iter().map(step).collect();
    let document =
        record! { "conflict": conflict.id.to_string(), "flow": conflict.flow, "steps": steps };
    view::one(d.json, &document, || {
        if steps.is_empty() {
            return "resolved; nothing was to write".to_owned();
        }
        let fields = ["action", "side", "id", "sourceId", "fields"];
        format!("resolved\n\n{}", view::table(&fields, &steps))
    });
    Ok(())
}

fn resolution(resolve: &Resolve, conflict: &StoredConflict) -> Result<Resolution> {
    Ok(if resolve.link {
        let id = |given: &Option<String>, known: &Option<String>, option: &str| {
            given.clone().or_else(|| known.clone()).ok_or_else(|| {
                usage(format!(
                    "which contact is it? Say {option}: `ops show conflict …` names the candidates"
                ))
            })
        };
        Resolution::Link {
            left: id(&resolve.left, &conflict.left_id, "--left ID")?,
            right: id(&resolve.right, &conflict.right_id, "--right ID")?,
        }
    } else if resolve.keep_left {
        Resolution::Keep(Side::Left)
    } else if resolve.keep_right {
        Resolution::Keep(Side::Right)
    } else if resolve.create {
        Resolution::Create
    } else if resolve.ignore {
        Resolution::Ignore
    } else {
        Resolution::Retry
    })
}

fn word(action: Action) -> String {
    match action {
        Action::Create => "create".to_owned(),
        Action::Update => "update".to_owned(),
        Action::Delete => "delete".to_owned(),
        Action::Link => "link".to_owned(),
        Action::Unlink => "unlink".to_owned(),
        Action::Ask(question) => format!("ask: {}", question.as_str()),
        _ => "do something of a newer version".to_owned(),
    }
}

fn step(step: &Step) -> Record {
    record! {
        "action": word(step.action), "side": step.side.as_str(), "id": step.id, "sourceId": step.source_id,
        "fields": step.fields,
    }
}

async fn there(d: &Deployment, tenant: &TenantId, flow: &str) -> Result<bool> {
    match d.store.flows().find(tenant, flow).await? {
        Some(flow) => Ok(flow.paused),
        None => Err(Error::new(
            ErrorKind::NotFound,
            "the tenant has no flow of this name: see `ops list flows`",
        )),
    }
}

pub(crate) async fn run(d: &Deployment, run: &Run) -> Result<()> {
    let tenant = d.tenant().await?;
    if there(d, &tenant, &run.flow).await? {
        return Err(Error::new(
            ErrorKind::Conflict,
            "the flow is paused: `ops resume --flow …` first",
        ));
    }
    let kind = RunKind::from(run.kind);
    let job = RunJob {
        flow: run.flow.clone(),
        kind,
        started_by: ACTOR.to_owned(),
    };
    let unique = format!("{ACTOR}:{}:{kind}", run.flow);
    let id = d
        .jobs
        .insert(&NewJob::new(&tenant, &job)?.unique(unique))
        .await?;
    let document = record! { "job": id.as_i64(), "flow": run.flow, "kind": kind.as_str() };
    view::one(d.json, &document, || {
        format!("job {id} will run it: `ops show job {id}`, `ops list runs --flow …`")
    });
    Ok(())
}

pub(crate) async fn pause(d: &Deployment, what: &Pausable, pause: bool) -> Result<()> {
    let mut document = record! { "paused": pause };
    let name = if let Some(queue) = &what.queue {
        let done = if pause {
            d.jobs.pause(queue).await
        } else {
            d.jobs.resume(queue).await
        };
        done.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::new(
                ErrorKind::NotFound,
                "no process has worked a queue of this name yet",
            ),
            _ => error,
        })?;
        document.insert("queue".to_owned(), json!(queue));
        format!("queue {queue}")
    } else if let Some(flow) = &what.flow {
        let tenant = d.tenant().await?;
        there(d, &tenant, flow).await?;
        d.store.flows().pause(&tenant, flow, pause).await?;
        document.insert("flow".to_owned(), json!(flow));
        format!("flow {flow}")
    } else {
        let tenant = d.tenant().await?;
        let schedule = what.schedule.as_deref().unwrap_or_default();
        if pause {
            d.store.schedules().pause(&tenant, schedule).await?;
        } else {
            let scheduler = Scheduler::new(&d.store, d.jobs.clone());
            scheduler.resume(&tenant, schedule).await?;
        }
        document.insert("schedule".to_owned(), json!(schedule));
        format!("schedule {schedule}")
    };
    let state = if pause { "is paused" } else { "goes on" };
    view::one(d.json, &document, || view::line(&format!("{name} {state}")));
    Ok(())
}
