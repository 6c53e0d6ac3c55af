//! Which operations page, and how.

use std::collections::BTreeMap;

use super::model::{Field, Kind, Operation, Paging, Response, Type};
use super::overrides::Change;

/// Finds how an operation pages.
pub(super) fn find(
    operation: &mut Operation,
    types: &BTreeMap<String, Type>,
    change: Option<&Change>,
) {
    let told = change.and_then(|change| change.paging.clone());
    if told.as_ref().is_some_and(|told| told.style == "none") {
        return;
    }
    let wanted = told.as_ref().and_then(|told| told.items.as_deref());
    let Some((items, item)) = items(operation, types, wanted) else {
        return;
    };
    let field = |wires: &[&str]| {
        let found = operation
            .fields()
            .find(|field| wires.contains(&field.wire.as_str()));
        found.map(|field| field.name.clone())
    };
    let size = field(&["limit", "pageSize", "pageLimit"]);
    let size = size.unwrap_or_else(|| "none".to_owned());
    let (style, arguments) = match told {
        Some(told) => (told.style, told.arguments),
        None => {
            if let Some(skip) = field(&["skip"]) {
                ("Skip".to_owned(), format!("position {skip}, {size}"))
            } else if let Some(offset) = field(&["offset"]) {
                ("Offset".to_owned(), format!("position {offset}, {size}"))
            } else if let Some(page) = field(&["page", "pageNumber"]) {
                let first = if operation.path.contains("/numbers/") {
                    0
                } else {
                    1
                };
                (
                    "Page".to_owned(),
                    format!("number {page} from {first}, {size}"),
                )
            } else {
                return;
            }
        }
    };
    let arguments = match total(operation, types) {
        Some(total) if arguments.starts_with("position") || arguments.starts_with("number") => {
            format!("{arguments} of {total}")
        }
        _ => arguments,
    };
    operation.paging = Some(Paging {
        style,
        arguments,
        item,
        items,
    });
}

/// The field of the answer that says how many there are in all.
fn total(operation: &Operation, types: &BTreeMap<String, Type>) -> Option<String> {
    let Response::Typed(Kind::Named(name)) = &operation.response else {
        return None;
    };
    let Some(Type::Object { fields, .. }) = types.get(name) else {
        return None;
    };
    let is_total = |field: &&Field| {
        matches!(field.wire.as_str(), "total" | "totalCount" | "totalItems")
            && field.kind == Kind::Whole
    };
    fields.iter().find(is_total).map(|field| field.name.clone())
}

/// The list in the answer: the one that is told, or the only one.
fn items(
    operation: &Operation,
    types: &BTreeMap<String, Type>,
    wanted: Option<&str>,
) -> Option<(Option<String>, Kind)> {
    let name = match &operation.response {
        Response::Typed(Kind::List(item)) => return Some((None, (**item).clone())),
        Response::Typed(Kind::Named(name)) => name,
        _ => return None,
    };
    let Some(Type::Object { fields, .. }) = types.get(name) else {
        return None;
    };
    if let Some((field, item)) = list_of(fields, types, wanted) {
        return Some((Some(field), item));
    }
    // One level deeper, where there is one object only.
    let mut inner = fields.iter().filter_map(|field| match &field.kind {
        Kind::Named(name) => match types.get(name) {
            Some(Type::Object { fields, .. }) => {
                let (list, item) = list_of(fields, types, wanted)?;
                Some((format!("{}.{list}", field.name), item))
            }
            _ => None,
        },
        _ => None,
    });
    match (inner.next(), inner.next()) {
        (Some((path, item)), None) => Some((Some(path), item)),
        _ => None,
    }
}

/// The list among the fields that is told, the only one of objects, or the only one.
fn list_of(
    fields: &[Field],
    types: &BTreeMap<String, Type>,
    wanted: Option<&str>,
) -> Option<(String, Kind)> {
    let lists: Vec<(&Field, &Kind)> = fields
        .iter()
        .filter_map(|field| match &field.kind {
            Kind::List(item) => Some((field, &**item)),
            _ => None,
        })
        .collect();
    let is_object = |kind: &Kind| matches!(kind, Kind::Named(name) if matches!(types.get(name), Some(Type::Object { .. })));
    let chosen = match wanted {
        Some(wanted) => lists.iter().find(|(field, _)| field.name == wanted),
        None => {
            let objects: Vec<_> = lists.iter().filter(|(_, item)| is_object(item)).collect();
            match (objects.as_slice(), lists.as_slice()) {
                ([only], _) => Some(*only),
                ([], [only]) => Some(only),
                _ => None,
            }
        }
    };
    chosen.map(|(field, item)| (field.name.clone(), (*item).clone()))
}
