use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::SEND_MESSAGE;
use super::catalogue::Access;
use super::state::{RequestRecord, World};
use crate::{
    common::{
        arrival::Arrival,
        body::SimBody,
        effect::{Effect, WriteRecord},
        serve::{Cut, Serve, never},
        spoil::{Honest, spoil},
    },
    fault::{Fault, FaultPlan},
};

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

/// What is answered, and what it did.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    body: Value,
    write: Option<(&'static str, Effect)>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            write: None,
        }
    }

    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, json!({"success": false, "error": message}))
    }

    pub(crate) fn wrote(mut self, operation: &'static str, effect: Effect) -> Self {
        self.write = Some((operation, effect));
        self
    }
}

impl Serve for Shared {
    async fn exchange(
        self: Arc<Self>,
        cut: Arc<Cut>,
        request: Request<Incoming>,
    ) -> Response<SimBody> {
        let Some(arrival) = Arrival::read(request).await else {
            let refusal = Answer::refusal(413, "Payload Too Large");
            return spoil(&honest(&refusal), None, cut);
        };
        let fault = self.faults().decide(&arrival.method, &arrival.path);
        let sequence = self.world().begin(&arrival, fault.as_ref());
        match &fault {
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::ResetBefore) => {
                self.world().keep_back(&arrival, fault.as_ref());
                return never(&cut).await;
            }
            _ => {}
        }
        let held = fault.as_ref().is_some_and(Fault::prevents_effect);
        let answer = self
            .world()
            .answer(&arrival, held, sequence, fault.as_ref());
        match &fault {
            Some(Fault::ResetAfter) => return never(&cut).await,
            Some(Fault::DelayResponse(time)) => tokio::time::sleep(*time).await,
            _ => {}
        }
        let response = spoil(&honest(&answer), fault.as_ref(), cut);
        let status = Some(response.status().as_u16());
        let mut world = self.world();
        if let Some(record) = world.journal.get_mut(sequence) {
            record.status = status;
        }
        let mut writes = world.writes.iter_mut().rev();
        if let Some(write) = writes.find(|write| write.sequence == sequence) {
            write.status = status;
        }
        response
    }
}

fn honest(answer: &Answer) -> Honest {
    Honest {
        status: answer.status,
        content_type: "application/json",
        headers: Vec::new(),
        body: Bytes::from(answer.body.to_string()),
        throttled: r#"{"success":false,"error":"Too many requests"}"#,
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Service,
    User { admin: bool },
}

impl World {
    fn begin(&mut self, arrival: &Arrival, fault: Option<&Fault>) -> usize {
        let sequence = self.journal.len();
        self.journal.push(RequestRecord {
            sequence,
            at: self.clock.now(),
            method: arrival.method.clone(),
            path: arrival.path.clone(),
            status: None,
            fault: fault.map(Fault::kind),
        });
        self.stats.requests += 1;
        self.stats.faults += u64::from(fault.is_some());
        sequence
    }

    fn answer(
        &mut self,
        arrival: &Arrival,
        held: bool,
        sequence: usize,
        fault: Option<&Fault>,
    ) -> Answer {
        let mut answer = match held {
            true => {
                self.keep_back(arrival, fault);
                Answer::json(200, Value::Null)
            }
            false => self.serve(arrival),
        };
        self.stats.refused += u64::from(matches!(answer.status, 401 | 403));
        let write = answer.write.take();
        if write.is_some() || arrival.method != "GET" {
            let (operation, effect) = write.unwrap_or(("refused", Effect::None));
            self.writes.push(WriteRecord {
                sequence,
                at: self.clock.now(),
                operation,
                location: None,
                contact: None,
                status: None,
                effect,
                fingerprint: arrival.fingerprint(),
                fault: fault.map(Fault::kind),
            });
        }
        answer
    }

    /// Notes a text that is not taken, and whose sender cannot know that.
    fn keep_back(&mut self, arrival: &Arrival, fault: Option<&Fault>) {
        let told = matches!(fault, Some(Fault::TooManyRequests { .. }));
        let body: Option<Value> = serde_json::from_slice(&arrival.body).ok();
        if let (SEND_MESSAGE, false, Some(body)) = (arrival.path.as_str(), told, body) {
            self.struck.push(body);
        }
    }

    fn who(&self, arrival: &Arrival) -> Who {
        let header = arrival.header("authorization").unwrap_or_default();
        let Some(token) = header.strip_prefix("Bearer ") else {
            return Who::Nobody;
        };
        if token == self.service_key && self.key_works {
            return Who::Service;
        }
        let claims = self.tokens.as_ref().and_then(|tokens| tokens.claims(token));
        // A token without a session is no user's.
        match claims.filter(|claims| claims["sid"].is_string()) {
            Some(claims) => Who::User {
                admin: claims["admin"] == true,
            },
            None => Who::Nobody,
        }
    }

    fn serve(&mut self, arrival: &Arrival) -> Answer {
        let who = self.who(arrival);
        let method = arrival.method.as_str();
        let body = match arrival.body.is_empty() {
            true => Some(Value::Null),
            false => serde_json::from_slice(&arrival.body).ok(),
        };
        let unauthorized = || Answer::refusal(401, "Unauthorized");
        if arrival.path == SEND_MESSAGE {
            return match (method, who, body) {
                ("POST", Who::Service, Some(body)) => self.send_message(&body),
                ("POST", Who::Service, None) => Answer::refusal(400, "Invalid JSON"),
                ("POST", _, _) => unauthorized(),
                _ => Answer::refusal(405, "Method not allowed"),
            };
        }
        if arrival.path == "/api/health" && method == "GET" {
            return Answer::json(200, json!({"status": "ok"}));
        }
        let segments: Vec<&str> = arrival.path.trim_start_matches('/').split('/').collect();
        let listed = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.is_at(&segments));
        let listed = listed.max_by_key(|endpoint| endpoint.fixed());
        let access = listed.map_or(Access::User, |endpoint| endpoint.access);
        let takes = listed.map(|endpoint| endpoint.takes(method));
        let admin = who == Who::User { admin: true };
        match (access, who) {
            (Access::Anyone, _) | (Access::User, Who::User { .. }) => {}
            (Access::Admin, Who::User { .. }) if admin => {}
            (Access::Admin, Who::User { .. }) => return Answer::refusal(403, "Forbidden"),
            _ => return unauthorized(),
        }
        let Some(body) = body else {
            return Answer::refusal(400, "Invalid JSON");
        };
        if let Some(answer) = self.comms(method, &segments, &body, admin) {
            return answer;
        }
        match takes {
            Some(true) => {
                let asked = json!({"method": method, "path": arrival.path, "query": arrival.query, "body": body});
                let answer = Answer::json(200, json!({"success": true, "data": asked}));
                match method {
                    "GET" => answer,
                    "DELETE" => answer.wrote("catalogue", Effect::Deleted),
                    _ => answer.wrote("catalogue", Effect::Changed),
                }
            }
            Some(false) => Answer::refusal(405, "Method not allowed"),
            None => Answer::refusal(404, "Not found"),
        }
    }
}
