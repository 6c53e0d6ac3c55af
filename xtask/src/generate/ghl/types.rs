//! Types from schemas.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::document::Document;
use super::json::Json;
use super::model::{Field, Kind, Place, Type};
use super::names::{capital, pascal, phrase, singular, snake, type_name, words};
use super::overrides::Overrides;

/// Names of enums that say too little alone.
const VAGUE: &[&str] = &[
    "Type",
    "Status",
    "Source",
    "Action",
    "Mode",
    "Kind",
    "State",
    "Unit",
    "Category",
    "Format",
    "Level",
    "Role",
    "Order",
    "Value",
    "Filter",
    "Key",
    "Name",
    "Direction",
    "Channel",
    "Provider",
    "Platform",
    "Event",
    "Method",
];

/// The types of one group while it is planned.
pub(super) struct Types<'a> {
    document: &'a Document,
    overrides: &'a Overrides,
    pub(super) types: BTreeMap<String, Type>,
    by_schema: HashMap<String, String>,
    taken: BTreeSet<String>,
}

impl<'a> Types<'a> {
    /// `taken` are names that no type may have.
    pub(super) fn new(
        document: &'a Document,
        overrides: &'a Overrides,
        taken: BTreeSet<String>,
    ) -> Self {
        Self {
            document,
            overrides,
            types: BTreeMap::new(),
            by_schema: HashMap::new(),
            taken,
        }
    }

    /// The type of a schema; `owner` and `wire` name it when it has no name.
    pub(super) fn kind(&mut self, schema: &Json, owner: &str, wire: &str) -> Result<Kind, String> {
        if let Some(hand) = schema.get("x-rust").text() {
            return Ok(match hand {
                "i64" => Kind::Whole,
                "f64" => Kind::Number,
                "String" => Kind::Text,
                "bool" => Kind::Bool,
                "Timestamp" => Kind::Time,
                "Value" => Kind::Json,
                "crate::secret::Secret" => Kind::Secret,
                path => Kind::Hand(path.to_owned()),
            });
        }
        let document = self.document;
        let (name, target) = document.resolve(schema)?;
        if name.is_none()
            && let [only] = schema.get("allOf").items()
        {
            return self.kind(only, owner, wire);
        }
        for variants in ["oneOf", "anyOf"] {
            let options: Vec<&Json> = target
                .get(variants)
                .items()
                .iter()
                .filter(|option| option.get("type").text() != Some("null"))
                .collect();
            match options.as_slice() {
                [] => {}
                [only] => return self.kind(only, owner, wire),
                _ => return Ok(Kind::Json),
            }
        }
        if self.properties(target)?.is_some() {
            return self.object(name, target, owner, wire);
        }
        let values = target.get("enum");
        // Lists of hundreds of countries, as one value of the list.
        if matches!(values.items().first(), Some(Json::List(_))) {
            return Ok(self.text(target, wire));
        }
        let values = values.texts();
        let is_list = target.get("type").text() == Some("array");
        if !values.is_empty() && !is_list {
            let value = Kind::Named(self.enumeration(name, &values, owner, wire));
            // They say "one of these" and show several.
            return Ok(match target.get("example") {
                Json::List(_) => Kind::List(Box::new(value)),
                _ => value,
            });
        }
        let hint = name.map_or_else(|| owner.to_owned(), type_name);
        Ok(match target.get("type").text() {
            Some("array") => {
                let items = target.get("items");
                let shown = target.get("example");
                let shown = shown.items().first().unwrap_or(shown);
                let is_text = matches!(items.get("type").text(), Some("string" | "number"));
                if is_text && !shown.members().is_empty() {
                    // They say "texts" and show objects.
                    let item = self.shown(shown, owner, wire)?;
                    return Ok(Kind::List(Box::new(item)));
                }
                let item = if items.is_null()
                    || items.get("type").text() == Some("array") && items.get("items").is_null()
                {
                    // Lists of lists are lists of objects in truth.
                    Kind::Json
                } else if items.get("enum").is_null() && !values.is_empty() {
                    Kind::Named(self.enumeration(name, &values, owner, wire))
                } else {
                    self.kind(items, &hint, &singular(wire))?
                };
                Kind::List(Box::new(item))
            }
            Some("boolean") => Kind::Bool,
            Some("number" | "integer") => {
                let example = target.get("example");
                if example
                    .text()
                    .is_some_and(|text| text.parse::<f64>().is_err())
                {
                    return Ok(self.text(target, wire));
                }
                let shown = example.number();
                // Beyond this it is a time in milliseconds, or an id.
                let is_large = shown.is_some_and(|shown| shown >= 1e10 && shown.fract() == 0.0);
                let is_fraction = shown.is_some_and(|shown| shown.fract() != 0.0);
                if target.get("type").text() == Some("integer")
                    || self.overrides.is_whole(&self.document.name, wire) && !is_fraction
                    || is_large
                {
                    Kind::Whole
                } else {
                    Kind::Number
                }
            }
            Some("string") => match target.get("example") {
                // They say "text" and show something else.
                Json::Object(_) => Kind::Json,
                Json::List(_) if wire != "message" => Kind::List(Box::new(Kind::Text)),
                _ => self.text(target, wire),
            },
            Some("object") => {
                let more = target.get("additionalProperties");
                if more.members().is_empty() {
                    self.bare_object(target, wire)
                } else {
                    match self.kind(more, &hint, &format!("{wire}Value"))? {
                        Kind::Json => Kind::Json,
                        value => Kind::Map(Box::new(value)),
                    }
                }
            }
            _ => Kind::Json,
        })
    }

