use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::Value;

use super::{
    disk::Exchange,
    journal::{RequestRecord, WriteRecord},
    pipeline::Answer,
    state::World,
};
use crate::{
    common::{
        arrival::Arrival,
        body::SimBody,
        serve::{Cut, Serve, never},
        spoil::{Honest, plain, spoil},
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

    pub(crate) fn world(&self) -> Held<'_> {
        Held(self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The world, held. What changed meanwhile is written down before it is let go.
#[derive(Debug)]
pub(crate) struct Held<'w>(MutexGuard<'w, World>);

impl Deref for Held<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.0
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.persist();
        }
    }
}

impl Serve for Shared {
    async fn exchange(
        self: Arc<Self>,
        cut: Arc<Cut>,
        request: Request<Incoming>,
    ) -> Response<SimBody> {
        exchange(self, cut, request).await
    }
}

async fn exchange(
    shared: Arc<Shared>,
    cut: Arc<Cut>,
    request: Request<Incoming>,
) -> Response<SimBody> {
    let Some(arrival) = Arrival::read(request).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
    };
    let fault = shared.faults().decide(&arrival.method, &arrival.path);
    let sequence = begin(&mut shared.world(), &arrival, fault.as_ref());
    let (at, kind) = (shared.world().now(), fault.as_ref().map(Fault::kind));
    match &fault {
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::ResetBefore) => return never(&cut).await,
        _ => {}
    }
    let held = fault.as_ref().is_some_and(Fault::prevents_effect);
    let answer = {
        let mut world = shared.world();
        let mut answer = world.serve(&arrival, held);
        let write = answer.write.take().map(|(contact, effect)| {
            let at_most = world.writes.len();
            world.writes.push(WriteRecord {
                sequence,
                at,
                operation: answer.operation.unwrap_or_default(),
                location: answer.location.clone(),
                contact,
                status: None,
                effect,
                fingerprint: arrival.fingerprint(),
                fault: kind,
            });
            at_most
        });
        if let Some(record) = world.journal.get_mut(sequence) {
            record.operation = answer.operation;
            record.token = answer.token;
            record.location.clone_from(&answer.location);
            record.applied = answer.applied;
            record.write = write;
        }
        world.keep_exchange(Exchange {
            sequence,
            status: answer.status,
            held,
            budget: answer.budget.take(),
        });
        answer
    };
    match &fault {
        Some(Fault::ResetAfter) => return never(&cut).await,
        Some(Fault::DelayResponse(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let response = spoil(&honest(answer), fault.as_ref(), cut);
    let mut world = shared.world();
    let status = Some(response.status().as_u16());
    if let Some(record) = world.journal.get_mut(sequence) {
        record.status = status;
        let write = record.write;
        if let Some(write) = write.and_then(|at| world.writes.get_mut(at)) {
            write.status = status;
        }
    }
    response
}

fn begin(world: &mut World, arrival: &Arrival, fault: Option<&Fault>) -> usize {
    let sequence = world.journal.len();
    let record = RequestRecord {
        sequence,
        at: world.now(),
        method: arrival.method.clone(),
        path: arrival.path.clone(),
        query: arrival.query.clone(),
        version: arrival.version().map(str::to_owned),
        operation: None,
        token: super::journal::TokenClass::None,
        location: None,
        status: None,
        applied: false,
        fault: fault.map(Fault::kind),
        write: None,
    };
    world.journal.push(record);
    world.stats.requests += 1;
    world.stats.faults += u64::from(fault.is_some());
    sequence
}

fn honest(answer: Answer) -> Honest {
    Honest {
        status: answer.status,
        content_type: "application/json; charset=utf-8",
        headers: answer.headers,
        body: match answer.body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        },
        throttled: r#"{"statusCode":429,"message":"Too Many Requests"}"#,
    }
}
