//! `list`: rows of one sort, a page at a time.

use std::str::FromStr;

use integrations_core::email::EmailAddress;
use integrations_core::phone::PhoneNumber;
use integrations_core::{Result, TenantId};
use integrations_store::{
    DeadLetterFilter, DeadLetterStatus, DeliveryFilter, DeliveryStatus, EventFilter, EventStatus,
    Filter, OptOutAddress,
};
use integrations_sync::jobs::{JobFilter, JobState};

use crate::args::{List, Sort};
use crate::open::Deployment;
use crate::view::Record;
use crate::{rows, usage, view};

pub(crate) async fn run(deployment: &Deployment, list: &List) -> Result<()> {
    check(list)?;
    let tenant = deployment.tenant().await?;
    let (fields, found): (&[&str], Vec<Record>) = match list.sort {
        Sort::Integrations => (
            &["id", "provider", "name", "status", "since", "error"],
            integrations(deployment, &tenant, list).await?,
        ),
        Sort::Events => (
            &[
                "id",
                "kind",
                "status",
                "attempts",
                "integration",
                "receivedAt",
                "error",
            ],
            events(deployment, &tenant, list).await?,
        ),
        Sort::Jobs => (
            &[
                "id",
                "kind",
                "state",
                "attempt",
                "subject",
                "scheduledAt",
                "error",
            ],
            jobs(deployment, &tenant, list).await?,
        ),
        Sort::DeadLetters => (
            &[
                "id",
                "source",
                "kind",
                "cause",
                "attempts",
                "createdAt",
                "message",
            ],
            dead_letters(deployment, &tenant, list).await?,
        ),
        Sort::Runs => (
            &[
                "id",
                "flow",
                "kind",
                "status",
                "startedAt",
                "read",
                "created",
                "updated",
                "deleted",
                "failed",
                "error",
            ],
            runs(deployment, &tenant, list).await?,
        ),
        Sort::Conflicts => (
            &[
                "id",
                "flow",
                "kind",
                "leftId",
                "rightId",
                "seen",
                "updatedAt",
                "resolution",
            ],
            conflicts(deployment, &tenant, list).await?,
        ),
        Sort::Flows => (
            &["name", "left", "right", "paused", "updatedAt"],
            flows(deployment, &tenant, list).await?,
        ),
        Sort::Endpoints => (
            &[
                "id",
                "description",
                "state",
                "failingSince",
                "pending",
                "failed",
            ],
            endpoints(deployment, &tenant, list).await?,
        ),
        Sort::Deliveries => (
            &[
                "id",
                "kind",
                "status",
                "attempts",
                "endpoint",
                "nextAt",
                "finishedAt",
            ],
            deliveries(deployment, &tenant, list).await?,
        ),
        Sort::Schedules => (
            &[
                "name", "kind", "spec", "paused", "nextAt", "lastAt", "ticks",
            ],
            schedules(deployment, &tenant, list).await?,
        ),
        Sort::OptOuts => (
            &["channel", "source", "subject", "since"],
            opt_outs(deployment, &tenant, list).await?,
        ),
        Sort::Audit => (
            &["seq", "at", "actor", "action", "integration"],
            audit(deployment, &tenant, list).await?,
        ),
    };
    view::rows(deployment.json, fields, &found);
    Ok(())
}

/// A filter that a sort does not have is refused: ignored, it would show rows that were not asked for.
fn check(list: &List) -> Result<()> {
    use Sort::{
        Audit, Conflicts, DeadLetters, Deliveries, Endpoints, Events, Flows, Integrations, Jobs,
        OptOuts, Runs, Schedules,
    };
    let sort = list.sort;
    let takes: [(&str, bool, &[Sort]); 10] = [
        (
            "--status",
            list.status.is_some(),
            &[
                Integrations,
                Events,
                Jobs,
                DeadLetters,
                Runs,
                Conflicts,
                Endpoints,
                Deliveries,
            ],
        ),
        (
            "--kind",
            list.kind.is_some(),
            &[Events, Jobs, DeadLetters, Runs, Conflicts],
        ),
        ("--cause", list.cause.is_some(), &[DeadLetters]),
        (
            "--integration",
            list.integration.is_some(),
            &[Events, Flows, Audit],
        ),
        ("--flow", list.flow.is_some(), &[Runs, Conflicts]),
        ("--endpoint", list.endpoint.is_some(), &[Deliveries]),
        ("--address", list.address.is_some(), &[OptOuts]),
        (
            "--since",
            list.since.is_some(),
            &[Events, DeadLetters, Runs],
        ),
        (
            "--until",
            list.until.is_some(),
            &[Events, DeadLetters, Runs],
        ),
        (
            "--after",
            list.after.is_some(),
            &[
                Integrations,
                Events,
                Jobs,
                DeadLetters,
                Runs,
                Conflicts,
                Deliveries,
                Schedules,
                Audit,
            ],
        ),
    ];
    for (option, given, sorts) in takes {
        if given && !sorts.contains(&sort) {
            return Err(usage(format!(
                "this list has no {option}: see `ops list --help`"
            )));
        }
    }
    if sort == OptOuts && list.address.is_none() {
        return Err(usage(
            "opt-outs are listed for one --address, a phone number or an e-mail address",
        ));
    }
    Ok(())
}

