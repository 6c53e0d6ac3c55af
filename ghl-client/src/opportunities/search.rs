use http::Method;
use integrations_core::http::Idempotency;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Error, ErrorKind, Result, object};
use serde::Serialize;
use serde_json::Value;

use super::Opportunity;
use crate::endpoint::foreign_cursor;
use crate::filter::Start;
use crate::ids::{LocationId, OpportunityId};
use crate::pagination::{is_full, total};
use crate::request::request;
use crate::{Filter, LocationIn, Paged, Pagination, Sort, Spec};

/// Opportunities per page when the caller names no number.
const DEFAULT_LIMIT: u32 = 100;

request! {
    /// `POST /opportunities/search`: finds opportunities.
    ///
    /// Pages go on behind the last opportunity (`searchAfter`), so that a search is not bound to the first 10,000. What was
    /// just written appears after some seconds.
    pub struct SearchOpportunities -> FoundOpportunities {
        required {
            /// The location.
            body location_id: LocationId = "locationId",
        }
        preset {
            /// Opportunities per page, 1 to 500.
            body limit: u32 = "limit" => DEFAULT_LIMIT,
        }
        optional {
            /// Text in the searchable fields; at most 75 characters.
            body query: Option<String> = "query",
            /// Conditions, all of which must hold.
            body filters: Vec<Filter> = "filters",
            /// The order; the provider's own when empty.
            body sort: Vec<Sort> = "sort",
            /// Where to go on: the `search_after` of the last opportunity of the page before.
            body search_after: Vec<Value> = "searchAfter",
            /// What is added to each opportunity.
            body additional_details: Option<OpportunityDetails> = "additionalDetails",
        }
        paging {
            /// The page by number; only without `search_after`, and only for the first 10,000.
            ///
            /// The provider documents both 0 and 1 as the number of the first page. Without a number it answers the first one.
            body page: Option<u32> = "page",
        }
        state {
            /// What the first page began with, to know it when page 1 is the same.
            first: Option<OpportunityId>,
        }
        before { SearchOpportunities::check }
    }
    Spec::new(
        "opportunities.search",
        Method::POST,
        "/opportunities/search",
    )
    .scopes(&["opportunities.readonly"])
    .location(LocationIn::Body)
    .idempotency(Idempotency::Safe)
    .pagination(Pagination::SearchAfter)
    .docs(
        "https://marketplace.gohighlevel.com/docs/ghl/opportunities/search-opportunities-advanced",
    )
}

/// What a search adds to each opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OpportunityDetails {
    /// Its notes.
    pub notes: bool,
    /// Its tasks.
    pub tasks: bool,
    /// Its appointments.
    pub calendar_events: bool,
    /// How many conversations are unread.
    pub un_read_conversations: bool,
}

impl OpportunityDetails {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All there is.
    #[must_use]
    pub fn all() -> Self {
        Self {
            notes: true,
            tasks: true,
            calendar_events: true,
            un_read_conversations: true,
        }
    }
}

impl SearchOpportunities {
    fn check(&mut self) -> Result<()> {
        if !(1..=500).contains(&self.limit) {
            let message = "a page of opportunities holds 1 to 500";
            return Err(Error::new(ErrorKind::Validation, message));
        }
        Ok(())
    }
}

impl crate::Call<SearchOpportunities> {
    /// Adds a condition; all of them must hold.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.request.filters.push(filter);
        self
    }
}

object! {
    /// What a search found.
    pub struct FoundOpportunities {
        /// The opportunities of this page.
        opportunities: Vec<Opportunity> = "opportunities",
        /// How many there are in all.
        total: Option<i64> = "total",
        /// Sums over all of them; the provider documents no shape.
        aggregations: Value = "aggregations",
    }
}

impl Paged for SearchOpportunities {
    type Item = Opportunity;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        // The page behind the first one by number, with what the first one began with.
        let (cursor, first) = match cursor.as_str().strip_prefix("1 ") {
            Some(first) if !first.is_empty() => (&Cursor::new("1"), Some(first.into())),
            Some(_) => return Err(foreign_cursor()),
            None => (cursor, None),
        };
        (self.search_after, self.page) = match Start::of(cursor)? {
            Start::After(after) => (after, None),
            Start::Page(page) => (Vec::new(), Some(page)),
        };
        self.first = first;
        Ok(())
    }

    fn page(&self, mut response: FoundOpportunities) -> Page<Opportunity> {
        let found = &response.opportunities;
        let full = is_full(Some(self.limit), DEFAULT_LIMIT.into(), found.len());
        let first = found.first().and_then(|first| first.id.clone());
        let next = found.last().filter(|_| full).and_then(|last| {
            match (self.page, &first) {
                // Behind the first page lies 1 or 2: whoever counts from 1 gets the first one again, which is left out.
                (None, Some(first)) if last.search_after.is_empty() => {
                    Some(Cursor::new(format!("1 {first}")))
                }
                (None, None) if last.search_after.is_empty() => None,
                (page, _) => {
                    let page = page.unwrap_or(0).saturating_add(1);
                    Some(Start::behind(&last.search_after, page))
                }
            }
        });
        if self.first.is_some() && self.first == first {
            response.opportunities.clear();
        }
        Page::new(response.opportunities, next).with_total(total(response.total))
    }
}
