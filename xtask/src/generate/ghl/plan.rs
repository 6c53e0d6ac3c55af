//! Operations from the documents.

use std::collections::BTreeSet;

use super::document::Document;
use super::json::Json;
use super::model::{Field, Generation, Group, Kind, Operation, Place, Response, Type};
use super::names::{capital, pascal, phrase, snake};
use super::overrides::{Change, Overrides};
use super::paging;
use super::types::{Types, facts, field_doc};

/// How many values `new` takes beside those of the path and the location: with more, nobody can tell their order, and
/// they are set by name.
const POSITIONAL: usize = 2;

/// Methods of `Call`, which no setter may be called.
const CALL: &[(&str, &str)] = &[
    ("page", "page_number"),
    ("request", "request_value"),
    ("send", "send_now"),
    ("stream", "stream_value"),
    ("pages", "page_list"),
    ("start_at", "start_time"),
];

/// Plans one document.
pub(super) fn group(
    document: &Document,
    generation: Generation,
    overrides: &Overrides,
    reserved: BTreeSet<String>,
) -> Result<Group, String> {
    let naming = overrides
        .groups
        .get(&document.name)
        .cloned()
        .unwrap_or_default();
    let module = naming
        .module
        .clone()
        .unwrap_or_else(|| snake(&document.name));
    let mut taken = reserved;
    taken.extend([pascal(&module), format!("Company{}", pascal(&module))]);
    taken.extend(naming.name);
    taken.extend(naming.handle.into_iter().chain(naming.company_handle));
    taken.extend(overrides.ids.values().cloned());
    // Requests have the first choice of names.
    let mut requests = Vec::new();
    for (method, path, operation) in document.operations() {
        let key = format!("{method} {path}");
        let change = overrides.operations.get(&key);
        let hand = overrides.hand(&key, generation);
        let id = change.and_then(|change| change.id.as_deref());
        let id = id.or(operation.get("operationId").text()).unwrap_or(path);
        let mut request = pascal(id);
        if hand.is_none() {
            while !taken.insert(request.clone()) {
                request = format!("{}{request}", pascal(&method.to_lowercase()));
            }
        }
        requests.push(request);
    }
    let mut types = Types::new(document, overrides, taken);
    let mut operations = Vec::new();
    for ((method, path, operation), request) in document.operations().zip(requests) {
        let key = format!("{method} {path}");
        let mut planner = Planner {
            document,
            types: &mut types,
            overrides,
            change: overrides.operations.get(&key),
        };
        let planned = planner.operation(&method, path, operation, request, generation);
        operations.push(planned.map_err(|error| format!("{key}: {error}"))?);
    }
    let mut group = Group {
        generation,
        feature: naming.feature.unwrap_or_else(|| module.replace('_', "-")),
        title: naming
            .title
            .unwrap_or_else(|| capital(&phrase(&document.name))),
        document: document.name.clone(),
        module,
        operations,
        types: types.types,
        shared: std::collections::BTreeMap::new(),
    };
    mark_inputs(&mut group);
    drop_unused(&mut group);
    Ok(group)
}

struct Planner<'p, 'a> {
    document: &'a Document,
    types: &'p mut Types<'a>,
    overrides: &'a Overrides,
    change: Option<&'a Change>,
}

impl Planner<'_, '_> {
    fn operation(
        &mut self,
        method: &str,
        path: &str,
        operation: &Json,
        request: String,
        generation: Generation,
    ) -> Result<Operation, String> {
        let key = format!("{method} {path}");
        let slug = operation.get("operationId").text().unwrap_or_default();
        let id = self
            .change
            .and_then(|change| change.id.as_deref())
            .unwrap_or(slug);
        let hand = self.overrides.hand(&key, generation);
        let mut version = operation
            .get("parameters")
            .items()
            .iter()
            .find(|parameter| parameter.get("name").text() == Some("Version"))
            .and_then(|parameter| parameter.get("schema").get("enum").texts().first().copied())
            .map(str::to_owned);
        if version.is_none() && generation == Generation::V3 {
            version = Some("v3".to_owned());
        }
        let (mut tokens, mut scopes) = security(operation)?;
        if let Some(change) = self.change {
            if let Some(told) = &change.scopes {
                scopes.clone_from(told);
            }
            if change.without_token {
                tokens = vec!["NONE"];
            }
        }
        let mut planned = Operation {
            key,
            method: method.to_owned(),
            path: path.to_owned(),
            request,
            function: snake(id),
            slug: slug.to_owned(),
            version,
            scopes,
            tokens,
            deprecated: operation.get("deprecated").is_true(),
            idempotency: self.idempotency(method, path),
            values: Vec::new(),
            required: Vec::new(),
            constants: Vec::new(),
            preset: Vec::new(),
            optional: Vec::new(),
            needs: Vec::new(),
            response: Response::Untyped,
            envelope: self.change.and_then(|change| change.envelope.clone()),
            paging: None,
            hand: hand.map(str::to_owned),
        };
        if planned.hand.is_some() {
            planned.response = Response::Typed(Kind::Json);
            return Ok(planned);
        }
        self.values(&mut planned, operation)?;
        let mut fields = self.query(&planned.request, operation)?;
        fields.extend(self.body(&planned.request, operation)?);
        self.sort(&mut planned, fields);
        planned.response = self.response(&planned.request, operation)?;
        paging::find(&mut planned, &self.types.types, self.change);
        Ok(planned)
    }

