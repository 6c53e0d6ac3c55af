//! One listing of one side, worked on as it comes: the next page is read while contacts of the pages before are in
//! work; when a page is done, the books say so.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use integrations_core::model::Contact;
use integrations_core::paging::{Page, Pages};
use integrations_core::{Error, ErrorKind, Result, Timestamp};
use integrations_store::{Mapping, MappingState, Side};
use tokio::task::{JoinError, JoinSet};

use super::State;
use crate::flow::candidates::{Index, Lookup};
use crate::flow::engine::Inner;
use crate::flow::matching::Card;
use crate::flow::position::{Position, Progress};
use crate::flow::step::Synced;
use crate::flow::sync::{Subject, says_stop};

/// What a run that lists everything knows of the sides.
pub(super) struct Listed<'a> {
    /// Where contacts of this side are noted for the other side's listing.
    pub(super) own: Option<Arc<Index>>,
    /// Where contacts of the other side are found; `None`: at its provider.
    pub(super) across: Option<Arc<Index>>,
    /// The ids that were listed.
    pub(super) seen: &'a mut HashSet<Box<str>>,
}

pub(super) struct Sweep<'a, 'r, 's> {
    state: &'a mut State<'r>,
    side: Side,
    listed: Option<Listed<'s>>,
    progress: Progress,
    saved: Position,
    /// Of each page that is not done, how many contacts are not.
    open: VecDeque<usize>,
    /// The number of the first page in `open`.
    first: usize,
    queue: VecDeque<Job>,
    failure: Option<Error>,
}

struct Job {
    page: usize,
    at: Option<Timestamp>,
    subject: Subject,
}

struct Done {
    page: usize,
    id: String,
    at: Option<Timestamp>,
    result: Result<Synced>,
}

impl<'a, 'r, 's> Sweep<'a, 'r, 's> {
    pub(super) fn new(
        state: &'a mut State<'r>,
        side: Side,
        listed: Option<Listed<'s>>,
        progress: Progress,
    ) -> Self {
        state.phase = side.as_str();
        let saved = progress.saved().clone();
        Self {
            state,
            side,
            listed,
            progress,
            saved,
            open: VecDeque::new(),
            first: 0,
            queue: VecDeque::new(),
            failure: None,
        }
    }

    pub(super) async fn run(mut self, inner: &Arc<Inner>, mut pages: Pages<Contact>) -> Result<()> {
        let limit = inner.map.config().concurrency.max(1);
        let started = inner.clock.now();
        let mut ended = false;
        // Tasks: what is in work never waits for this loop, which waits for the database in between.
        let mut working = JoinSet::new();
        loop {
            let stopping = self.failure.is_some() || self.state.cancelled;
            while !stopping
                && working.len() < limit
                && let Some(job) = self.queue.pop_front()
            {
                let (inner, pass) = (Arc::clone(inner), self.state.pass);
                working.spawn(async move {
                    let id = job.subject.id.clone();
                    Done {
                        page: job.page,
                        id,
                        at: job.at,
                        result: inner.work(pass, job.subject).await,
                    }
                });
            }
            ended |= stopping;
            if ended && working.is_empty() {
                break;
            }
            let closed = tokio::select! {
                Some(done) = working.join_next() => self.done(done),
                page = pages.try_next(), if !ended && self.queue.len() < limit => match page {
                    Ok(Some(page)) => self.page(inner, page).await?,
                    Ok(None) => {
                        ended = true;
                        false
                    }
                    Err(error) => {
                        self.failure = Some(error);
                        false
                    }
                },
            };
            if closed {
                let position = self.progress.page_done().clone();
                self.checkpoint(inner, position).await?;
            }
        }
        if let Some(error) = self.failure {
            return Err(error);
        }
        if !self.state.cancelled {
            let position = self.progress.listing_done(started).clone();
            self.checkpoint(inner, position).await?;
        }
        Ok(())
    }

    /// The books learn how far the run is: the cursor moves with the last of the rows that it covers, or after them.
    async fn checkpoint(&mut self, inner: &Inner, position: Position) -> Result<()> {
        self.state.report();
        if self.state.id.is_none() {
            return Ok(());
        }
        let cursor = (position != self.saved).then_some((self.side, &position));
        let entry = self.state.checkpoint(inner, cursor);
        let receipt = inner.books.write(entry).await?;
        self.saved = position;
        self.state.cancelled |= receipt.cancelled;
        Ok(())
    }

