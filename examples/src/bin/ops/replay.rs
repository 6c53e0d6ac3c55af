//! `replay` and `drop`: work that was given up, done again or closed.

use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{
    DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterStatus, DeadSource, EventFilter,
    EventStatus,
};

use crate::args::{Drop, Replay};
use crate::open::Deployment;
use crate::view::record;
use crate::{ask, list, usage, view};

/// How many letters are read at a time.
const PAGE: u32 = 500;

/// Whether all of them went.
pub(crate) async fn replay(d: &Deployment, replay: &Replay) -> Result<bool> {
    let tenant = d.tenant().await?;
    if let Some(id) = replay.event {
        if replay.dry_run {
            let found = d.store.events().find(&tenant, id).await?;
            return Ok(tell(d, "replayed", u64::from(found.is_some()), 0, true));
        }
        d.inbox().replay(&tenant, id).await?;
        return Ok(tell(d, "replayed", 1, 0, false));
    }
    if replay.events {
        return events(d, &tenant, replay).await;
    }
    let letters = match replay.dead_letter {
        Some(id) => vec![letter(d, &tenant, id).await?],
        None => {
            let filter = filter(replay.cause.as_deref(), replay.kind.as_deref());
            let mut found = all(d, &tenant, with_times(filter, replay.since, replay.until)).await?;
            found.retain(|letter| {
                replay
                    .integration
                    .is_none_or(|id| letter.integration == Some(id))
            });
            found
        }
    };
    let count = letters.len() as u64;
    if replay.dry_run {
        return Ok(tell(d, "replayed", count, 0, true));
    }
    if !ask::may(&format!("replay {count} dead letters"), count, replay.yes)? {
        return Ok(false);
    }
    let (mut done, mut failed) = (0, 0);
    let inbox = d.inbox();
    for letter in &letters {
        let replayed = match letter.source {
            DeadSource::Event => inbox.replay_letter(&tenant, letter.id).await,
            _ => d.jobs.replay(&tenant, letter.id).await.map(drop),
        };
        match replayed {
            Ok(()) => done += 1,
            Err(error) if error.kind() == ErrorKind::Store => return Err(error),
            Err(error) => {
                failed += 1;
                anstream::eprintln!(
                    "ops: dead letter {}: {}",
                    letter.id,
                    view::line(&error.to_string())
                );
            }
        }
    }
    Ok(tell(d, "replayed", done, failed, false))
}

async fn events(d: &Deployment, tenant: &TenantId, replay: &Replay) -> Result<bool> {
    let replayable = [EventStatus::Failed, EventStatus::Done, EventStatus::Pending];
    let status = match &replay.status {
        Some(text) => list::one_of(text, &replayable, |status| status.as_str())?,
        None => EventStatus::Failed,
    };
    let mut filter = EventFilter::all().status(status);
    if let Some(kind) = &replay.kind {
        filter = filter.kind(kind);
    }
    if let Some(id) = replay.integration {
        filter = filter.integration(id);
    }
    if let Some(at) = replay.since {
        filter = filter.received_from(at);
    }
    if let Some(at) = replay.until {
        filter = filter.received_before(at);
    }
    let count = d.store.events().replayable(tenant, &filter).await?;
    if replay.dry_run {
        return Ok(tell(d, "replayed", count, 0, true));
    }
    if !ask::may(&format!("replay {count} events"), count, replay.yes)? {
        return Ok(false);
    }
    let done = d.inbox().replay_all(tenant, &filter).await?;
    Ok(tell(d, "replayed", done, 0, false))
}

pub(crate) async fn drop_letters(d: &Deployment, drop: &Drop) -> Result<bool> {
    let tenant = d.tenant().await?;
    let letters = match drop.dead_letter {
        Some(id) => vec![letter(d, &tenant, id).await?],
        None => {
            let filter = filter(drop.cause.as_deref(), drop.kind.as_deref());
            all(d, &tenant, with_times(filter, drop.since, drop.until)).await?
        }
    };
    let count = letters.len() as u64;
    if drop.dry_run {
        return Ok(tell(d, "dropped", count, 0, true));
    }
    if !ask::may(&format!("drop {count} dead letters"), count, drop.yes)? {
        return Ok(false);
    }
    let mut done = 0;
    for letter in &letters {
        done += u64::from(
            d.store
                .dead_letters()
                .drop_letter(&tenant, letter.id)
                .await?,
        );
    }
    Ok(tell(d, "dropped", done, 0, false))
}

fn filter(cause: Option<&str>, kind: Option<&str>) -> DeadLetterFilter {
    let mut filter = DeadLetterFilter::open();
    if let Some(cause) = cause {
        filter = filter.cause(cause);
    }
    if let Some(kind) = kind {
        filter = filter.kind(kind);
    }
    filter
}

fn with_times(
    mut filter: DeadLetterFilter,
    since: Option<integrations_core::Timestamp>,
    until: Option<integrations_core::Timestamp>,
) -> DeadLetterFilter {
    if let Some(at) = since {
        filter = filter.since(at);
    }
    if let Some(at) = until {
        filter = filter.until(at);
    }
    filter
}

async fn letter(d: &Deployment, tenant: &TenantId, id: DeadLetterId) -> Result<DeadLetter> {
    let found = d.store.dead_letters().find(tenant, id).await?;
    let letter = found.ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "the tenant has no such dead letter: see `ops list dead-letters`",
        )
    })?;
    if letter.status == DeadLetterStatus::Open {
        Ok(letter)
    } else {
        Err(usage(format!(
            "this dead letter is {} already",
            letter.status
        )))
    }
}

/// Those there are now: what dies again meanwhile is not replayed in a circle. Without their payloads, which nobody needs
/// here.
async fn all(
    d: &Deployment,
    tenant: &TenantId,
    filter: DeadLetterFilter,
) -> Result<Vec<DeadLetter>> {
    let mut found: Vec<DeadLetter> = Vec::new();
    let mut filter = filter.limit(PAGE);
    loop {
        let page = d.store.dead_letters().list(tenant, &filter).await?;
        let full = page.len() >= PAGE as usize;
        found.extend(page.into_iter().map(|mut letter| {
            letter.payload = String::new();
            letter
        }));
        match found.last() {
            Some(last) if full => filter = filter.after(last.id),
            _ => return Ok(found),
        }
    }
}

/// Says what was done, or would be; whether nothing failed.
fn tell(d: &Deployment, what: &str, rows: u64, failed: u64, dry_run: bool) -> bool {
    let mut document = record! { "dryRun": dry_run, "failed": failed };
    document.insert(what.to_owned(), rows.into());
    view::one(d.json, &document, || {
        let would = if dry_run { "would be " } else { "" };
        let failures = match failed {
            0 => String::new(),
            failed => format!(", {failed} could not be"),
        };
        format!("{rows} {would}{what}{failures}")
    });
    failed == 0
}