    /// What is told, and otherwise: a PUT of no object in particular may create one each time.
    fn idempotency(&self, method: &str, path: &str) -> Option<String> {
        if let Some(told) = self.change.and_then(|change| change.idempotency.clone()) {
            return Some(told);
        }
        if self
            .overrides
            .safe_posts
            .contains(&format!("{method} {path}"))
        {
            return Some("safe".to_owned());
        }
        let of_one = path
            .split('{')
            .skip(1)
            .any(|value| !value.starts_with("locationId}") && !value.starts_with("companyId}"));
        (method == "PUT" && !of_one).then(|| "unsafe".to_owned())
    }

    /// The values of the path; the documents leave out some of them.
    fn values(&mut self, planned: &mut Operation, operation: &Json) -> Result<(), String> {
        let path = planned.path.clone();
        for wire in path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
        {
            let declared = operation
                .get("parameters")
                .items()
                .iter()
                .find(|parameter| {
                    parameter.get("in").text() == Some("path")
                        && parameter.get("name").text() == Some(wire)
                });
            let schema = declared
                .map(|parameter| parameter.get("schema").clone())
                .unwrap_or_default();
            let kind = self.types.kind(&schema, &planned.request, wire)?;
            let naming = self.overrides.groups.get(&self.document.name);
            let own = naming
                .and_then(|naming| naming.id.as_ref())
                .filter(|_| wire == "id");
            let kind = match (kind, own.or(self.overrides.ids.get(wire))) {
                (kind @ Kind::Named(_), _) => kind,
                (_, Some(id)) => Kind::Id(id.clone()),
                _ => Kind::Text,
            };
            planned.values.push(Field {
                place: Place::Path,
                name: snake(wire),
                wire: wire.to_owned(),
                aliases: Vec::new(),
                doc: field_doc(wire, &kind, &schema),
                is_required: true,
                facts: Vec::new(),
                kind,
            });
        }
        Ok(())
    }

    fn query(&mut self, owner: &str, operation: &Json) -> Result<Vec<(Field, bool)>, String> {
        let mut fields = Vec::new();
        for parameter in operation.get("parameters").items() {
            if parameter.get("in").text() != Some("query") {
                continue;
            }
            let wire = parameter
                .get("name")
                .text()
                .unwrap_or_default()
                .trim_end_matches("[]");
            let schema = parameter.get("schema");
            let kind = match self.types.kind(schema, owner, wire)? {
                // What is no list has one text in a query.
                Kind::Json | Kind::Map(_) => Kind::Text,
                Kind::Named(name) if self.is_object(&name) => Kind::Text,
                Kind::Named(name) if self.is_yes_or_no(&name) => Kind::Bool,
                Kind::List(item) if *item == Kind::Json => Kind::List(Box::new(Kind::Text)),
                // Examples of queries are at times those of another parameter.
                Kind::Text | Kind::Id(_) if schema.get("type").text() == Some("number") => {
                    if is_paging_number(wire) {
                        Kind::Whole
                    } else {
                        Kind::Number
                    }
                }
                kind if is_paging_number(wire) => {
                    drop(kind);
                    Kind::Whole
                }
                kind => kind,
            };
            let joined =
                matches!(kind, Kind::List(_)) && parameter.get("explode") == &Json::Bool(false);
            let field = Field {
                place: if joined { Place::Joined } else { Place::Query },
                name: snake(wire),
                wire: parameter.get("name").text().unwrap_or_default().to_owned(),
                aliases: Vec::new(),
                doc: field_doc(wire, &kind, schema),
                is_required: parameter.get("required").is_true(),
                facts: facts(schema),
                kind,
            };
            if !fields
                .iter()
                .any(|(known, _): &(Field, bool)| known.wire == field.wire)
            {
                fields.push((field, parameter.get("required").is_true()));
            }
        }
        Ok(fields)
    }