    /// The type of what an example shows, where the schema contradicts it.
    fn shown(&mut self, example: &Json, owner: &str, wire: &str) -> Result<Kind, String> {
        Ok(match example {
            Json::Null => Kind::Json,
            Json::Bool(_) => Kind::Bool,
            Json::Number(_) if self.overrides.is_whole(&self.document.name, wire) => Kind::Whole,
            Json::Number(_) => Kind::Number,
            Json::Text(_) => {
                let schema = Json::Object(vec![("example".to_owned(), example.clone())]);
                self.text(&schema, wire)
            }
            Json::List(items) => {
                let item = match items.first() {
                    Some(item) => self.shown(item, owner, wire)?,
                    None => Kind::Json,
                };
                Kind::List(Box::new(item))
            }
            Json::Object(members) if members.is_empty() => Kind::Json,
            Json::Object(members) => {
                let name = self.free(format!("{owner}{}", pascal(&singular(wire))), None);
                self.taken.insert(name.clone());
                let mut fields: Vec<Field> = Vec::new();
                for (wire, value) in members {
                    let kind = self.shown(value, &name, wire)?;
                    let mut field = snake(wire);
                    if wire == "_id" && example.find("id").is_some() {
                        "object_id".clone_into(&mut field);
                    }
                    fields.push(Field {
                        place: Place::Body,
                        name: field,
                        wire: wire.clone(),
                        aliases: Vec::new(),
                        doc: field_doc(wire, &kind, &Json::Null),
                        is_required: false,
                        facts: Vec::new(),
                        kind,
                    });
                }
                let object = Type::Object {
                    fields,
                    input: false,
                    doc: sentence(&phrase(&name)),
                };
                // The same shape under the same field is the same type.
                let same = self.types.iter().find(|(known, definition)| {
                    known.ends_with(&pascal(&singular(wire)))
                        && matches!((definition, &object), (Type::Object { fields: one, .. }, Type::Object { fields: other, .. }) if one == other)
                });
                if let Some((known, _)) = same {
                    let known = known.clone();
                    self.taken.remove(&name);
                    return Ok(Kind::Named(known));
                }
                self.types.insert(name.clone(), object);
                Kind::Named(name)
            }
        })
    }

    /// The documents say "object" for texts and numbers whose type their source did not give: the example tells.
    fn bare_object(&self, schema: &Json, wire: &str) -> Kind {
        if matches!(wire, "startTime" | "endTime") || self.overrides.is_time(wire) {
            return Kind::Time;
        }
        match schema.get("example") {
            Json::Text(text) if !text.trim_start().starts_with('{') => self.text(schema, wire),
            Json::Number(_) if self.overrides.is_whole(&self.document.name, wire) => Kind::Whole,
            Json::Number(_) => Kind::Number,
            _ => Kind::Json,
        }
    }

    fn text(&self, schema: &Json, wire: &str) -> Kind {
        // Some times are shown in a form of their own, in which they must be kept.
        let shown = schema.get("example").text();
        let is_time =
            schema.get("format").text() == Some("date-time") || self.overrides.is_time(wire);
        if is_time && shown.is_some_and(is_local_time) {
            return Kind::Text;
        }
        if is_time {
            return Kind::Time;
        }
        if self.overrides.is_secret(wire) {
            return Kind::Secret;
        }
        match self.overrides.ids.get(wire) {
            Some(id) => Kind::Id(id.clone()),
            None => Kind::Text,
        }
    }

