//! One piece of work for all who wait for it.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use integrations_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

type Outcome<T> = Option<Arc<Result<T>>>;

/// Work that is under way, if there is any. It goes on when those who wait for it go away, so that nobody who hangs up
/// can keep the others from its outcome.
#[derive(Debug)]
pub(crate) struct Flight<T>(Mutex<Option<watch::Receiver<Outcome<T>>>>);

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

/// The work that somebody started.
#[derive(Debug)]
pub(crate) struct Ticket<T>(watch::Receiver<Outcome<T>>);

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    fn lock(&self) -> MutexGuard<'_, Option<watch::Receiver<Outcome<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is under way.
    pub(crate) fn current(&self) -> Option<Ticket<T>> {
        let flight = self.lock();
        let receiver = flight.as_ref().filter(|receiver| running(receiver))?;
        Some(Ticket(receiver.clone()))
    }

    /// Joins what is under way, or starts `work`.
    pub(crate) fn join(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Ticket<T> {
        let mut flight = self.lock();
        if let Some(receiver) = flight.as_ref().filter(|receiver| running(receiver)) {
            return Ticket(receiver.clone());
        }
        let (sender, receiver) = watch::channel(None);
        *flight = Some(receiver.clone());
        drop(flight);
        tokio::spawn(async move {
            let outcome = work.await;
            sender.send_replace(Some(Arc::new(outcome)));
        });
        Ticket(receiver)
    }
}

fn running<T>(receiver: &watch::Receiver<Outcome<T>>) -> bool {
    // A closed channel without an outcome is work that panicked or whose runtime ended.
    receiver.borrow().is_none() && receiver.has_changed().is_ok()
}

impl<T: Clone> Ticket<T> {
    /// Waits for the outcome.
    pub(crate) async fn outcome(mut self) -> Result<T> {
        let lost = || {
            Error::new(ErrorKind::Other, "the runtime ended before the work did")
                .with_provider(crate::PROVIDER)
        };
        let outcome = self.0.wait_for(Option::is_some).await;
        let outcome = outcome.map_err(|_| lost())?.clone();
        match outcome.as_deref() {
            Some(Ok(value)) => Ok(value.clone()),
            Some(Err(error)) => Err(copy(error)),
            None => Err(lost()),
        }
    }
}

/// What each of those who waited is told.
pub(crate) fn copy(error: &Error) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned())
        .with_attempts(error.attempts())
        .with_retryable(error.is_retryable())
        .with_exhausted(error.is_exhausted())
        .with_fields(error.fields().to_vec());
    if let Some(provider) = error.provider() {
        copy = copy.with_provider(provider);
    }
    if let Some(operation) = error.operation() {
        copy = copy.with_operation(operation.to_owned());
    }
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    if let Some(code) = error.code() {
        copy = copy.with_code(code);
    }
    if let Some(id) = error.request_id() {
        copy = copy.with_request_id(id);
    }
    if let Some(wait) = error.retry_after() {
        copy = copy.with_retry_after(wait);
    }
    if let Some(body) = error.body() {
        copy = copy.with_body(body.clone());
    }
    copy
}
