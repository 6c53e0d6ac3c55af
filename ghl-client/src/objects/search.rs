use http::Method;
use integrations_core::http::Idempotency;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Error, ErrorKind, Result, object};
use serde_json::Value;

use super::Record;
use crate::filter::Start;
use crate::ids::LocationId;
use crate::pagination::{is_full, total};
use crate::request::request;
use crate::{Filter, LocationIn, Paged, Pagination, Sort, Spec};

/// Records per page when the caller names no number.
const DEFAULT_PAGE_LIMIT: u32 = 100;

request! {
    /// `POST /objects/{schemaKey}/records/search`: finds records of an object.
    ///
    /// Pages go on behind the last record (`searchAfter`), so that a search is not bound to the first 10,000.
    pub struct SearchRecords -> FoundRecords {
        required {
            /// The location.
            body location_id: LocationId = "locationId",
            /// The object.
            path schema_key: String = "schemaKey",
        }
        preset {
            /// Records per page.
            body page_limit: u32 = "pageLimit" => DEFAULT_PAGE_LIMIT,
        }
        optional {
            /// Text in the searchable fields, or in one of them: `name:Buddy`.
            body query: Option<String> = "query",
            /// Conditions, all of which must hold.
            body filters: Vec<Filter> = "filters",
            /// The order; the provider's own when empty.
            body sort: Vec<Sort> = "sort",
            /// Where to go on: the `search_after` of the last record of the page before.
            body search_after: Vec<Value> = "searchAfter",
        }
        paging {
            /// The page by number, from 1; only without `search_after`.
            body page: Option<u32> = "page",
        }
        in_path { schema_key, }
        before { SearchRecords::complete }
    }
    Spec::new(
        "objects.records.search",
        Method::POST,
        "/objects/{schemaKey}/records/search",
    )
    .scopes(&["objects/record.readonly"])
    .location(LocationIn::Body)
    .idempotency(Idempotency::Safe)
    .pagination(Pagination::SearchAfter)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/objects/search-object-records")
}

impl SearchRecords {
    fn complete(&mut self) -> Result<()> {
        if self.page_limit == 0 {
            let message = "a page of records holds at least 1";
            return Err(Error::new(ErrorKind::Validation, message));
        }
        if self.search_after.is_empty() && self.page.is_none() {
            self.page = Some(1);
        }
        Ok(())
    }
}

impl crate::Call<SearchRecords> {
    /// Adds a condition; all of them must hold.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.request.filters.push(filter);
        self
    }
}

object! {
    /// What a search found.
    pub struct FoundRecords {
        /// The records of this page.
        records: Vec<Record> = "records",
        /// How many there are in all.
        total: Option<i64> = "total",
    }
}

impl Paged for SearchRecords {
    type Item = Record;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        (self.search_after, self.page) = match Start::of(cursor)? {
            Start::After(after) => (after, None),
            Start::Page(page) => (Vec::new(), Some(page)),
        };
        Ok(())
    }

    fn page(&self, response: FoundRecords) -> Page<Record> {
        let full = is_full(
            Some(self.page_limit),
            DEFAULT_PAGE_LIMIT.into(),
            response.records.len(),
        );
        let next = response.records.last().filter(|_| full);
        let next = next.map(|last| {
            let page = self.page.unwrap_or(1).saturating_add(1);
            Start::behind(&last.search_after, page)
        });
        Page::new(response.records, next).with_total(total(response.total))
    }
}
