mod filter;
mod sort;

use std::sync::Arc;

use serde_json::{Value, json};

use self::{filter::Filter, sort::Sort};
use super::{
    contacts::model::Contact,
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
    let named = call.named_version;
    let location = world.locations.get_mut(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let found = location.contacts.searchable().values();
    let found: Vec<&Arc<Contact>> = found
        .filter(|contact| query.is_empty() || matches_query(contact, query))
        .filter(|contact| filter.accepts(contact))
        .collect();
    let total = found.len();
    let mut rows = sort.order(found);
    if let Some(after) = after {
        let after = sort.cursor(after);
        let after = after.ok_or_else(|| Refusal::bad_request("Invalid searchAfter value"))?;
        let seen = rows.partition_point(|row| !sort.is_after(row, &after));
        rows.drain(..seen);
    } else {
        let skip = usize::try_from((page - 1) * limit).unwrap_or(usize::MAX);
        rows.drain(..skip.min(rows.len()));
    }
    rows.truncate(usize::try_from(limit).unwrap_or(0));
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
    let found = location.contacts.searchable().values();
    let mut found: Vec<_> = found
        .filter(|contact| query.is_none_or(|query| matches_query(contact, query)))
        .collect();
    let total = found.len();
    let key = |contact: &Contact| (std::cmp::Reverse(contact.added), contact.id.clone());
    found.sort_by_cached_key(|contact| key(contact));
    if let Some(added) = call.number("startAfter") {
        let id = call.query("startAfterId").unwrap_or("").to_owned();
        let after = (std::cmp::Reverse(added), id);
        found.retain(|contact| key(contact) > after);
    }
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
