//! The figures of the whole life.

use std::time::Duration;

use integrations_testkit::ghl::ContactWrites;
use serde::Serialize;

use crate::check::Checked;
use crate::usage::Usage;
use crate::world::World;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) contacts: Contacts,
    pub(crate) equal: bool,
    pub(crate) lost: usize,
    pub(crate) duplicates_applied: u64,
    pub(crate) echo_writes: u64,
    pub(crate) throttled_errors: u64,
    pub(crate) limit_used: Option<f64>,
    pub(crate) writes: u64,
    pub(crate) elapsed_ms: u64,
    /// How often the program was started.
    #[serde(skip)]
    pub(crate) starts: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct Contacts {
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) linked: usize,
}

impl Report {
    pub(crate) fn new(world: &World, checked: Checked, elapsed: Duration) -> Self {
        let sides = [&world.left, &world.right];
        let sum = |of: &dyn Fn(&crate::crms::Crm) -> u64| sides.iter().map(|crm| of(crm)).sum();
        let usage = sides
            .map(|crm| Usage::of(&crm.ghl, world.limit))
            .into_iter()
            .fold(Usage::default(), Usage::and);
        Self {
            contacts: Contacts {
                left: checked.left,
                right: checked.right,
                linked: checked.linked,
            },
            equal: checked.equal,
            lost: checked.lost,
            duplicates_applied: sum(&|crm| {
                let twins = crm.ghl.twins(&crm.location).len();
                (crm.ghl.applied_twice().len() + twins) as u64
            }),
            echo_writes: sum(&|crm| crm.ghl.contact_writes().values().map(needless).sum()),
            throttled_errors: sum(&|crm| crm.ghl.limit_violations()),
            limit_used: usage.share(),
            writes: sum(&|crm| crm.ghl.total_writes()),
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            starts: world.left.ghl.starts().len(),
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether the run ended as it should: what the exit code says.
    pub(crate) fn is_good(&self) -> bool {
        self.equal
            && self.lost == 0
            && self.duplicates_applied == 0
            && self.echo_writes == 0
            && self.throttled_errors == 0
    }
}

/// Nobody but the sync writes here, so that one write is enough to make a contact equal to the other side's.
fn needless(writes: &ContactWrites) -> u64 {
    let more = writes.applied().saturating_sub(1);
    more.max(writes.unchanged)
}
