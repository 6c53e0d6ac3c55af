//! What a full listing did not show any more: asked for one by one before it is taken for deleted.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{Mapping, MappingState, Side};

use super::State;
use crate::flow::config::DeletePolicy;
use crate::flow::engine::Inner;
use crate::flow::sync::Subject;

/// So many deletions at once are never too many.
const FEW: usize = 20;

pub(super) async fn phase(
    inner: &Inner,
    state: &mut State<'_>,
    seen: &[Option<HashSet<Box<str>>>; 2],
) -> Result<()> {
    state.phase = "missing";
    let since = match state.id {
        Some(id) => Some(
            inner
                .store()
                .runs()
                .get(&inner.tenant, id)
                .await?
                .started_at,
        ),
        None => None,
    };
    let mut missing = Vec::new();
    let (mut total, mut after) = (0usize, None);
    loop {
        let rows = inner
            .store()
            .mappings()
            .list(
                &inner.tenant,
                &inner.name,
                Some(MappingState::Linked),
                after,
                1000,
            )
            .await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        total += rows.len();
        // What was written since the run began may be younger than the listings.
        let settled = |row: &&Mapping| since.is_none_or(|since| row.updated_at < Some(since));
        missing.extend(
            rows.iter()
                .filter(settled)
                .filter_map(|row| gone(row, seen)),
        );
    }
    guard(inner, missing.len(), total)?;
    let pass = state.pass;
    let limit = inner.map.config().concurrency.max(1);
    let mut working = futures_util::stream::iter(missing)
        .map(|(side, id)| inner.work(pass, Subject::new(side, id)))
        .buffer_unordered(limit);
    let mut failure = None;
    while let Some(result) = working.next().await {
        match result {
            Ok(synced) => state.count(synced),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
        state.report();
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Of a side that was not listed nobody is missing.
fn gone(row: &Mapping, [left, right]: &[Option<HashSet<Box<str>>>; 2]) -> Option<(Side, String)> {
    let absent = |seen: &Option<HashSet<Box<str>>>, id: Option<&str>| {
        let seen = seen.as_ref()?;
        id.filter(|id| !seen.contains(*id)).map(str::to_owned)
    };
    absent(left, row.external_id(Side::Left))
        .map(|id| (Side::Left, id))
        .or_else(|| absent(right, row.external_id(Side::Right)).map(|id| (Side::Right, id)))
}

/// A listing that suddenly shows nearly nobody is an account that was switched, or a permission that was lost.
fn guard(inner: &Inner, missing: usize, total: usize) -> Result<()> {
    let config = inner.map.config();
    let share = usize::try_from(config.max_deletes).unwrap_or(usize::MAX);
    let many = missing > FEW && missing.saturating_mul(100) > total.saturating_mul(share);
    if many && config.deletes == DeletePolicy::Propagate {
        return Err(Error::new(
            ErrorKind::Other,
            format!(
                "{missing} of {total} contacts are missing: more than the {share} % that one run may delete; look at the \
                 account, or raise max_deletes"
            ),
        )
        .with_code("mass_delete"));
    }
    Ok(())
}
