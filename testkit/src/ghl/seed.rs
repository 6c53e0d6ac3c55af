use serde_json::{Map, Value, json};

use super::{SimulatedGhl, contacts::model::Contact, slots::instant, state::World};

const FIRST: [&str; 8] = ["Alex", "Bea", "Chris", "Dana", "Eli", "Fay", "Gus", "Hana"];
const LAST: [&str; 6] = ["Archer", "Baker", "Cooper", "Dyer", "Fisher", "Mason"];

/// How many seeded contacts share one `dateAdded`.
const SAME_DATE: usize = 5;

/// Data that was there before.
impl SimulatedGhl {
    /// Adds made-up contacts and returns their ids, newest last. Emails are at `example.com`,
    /// phones are of the 555-01xx kind.
    ///
    /// Five at a time share one `dateAdded` to the millisecond, as imports do, so that a reader
    /// who takes a date for a cursor loses rows. They are searchable at once, and nobody is told.
    ///
    /// # Panics
    ///
    /// If there is no such location.
    #[must_use]
    pub fn seed_contacts(&self, location: &str, count: usize) -> Vec<String> {
        let mut world = self.shared.world();
        let now = world.now_ms();
        let start = world
            .locations
            .get(location)
            .unwrap_or_else(|| panic!("no location `{location}` was added"))
            .contacts
            .len();
        let mut ids = Vec::with_capacity(count);
        for at in 0..count {
            let behind = i64::try_from((count - at) / SAME_DATE + 1).unwrap_or(i64::MAX);
            let added = now.saturating_sub(behind.saturating_mul(60_000));
            let body = made_up(start + at);
            if let Some(contact) = world.insert_contact(location, &body, Some(added)) {
                ids.push(contact.id.clone());
            }
        }
        settle(&mut world, location);
        ids
    }

    /// Adds one contact with these fields, which are those of an API creation; `id`, `dateAdded`
    /// and `dateUpdated` may be given too. Returns its id. It is searchable at once.
    ///
    /// # Panics
    ///
    /// If there is no such location.
    #[must_use]
    pub fn seed_contact(&self, location: &str, fields: Value) -> String {
        self.seed_contacts_as(location, [fields]).swap_remove(0)
    }

    /// Adds a contact for each of these, as [`seed_contact`](Self::seed_contact) does; with a
    /// [journal](super::Builder::journal) all of them or none outlive the process. Returns their ids.
    ///
    /// # Panics
    ///
    /// If there is no such location.
    #[must_use]
    pub fn seed_contacts_as(
        &self,
        location: &str,
        contacts: impl IntoIterator<Item = Value>,
    ) -> Vec<String> {
        let mut world = self.shared.world();
        let ids = contacts
            .into_iter()
            .map(|fields| seed(&mut world, location, &fields))
            .collect();
        settle(&mut world, location);
        ids
    }
}

fn seed(world: &mut World, location: &str, fields: &Value) -> String {
    let mut body = fields.as_object().cloned().unwrap_or_default();
    let mut taken = |name: &str| body.remove(name);
    let (id, added, updated) = (taken("id"), taken("dateAdded"), taken("dateUpdated"));
    let time = |value: Option<Value>| match value {
        Some(Value::String(text)) => instant(&text).map(|time| time.as_millisecond()),
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    };
    let contact = world.insert_contact(location, &body, time(added));
    let contact = contact.unwrap_or_else(|| panic!("no location `{location}` was added"));
    let mut contact = Contact::clone(&contact);
    if let Some(table) = world.locations.get_mut(location).map(|l| &mut l.contacts) {
        table.remove(&contact.id);
        if let Some(Value::String(id)) = id {
            contact.id = id;
        }
        contact.updated = time(updated).unwrap_or(contact.added);
        table.put(contact.clone());
    }
    contact.id
}

fn settle(world: &mut World, location: &str) {
    if let Some(location) = world.locations.get_mut(location) {
        location.contacts.settle();
    }
}

fn made_up(number: usize) -> Map<String, Value> {
    let first = FIRST[number % FIRST.len()];
    let last = LAST[number / FIRST.len() % LAST.len()];
    let body = json!({
        "firstName": first,
        "lastName": last,
        "email": format!("{}.{}{number}@example.com", first.to_lowercase(), last.to_lowercase()),
        // 100 fictional numbers per area code.
        "phone": format!("+1{}55501{:02}", 201 + number / 100 % 799, number % 100),
        "city": if number.is_multiple_of(2) { "Springfield" } else { "Riverton" },
        "country": "US",
        "source": "import",
        "tags": if number.is_multiple_of(3) { json!(["lead"]) } else { json!([]) },
    });
    match body {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}
