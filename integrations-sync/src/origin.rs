//! What a piece of work stems from: the id of an event. It is in the log of everything that follows from the event, in
//! whatever process.

use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static ORIGIN: Option<String>;
}

/// Work of this origin; the jobs that it enqueues have the same.
pub(crate) fn within<F: Future>(
    origin: Option<String>,
    work: F,
) -> TaskLocalFuture<Option<String>, F> {
    ORIGIN.scope(origin, work)
}

/// The origin of what runs here.
pub(crate) fn current() -> Option<String> {
    ORIGIN.try_with(Clone::clone).ok().flatten()
}
