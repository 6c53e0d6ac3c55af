#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{
    auth::Caller,
    error::Refusal,
    journal::Effect,
    schema::Field,
    state::World,
    {
        calendars, contacts, conversations, events, locations, messages, notes, oauth, search,
        users,
    },
};

/// Which credentials an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// No credential.
    Open,
    /// A sub-account's, private or OAuth.
    SubAccount,
    /// An agency's or a sub-account's.
    Either,
    /// An agency's OAuth token; private tokens are not accepted.
    AgencyApp,
}

/// Under which `Version` headers a path exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    Always,
    DatesOnly,
    NamedOnly,
}

/// How the query is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Query {
    /// Not validated: unknown parameters pass.
    Lenient,
    /// Validated: unknown parameters are refused.
    Strict(&'static [Field]),
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Form,
    /// A form; JSON too under a named version.
    FormOrNamedJson,
}

pub(crate) type Handler = fn(&mut World, &Call) -> Result<Reply, Refusal>;

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) scope: &'static str,
    pub(crate) since: Since,
    pub(crate) query: Query,
    pub(crate) encoding: Encoding,
    pub(crate) body: Option<&'static [Field]>,
    pub(crate) handler: Handler,
}

impl Operation {
    /// A read of a sub-account's data; the builder methods change what differs.
    pub(crate) const fn get(
        name: &'static str,
        path: &'static str,
        scope: &'static str,
        handler: Handler,
    ) -> Self {
        Self {
            name,
            method: "GET",
            path,
            access: Access::SubAccount,
            scope,
            since: Since::Always,
            query: Query::Lenient,
            encoding: Encoding::Json,
            body: None,
            handler,
        }
    }

    /// A request with a validated JSON body.
    pub(crate) const fn send(
        method: &'static str,
        name: &'static str,
        path: &'static str,
        scope: &'static str,
        body: &'static [Field],
        handler: Handler,
    ) -> Self {
        let mut operation = Self::get(name, path, scope, handler);
        operation.method = method;
        operation.body = Some(body);
        operation
    }

    pub(crate) const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    pub(crate) const fn query(mut self, fields: &'static [Field]) -> Self {
        self.query = Query::Strict(fields);
        self
    }

    pub(crate) const fn since(mut self, since: Since) -> Self {
        self.since = since;
        self
    }

    pub(crate) const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Whether it changes anything. Reads by POST are named as such.
    pub(crate) fn writes(&self) -> bool {
        self.method != "GET" && self.name != "contacts.search" && self.name != "oauth.token"
    }
}

impl Operation {
    /// What it does when its handler says nothing more exact.
    pub(crate) fn effect(&self) -> Effect {
        match self.method {
            "POST" => Effect::Created,
            "DELETE" => Effect::Deleted,
            _ => Effect::Changed,
        }
    }
}

/// One request on its way to a handler.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Map<String, Value>,
    /// `Version: v3`, as opposed to a date.
    pub(crate) named_version: bool,
    pub(crate) caller: Option<Caller>,
}

impl Call {
    pub(crate) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.query(name).and_then(|text| text.parse().ok())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// The location that a validated query or body names.
    pub(crate) fn location(&self) -> &str {
        self.query("locationId")
            .or_else(|| self.text("locationId"))
            .unwrap_or("")
    }

    /// Refuses a caller without access to where something was found.
    pub(crate) fn check(&self, world: &World, location: &str) -> Result<(), Refusal> {
        match &self.caller {
            Some(caller) => world.check_location(caller, location),
            None => Ok(()),
        }
    }
}

/// A success.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The contact that was written, and what was done to it.
    pub(crate) wrote: Option<(String, Effect)>,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Result<Self, Refusal> {
        Ok(Self {
            status: 200,
            body,
            wrote: None,
        })
    }

    pub(crate) fn created(body: Value) -> Result<Self, Refusal> {
        Ok(Self {
            status: 201,
            body,
            wrote: None,
        })
    }

    pub(crate) fn wrote(mut self, contact: &str, effect: Effect) -> Self {
        self.wrote = Some((contact.to_owned(), effect));
        self
    }
}

/// All operations.
fn operations() -> impl Iterator<Item = &'static Operation> {
    let tables: [&[Operation]; 10] = [
        oauth::OPERATIONS,
        search::OPERATIONS,
        contacts::OPERATIONS,
        notes::OPERATIONS,
        messages::OPERATIONS,
        conversations::OPERATIONS,
        events::OPERATIONS,
        calendars::OPERATIONS,
        locations::OPERATIONS,
        users::OPERATIONS,
    ];
    tables.into_iter().flatten()
}

/// The operation of this name.
pub(crate) fn named(name: &str) -> Option<&'static Operation> {
    operations().find(|operation| operation.name == name)
}

/// The path's operation and its parameters. Literal segments stand before parameters in the
/// tables, so that the first match is the right one.
pub(crate) fn find(
    method: &str,
    path: &str,
    named_version: bool,
) -> Option<(&'static Operation, Vec<(&'static str, String)>)> {
    operations()
        .filter(|operation| operation.method == method)
        .filter(|operation| match operation.since {
            Since::Always => true,
            Since::DatesOnly => !named_version,
            Since::NamedOnly => named_version,
        })
        .find_map(|operation| Some((operation, params(operation.path, path)?)))
}

fn params(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    let mut given = path.trim_matches('/').split('/');
    for wanted in template.trim_matches('/').split('/') {
        let segment = given.next()?;
        if let Some(name) = wanted.strip_prefix('{') {
            let value = percent_decode_str(segment).decode_utf8().ok()?;
            if value.is_empty() {
                return None;
            }
            found.push((name.trim_end_matches('}'), value.into_owned()));
        } else if wanted != segment {
            return None;
        }
    }
    given.next().is_none().then_some(found)
}
