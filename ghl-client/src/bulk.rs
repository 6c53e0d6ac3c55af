//! One call for each of many items.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{StreamExt, pin_mut};
use integrations_core::http::Priority;
use integrations_core::{Error, ErrorKind, Result};

use crate::{Call, Endpoint, WholeAnswer};

/// Calls at once when the caller names no number.
const DEFAULT_CONCURRENCY: usize = 8;
/// Work in the background waits longer for its turn than a call that somebody waits for.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// One call for each of many items, some at once, all under the rate limit.
///
/// The calls go behind those of other work of the same location ([`Priority::Bulk`]). Each has ten minutes, unless you
/// give it a [timeout](Call::with_timeout) of its own. After an error that every further call would meet as well (a dead
/// token, a missing scope, the day's limit) no new call is made; the items that are left are reported as not tried.
/// Nothing runs once it is dropped.
///
/// ```no_run
/// use ghl_client::Bulk;
///
/// # async fn demo(location: ghl_client::Location, ids: Vec<ghl_client::ids::ContactId>) {
/// // Ten thousand contacts take 17 minutes: the provider lets a location make 100 calls in 10 seconds.
/// let contacts = location.contacts();
/// let report = Bulk::new(ids, |id| contacts.add_tags(id, ["spring-2026"])).run().await;
/// println!("{} tagged", report.ok.len());
/// for failed in &report.failed {
///     println!("{}: {}", failed.item, failed.error);
/// }
/// let again: Vec<_> = report.not_tried.into_iter().map(|left| left.item).collect();
/// # }
/// ```
///
/// # Files
///
/// The answers are read whole. An operation that answers a [`Download`](crate::Download) does not fit, because a call of
/// it is done before its body is read: any number of them would be open. Save each before the next begins:
///
/// ```no_run
/// use futures_util::{StreamExt, stream};
///
/// # async fn demo(location: ghl_client::Location, ids: Vec<ghl_client::ids::MessageId>) {
/// let messages = location.messages();
/// let saved = stream::iter(ids).map(|id| async move {
///     let recording = messages.recording(&id).send().await?;
///     recording.save_to(format!("{id}.wav")).await
/// });
/// let saved: Vec<ghl_client::Result<u64>> = saved.buffer_unordered(4).collect().await;
/// # }
/// ```
///
/// This does not compile:
///
/// ```compile_fail,E0277
/// # fn demo(location: ghl_client::Location, ids: Vec<ghl_client::ids::MessageId>) {
/// let messages = location.messages();
/// ghl_client::Bulk::new(ids, |id| messages.recording(id));
/// # }
/// ```
#[must_use = "nothing is called before run() or stream()"]
pub struct Bulk<I, F> {
    items: I,
    call: F,
    concurrency: usize,
    priority: Priority,
}

impl<I, F> Bulk<I, F> {
    /// Work on these items, each by the call that `call` makes for it.
    pub fn new<R>(items: I, call: F) -> Self
    where
        I: IntoIterator,
        F: FnMut(&I::Item) -> Call<R>,
        R: Endpoint<Response: WholeAnswer>,
    {
        Self {
            items,
            call,
            concurrency: DEFAULT_CONCURRENCY,
            priority: Priority::Bulk,
        }
    }

    /// How many calls are under way at once, at least 1; 8 by default.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Which calls go first when the rate limit is tight; behind all others by default.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Makes the calls; each item comes with its place in the input and its answer, as soon as it is there.
    ///
    /// An item that was not tried comes last, with an error of the code `not_tried`.
    pub fn stream<'a, R>(self) -> BulkStream<'a, I::Item, R::Response>
    where
        I: IntoIterator + 'a,
        I::IntoIter: Send + 'a,
        I::Item: Send + 'a,
        F: FnMut(&I::Item) -> Call<R> + Send + 'a,
        R: Endpoint<Response: WholeAnswer>,
    {
        let Self {
            items,
            mut call,
            concurrency,
            priority,
        } = self;
        let mut under_way = FuturesUnordered::new();
        let mut items = items.into_iter().enumerate().fuse();
        let mut doom: Option<Doom> = None;
        let done = stream::poll_fn(move |context| {
            while doom.is_none() && under_way.len() < concurrency {
                let Some((index, item)) = items.next() else {
                    break;
                };
                let call = call(&item).in_background(priority, TIMEOUT);
                under_way.push(async move { (index, item, call.send().await) });
            }
            let done = std::task::ready!(under_way.poll_next_unpin(context));
            if let Some((_, _, Err(error))) = &done {
                doom = doom.take().or_else(|| Doom::of(error));
            }
            Poll::Ready(match (done, &doom) {
                (None, Some(doom)) => items
                    .next()
                    .map(|(index, item)| (index, item, Err(doom.not_tried()))),
                (done, _) => done,
            })
        });
        BulkStream(Box::pin(done))
    }

