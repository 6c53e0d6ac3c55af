use serde_json::{Map, Value, json};

use crate::ghl::{clock::iso_ms, journal::Effect};

/// The do-not-disturb channels: stored name, name in date versions, name in v3 responses.
const CHANNELS: [(&str, &str, &str); 6] = [
    ("call", "Call", "call"),
    ("email", "Email", "email"),
    ("sms", "SMS", "sms"),
    // v3 requests say `whatsApp`, v3 responses say `whatsapp`.
    ("whatsApp", "WhatsApp", "whatsapp"),
    ("gmb", "GMB", "gmb"),
    ("fb", "FB", "fb"),
];

/// One contact.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) location: String,
    pub(crate) added: i64,
    pub(crate) updated: i64,
    /// Plain fields, under their wire names.
    pub(crate) fields: Map<String, Value>,
    pub(crate) tags: Vec<String>,
    /// Custom field values by field id.
    pub(crate) custom: Map<String, Value>,
    /// Settings per channel, under the first names of [`CHANNELS`].
    pub(crate) dnd: Map<String, Value>,
}

impl Contact {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// The full name in lower case, as GHL stores it beside the parts.
    pub(crate) fn full_name(&self) -> String {
        let parts = [self.text("firstName"), self.text("lastName")];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        match self.text("name") {
            Some(name) if parts.is_empty() => name.to_owned(),
            _ => parts.join(" "),
        }
    }

