//! Whether work that failed may end otherwise at another try.

use integrations_core::{Error, ErrorKind};

/// Whether the answer of a commit was lost. The work is done again, as after a crash at that moment: what the transaction
/// completed is completed if it was committed, and whoever tries again finds that. A write to a provider that may have
/// arrived is another matter, and is not repeated.
pub(crate) fn is_lost_commit(error: &Error) -> bool {
    error.kind() == ErrorKind::Store && error.is_outcome_unknown()
}