    fn is_object(&self, name: &str) -> bool {
        matches!(self.types.types.get(name), Some(Type::Object { .. }))
    }

    fn is_yes_or_no(&self, name: &str) -> bool {
        matches!(self.types.types.get(name), Some(Type::Enum { values, .. })
            if values.iter().all(|value| value == "true" || value == "false"))
    }

    fn body(&mut self, owner: &str, operation: &Json) -> Result<Vec<(Field, bool)>, String> {
        let contents = operation.get("requestBody").get("content").members();
        // JSON where there is a choice.
        let chosen = contents.iter().find(|(kind, _)| kind == "application/json");
        let Some((content_type, content)) = chosen.or(contents.first()) else {
            return Ok(Vec::new());
        };
        if !matches!(
            content_type.as_str(),
            "application/json" | "application/x-www-form-urlencoded"
        ) {
            return Err(format!(
                "a body of {content_type} wants a hand-written request"
            ));
        }
        let document = self.document;
        let (_, schema) = document.resolve(content.get("schema"))?;
        if self.types.properties(schema)?.is_some() {
            let place = match content_type.as_str() {
                "application/x-www-form-urlencoded" => Place::Form,
                _ => Place::Body,
            };
            return self.types.fields(schema, owner, place);
        }
        let kind = self.types.kind(schema, owner, "body")?;
        // A body of which nothing is said is sent as `{}` unless the caller knows more.
        let is_choice = |name| !schema.get(name).items().is_empty();
        let is_required = kind != Kind::Json || is_choice("oneOf") || is_choice("anyOf");
        let field = Field {
            place: Place::Whole,
            name: "body".to_owned(),
            wire: String::new(),
            aliases: Vec::new(),
            doc: "The whole body.".to_owned(),
            is_required,
            facts: Vec::new(),
            kind,
        };
        Ok(vec![(field, is_required)])
    }

    /// Tells what `new` takes from what is set by name.
    fn sort(&self, planned: &mut Operation, fields: Vec<(Field, bool)>) {
        let loose = self
            .change
            .map(|change| change.optional.as_slice())
            .unwrap_or_default();
        let mut required = Vec::new();
        for (mut field, is_required) in fields {
            let is_required = is_required && !loose.contains(&field.wire);
            if let Some((_, other)) = CALL.iter().find(|(name, _)| *name == field.name) {
                (*other).clone_into(&mut field.name);
            }
            // One name may stand in the path and in the body.
            while planned
                .values
                .iter()
                .chain(&required)
                .chain(&planned.optional)
                .any(|known| known.name == field.name)
            {
                field.name.push_str("_value");
            }
            if is_paging_number(&field.wire)
                && matches!(field.kind, Kind::Whole | Kind::Number | Kind::Text)
            {
                if (field.place, &field.kind) == (Place::Body, &Kind::Text) {
                    field.place = Place::BodyText;
                }
                field.kind = Kind::Whole;
                if is_required {
                    let first = match field.wire.as_str() {
                        "skip" | "offset" => "0",
                        "page" | "pageNumber" => "1",
                        _ => "20",
                    };
                    planned.preset.push((field, first.to_owned()));
                    continue;
                }
            }
            match self.constant(&field) {
                Some(value) if is_required => {
                    planned.constants.push((field.place, field.wire, value));
                }
                _ if is_required => required.push(field),
                _ => planned.optional.push(field),
            }
        }
        let positional = required.iter().filter(|field| !is_location(field)).count();
        if positional <= POSITIONAL {
            planned.required = required;
            return;
        }
        for field in required {
            if is_location(&field) || field.place == Place::Whole {
                planned.required.push(field);
            } else if matches!((&field.kind, field.place), (Kind::List(_), Place::Body)) {
                // An empty list is a value.
                planned.preset.push((field, "Vec::new()".to_owned()));
            } else {
                planned.needs.push(field.name.clone());
                planned.optional.push(field);
            }
        }
    }

