//! Whether both sides are equal, by what the CRMs themselves hold.

use std::collections::HashMap;

use integrations_core::Result;
use integrations_store::{MappingState, Side};
use serde_json::Value;

use crate::world::{CONSTANT, FLOW, World};

/// The fields of the flow, as the CRMs call them: on the left, on the right.
const FIELDS: [(&str, &str); 12] = [
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("email", "email"),
    ("phone", "phone"),
    ("address1", "address1"),
    ("city", "city"),
    ("state", "state"),
    ("postalCode", "postalCode"),
    ("country", "country"),
    ("timezone", "timezone"),
    ("tags", "tags"),
    ("source", "website"),
];

#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) linked: usize,
    pub(crate) equal: bool,
    pub(crate) lost: usize,
}

pub(crate) async fn check(world: &World) -> Result<Checked> {
    let left = contacts(world, Side::Left);
    let right = contacts(world, Side::Right);
    let mut pairs = HashMap::new();
    let mut after = None;
    loop {
        let page = world
            .store
            .mappings()
            .list(&world.tenant, FLOW, Some(MappingState::Linked), after, 1000)
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for row in page {
            if let (Some(left), Some(right)) = (row.left_id, row.right_id) {
                pairs.insert(left, right);
            }
        }
    }
    let paired = pairs
        .iter()
        .filter_map(|(one, other)| Some((left.get(one)?, right.get(other)?)));
    let paired: Vec<_> = paired.collect();
    let mut differ = paired
        .iter()
        .filter(|(left, right)| !same(left, right))
        .count();
    // What the sync created on the right says so.
    let writes = world.right.ghl.contact_writes();
    differ += writes
        .iter()
        .filter(|(_, writes)| writes.created > 0)
        .filter_map(|(id, _)| right.get(id))
        .filter(|contact| contact["source"] != CONSTANT)
        .count();
    let lost = left.len() + right.len() - 2 * paired.len();
    Ok(Checked {
        left: left.len(),
        right: right.len(),
        linked: pairs.len(),
        equal: differ == 0 && lost == 0 && pairs.len() == paired.len(),
        lost,
    })
}

fn contacts(world: &World, side: Side) -> HashMap<String, Value> {
    let crm = world.crm(side);
    let contacts = crm.ghl.contacts(&crm.location).into_iter();
    contacts
        .filter_map(|contact| Some((contact["id"].as_str()?.to_owned(), contact)))
        .collect()
}

fn same(left: &Value, right: &Value) -> bool {
    FIELDS
        .iter()
        .all(|(on_left, on_right)| plain(&left[*on_left]) == plain(&right[*on_right]))
}

/// Without what the CRMs may write differently: case and order.
fn plain(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> = match value {
        Value::Array(values) => values.iter().flat_map(plain).collect(),
        Value::String(text) if !text.is_empty() => vec![text.to_lowercase()],
        _ => Vec::new(),
    };
    texts.sort_unstable();
    texts
}