    /// Takes over a validated request body.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>) {
        for (name, value) in body {
            match (name.as_str(), value) {
                ("locationId" | "createNewIfDuplicateAllowed", _) => {}
                ("tags", Value::Array(tags)) => {
                    self.tags.clear();
                    self.add_tags(tags.iter().filter_map(Value::as_str));
                }
                ("customFields", Value::Array(fields)) => {
                    for field in fields {
                        self.apply_custom(field);
                    }
                }
                ("dndSettings", Value::Object(settings)) => {
                    for (stored, date, response) in CHANNELS {
                        let given = [stored, date, response];
                        if let Some(value) = given.iter().find_map(|name| settings.get(*name)) {
                            self.dnd.insert(stored.to_owned(), value.clone());
                        }
                    }
                }
                ("phone", Value::String(phone)) => {
                    let phone = normalized_phone(phone);
                    self.fields.insert(name.clone(), Value::String(phone));
                }
                (_, Value::Null) => {
                    self.fields.remove(name);
                }
                _ => {
                    self.fields.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn apply_custom(&mut self, field: &Value) {
        let id = field.get("id").or_else(|| field.get("key"));
        let value = field.get("field_value").or_else(|| field.get("fieldValue"));
        if let Some(id) = id.and_then(Value::as_str) {
            let value = value.cloned().unwrap_or(Value::Null);
            self.custom.insert(id.to_owned(), value);
        }
    }

    /// Adds the tags that are not there yet. GHL keeps tags in lower case.
    pub(crate) fn add_tags<'a>(&mut self, tags: impl Iterator<Item = &'a str>) {
        for tag in tags {
            let tag = tag.trim().to_lowercase();
            if !tag.is_empty() && !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
    }

    /// Takes over what another contact has and this one has not, and all of its tags.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (mine, others) in [
            (&mut self.fields, &other.fields),
            (&mut self.custom, &other.custom),
            (&mut self.dnd, &other.dnd),
        ] {
            for (name, value) in others {
                mine.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        self.add_tags(other.tags.iter().map(String::as_str));
    }

    pub(crate) fn custom_fields(&self) -> Vec<Value> {
        self.custom
            .iter()
            .map(|(id, value)| json!({"id": id, "value": value}))
            .collect()
    }

    /// The shape of get, update and upsert.
    pub(crate) fn view(&self, named_version: bool) -> Value {
        let lower = |name| self.text(name).map(str::to_lowercase);
        let mut view = self.fields.clone();
        let full = self.full_name();
        let dnd = self.dnd_settings(named_version);
        view.entry("dnd").or_insert(json!(false));
        let computed = json!({
            "id": self.id,
            "name": full.to_lowercase(),
            "locationId": self.location,
            "type": "lead",
            "firstNameLowerCase": lower("firstName"),
            "lastNameLowerCase": lower("lastName"),
            "fullNameLowerCase": full.to_lowercase(),
            "emailLowerCase": lower("email"),
            "tags": self.tags,
            "customFields": self.custom_fields(),
            "dndSettings": dnd,
            "dateAdded": iso_ms(self.added),
            "dateUpdated": iso_ms(self.updated),
        });
        if let Value::Object(computed) = computed {
            // An absent value is left out, as GHL does.
            view.extend(computed.into_iter().filter(|(_, value)| !value.is_null()));
        }
        Value::Object(view)
    }

    /// The shape of search hits. The names differ from [`view`](Self::view).
    pub(crate) fn hit(&self, named_version: bool) -> Value {
        let mut hit = self.view(named_version);
        let address = hit["address1"].take();
        if let Some(hit) = hit.as_object_mut() {
            for absent in ["address1", "name", "emailLowerCase", "fullNameLowerCase"] {
                hit.remove(absent);
            }
        }
        for name in ["phone", "email", "website", "postalCode", "city", "state"] {
            if hit.get(name).is_none() {
                hit[name] = Value::Null;
            }
        }
        hit["address"] = address;
        hit["contactName"] = json!(self.full_name().to_lowercase());
        hit["businessName"] = json!(self.text("companyName"));
        hit["additionalEmails"] = json!([]);
        hit["additionalPhones"] = json!([]);
        hit["followers"] = json!([]);
        hit["phoneLabel"] = Value::Null;
        hit["validEmail"] = Value::Null;
        hit
    }

    /// Which events tell of a change: those of the tags and of the channels by their own names, and
    /// the rest, or a change of nothing, as an update.
    pub(crate) fn events(before: &Self, after: &Self) -> Vec<&'static str> {
        let blocked = |contact: &Self| contact.fields.get("dnd") == Some(&Value::Bool(true));
        let fields = |contact: &Self| {
            let mut fields = contact.fields.clone();
            fields.remove("dnd");
            fields
        };
        let tags = before.tags != after.tags;
        let dnd = before.dnd != after.dnd || blocked(before) != blocked(after);
        let other = before.custom != after.custom || fields(before) != fields(after);
        let mut kinds = Vec::new();
        if other || !(tags || dnd) {
            kinds.push("ContactUpdate");
        }
        if tags {
            kinds.push("ContactTagUpdate");
        }
        if dnd {
            kinds.push("ContactDndUpdate");
        }
        kinds
    }

    /// Whether a write made a difference, `dateUpdated` apart.
    pub(crate) fn effect(before: &Self, after: &Self) -> Effect {
        let same = before.fields == after.fields
            && before.tags == after.tags
            && before.custom == after.custom
            && before.dnd == after.dnd;
        if same {
            Effect::Unchanged
        } else {
            Effect::Changed
        }
    }

    /// The body of the event about channels, which alone names them.
    pub(crate) fn dnd_event(&self) -> Value {
        let mut event = self.event();
        event["dndSettings"] = Value::Object(self.dnd_settings(false));
        event
    }

    fn dnd_settings(&self, named_version: bool) -> Map<String, Value> {
        let mut dnd = Map::new();
        for (stored, date, response) in CHANNELS {
            if let Some(setting) = self.dnd.get(stored) {
                let name = if named_version { response } else { date };
                dnd.insert(name.to_owned(), setting.clone());
            }
        }
        dnd
    }

    /// The flat body of contact webhooks.
    pub(crate) fn event(&self) -> Value {
        let mut event = self.fields.clone();
        event.insert("id".to_owned(), json!(self.id));
        event.insert("locationId".to_owned(), json!(self.location));
        event.insert("name".to_owned(), json!(self.full_name()));
        event.insert("tags".to_owned(), json!(self.tags));
        event.insert("customFields".to_owned(), json!(self.custom_fields()));
        event.insert("dateAdded".to_owned(), json!(iso_ms(self.added)));
        Value::Object(event)
    }
}

/// Phones are stored in E.164 as far as that can be told without a directory: ten digits are
/// taken for a number of the North American plan.
pub(crate) fn normalized_phone(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 10 && !phone.trim_start().starts_with('+') {
        format!("+1{digits}")
    } else {
        format!("+{digits}")
    }
}
