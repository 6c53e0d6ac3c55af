//! `middleware import`: messages of the past, from a file to the queue.

use std::io::Read as _;
use std::path::Path;

use integrations_core::phone::{PhoneNumber, Region};
use integrations_core::{Error, Result, TenantId, Timestamp};
use integrations_store::{Store, StoreOptions};
use integrations_sync::jobs::{Jobs, NewJob, Priority};
use serde::Deserialize;

use crate::jobs::ImportJob;

/// So many jobs share a transaction.
const BATCH: usize = 500;
/// So many bad lines are named.
const NAMED: usize = 20;

/// A line of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    phone: String,
    direction: Direction,
    text: String,
    at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Inbound,
    Outbound,
}

/// Enqueues every message of a file; how many there are.
///
/// # Errors
/// Of kind `Config` that names the lines which are not understood: nothing is enqueued then.
pub(crate) async fn run(
    database: &str,
    tenant: &TenantId,
    region: Region,
    file: &Path,
) -> Result<usize> {
    let jobs = read(&text(file)?, region)?;
    let options = StoreOptions::new().application_name("middleware import");
    let store = Store::open_with(database, options).await?;
    let queue = Jobs::new(&store)?;
    let count = jobs.len();
    for batch in jobs.chunks(BATCH) {
        let new = batch.iter().map(|job| {
            let new = NewJob::new(tenant, job)?.priority(Priority::Bulk);
            Ok(new.unique(job.id.clone()))
        });
        queue.insert_many(&new.collect::<Result<Vec<_>>>()?).await?;
    }
    store.close().await;
    Ok(count)
}

fn text(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().read_to_string(&mut text).map(drop),
        _ => std::fs::read_to_string(file).map(|read| text = read),
    };
    read.map_err(|error| {
        Error::config(format!("cannot read {}: {error}", file.display())).with_source(error)
    })?;
    Ok(text)
}

/// Lines are named by their number alone: they hold what people wrote.
fn read(text: &str, region: Region) -> Result<Vec<ImportJob>> {
    let mut jobs = Vec::new();
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match job(line, region) {
            Ok(job) => jobs.push(job),
            Err(what) => faults.push(format!("line {}: {what}", at + 1)),
        }
    }
    if faults.is_empty() {
        return Ok(jobs);
    }
    let more = faults.len().saturating_sub(NAMED);
    faults.truncate(NAMED);
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    Err(Error::config(format!(
        "nothing was enqueued; {}",
        faults.join("; ")
    )))
}

fn job(line: &str, region: Region) -> Result<ImportJob, &'static str> {
    let line: Line = serde_json::from_str(line).map_err(
        |_| "is not an object with id, phone, direction (inbound, outbound), text and at (a time)",
    )?;
    if line.id.is_empty() || line.id.len() > 200 {
        return Err("has an id that is empty or longer than 200 bytes");
    }
    if line.text.trim().is_empty() {
        return Err("has no text");
    }
    let phone = PhoneNumber::from_e164(&line.phone)
        .or_else(|_| PhoneNumber::parse(&line.phone, Some(region)))
        .map_err(|_| "has a phone that is no number")?;
    Ok(ImportJob {
        id: line.id,
        phone: phone.as_str().to_owned(),
        inbound: matches!(line.direction, Direction::Inbound),
        text: line.text,
        at: line.at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bad_lines_are_named_by_number_and_nothing_is_repeated() {
        let good = r#"{"id":"1","phone":"(206) 555-0100","direction":"inbound","text":"Hi","at":"2026-01-05T20:58:44Z"}"#;
        let jobs = read(&format!("{good}\n\n{good}"), Region::US).unwrap();
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[0].phone, "+12065550100");
        let text = format!(
            "{good}\nplanted\n{}\n{}",
            good.replace("inbound", "sideways"),
            good.replace("(206) 555-0100", "planted")
        );
        let error = read(&text, Region::US).unwrap_err().to_string();
        for line in ["line 2", "line 3", "line 4: has a phone"] {
            assert!(error.contains(line), "{error}");
        }
        assert!(
            !error.contains("planted") && !error.contains("line 1:"),
            "{error}"
        );
    }
}
