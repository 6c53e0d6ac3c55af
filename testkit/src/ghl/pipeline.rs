use http::header;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{
    auth::Caller,
    error::Refusal,
    journal::{Effect, TokenClass},
    limit::{Key, Verdict},
    route::{self, Access, Call, Encoding, Operation, Query, Reply},
    schema,
    state::World,
};
use crate::common::arrival::Arrival;

const VERSIONS: [&str; 4] = ["2021-04-15", "2021-07-28", "2023-02-21", "v3"];

/// What the simulator answers, before any fault spoils it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
    pub(crate) operation: Option<&'static str>,
    pub(crate) token: TokenClass,
    pub(crate) location: Option<String>,
    pub(crate) applied: bool,
    /// The budget that it arrived at, and whether there was room.
    pub(crate) budget: Option<(Key, bool)>,
    /// Of a request that may change something: which contact, and what became of it.
    pub(crate) write: Option<(Option<String>, Effect)>,
}

impl Arrival {
    pub(crate) fn version(&self) -> Option<&str> {
        self.header("version")
    }
}

impl World {
    /// Answers one request. With `held` it is identified and counted, but has no effect: a fault
    /// stands between it and the application.
    pub(crate) fn serve(&mut self, arrival: &Arrival, held: bool) -> Answer {
        let caller = self.identify(arrival.header("authorization"));
        let named = arrival.version() == Some("v3");
        let found = route::find(&arrival.method, &arrival.path, named);
        let operation = found.as_ref().map(|(operation, _)| *operation);
        let open = operation.is_some_and(|operation| operation.access == Access::Open);
        let verdict = match &caller {
            Ok(caller) if !open => Some(self.limiter.arrive(&caller.budget())),
            _ => None,
        };
        let named_contact = found.as_ref().and_then(|(_, params)| {
            let named = params.iter().find(|(name, _)| *name == "contactId");
            named.map(|(_, id)| id.clone())
        });
        let result = self.answer(arrival, found, &caller, verdict.as_ref(), held);
        let applied = result.is_ok() && !held;
        let writes = operation.is_some_and(Operation::writes);
        if let Some(operation) = operation.filter(|_| applied) {
            let counts = if writes {
                &mut self.stats.writes
            } else {
                &mut self.stats.reads
            };
            *counts.entry(operation.name).or_default() += 1;
        }
        let write = operation.filter(|_| writes).map(|operation| {
            let wrote = result.as_ref().ok().and_then(|reply| reply.wrote.clone());
            let (contact, effect) = match wrote {
                Some((contact, effect)) => (Some(contact), effect),
                None => (named_contact, operation.effect()),
            };
            (contact, if applied { effect } else { Effect::None })
        });
        let (status, mut body) = match result {
            Ok(reply) => (reply.status, reply.body),
            Err(refusal) => (refusal.status, Value::Object(refusal.body)),
        };
        if matches!(status, 401 | 403) && !held {
            self.stats.refused += 1;
        }
        if let Value::Object(body) = &mut body {
            body.insert("traceId".to_owned(), Value::String(self.ids.uuid()));
        }
        let caller = caller.ok();
        let budget = caller.as_ref().zip(verdict.as_ref());
        let budget = budget.map(|(caller, verdict)| (caller.budget(), verdict.allowed));
        Answer {
            status,
            headers: self.limiter.headers(verdict.as_ref()),
            body,
            operation: operation.map(|operation| operation.name),
            token: caller.as_ref().map_or(TokenClass::None, |c| c.class),
            location: caller.and_then(|caller| caller.location),
            applied,
            budget,
            write,
        }
    }

    fn answer(
        &mut self,
        arrival: &Arrival,
        found: Option<(&'static Operation, Vec<(&'static str, String)>)>,
        caller: &Result<Caller, Refusal>,
        verdict: Option<&Verdict>,
        held: bool,
    ) -> Result<Reply, Refusal> {
        if verdict.is_some_and(|verdict| !verdict.allowed) {
            // Under a fault it is not the limiter's 429 that goes out.
            self.stats.throttled += u64::from(!held);
            return Err(Refusal::throttled());
        }
        let open = found
            .as_ref()
            .is_some_and(|(o, _)| o.access == Access::Open);
        match arrival.version() {
            Some(version) if !VERSIONS.contains(&version) => {
                return Err(Refusal::bad_version(version));
            }
            None if !open => return Err(Refusal::no_version()),
            _ => {}
        }
        let (operation, params) = found.ok_or_else(|| {
            Refusal::not_found(format!("Cannot {} {}", arrival.method, arrival.path))
        })?;
        let mut call = Call {
            params,
            query: form_urlencoded::parse(arrival.query.as_bytes())
                .into_owned()
                .collect(),
            body: read_body(arrival, operation)?,
            named_version: arrival.version() == Some("v3"),
            caller: None,
        };
        if !open {
            let caller = caller.as_ref().map_err(Clone::clone)?;
            let named = [
                call.query("locationId"),
                call.text("locationId"),
                Some(call.param("locationId")),
            ];
            // The token exchange names the location that it wants, not the one it has.
            let named = named
                .into_iter()
                .flatten()
                .filter(|id| !id.is_empty() && operation.access != Access::AgencyApp);
            self.authorize(caller, operation, named)?;
            call.caller = Some(caller.clone());
        }
        let mut problems = match operation.query {
            Query::Strict(fields) => schema::check_query(fields, &call.query),
            Query::Lenient => Vec::new(),
        };
        if let Some(fields) = operation.body {
            problems.extend(schema::check_body(fields, &call.body));
        }
        if !problems.is_empty() {
            return Err(Refusal::unprocessable(&problems));
        }
        if held {
            return Reply::ok(Value::Null);
        }
        (operation.handler)(self, &call)
    }
}

fn read_body(arrival: &Arrival, operation: &Operation) -> Result<Map<String, Value>, Refusal> {
    let kind = arrival.header(header::CONTENT_TYPE.as_str()).unwrap_or("");
    let is_json = kind.starts_with("application/json");
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let json = match operation.encoding {
        Encoding::Json => is_json,
        Encoding::Form => false,
        Encoding::FormOrNamedJson => is_json && arrival.version() == Some("v3"),
    };
    if json && !arrival.body.is_empty() {
        return match serde_json::from_slice(&arrival.body) {
            Ok(Value::Object(body)) => Ok(body),
            Ok(_) => Err(Refusal::bad_request(
                "Unexpected token in JSON at position 0",
            )),
            Err(error) => Err(Refusal::bad_request(format!(
                "Unexpected token in JSON at position {}",
                error.column().saturating_sub(1)
            ))),
        };
    }
    if is_form && operation.encoding != Encoding::Json {
        return Ok(form_urlencoded::parse(&arrival.body)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect());
    }
    // A body of another type is not parsed: the validator then misses every property.
    Ok(Map::new())
}
