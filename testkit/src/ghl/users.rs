use serde_json::{Value, json};

use super::{
    error::Refusal,
    locations::sees,
    route::{Access, Call, Operation, Reply, Since},
    schema::{Field, Kind, opt, req},
    state::{Location, User, World},
};

const READ: &str = "users.readonly";
const SEARCH: &[Field] = &[
    req("companyId", Kind::Text),
    opt("query", Kind::Text),
    opt("skip", Kind::Text),
    opt("limit", Kind::Text),
    opt("locationId", Kind::Text),
    opt("type", Kind::Text),
    opt("role", Kind::Text),
    opt("ids", Kind::Text),
    opt("sort", Kind::Text),
    opt("sortDirection", Kind::Text),
    opt("enabled2waySync", Kind::Flag),
];
const LIST: &[Field] = &[req("locationId", Kind::Text)];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::get("users.search", "/users/search", READ, search)
        .access(Access::Either)
        .query(SEARCH),
    // Gone in v3.
    Operation::get("users.list", "/users/", READ, list)
        .query(LIST)
        .since(Since::DatesOnly),
    Operation::get("users.get", "/users/{userId}", READ, get).access(Access::Either),
];

impl User {
    fn view(&self, location: &Location) -> Value {
        json!({
            "id": self.id,
            "name": format!("{} {}", self.first_name, self.last_name),
            "firstName": self.first_name,
            "lastName": self.last_name,
            "email": self.email,
            "phone": self.phone,
            "extension": "",
            "permissions": {"contactsEnabled": true, "conversationsEnabled": true},
            "scopes": ["contacts.write", "conversations.write"],
            "roles": {
                "type": "account",
                "role": self.role,
                "locationIds": [location.id],
                "restrictSubAccount": false,
            },
            "deleted": false,
            "lcPhone": {},
            "platformLanguage": "en_US",
        })
    }
}

fn search(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let Some(caller) = &call.caller else {
        return Err(Refusal::invalid_jwt());
    };
    if call.query("companyId") != Some(caller.company.as_str()) {
        return Err(Refusal::other_location());
    }
    let query = call.query("query").map(str::to_lowercase);
    let ids = call.query("ids");
    let matches = |user: &User| {
        let text = format!("{} {} {}", user.first_name, user.last_name, user.email);
        query
            .as_ref()
            .is_none_or(|q| text.to_lowercase().contains(q))
            && ids.is_none_or(|ids| ids.split(',').any(|id| id == user.id))
            && call.query("role").is_none_or(|role| role == user.role)
    };
    let found: Vec<_> = world
        .locations
        .values()
        .filter(|location| sees(caller, location))
        .filter(|location| call.query("locationId").is_none_or(|id| id == location.id))
        .flat_map(|location| location.users.iter().map(move |user| (location, user)))
        .filter(|(_, user)| matches(user))
        .map(|(location, user)| user.view(location))
        .collect();
    let number = |name, default| {
        let number = call.number(name).unwrap_or(default);
        usize::try_from(number).unwrap_or(0)
    };
    let count = found.len();
    let page = found.into_iter().skip(number("skip", 0));
    let page: Vec<_> = page.take(number("limit", 25)).collect();
    Reply::ok(json!({"users": page, "count": count}))
}

fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let location = world.locations.get(call.location());
    let location = location.ok_or_else(Refusal::other_location)?;
    let users = location.users.iter().map(|user| user.view(location));
    Reply::ok(json!({"users": users.collect::<Vec<_>>()}))
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let id = call.param("userId");
    let found = world.locations.values().find_map(|location| {
        let user = location.users.iter().find(|user| user.id == id)?;
        Some((location, user))
    });
    let (location, user) = found.ok_or_else(|| Refusal::not_found("User not found"))?;
    call.check(world, &location.id)?;
    Reply::ok(user.view(location))
}
