use http::{HeaderMap, Method};
use integrations_core::http::{Body, Idempotency};
use integrations_core::paging::{Cursor, Page};
use integrations_core::{Error, ErrorKind, Result, lenient};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Contact, Filter};
use crate::endpoint::{foreign_cursor, is_full, setters};
use crate::ids::LocationId;
use crate::{Endpoint, LocationIn, Paged, Spec};

/// Contacts per page when the caller names no number.
const DEFAULT_PAGE_LIMIT: u32 = 100;

/// `POST /contacts/search`: finds contacts.
///
/// Pages go on behind the last contact (`searchAfter`), so that a search is not bound to the first 10,000 contacts. A
/// contact that was just written appears after some seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SearchContacts {
    /// The location.
    pub location_id: LocationId,
    /// Contacts per page, 1 to 500.
    pub page_limit: u32,
    /// Text in name, e-mail address, phone number or company; at most 75 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Conditions, all of which must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// The order; the provider's own when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<Sort>,
    /// Where to go on: the `search_after` of the last contact of the page before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub search_after: Vec<Value>,
    /// The page by number, from 1; only without `search_after`, and only for the first 10,000 contacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

impl SearchContacts {
    /// A request with what the operation requires.
    pub fn new(location_id: impl Into<LocationId>) -> Self {
        Self {
            location_id: location_id.into(),
            page_limit: DEFAULT_PAGE_LIMIT,
            query: None,
            filters: Vec::new(),
            sort: Vec::new(),
            search_after: Vec::new(),
            page: None,
        }
    }
}

setters!(SearchContacts {
    page_limit: u32,
    query: String,
    sort: Vec<Sort>,
});

impl crate::Call<SearchContacts> {
    /// Adds a condition; all of them must hold.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.request.filters.push(filter);
        self
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sort {
    field: String,
    direction: &'static str,
}

impl Sort {
    /// Smallest or oldest first.
    pub fn ascending(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            direction: "asc",
        }
    }

    /// Largest or newest first.
    pub fn descending(field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            direction: "desc",
        }
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FoundContacts {
    /// The contacts of this page.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub contacts: Vec<Contact>,
    /// How many there are in all.
    #[serde(default, deserialize_with = "lenient::i64_option")]
    pub total: Option<i64>,
}

impl Endpoint for SearchContacts {
    const SPEC: Spec = Spec::new("contacts.search", Method::POST, "/contacts/search")
        .scopes(&["contacts.readonly"])
        .location(LocationIn::Body)
        .idempotency(Idempotency::Safe)
        .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/search-contacts-advanced");
    type Response = FoundContacts;

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        if !(1..=500).contains(&self.page_limit) {
            return Err(Error::new(
                ErrorKind::Validation,
                "a page of contacts holds 1 to 500",
            ));
        }
        let mut body = self.clone();
        if body.search_after.is_empty() && body.page.is_none() {
            body.page = Some(1);
        }
        Body::json(&body, headers)
    }
}

impl Paged for SearchContacts {
    type Item = Contact;

    fn set_cursor(&mut self, cursor: &Cursor) -> Result<()> {
        self.search_after = match serde_json::from_str(cursor.as_str()) {
            Ok(Value::Array(after)) if !after.is_empty() => after,
            Ok(Value::Number(page)) => {
                let page = page.as_u64().and_then(|page| u32::try_from(page).ok());
                self.page = Some(page.filter(|page| *page > 0).ok_or_else(foreign_cursor)?);
                self.search_after = Vec::new();
                return Ok(());
            }
            _ => return Err(foreign_cursor()),
        };
        self.page = None;
        Ok(())
    }

    fn page(&self, response: FoundContacts) -> Page<Contact> {
        let full = is_full(
            Some(self.page_limit),
            DEFAULT_PAGE_LIMIT,
            response.contacts.len(),
        );
        // A contact that does not say where to go on behind it: by number then, as far as that leads.
        let next = response.contacts.last().filter(|_| full).map(|last| {
            if last.search_after.is_empty() {
                Cursor::new((self.page.unwrap_or(1) + 1).to_string())
            } else {
                Cursor::new(Value::Array(last.search_after.clone()).to_string())
            }
        });
        let total = response.total.and_then(|total| u64::try_from(total).ok());
        Page::new(response.contacts, next).with_total(total)
    }
}
