mod filter;
mod sort;

use std::sync::Arc;

use serde_json::{Value, json};

use self::{
    filter::Filter,
    sort::{Cursor, Field as By, Row, Sort},
};
use super::{
    contacts::{model::Contact, table::Index},
    error::Refusal,
    route::{Call, Operation, Reply, Since},
    schema::{Field, Kind, opt, req},
    state::World,
};

const READ: &str = "contacts.readonly";
const SEARCH: &[Field] = &[
    req("locationId", Kind::Text),
    req("pageLimit", Kind::Number),
    opt("page", Kind::Number),
    opt("searchAfter", Kind::List),
    opt("query", Kind::Text),
    opt("filters", Kind::List),
    opt("sort", Kind::List),
];
const LIST: &[Field] = &[
    req("locationId", Kind::Text),
    opt("startAfterId", Kind::Text),
    opt("startAfter", Kind::Number),
    opt("query", Kind::Text),
    opt("limit", Kind::Number),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::send(
        "POST",
        "contacts.search",
        "/contacts/search",
        READ,
        SEARCH,
        search,
    ),
    // Deprecated in the date versions, gone in v3.
    Operation::get("contacts.list", "/contacts/", READ, list)
        .query(LIST)
        .since(Since::DatesOnly),
];

const LONGEST_QUERY: usize = 75;
const LONGEST_PAGE: i64 = 500;
const DEEPEST: i64 = 10_000;

/// What `query` matches: a part of the name, email, phone, company or a tag.
fn matches_query(contact: &Contact, query: &str) -> bool {
    let query = query.to_lowercase();
    let fields = ["email", "phone", "companyName"];
    let mut texts = fields.into_iter().filter_map(|name| contact.text(name));
    texts.any(|text| text.to_lowercase().contains(&query))
        || contact.full_name().to_lowercase().contains(&query)
        || contact.tags.iter().any(|tag| tag.contains(&query))
}

fn search(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let mut problems = Vec::new();
    let number = |name: &str| call.body.get(name).and_then(Value::as_i64);
    let limit = number("pageLimit").unwrap_or(0);
    if limit < 1 {
        problems.push("pageLimit must not be less than 1".to_owned());
    } else if limit > LONGEST_PAGE {
        problems.push(format!("pageLimit must not be greater than {LONGEST_PAGE}"));
    }
    let page = number("page");
    if page.is_some_and(|page| page < 1) {
        problems.push("page must not be less than 1".to_owned());
    }
    let query = call.text("query").unwrap_or("");
    if query.chars().count() > LONGEST_QUERY {
        problems.push(format!(
            "query must be shorter than or equal to {LONGEST_QUERY} characters"
        ));
    }
    let list = |name: &str| call.body.get(name).and_then(Value::as_array);
    let filter = Filter::all(list("filters"), &mut problems);
    let sort = Sort::parse(list("sort"), &mut problems);
    if !problems.is_empty() {
        return Err(Refusal::unprocessable(&problems));
    }
    let after = list("searchAfter").filter(|after| !after.is_empty());
    if after.is_some() && page.is_some() {
        let message = "page and searchAfter cannot be used together";
        return Err(Refusal::bad_request(message));
    }
    let page = page.unwrap_or(1);
    if page.saturating_mul(limit) > DEEPEST {
        let message = format!("Only the first {DEEPEST} records can be paged, use searchAfter");
        return Err(Refusal::bad_request(message));
    }
    let after = match after {
        Some(after) => {
            let cursor = sort.cursor(after);
            Some(cursor.ok_or_else(|| Refusal::bad_request("Invalid searchAfter value"))?)
        }
        None => None,
    };
    let named = call.named_version;
    let location = world.locations.get_mut(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let search = Search {
        index: location.contacts.searchable(),
        query,
        filter,
        sort: &sort,
        after,
        skip: usize::try_from((page - 1) * limit).unwrap_or(usize::MAX),
        limit: usize::try_from(limit).unwrap_or(0),
    };
    let (rows, total) = search.run();
    let hits: Vec<_> = rows
        .iter()
        .map(|row| {
            let mut hit = row.contact.hit(named);
            hit["searchAfter"] = row.after();
            hit
        })
        .collect();
    Reply::ok(json!({"contacts": hits, "total": total}))
}

/// A search that was understood.
struct Search<'s> {
    index: &'s Index,
    query: &'s str,
    filter: Filter,
    sort: &'s Sort,
    after: Option<Cursor>,
    skip: usize,
    limit: usize,
}