    /// The only value that a field can have.
    fn constant(&self, field: &Field) -> Option<String> {
        let Kind::Named(name) = &field.kind else {
            return None;
        };
        match self.types.types.get(name) {
            Some(Type::Enum { values, .. }) if values.len() == 1 => values.first().cloned(),
            _ => None,
        }
    }

    fn response(&mut self, owner: &str, operation: &Json) -> Result<Response, String> {
        match self.change.and_then(|change| change.response.as_deref()) {
            Some("download") => return Ok(Response::Download),
            Some("untyped") => return Ok(Response::Untyped),
            Some(path) => return Ok(Response::Typed(Kind::Hand(path.to_owned()))),
            None => {}
        }
        for (status, response) in operation.get("responses").members() {
            if !status.starts_with('2') {
                continue;
            }
            let schema = response
                .get("content")
                .get("application/json")
                .get("schema");
            if schema.members().is_empty() {
                continue;
            }
            let kind = match self.types.kind(schema, owner, "response")? {
                // One value alone says little, and comes as it likes.
                Kind::Text | Kind::Bool | Kind::Whole | Kind::Number => Kind::Json,
                kind => kind,
            };
            return Ok(Response::Typed(kind));
        }
        Ok(Response::Untyped)
    }
}

/// Whether a field says which location is meant.
pub(super) fn is_location(field: &Field) -> bool {
    matches!(field.wire.as_str(), "locationId" | "location_id" | "altId")
}

fn is_paging_number(wire: &str) -> bool {
    matches!(
        wire,
        "skip" | "limit" | "offset" | "page" | "pageSize" | "pageNumber" | "pageLimit"
    )
}

/// The token classes and scopes.
fn security(operation: &Json) -> Result<(Vec<&'static str>, Vec<String>), String> {
    let mut tokens = Vec::new();
    let mut scopes: Vec<String> = Vec::new();
    for (scheme, needed) in operation
        .get("security")
        .items()
        .iter()
        .flat_map(Json::members)
    {
        let token = match scheme.as_str() {
            "bearer" | "Location-Access" => "LOCATION",
            "Location-Access-Only" => "LOCATION_OAUTH",
            "Agency-Access" => "COMPANY",
            "Agency-Access-Only" => "COMPANY_OAUTH",
            other => return Err(format!("a new security scheme {other}")),
        };
        if !tokens.contains(&token) {
            tokens.push(token);
        }
        for scope in needed.texts() {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    }
    for (all, some) in [("LOCATION", "LOCATION_OAUTH"), ("COMPANY", "COMPANY_OAUTH")] {
        if tokens.contains(&all) {
            tokens.retain(|token| *token != some);
        }
    }
    Ok((tokens, scopes))
}

/// Marks the objects that requests hold.
fn mark_inputs(group: &mut Group) {
    let mut open: Vec<String> = Vec::new();
    for operation in &group.operations {
        for field in operation.fields() {
            names(&field.kind, &mut open);
        }
    }
    while let Some(name) = open.pop() {
        if let Some(Type::Object { fields, input, .. }) = group.types.get_mut(&name)
            && !*input
        {
            *input = true;
            for field in fields {
                names(&field.kind, &mut open);
            }
        }
    }
}

/// Drops types that only constants and hand-written operations need.
fn drop_unused(group: &mut Group) {
    let mut open: Vec<String> = Vec::new();
    for operation in &group.operations {
        for field in operation.values.iter().chain(operation.fields()) {
            names(&field.kind, &mut open);
        }
        if let Response::Typed(kind) = &operation.response {
            names(kind, &mut open);
        }
    }
    let mut used = BTreeSet::new();
    while let Some(name) = open.pop() {
        if used.insert(name.clone())
            && let Some(Type::Object { fields, .. }) = group.types.get(&name)
        {
            for field in fields {
                names(&field.kind, &mut open);
            }
        }
    }
    group.types.retain(|name, _| used.contains(name));
}

/// The named types in a type.
pub(super) fn names(kind: &Kind, into: &mut Vec<String>) {
    match kind {
        Kind::Named(name) => into.push(name.clone()),
        Kind::List(inner) | Kind::Map(inner) => names(inner, into),
        _ => {}
    }
}
