use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::Value;
use url::form_urlencoded;

use super::{
    API,
    contacts::phone,
    journal::RequestRecord,
    operations::{Found, Members, Operation, Reply, find, text},
    state::World,
};
use crate::{
    common::{
        arrival::Arrival,
        body::SimBody,
        effect::{Effect, WriteRecord},
        serve::{Cut, Serve, never},
        spoil::{Honest, plain, spoil},
    },
    fault::{Fault, FaultPlan},
};

/// What every unknown path answers.
const PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><title>Aloware</title></head>\
                    <body><div id=\"app\"></div><script src=\"/js/app.js\"></script></body></html>";
const WRONG_METHOD: &str = "The method is not supported for this route.";
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=UTF-8";
const TOKEN: &str = "api_token";

/// What the handle and the server have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    faults: Mutex<FaultPlan>,
}

impl Shared {
    pub(crate) fn new(world: World, faults: FaultPlan) -> Self {
        Self {
            world: Mutex::new(world),
            faults: Mutex::new(faults),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serve for Shared {
    async fn exchange(
        self: Arc<Self>,
        cut: Arc<Cut>,
        request: Request<Incoming>,
    ) -> Response<SimBody> {
        let Some(arrival) = Arrival::read(request).await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
        };
        let below = arrival.path.strip_prefix(API).map(str::to_owned);
        let fault = self
            .faults()
            .decide(&arrival.method, below.as_deref().unwrap_or(&arrival.path));
        let sequence = self
            .world()
            .begin(&arrival, below.as_deref(), fault.as_ref());
        match &fault {
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::ResetBefore) => {
                // It stands in the journals, and nobody hears of it.
                let below = below.as_deref();
                let _unsaid = self.world().serve(&arrival, below, sequence, true);
                return never(&cut).await;
            }
            _ => {}
        }
        let held = fault.as_ref().is_some_and(Fault::prevents_effect);
        let answer = self
            .world()
            .serve(&arrival, below.as_deref(), sequence, held);
        match &fault {
            Some(Fault::ResetAfter) => return never(&cut).await,
            Some(Fault::DelayResponse(time)) => tokio::time::sleep(*time).await,
            _ => {}
        }
        let response = spoil(&answer, fault.as_ref(), cut);
        self.world().end(sequence, response.status().as_u16());
        response
    }
}

/// What is wrong with a request before its handler sees it.
enum Stop {
    Page,
    Reply(Reply),
    /// For this long.
    Throttled(Duration),
}

impl World {
    fn begin(&mut self, arrival: &Arrival, below: Option<&str>, fault: Option<&Fault>) -> usize {
        let sequence = self.journal.len();
        self.journal.push(RequestRecord {
            sequence,
            at: self.now(),
            method: arrival.method.clone(),
            path: below.unwrap_or(&arrival.path).to_owned(),
            operation: None,
            authorized: false,
            status: None,
            fault: fault.map(Fault::kind),
        });
        self.stats.requests += 1;
        self.stats.faults += u64::from(fault.is_some());
        sequence
    }

    fn end(&mut self, sequence: usize, status: u16) {
        if let Some(record) = self.journal.get_mut(sequence) {
            record.status = Some(status);
        }
        let write = self.writes.iter_mut().rev();
        for write in write.take(64).filter(|write| write.sequence == sequence) {
            write.status = Some(status);
        }
    }