    /// Makes the calls and sorts the items by how they went.
    ///
    /// The report is there when all is done. What was done until then is lost when the future is dropped, or when `call`
    /// panics, which ends it: where each answer counts, take them from [`stream`](Self::stream) as they come.
    pub async fn run<R>(self) -> BulkReport<I::Item, R::Response>
    where
        I: IntoIterator,
        I::IntoIter: Send,
        I::Item: Send,
        F: FnMut(&I::Item) -> Call<R> + Send,
        R: Endpoint<Response: WholeAnswer>,
    {
        let mut report = BulkReport {
            ok: Vec::new(),
            failed: Vec::new(),
            not_tried: Vec::new(),
        };
        let done = self.stream();
        pin_mut!(done);
        while let Some((index, item, result)) = done.next().await {
            match result {
                Ok(answer) => report.ok.push(Done {
                    index,
                    item,
                    answer,
                }),
                Err(error) if error.code() == Some(NOT_TRIED) => {
                    report.not_tried.push(NotTried { index, item });
                }
                Err(error) => report.failed.push(Failed { index, item, error }),
            }
        }
        report
    }
}

impl<I, F> fmt::Debug for Bulk<I, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("concurrency", &self.concurrency)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

const NOT_TRIED: &str = "not_tried";

/// Why no further call is made.
struct Doom {
    kind: ErrorKind,
    operation: Option<String>,
}

impl Doom {
    /// Whether every further call would fail alike.
    fn of(error: &Error) -> Option<Self> {
        let doomed = match error.kind() {
            ErrorKind::Auth | ErrorKind::Config => true,
            ErrorKind::RateLimited => error.code() == Some("daily_limit"),
            ErrorKind::Permission => {
                matches!(error.code(), Some("missing_scope" | "token_class"))
            }
            _ => false,
        };
        doomed.then(|| Self {
            kind: error.kind(),
            operation: error.operation().map(str::to_owned),
        })
    }

    fn not_tried(&self) -> Error {
        let message = "not tried, because an error before it would meet every call";
        let error = Error::new(self.kind, message)
            .with_provider(crate::PROVIDER)
            .with_code(NOT_TRIED)
            .with_retryable(false);
        match &self.operation {
            Some(operation) => error.with_operation(operation.clone()),
            None => error,
        }
    }
}

type Answered<T, A> = (usize, T, Result<A>);

/// The items of a [`Bulk`] as they are done: the place in the input, the item, its answer.
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkStream<'a, T, A>(Pin<Box<dyn Stream<Item = Answered<T, A>> + Send + 'a>>);

impl<T, A> Stream for BulkStream<'_, T, A> {
    type Item = Answered<T, A>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T, A> fmt::Debug for BulkStream<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BulkStream")
    }
}

/// How the items of a [`Bulk`] went, each list in the order in which they were done.
#[derive(Debug)]
#[non_exhaustive]
pub struct BulkReport<T, A> {
    /// What was done.
    pub ok: Vec<Done<T, A>>,
    /// What failed.
    pub failed: Vec<Failed<T>>,
    /// What no call was made for, after an error that every call would meet: it is in `failed`.
    pub not_tried: Vec<NotTried<T>>,
}

impl<T, A> BulkReport<T, A> {
    /// Whether all was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.not_tried.is_empty()
    }
}

/// An item that was done.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done<T, A> {
    /// Its place in the input.
    pub index: usize,
    /// The item.
    pub item: T,
    /// What the provider answered.
    pub answer: A,
}

/// An item that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failed<T> {
    /// Its place in the input.
    pub index: usize,
    /// The item.
    pub item: T,
    /// Why. Look at [`Error::is_outcome_unknown`] before you do it again.
    pub error: Error,
}

/// An item that was not tried.
#[derive(Debug)]
#[non_exhaustive]
pub struct NotTried<T> {
    /// Its place in the input.
    pub index: usize,
    /// The item.
    pub item: T,
}
