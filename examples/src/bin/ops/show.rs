//! `show`: one row with all that is known of it.

use std::str::FromStr;

use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_sync::inbox::Inbox;
use serde_json::{Value, json};

use crate::args::{One, Show};
use crate::open::Deployment;
use crate::view::Record;
use crate::{rows, usage, view};

pub(crate) async fn run(deployment: &Deployment, show: &Show) -> Result<()> {
    let tenant = deployment.tenant().await?;
    let record = find(deployment, &tenant, show).await?;
    view::one(deployment.json, &record, || view::card(&record));
    Ok(())
}

fn id<T: FromStr>(show: &Show) -> Result<T> {
    let parsed = show.id.parse();
    parsed.map_err(|_| usage("this is not an id of that sort: `ops list …` shows them"))
}

fn there<T>(found: Option<T>) -> Result<T> {
    found.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "the tenant has no such row: see `ops list`",
        )
    })
}

/// What is JSON as JSON, else as text.
fn payload(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

async fn find(d: &Deployment, tenant: &TenantId, show: &Show) -> Result<Record> {
    let store = &d.store;
    if show.payload && !matches!(show.sort, One::Event | One::Job | One::DeadLetter) {
        return Err(usage("--payload is for events, jobs and dead letters"));
    }
    Ok(match show.sort {
        One::Integration => rows::integration(&store.integrations().get(tenant, id(show)?).await?),
        One::Event => event(d, tenant, show).await?,
        One::Job => {
            let job = there(d.jobs.find(tenant, id(show)?).await?)?;
            let mut record = rows::job(&job);
            if show.payload {
                record.insert("payload".to_owned(), payload(job.args.as_bytes()));
            }
            record
        }
        One::DeadLetter => {
            let letter = there(store.dead_letters().find(tenant, id(show)?).await?)?;
            let mut record = rows::dead_letter(&letter);
            if show.payload {
                record.insert("payload".to_owned(), payload(letter.payload.as_bytes()));
            }
            record
        }
        One::Run => rows::run(&store.runs().get(tenant, id(show)?).await?),
        One::Conflict => rows::conflict(&there(store.conflicts().find(tenant, id(show)?).await?)?),
        One::Flow => flow(d, tenant, show).await?,
        One::Endpoint => endpoint(d, tenant, show).await?,
        One::Delivery => delivery(d, tenant, show).await?,
        One::Schedule => rows::schedule(&store.schedules().get(tenant, &show.id).await?),
    })
}

async fn event(d: &Deployment, tenant: &TenantId, show: &Show) -> Result<Record> {
    let stored = there(d.store.events().find(tenant, id(show)?).await?)?;
    let mut record = rows::event(&stored);
    if show.payload {
        let bytes = if stored.sealed {
            let inbox = Inbox::builder(&d.store, d.jobs.clone()).vault(&d.vault()?);
            inbox.build().payload(tenant, stored.id).await?
        } else {
            stored.event.payload().clone()
        };
        record.insert("payload".to_owned(), payload(&bytes));
    }
    Ok(record)
}

async fn flow(d: &Deployment, tenant: &TenantId, show: &Show) -> Result<Record> {
    let store = &d.store;
    let flow = there(store.flows().find(tenant, &show.id).await?)?;
    let mut record = rows::flow(&flow);
    let config: Value = serde_json::from_str(&flow.config).unwrap_or_default();
    record.insert("config".to_owned(), config);
    let mappings = store.mappings().counts(tenant, &flow.name).await?;
    let mappings: Record = mappings
        .into_iter()
        .map(|(state, count)| (state.as_str().to_owned(), json!(count)))
        .collect();
    record.insert("contacts".to_owned(), Value::Object(mappings));
    let open = store.conflicts().counts(tenant, &flow.name).await?;
    let open: Record = open
        .into_iter()
        .map(|(kind, count)| (kind, json!(count)))
        .collect();
    record.insert("openConflicts".to_owned(), Value::Object(open));
    let last = store.runs().list(tenant, Some(&flow.name), None, 1).await?;
    if let Some(run) = last.first() {
        record.insert("lastRun".to_owned(), Value::Object(rows::run(run)));
    }
    Ok(record)
}

/// The origin of its URL with the keys, and without them what needs none.
async fn endpoint(d: &Deployment, tenant: &TenantId, show: &Show) -> Result<Record> {
    let wanted = id(show)?;
    let all = d.blind_endpoints()?.summaries(tenant).await?;
    let found = there(all.iter().find(|endpoint| endpoint.id == wanted))?;
    let mut record = rows::endpoint(found);
    if d.has_keys() {
        let endpoint = d.store.endpoints(&d.vault()?).get(tenant, wanted).await?;
        record.insert("origin".to_owned(), endpoint.origin().into());
        let events: Vec<_> = endpoint.events.iter().map(ToString::to_string).collect();
        record.insert("events".to_owned(), events.into());
    }
    Ok(record)
}

async fn delivery(d: &Deployment, tenant: &TenantId, show: &Show) -> Result<Record> {
    let endpoints = d.blind_endpoints()?;
    let delivery = endpoints.delivery(tenant, id(show)?).await?;
    let mut record = rows::delivery(&delivery);
    let attempts = endpoints.attempts(tenant, delivery.id).await?;
    let attempts: Vec<Value> = attempts
        .iter()
        .map(|attempt| {
            let took = u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX);
            json!({
                "at": attempt.at, "tookMs": took, "outcome": attempt.outcome.as_str(), "status": attempt.status,
            })
        })
        .collect();
    record.insert("attemptsMade".to_owned(), attempts.into());
    Ok(record)
}