    /// Answers one request. With `held` it is identified and counted, but has no effect.
    fn serve(
        &mut self,
        arrival: &Arrival,
        below: Option<&str>,
        sequence: usize,
        held: bool,
    ) -> Honest {
        let found = match below {
            Some(path) => find(&arrival.method, path),
            None => Found::Nothing,
        };
        let operation = match &found {
            Found::Operation(operation) => Some(*operation),
            _ => None,
        };
        if let Some(record) = self.journal.get_mut(sequence) {
            record.operation = operation.map(|operation| operation.name);
        }
        let mut headers = Vec::new();
        let answer = self
            .members(arrival, &found)
            .and_then(|members| self.authorize(members, sequence));
        let reply = match (answer, operation) {
            (Err(Stop::Page), _) => {
                // What is not a GET has no page to fall back to.
                if arrival.method == "GET" {
                    self.stats.pages += 1;
                    return page(200, PAGE);
                }
                return page(405, WRONG_METHOD);
            }
            (Err(Stop::Throttled(wait)), _) => {
                self.stats.throttled += 1;
                let seconds = wait.as_millis().div_ceil(1000).max(1);
                headers.push(("retry-after", seconds.to_string()));
                Reply::message(429, "Too Many Attempts.")
            }
            (Err(Stop::Reply(reply)), _) => reply,
            (Ok(_), None) => Reply::message(404, "Not Found"),
            (Ok(members), Some(_)) if held => {
                // Nothing happens to it, and the journal says to whom it was meant to.
                let contact = self.meant(&members);
                Reply::new(200, Value::Null).wrote(contact, Effect::None)
            }
            (Ok(members), Some(operation)) => (operation.handler)(self, &members),
        };
        if reply.status == 401 && !held {
            self.stats.refused += 1;
        }
        if let Some(operation) = operation.filter(|operation| operation.method == "POST") {
            self.note(arrival, operation, sequence, held, &reply);
        }
        Honest {
            status: reply.status,
            content_type: JSON,
            headers,
            body: match reply.body {
                Value::Null => Bytes::new(),
                body => Bytes::from(body.to_string()),
            },
            throttled: r#"{"message":"Too Many Attempts."}"#,
        }
    }

    /// What the request says: the query of a GET, the JSON body of a POST.
    fn members(&mut self, arrival: &Arrival, found: &Found) -> Result<Members, Stop> {
        match found {
            Found::Nothing => return Err(Stop::Page),
            Found::WrongMethod => {
                return Err(Stop::Reply(Reply::message(405, WRONG_METHOD)));
            }
            Found::Operation(_) => {}
        }
        self.arrive().map_err(Stop::Throttled)?;
        if arrival.method == "GET" {
            let pairs = form_urlencoded::parse(arrival.query.as_bytes());
            let pairs = pairs.map(|(name, value)| (name.into_owned(), Value::from(&*value)));
            return Ok(pairs.collect());
        }
        let kind = arrival.header(header::CONTENT_TYPE.as_str());
        let json = kind.is_some_and(|kind| kind.starts_with(JSON));
        let body = serde_json::from_slice(&arrival.body).ok().filter(|_| json);
        match body {
            Some(Value::Object(members)) => Ok(members),
            // Nothing of it is read, and so not the token.
            _ => Ok(Members::new()),
        }
    }

    /// The token in the query of a GET, in the body of a POST, and nowhere else.
    fn authorize(&mut self, mut members: Members, sequence: usize) -> Result<Members, Stop> {
        let token = members.remove(TOKEN);
        let token = token.as_ref().and_then(Value::as_str);
        let valid = token.and_then(|token| self.tokens.get(token)) == Some(&true);
        if let Some(record) = self.journal.get_mut(sequence) {
            record.authorized = valid;
        }
        match valid {
            true => Ok(members),
            false => Err(Stop::Reply(Reply::message(401, "Unauthenticated."))),
        }
    }

    /// The contact that a request names.
    fn meant(&self, members: &Members) -> Option<u64> {
        let id = text(members, "contact_id").and_then(|id| id.parse().ok());
        let number = || text(members, "phone_number").and_then(|number| phone(&number));
        id.or_else(|| self.contact_with(&number()?))
    }

    fn note(
        &mut self,
        arrival: &Arrival,
        operation: &'static Operation,
        sequence: usize,
        held: bool,
        reply: &Reply,
    ) {
        let (contact, effect) = match &reply.wrote {
            Some((contact, effect)) => (contact.clone(), *effect),
            None => (None, Effect::None),
        };
        let applied = effect != Effect::None && !held;
        if applied {
            *self.stats.writes.entry(operation.name).or_default() += 1;
        }
        let fault = self.journal.get(sequence).and_then(|record| record.fault);
        self.writes.push(WriteRecord {
            sequence,
            at: self.now(),
            operation: operation.name,
            location: None,
            contact,
            status: None,
            effect,
            fingerprint: arrival.fingerprint(),
            fault,
        });
    }
}

fn page(status: u16, text: &'static str) -> Honest {
    Honest {
        status,
        content_type: HTML,
        headers: Vec::new(),
        body: Bytes::from_static(text.as_bytes()),
        throttled: r#"{"message":"Too Many Attempts."}"#,
    }
}