fn after<T: FromStr>(list: &List) -> Result<Option<T>> {
    let parsed = list.after.as_deref().map(str::parse).transpose();
    parsed.map_err(|_| usage("--after takes the last id of the page before"))
}

fn status<T>(list: &List, all: &[T], word: impl Fn(&T) -> &'static str) -> Result<Option<T>>
where
    T: Copy,
{
    let Some(text) = &list.status else {
        return Ok(None);
    };
    one_of(text, all, word).map(Some)
}

/// The one that is called so.
pub(crate) fn one_of<T: Copy>(
    text: &str,
    all: &[T],
    word: impl Fn(&T) -> &'static str,
) -> Result<T> {
    all.iter()
        .find(|one| word(one) == text)
        .copied()
        .ok_or_else(|| {
            let words: Vec<_> = all.iter().map(word).collect();
            usage(format!("--status is one of {}", words.join(", ")))
        })
}

async fn integrations(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let mut filter = Filter::all().limit(list.limit);
    if let Some(text) = &list.status {
        let status = text.parse();
        filter = filter.status(
            status.map_err(|_| usage("--status is one of pending, active, error, disconnected"))?,
        );
    }
    if let Some(id) = after(list)? {
        filter = filter.after(id);
    }
    let rows = d.store.integrations().list(tenant, &filter).await?;
    Ok(rows.iter().map(rows::integration).collect())
}

async fn events(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let mut filter = EventFilter::all().limit(list.limit);
    if let Some(status) = status(list, &EventStatus::ALL, |status| status.as_str())? {
        filter = filter.status(status);
    }
    if let Some(kind) = &list.kind {
        filter = filter.kind(kind);
    }
    if let Some(id) = list.integration {
        filter = filter.integration(id);
    }
    if let Some(at) = list.since {
        filter = filter.received_from(at);
    }
    if let Some(at) = list.until {
        filter = filter.received_before(at);
    }
    if let Some(id) = after(list)? {
        filter = filter.after(id);
    }
    let rows = d.store.events().list(tenant, &filter).await?;
    Ok(rows.iter().map(rows::event).collect())
}

async fn jobs(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let mut filter = JobFilter::all().limit(list.limit);
    let states = [
        JobState::Available,
        JobState::Running,
        JobState::Scheduled,
        JobState::Retryable,
        JobState::Completed,
        JobState::Cancelled,
        JobState::Discarded,
        JobState::Pending,
    ];
    if let Some(state) = status(list, &states, |state| state.as_str())? {
        filter = filter.state(state);
    }
    if let Some(kind) = &list.kind {
        filter = filter.kind(kind);
    }
    if let Some(id) = after(list)? {
        filter = filter.after(id);
    }
    let rows = d.jobs.list(tenant, &filter).await?;
    Ok(rows.iter().map(rows::job).collect())
}

async fn dead_letters(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let all = [
        DeadLetterStatus::Open,
        DeadLetterStatus::Replayed,
        DeadLetterStatus::Dropped,
    ];
    let status = status(list, &all, |status| status.as_str())?.unwrap_or(DeadLetterStatus::Open);
    let mut filter = DeadLetterFilter::all().status(status).limit(list.limit);
    if let Some(kind) = &list.kind {
        filter = filter.kind(kind);
    }
    if let Some(cause) = &list.cause {
        filter = filter.cause(cause);
    }
    if let Some(at) = list.since {
        filter = filter.since(at);
    }
    if let Some(at) = list.until {
        filter = filter.until(at);
    }
    if let Some(id) = after(list)? {
        filter = filter.after(id);
    }
    let rows = d.store.dead_letters().list(tenant, &filter).await?;
    Ok(rows.iter().map(rows::dead_letter).collect())
}

/// Newest first. What the database has no filter for is looked for page by page.
async fn runs(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let mut before = after(list)?;
    let mut found = Vec::new();
    loop {
        let runs = d.store.runs();
        let page = runs.list(tenant, list.flow.as_deref(), before, 500).await?;
        for run in &page {
            before = Some(run.id);
            if list.since.is_some_and(|since| run.started_at < since) {
                return Ok(found);
            }
            let wanted = list.until.is_none_or(|until| run.started_at < until)
                && list
                    .kind
                    .as_deref()
                    .is_none_or(|kind| kind == run.kind.as_str())
                && list
                    .status
                    .as_deref()
                    .is_none_or(|status| status == run.status.as_str());
            if wanted {
                found.push(rows::run(run));
            }
            if found.len() >= list.limit as usize {
                return Ok(found);
            }
        }
        if page.len() < 500 {
            return Ok(found);
        }
    }
}

async fn conflicts(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let open_only = match list.status.as_deref() {
        None | Some("open") => true,
        Some("all") => false,
        Some(_) => return Err(usage("--status is one of open, all")),
    };
    let flows = match &list.flow {
        Some(flow) => vec![flow.clone()],
        None => {
            let flows = d.store.flows().list(tenant, None).await?;
            flows.into_iter().map(|flow| flow.name).collect()
        }
    };
    let after = after(list)?;
    let mut all = Vec::new();
    for flow in flows {
        let conflicts = d.store.conflicts();
        all.extend(
            conflicts
                .list(tenant, &flow, open_only, after, list.limit)
                .await?,
        );
    }
    all.sort_by_key(|conflict| conflict.id);
    let kind = list.kind.as_deref();
    let wanted = all
        .iter()
        .filter(|row| kind.is_none_or(|kind| kind == row.kind));
    Ok(wanted
        .take(list.limit as usize)
        .map(rows::conflict)
        .collect())
}

async fn flows(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let rows = d.store.flows().list(tenant, list.integration).await?;
    Ok(rows
        .iter()
        .take(list.limit as usize)
        .map(rows::flow)
        .collect())
}

async fn endpoints(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let rows = d.blind_endpoints()?.summaries(tenant).await?;
    let wanted = rows.iter().filter(|row| {
        let status = list.status.as_deref();
        status.is_none_or(|status| status == row.state.as_str())
    });
    Ok(wanted
        .take(list.limit as usize)
        .map(rows::endpoint)
        .collect())
}

async fn deliveries(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let all = [
        DeliveryStatus::Pending,
        DeliveryStatus::Delivered,
        DeliveryStatus::Failed,
    ];
    let mut filter = DeliveryFilter::all();
    if let Some(status) = status(list, &all, |status| status.as_str())? {
        filter = filter.status(status);
    }
    if let Some(endpoint) = list.endpoint {
        filter = filter.endpoint(endpoint);
    }
    let endpoints = d.blind_endpoints()?;
    let rows = endpoints
        .deliveries(tenant, filter, after(list)?, list.limit)
        .await?;
    Ok(rows.iter().map(rows::delivery).collect())
}

async fn schedules(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let after = list.after.as_deref().unwrap_or_default();
    let rows = d.store.schedules().list(tenant, after, list.limit).await?;
    Ok(rows.iter().map(rows::schedule).collect())
}

async fn opt_outs(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let text = list.address.as_deref().unwrap_or_default();
    let bad = || usage("--address is a phone number with its country code, or an e-mail address");
    let address = if text.contains('@') {
        OptOutAddress::from(&EmailAddress::parse(text).map_err(|_| bad())?)
    } else {
        OptOutAddress::from(&PhoneNumber::parse(text, None).map_err(|_| bad())?)
    };
    let rows = d.store.opt_outs().list(tenant, address).await?;
    Ok(rows
        .iter()
        .take(list.limit as usize)
        .map(rows::opt_out)
        .collect())
}

async fn audit(d: &Deployment, tenant: &TenantId, list: &List) -> Result<Vec<Record>> {
    let after = after(list)?.unwrap_or_default();
    let rows = d
        .store
        .audit()
        .list(tenant, list.integration, after, list.limit)
        .await?;
    Ok(rows.iter().map(rows::audit).collect())
}
