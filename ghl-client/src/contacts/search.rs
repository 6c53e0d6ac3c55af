use http::Method;
use integrations_core::http::Idempotency;
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Error, ErrorKind, Result, object};
use serde_json::Value;

use super::{Contact, Filter, Sort};
use crate::filter::Start;
use crate::ids::LocationId;
use crate::pagination::{is_full, total};
use crate::request::request;
use crate::{LocationIn, Paged, Pagination, Spec};

/// Contacts per page when the caller names no number.
const DEFAULT_PAGE_LIMIT: u32 = 100;

request! {
    /// `POST /contacts/search`: finds contacts.
    ///
    /// Pages go on behind the last contact (`searchAfter`), so that a search is not bound to the first 10,000 contacts. A
    /// contact that was just written appears after some seconds.
    pub struct SearchContacts -> FoundContacts {
        required {
            /// The location.
            body location_id: LocationId = "locationId",
        }
        preset {
            /// Contacts per page, 1 to 500.
            body page_limit: u32 = "pageLimit" => DEFAULT_PAGE_LIMIT,
        }
        optional {
            /// Text in name, e-mail address, phone number or company; at most 75 characters.
            body query: Option<String> = "query",
            /// Conditions, all of which must hold.
            body filters: Vec<Filter> = "filters",
            /// The order; the provider's own when empty.
            body sort: Vec<Sort> = "sort",
            /// Where to go on: the `search_after` of the last contact of the page before.
            body search_after: Vec<Value> = "searchAfter",
        }
        paging {
            /// The page by number, from 1; only without `search_after`, and only for the first 10,000 contacts.
            body page: Option<u32> = "page",
        }
        before { SearchContacts::complete }
    }
    Spec::new("contacts.search", Method::POST, "/contacts/search")
        .scopes(&["contacts.readonly"])
        .location(LocationIn::Body)
        .idempotency(Idempotency::Safe)
        .pagination(Pagination::SearchAfter)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced")
}

impl SearchContacts {
    fn complete(&mut self) -> Result<()> {
        if !(1..=500).contains(&self.page_limit) {
            let message = "a page of contacts holds 1 to 500";
            return Err(Error::new(ErrorKind::Validation, message));
        }
        if self.search_after.is_empty() && self.page.is_none() {
            self.page = Some(1);
        }
        Ok(())
    }
}

impl crate::Call<SearchContacts> {
    /// Adds a condition; all of them must hold.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.request.filters.push(filter);
        self
    }
}

object! {
    /// What a search found.
    pub struct FoundContacts {
        /// The contacts of this page.
        contacts: Vec<Contact> = "contacts",
        /// How many there are in all.
        total: Option<i64> = "total",
    }
}

impl Paged for SearchContacts {
    type Item = Contact;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        (self.search_after, self.page) = match Start::of(cursor)? {
            Start::After(after) => (after, None),
            Start::Page(page) => (Vec::new(), Some(page)),
        };
        Ok(())
    }

    fn page(&self, response: FoundContacts) -> Page<Contact> {
        let full = is_full(
            Some(self.page_limit),
            DEFAULT_PAGE_LIMIT.into(),
            response.contacts.len(),
        );
        // A contact that does not say where to go on behind it: by number then, as far as that leads.
        let next = response.contacts.last().filter(|_| full);
        let next = next.map(|last| Start::behind(&last.search_after, self.page.unwrap_or(1) + 1));
        Page::new(response.contacts, next).with_total(total(response.total))
    }
}