impl<'s> Search<'s> {
    /// One page, and how many there are in all.
    fn run(&self) -> (Vec<Row<'s>>, usize) {
        if let Some(page) = self.by_date() {
            return page;
        }
        let candidates = self.filter.candidates(self.index);
        let found: Vec<&Arc<Contact>> = match candidates {
            Some(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                let found = ids.iter().filter_map(|id| self.index.get(id));
                found.filter(|contact| self.matches(contact)).collect()
            }
            None => {
                let all = self.index.all();
                all.filter(|contact| self.matches(contact)).collect()
            }
        };
        let total = found.len();
        let mut rows = self.sort.order(found);
        if let Some(after) = &self.after {
            let seen = rows.partition_point(|row| !self.sort.is_after(row, after));
            rows.drain(..seen);
        } else {
            rows.drain(..self.skip.min(rows.len()));
        }
        rows.truncate(self.limit);
        (rows, total)
    }

    fn matches(&self, contact: &Contact) -> bool {
        (self.query.is_empty() || matches_query(contact, self.query))
            && self.filter.accepts(contact)
    }

    /// Reading everything by date, which is what a sync does again and again: from the index that
    /// is in this order already.
    fn by_date(&self) -> Option<(Vec<Row<'s>>, usize)> {
        let (field, newest_first) = self.sort.date()?;
        let (from, to) = self.filter.dates(field)?;
        if !self.query.is_empty() {
            return None;
        }
        let after = match &self.after {
            Some(after) => Some(after.date()?),
            None => None,
        };
        let dates = match field {
            By::Added => &self.index.added,
            _ => &self.index.updated,
        };
        let skip = if after.is_some() { 0 } else { self.skip };
        let page = |ids: &mut dyn Iterator<Item = &'s str>| {
            let contacts = ids.skip(skip).take(self.limit);
            let contacts = contacts.filter_map(|id| self.index.get(id));
            contacts.map(|contact| self.sort.row(contact)).collect()
        };
        let rows = if newest_first {
            page(&mut dates.newest_first(from, to, after))
        } else {
            page(&mut dates.oldest_first(from, to, after))
        };
        let total = if (from, to) == (i64::MIN, i64::MAX) {
            self.index.len()
        } else {
            dates.count(from, to)
        };
        Some((rows, total))
    }
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let limit = call.number("limit").unwrap_or(20);
    if !(1..=100).contains(&limit) {
        let bound = if limit < 1 {
            "less than 1"
        } else {
            "greater than 100"
        };
        return Err(Refusal::unprocessable(&[format!(
            "limit must not be {bound}"
        )]));
    }
    let base = world.base_url.clone();
    let location = world.locations.get_mut(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let query = call.query("query");
    let index = location.contacts.searchable();
    let after = call.number("startAfter");
    let after = after.map(|added| (added, call.query("startAfterId").unwrap_or("")));
    let newest = index.added.newest_first(i64::MIN, i64::MAX, after);
    let found = newest.filter_map(|id| index.get(id));
    let mut found: Vec<_> = found
        .filter(|contact| query.is_none_or(|query| matches_query(contact, query)))
        .take(usize::try_from(limit).unwrap_or(0) + 1)
        .collect();
    let total = match query {
        None => index.len(),
        Some(query) => index.all().filter(|c| matches_query(c, query)).count(),
    };
    let more = found.len() > usize::try_from(limit).unwrap_or(0);
    found.truncate(usize::try_from(limit).unwrap_or(0));
    let last = found.last();
    let (id, added) = (last.map(|c| c.id.as_str()), last.map(|c| c.added));
    let next = match (id, added) {
        (Some(id), Some(added)) if more => Some(format!(
            "{base}/contacts/?locationId={}&limit={limit}&startAfter={added}&startAfterId={id}",
            location.id
        )),
        _ => None,
    };
    let rows: Vec<_> = found.iter().map(|c| c.view(call.named_version)).collect();
    Reply::ok(json!({
        "contacts": rows,
        "count": rows.len(),
        "meta": {
            "total": total,
            "nextPageUrl": next,
            "startAfterId": id,
            "startAfter": added,
            "currentPage": 1,
            "nextPage": more.then_some(2),
            "prevPage": null,
        },
    }))
}
