use serde_json::{Value, json};

use super::{
    auth::Caller,
    error::Refusal,
    route::{Access, Call, Operation, Reply},
    schema::{Field, Kind, opt},
    state::{Location, World},
};

const READ: &str = "locations.readonly";
const SEARCH: &[Field] = &[
    opt("companyId", Kind::Text),
    opt("skip", Kind::Text),
    opt("limit", Kind::Text),
    opt("order", Kind::OneOf(&["asc", "desc"])),
    opt("email", Kind::Text),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get("locations.search", "/locations/search", READ, search)
        .access(Access::Either)
        .query(SEARCH),
    Operation::get("locations.get", "/locations/{locationId}", READ, get).access(Access::Either),
];

impl Location {
    pub(crate) fn email(&self) -> String {
        format!("{}@example.com", self.name.to_lowercase().replace(' ', "."))
    }

    fn view(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "phone": "+12125550100",
            "email": self.email(),
            "address": "1 Example Street",
            "city": "Springfield",
            "state": "IL",
            "country": "US",
            "postalCode": "62701",
            "website": "https://example.com",
            "timezone": self.timezone,
            "settings": {
                "allowDuplicateContact": self.allow_duplicates,
                "allowDuplicateOpportunity": false,
                "allowFacebookNameMerge": false,
                "disableContactTimezone": false,
            },
            "social": {},
        })
    }
}

/// Whether a caller sees a location: its own, or all of its agency.
pub(crate) fn sees(caller: &Caller, location: &Location) -> bool {
    match &caller.location {
        Some(own) => *own == location.id,
        None => caller.company == location.company,
    }
}

fn search(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let Some(caller) = &call.caller else {
        return Err(Refusal::invalid_jwt());
    };
    let company = call.query("companyId");
    if company.is_some_and(|id| id != caller.company) {
        return Err(Refusal::other_location());
    }
    let number = |name, default| {
        let number = call.number(name).unwrap_or(default);
        usize::try_from(number).unwrap_or(0)
    };
    let mut found: Vec<_> = world
        .locations
        .values()
        .filter(|location| sees(caller, location))
        .filter(|location| call.query("email").is_none_or(|e| e == location.email()))
        .collect();
    if call.query("order") == Some("desc") {
        found.reverse();
    }
    // There is no total: a caller learns the end from a short page.
    let page = found.into_iter().skip(number("skip", 0));
    let page: Vec<_> = page.take(number("limit", 10)).map(Location::view).collect();
    Reply::ok(json!({"locations": page}))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = world.locations.get(call.param("locationId"));
    let location = location.ok_or_else(Refusal::other_location)?;
    let mut view = location.view();
    view["companyId"] = json!(location.company);
    view["business"] = json!({
        "name": location.name,
        "timezone": location.timezone,
        "country": "US",
    });
    view["firstName"] = json!("Robin");
    view["lastName"] = json!("Sample");
    Reply::ok(json!({"location": view}))
}
