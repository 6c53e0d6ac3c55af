use std::collections::HashSet;

use jiff::Timestamp;

use crate::fault::FaultKind;

/// What a request that may change something did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing: it was refused, throttled, or a fault stood before it.
    None,
    /// It made something new.
    Created,
    /// It changed something.
    Changed,
    /// It was accepted, and everything is as it was before (but for `dateUpdated`).
    Unchanged,
    /// It deleted something.
    Deleted,
}

/// One request that may change something. Holds no body, no token and no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteRecord {
    /// The request's position in the journal of requests.
    pub sequence: usize,
    /// When it arrived, by the simulator's clock.
    pub at: Timestamp,
    /// The operation, for example `contacts.create`.
    pub operation: &'static str,
    /// The location of the credential, for a sub-account credential.
    pub location: Option<String>,
    /// The contact that it wrote, or was to write.
    pub contact: Option<String>,
    /// The status that the client was sent; `None` while it waits, or if the connection was cut.
    pub status: Option<u16>,
    /// What it did, whatever the client was told.
    pub effect: Effect,
    /// Equal for requests of the same method, path and body, byte for byte.
    pub fingerprint: u64,
    /// The fault that was injected.
    pub fault: Option<FaultKind>,
}

impl WriteRecord {
    /// Whether it took effect: it passed all checks and its handler ran.
    #[must_use]
    pub fn applied(&self) -> bool {
        self.effect != Effect::None
    }
}

/// The writes that repeat an earlier one: they made the same thing again, or changed nothing because
/// the same request had been obeyed before.
pub(crate) fn repeated(writes: &[WriteRecord]) -> Vec<WriteRecord> {
    let mut seen = HashSet::new();
    let mut repeated = Vec::new();
    for write in writes.iter().filter(|write| write.applied()) {
        let again = !seen.insert((write.operation, &write.location, write.fingerprint));
        if again && matches!(write.effect, Effect::Created | Effect::Unchanged) {
            repeated.push(write.clone());
        }
    }
    repeated
}
