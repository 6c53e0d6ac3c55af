//! Paging: one page with its cursor, or streams of pages and items over however a provider pages.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Error, ErrorKind, Result};

/// Where the next page starts, in the provider's own terms; store it to go on later.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor from a provider's token, offset or page number.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The provider's token, offset or page number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    /// Shows the length: some providers put personal data into cursors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

/// One page.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the provider's order.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<Cursor>,
    /// How many items there are in all, when the provider says so.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// A page.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self {
            items,
            next,
            total: None,
        }
    }

    /// Adds the total.
    #[must_use]
    pub fn with_total(mut self, total: Option<u64>) -> Self {
        self.total = total;
        self
    }
}

type Inner<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// So many empty pages in a row, each with a new cursor, are taken for a circle.
const MAX_EMPTY: u32 = 1000;

/// A stream of pages. Ends after the last page, a cursor that was seen before, or an error.
///
/// An empty page with a cursor is not the last one: providers that filter after they cut pages answer such.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T>(Inner<Page<T>>);

/// A stream of items. Ends as [`Pages`] does.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<T>(Inner<T>);

impl<T: Send + 'static> Pages<T> {
    /// Pages through `fetch`, which gets the cursor of the page to read.
    pub fn new<F, Fut>(first: Option<Cursor>, fetch: F) -> Self
    where
        F: FnMut(Option<Cursor>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<T>>> + Send,
    {
        enum At {
            Page(Option<Cursor>),
            End,
        }
        let start = (At::Page(first), HashSet::new(), 0, fetch);
        let pages = stream::unfold(start, |(at, mut seen, mut empty, mut fetch)| async move {
            let At::Page(cursor) = at else { return None };
            let mut result = fetch(cursor).await;
            empty = match &result {
                Ok(page) if page.items.is_empty() && page.next.is_some() => empty + 1,
                _ => 0,
            };
            if empty > MAX_EMPTY {
                result = Err(Error::new(
                    ErrorKind::Decode,
                    "the provider answers one empty page after another and never the last one",
                ));
            }
            let at = match result.as_ref().ok().and_then(|page| page.next.as_ref()) {
                // A provider that repeats a cursor would never end.
                Some(next) if seen.insert(digest(next)) => At::Page(Some(next.clone())),
                _ => At::End,
            };
            Some((result, (at, seen, empty, fetch)))
        });
        Self(Box::pin(pages))
    }

    /// Ends after this many pages.
    pub fn max_pages(self, pages: usize) -> Self {
        Self(Box::pin(self.0.take(pages)))
    }

    /// The same pages with every item turned into another type.
    pub fn map_items<U: Send + 'static>(
        self,
        mut map: impl FnMut(T) -> U + Send + 'static,
    ) -> Pages<U> {
        Pages(Box::pin(self.0.map_ok(move |page| Page {
            items: page.items.into_iter().map(&mut map).collect(),
            next: page.next,
            total: page.total,
        })))
    }

    /// The items of all pages, one by one.
    pub fn items(self) -> Items<T> {
        let items = self
            .0
            .map_ok(|page| stream::iter(page.items.into_iter().map(Ok)))
            .try_flatten();
        Items(Box::pin(items))
    }

    /// Reads all items into memory.
    ///
    /// # Errors
    /// The first error; the items read before it are lost, so prefer the stream for long lists.
    pub async fn collect_items(self) -> Result<Vec<T>> {
        self.items().try_collect().await
    }
}

impl<T> Pages<T> {
    /// The next page; `None` behind the last one.
    ///
    /// # Errors
    /// What reading the page reports; nothing comes behind it.
    pub async fn try_next(&mut self) -> Result<Option<Page<T>>> {
        self.0.try_next().await
    }
}

impl<T> Items<T> {
    /// The next item; `None` behind the last one.
    ///
    /// # Errors
    /// What reading its page reports; nothing comes behind it.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        self.0.try_next().await
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}

/// Cursors can be long and pages many: their hashes are enough to see a repetition.
fn digest(cursor: &Cursor) -> u64 {
    let mut hasher = DefaultHasher::new();
    cursor.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn numbered(pages: usize) -> (Pages<usize>, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let stream = Pages::new(None, move |cursor: Option<Cursor>| {
            counter.fetch_add(1, Ordering::Relaxed);
            let page: usize = cursor.map_or(0, |cursor| cursor.as_str().parse().unwrap());
            async move {
                let next = (page + 1 < pages).then(|| Cursor::new((page + 1).to_string()));
                Ok(Page::new(vec![page * 2, page * 2 + 1], next))
            }
        });
        (stream, calls)
    }

    #[tokio::test]
    async fn reads_all_items_in_order() {
        let (pages, calls) = numbered(3);
        assert_eq!(pages.collect_items().await.unwrap(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn is_read_without_the_traits_of_streams() {
        // Names the methods of the types: those of the trait are in scope here too.
        let (mut pages, _) = numbered(2);
        let page = Pages::<usize>::try_next(&mut pages).await.unwrap();
        assert_eq!(page.unwrap().items, [0, 1]);
        let mut items = pages.items();
        assert_eq!(Items::<usize>::try_next(&mut items).await.unwrap(), Some(2));
        assert_eq!(items.try_next().await.unwrap(), Some(3));
        assert_eq!(items.try_next().await.unwrap(), None);
        let mut broken =
            Pages::<u8>::new(None, |_| async { Err(Error::new(ErrorKind::Server, "")) });
        broken.try_next().await.unwrap_err();
        assert!(broken.try_next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn maps_items() {
        let (pages, _) = numbered(2);
        assert_eq!(
            pages.map_items(|n| n * 10).collect_items().await.unwrap(),
            [0, 10, 20, 30]
        );
    }

    #[tokio::test]
    async fn is_lazy_and_stops_at_max_pages() {
        let (pages, calls) = numbered(100);
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        assert_eq!(
            pages.max_pages(2).collect_items().await.unwrap(),
            [0, 1, 2, 3]
        );
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_repeated_cursor_ends_the_stream() {
        let pages = Pages::new(None, |_| async {
            Ok(Page::new(vec![1], Some(Cursor::new("same"))))
        });
        assert_eq!(pages.collect_items().await.unwrap(), [1, 1]);
    }

    #[tokio::test]
    async fn an_empty_page_is_not_the_last_one() {
        let pages = Pages::new(None, |cursor: Option<Cursor>| async move {
            Ok(match cursor {
                None => Page::new(vec![1], Some(Cursor::new("filtered"))),
                Some(cursor) if cursor.as_str() == "filtered" => {
                    Page::new(Vec::new(), Some(Cursor::new("more")))
                }
                Some(_) => Page::new(vec![2], None),
            })
        });
        assert_eq!(pages.collect_items().await.unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn endless_empty_pages_are_an_error() {
        let mut calls = 0;
        let pages = Pages::<u8>::new(None, move |_| {
            calls += 1;
            async move { Ok(Page::new(Vec::new(), Some(Cursor::new(calls.to_string())))) }
        });
        let error = pages.collect_items().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }

    #[tokio::test]
    async fn an_error_ends_the_stream() {
        let mut items =
            Pages::<u8>::new(None, |_| async { Err(Error::new(ErrorKind::Server, "")) }).items();
        assert!(items.next().await.unwrap().is_err());
        assert!(items.next().await.is_none());
    }
}