    /// Takes a page apart; whether it is done already.
    async fn page(&mut self, inner: &Inner, page: Page<Contact>) -> Result<bool> {
        self.state.expect(self.side, page.total);
        let ids = || {
            page.items
                .iter()
                .filter_map(|contact| Some(contact.id.as_ref()?.as_str()))
        };
        let rows = inner
            .store()
            .mappings()
            .find_many(&inner.tenant, &inner.name, self.side, ids())
            .await?;
        let mut rows: HashMap<String, Mapping> = rows
            .into_iter()
            .filter_map(|row| Some((row.external_id(self.side)?.to_owned(), row)))
            .collect();
        let number = self.first + self.open.len();
        let mut left = 0;
        for contact in page.items {
            let Some(id) = contact.id.as_ref().map(|id| id.as_str().to_owned()) else {
                continue;
            };
            let at = contact.updated_at;
            self.progress.saw(at);
            self.state.counts.read += 1;
            let row = rows.remove(&id);
            let lookup = self.note(inner, &contact, &id, row.as_ref());
            let planned = self.state.planned.contains(&(self.side, id.clone()));
            if planned
                || self.saved.has(&id, at)
                || is_quiet(inner, self.side, &contact, row.as_ref())?
            {
                self.state.counts.skipped += 1;
                self.progress.stored(&id, at);
                continue;
            }
            let mut subject = Subject::new(self.side, id);
            subject.given = Some(contact);
            subject.mapping = Some(row);
            subject.lookup = lookup;
            left += 1;
            self.queue.push_back(Job {
                page: number,
                at,
                subject,
            });
        }
        self.open.push_back(left);
        Ok(self.close())
    }

    /// Notes a contact for the rest of the run, and says where its other half is looked for.
    fn note(
        &mut self,
        inner: &Inner,
        contact: &Contact,
        id: &str,
        row: Option<&Mapping>,
    ) -> Lookup {
        let Some(listed) = &mut self.listed else {
            return Lookup::Ask;
        };
        listed.seen.insert(id.into());
        let card = Card::of(contact, &inner.map.config().match_by);
        if let Some(own) = &listed.own {
            own.add(id, card.clone());
        }
        let unmapped = row.is_none_or(|row| row.external_id(self.side.other()).is_none());
        let Some(across) = &listed.across else {
            return Lookup::Ask;
        };
        let slot = unmapped.then(|| across.reserve(&card)).flatten();
        Lookup::Listed(Arc::clone(across), slot)
    }

    /// A contact is done; whether a page is, by that.
    fn done(&mut self, done: std::result::Result<Done, JoinError>) -> bool {
        let Ok(done) = done else {
            let panicked = Error::new(ErrorKind::Other, "the work on a contact panicked");
            self.failure = self.failure.take().or(Some(panicked));
            self.progress.failed(None);
            return false;
        };
        match done.result {
            Ok(synced) => {
                self.state.count(synced);
                self.progress.stored(&done.id, done.at);
            }
            Err(error) => {
                self.progress.failed(done.at);
                self.failure = self.failure.take().or(Some(error));
            }
        }
        if let Some(left) = self.open.get_mut(done.page.saturating_sub(self.first)) {
            *left = left.saturating_sub(1);
        }
        self.close()
    }

    /// Closes the pages in front that are done; whether there was one.
    fn close(&mut self) -> bool {
        let before = self.first;
        while self.open.front() == Some(&0) {
            self.open.pop_front();
            self.first += 1;
        }
        self.first > before
    }
}

/// Whether nothing can be to do for a listed contact.
fn is_quiet(inner: &Inner, side: Side, contact: &Contact, row: Option<&Mapping>) -> Result<bool> {
    let Some(row) = row else { return Ok(false) };
    Ok(match row.state {
        // What is left alone is still heard when it says STOP.
        MappingState::Held | MappingState::Ignored | MappingState::Unlinked => !says_stop(contact),
        MappingState::Linked => inner.is_settled(side, contact, row)?,
        _ => false,
    })
}