    /// The properties of an object, those of its parts included, and the names of the required ones.
    #[expect(clippy::type_complexity, reason = "used here and once in plan")]
    pub(super) fn properties<'s>(
        &'s self,
        schema: &'s Json,
    ) -> Result<Option<(Vec<(&'s str, &'s Json)>, Vec<&'s str>)>, String>
    where
        'a: 's,
    {
        let mut properties: Vec<(&str, &Json)> = Vec::new();
        let mut required = Vec::new();
        let mut found = false;
        for part in schema.get("allOf").items() {
            let (_, part) = self.document.resolve(part)?;
            if let Some((more, also)) = self.properties(part)? {
                found = true;
                properties.extend(more);
                required.extend(also);
            }
        }
        let own = schema.get("properties").members();
        found |= !own.is_empty();
        for (name, property) in own {
            properties.retain(|(known, _)| known != name);
            properties.push((name, property));
        }
        required.extend(schema.get("required").texts());
        Ok(found.then_some((properties, required)))
    }

    fn object(
        &mut self,
        schema_name: Option<&str>,
        schema: &Json,
        owner: &str,
        wire: &str,
    ) -> Result<Kind, String> {
        if let Some(known) = schema_name.and_then(|name| self.by_schema.get(name)) {
            return Ok(Kind::Named(known.clone()));
        }
        if self.is_success(schema)? {
            return Ok(Kind::Hand("crate::Succeeded".to_owned()));
        }
        let wanted = match schema_name {
            Some(schema) => type_name(schema),
            None => format!("{owner}{}", pascal(&singular(wire))),
        };
        let name = self.free(wanted, schema_name.map(pascal));
        if let Some(schema) = schema_name {
            self.by_schema.insert(schema.to_owned(), name.clone());
        }
        self.taken.insert(name.clone());
        let schema = schema.clone();
        let fields = self.fields(&schema, &name, Place::Body)?;
        let doc = sentence(&phrase(&name));
        let object = Type::Object {
            fields: fields.into_iter().map(|(field, _)| field).collect(),
            input: false,
            doc,
        };
        self.types.insert(name.clone(), object);
        Ok(Kind::Named(name))
    }

    /// The fields of an object, and whether each is required.
    pub(super) fn fields(
        &mut self,
        schema: &Json,
        owner: &str,
        place: Place,
    ) -> Result<Vec<(Field, bool)>, String> {
        let schema = schema.clone();
        let (properties, required) = match self.properties(&schema)? {
            Some((properties, required)) => (
                properties
                    .into_iter()
                    .map(|(name, property)| (name.to_owned(), property.clone()))
                    .collect::<Vec<_>>(),
                required.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            ),
            None => return Ok(Vec::new()),
        };
        let mut fields: Vec<(Field, bool)> = Vec::new();
        let properties_have_id = properties.iter().any(|(wire, _)| wire == "id");
        for (wire, property) in properties {
            let kind = self.kind(&property, owner, &wire)?;
            let mut name = snake(&wire);
            if wire == "_id" && properties_have_id {
                "object_id".clone_into(&mut name);
            }
            while fields.iter().any(|(field, _)| field.name == name) {
                name.push('_');
            }
            let (_, target) = self.document.resolve(&property)?;
            let aliases = property.get("x-aliases").texts();
            let field = Field {
                place,
                name,
                aliases: aliases.into_iter().map(str::to_owned).collect(),
                doc: field_doc(&wire, &kind, target),
                is_required: required.contains(&wire),
                facts: facts(target),
                kind,
                wire: wire.clone(),
            };
            let is_required = field.is_required;
            fields.push((field, is_required));
        }
        Ok(fields)
    }

    /// Whether it says only that something was done, in one of the provider's three spellings.
    fn is_success(&self, schema: &Json) -> Result<bool, String> {
        let Some((properties, _)) = self.properties(schema)? else {
            return Ok(false);
        };
        Ok(!properties.is_empty()
            && properties.iter().all(|(name, property)| {
                matches!(*name, "success" | "succeded" | "succeeded")
                    && property.get("type").text() == Some("boolean")
            }))
    }

    fn enumeration(
        &mut self,
        schema_name: Option<&str>,
        values: &[&str],
        owner: &str,
        wire: &str,
    ) -> String {
        let mut values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        let short = pascal(&singular(wire));
        let same = self.types.iter().find(|(name, known)| {
            matches!(known, Type::Enum { values: known, .. } if *known == values)
                // A short list is easily the same by chance, and its name would mislead.
                && (values.len() > 3 || **name == short || schema_name.is_some() || name.starts_with(owner))
                && (name.ends_with(&short)
                    || schema_name.is_some_and(|schema| type_name(schema) == **name))
        });
        if let Some((name, _)) = same {
            return name.clone();
        }
        let long = format!("{owner}{short}");
        let told = self.overrides.enum_name(&values).map(str::to_owned);
        let wanted = match schema_name {
            _ if told.is_some() => told.unwrap_or_default(),
            Some(schema) => type_name(schema),
            None if VAGUE.contains(&short.as_str()) => long.clone(),
            None => short,
        };
        let name = self.free(wanted, Some(long));
        self.taken.insert(name.clone());
        let doc = sentence(&phrase(&name));
        self.types.insert(name.clone(), Type::Enum { values, doc });
        name
    }

    /// A name that is free, like one of these.
    fn free(&self, wanted: String, second: Option<String>) -> String {
        let is_free =
            |name: &String| !self.taken.contains(name) && !PRELUDE.contains(&name.as_str());
        let second = second.filter(|second| *second != wanted);
        if is_free(&wanted) {
            return wanted;
        }
        if let Some(second) = second.filter(|second| is_free(second)) {
            return second;
        }
        (2..)
            .map(|number| match number {
                2 => format!("{wanted}Object"),
                number => format!("{wanted}{number}"),
            })
            .find(is_free)
            .unwrap_or(wanted)
    }
}

/// Names that would hide what generated files use.
const PRELUDE: &[&str] = &[
    "Option",
    "Vec",
    "String",
    "Value",
    "Box",
    "Call",
    "Client",
    "Location",
    "Spec",
    "Method",
    "Version",
    "Timestamp",
    "Upload",
    "Download",
    "Untyped",
    "Result",
    "Error",
    "Page",
    "Secret",
    "BareList",
    "Default",
    "From",
    "Into",
    "Self",
    "Pagination",
    "TokenClasses",
    "LocationIn",
    "Idempotency",
    "BTreeMap",
    "Unknown",
    "Some",
    "None",
    "Ok",
    "Err",
    "Object",
];

/// What a field is, from its name and what its schema says of it.
pub(super) fn field_doc(wire: &str, kind: &Kind, schema: &Json) -> String {
    let name = phrase(wire);
    let mut doc = match kind {
        Kind::Id(_) if matches!(wire, "altId" | "locationId" | "location_id") => {
            "The location".to_owned()
        }
        Kind::Id(_)
            if words(wire).last().is_some_and(|last| last == "id") && words(wire).len() > 1 =>
        {
            let whose = name.trim_end_matches(" id");
            format!("Id of the {whose}")
        }
        Kind::Bool => match words(wire).first().map(String::as_str) {
            Some("is" | "are") => format!("Whether it is {}", rest(&name)),
            Some("has") => format!("Whether it has {}", rest(&name)),
            Some("can") => format!("Whether it can {}", rest(&name)),
            Some("should" | "allow" | "enable" | "include" | "show" | "skip" | "use" | "send") => {
                format!("Whether to {}", name.trim_start_matches("should "))
            }
            _ => format!("{}: yes or no", capital(&name)),
        },
        Kind::Time => format!("Time: {name}"),
        _ => capital(&name),
    };
    let mut facts = Vec::new();
    if let Some(default) = match schema.get("default") {
        Json::Text(text) if !text.is_empty() && text.len() < 30 && !text.contains('`') => {
            Some(format!("`{text}`"))
        }
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(yes) => Some(yes.to_string()),
        _ => None,
    } {
        facts.push(format!("default {default}"));
    }
    if let Some(least) = schema.get("minimum").number() {
        facts.push(format!("at least {least}"));
    }
    if let Some(most) = schema.get("maximum").number() {
        facts.push(format!("at most {most}"));
    }
    if let Some(most) = schema.get("maxLength").number() {
        facts.push(format!("at most {most} characters"));
    }
    if let Some(most) = schema.get("maxItems").number() {
        facts.push(format!("at most {most} of them"));
    }
    if !facts.is_empty() {
        doc.push_str("; ");
        doc.push_str(&facts.join(", "));
    }
    sentence(&doc)
}

/// What [`field_doc`] says in words, as keywords.
pub(super) fn facts(schema: &Json) -> Vec<(&'static str, Json)> {
    const BOUNDS: [&str; 4] = ["minimum", "maximum", "maxLength", "maxItems"];
    let default = schema.get("default");
    let is_short = match default {
        Json::Text(text) => !text.is_empty() && text.len() < 30 && !text.contains('`'),
        default => matches!(default, Json::Number(_) | Json::Bool(_)),
    };
    let mut facts: Vec<_> = BOUNDS
        .iter()
        .map(|name| (*name, schema.get(name).clone()))
        .filter(|(_, bound)| bound.number().is_some())
        .collect();
    if is_short {
        facts.push(("default", default.clone()));
    }
    facts
}

/// Whether a time is written for people, like `10/28/2022, 6:24:54 PM`.
fn is_local_time(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_numeric())
        || text.get(..3).is_some_and(|start| start.contains('/'))
}

fn rest(phrase: &str) -> &str {
    phrase.split_once(' ').map_or(phrase, |(_, rest)| rest)
}

/// The text with a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.", capital(text.trim_end_matches('.')))
}
