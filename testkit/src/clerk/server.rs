use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::state::World;
use crate::{
    common::{
        arrival::Arrival,
        body::SimBody,
        serve::{Cut, Serve, never},
        spoil::{Honest, spoil},
    },
    fault::{Fault, FaultPlan},
};

const THROTTLED: &str = r#"{"errors":[{"code":"too_many_requests","message":"Too many requests. Please try again in a bit."}]}"#;

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

    pub(crate) fn accepts(&self, token: &str) -> Option<Value> {
        self.world().accepts(token)
    }
}

impl Serve for Shared {
    async fn exchange(
        self: Arc<Self>,
        cut: Arc<Cut>,
        request: Request<Incoming>,
    ) -> Response<SimBody> {
        let Some(arrival) = Arrival::read(request).await else {
            return spoil(&answer(413, &refusal("payload_too_large")), None, cut);
        };
        let fault = self.faults().decide(&arrival.method, &arrival.path);
        self.world().stats.requests += 1;
        match &fault {
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::ResetBefore) => return never(&cut).await,
            _ => {}
        }
        let held = fault.as_ref().is_some_and(Fault::prevents_effect);
        let honest = match held {
            true => answer(200, &json!({})),
            false => serve(&mut self.world(), &arrival),
        };
        match &fault {
            Some(Fault::ResetAfter) => return never(&cut).await,
            Some(Fault::DelayResponse(time)) => tokio::time::sleep(*time).await,
            _ => {}
        }
        spoil(&honest, fault.as_ref(), cut)
    }
}

fn answer(status: u16, body: &Value) -> Honest {
    Honest {
        status,
        content_type: "application/json",
        headers: Vec::new(),
        body: Bytes::from(body.to_string()),
        throttled: THROTTLED,
    }
}

fn refusal(code: &str) -> Value {
    json!({"errors": [{"code": code, "message": code, "long_message": code, "meta": {}}], "clerk_trace_id": "made-up-trace"})
}

fn serve(world: &mut World, arrival: &Arrival) -> Honest {
    let segments: Vec<&str> = arrival.path.trim_matches('/').split('/').collect();
    if let ("GET", [".well-known", "jwks.json"]) = (arrival.method.as_str(), &segments[..]) {
        return key_set(world);
    }
    let expected = format!("Bearer {}", world.secret_key);
    if arrival.header("authorization") != Some(expected.as_str()) {
        world.stats.refused += 1;
        return answer(401, &refusal("authentication_invalid"));
    }
    let body: Value = match arrival.body.is_empty() {
        true => json!({}),
        false => match serde_json::from_slice(&arrival.body) {
            Ok(body @ Value::Object(_)) => body,
            _ => return answer(400, &refusal("request_body_invalid")),
        },
    };
    match (arrival.method.as_str(), &segments[..]) {
        ("GET", ["v1", "jwks"]) => key_set(world),
        ("GET", ["v1", "sessions"]) => sessions(world, &arrival.query),
        ("POST", ["v1", "sessions", session, "tokens"]) => token(world, session, None, &body),
        ("POST", ["v1", "sessions", session, "tokens", template]) => {
            token(world, session, Some(template), &body)
        }
        ("POST", ["v1", "m2m_tokens"]) => machine(world, &body),
        ("POST", ["v1", "m2m_tokens", "verify"]) => verify(world, &body),
        _ => answer(404, &refusal("resource_not_found")),
    }
}

fn key_set(world: &mut World) -> Honest {
    world.stats.key_sets += 1;
    let keys: Vec<_> = world.keys.iter().map(|key| key.jwk()).collect();
    answer(200, &json!({ "keys": keys }))
}

fn sessions(world: &World, query: &str) -> Honest {
    let filter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let Some(user) = filter("user_id") else {
        return answer(422, &refusal("form_param_missing"));
    };
    let status = filter("status");
    // The newest first.
    let found = world.sessions.iter().rev().filter(|session| {
        session.user == user
            && status
                .as_ref()
                .is_none_or(|status| status == session.status)
    });
    let found: Vec<_> = found
        .map(|session| {
            json!({"object": "session", "id": session.id, "user_id": session.user, "client_id": "client_made_up",
                "status": session.status, "created_at": session.created * 1000})
        })
        .collect();
    answer(200, &json!(found))
}

fn token(world: &mut World, session: &str, template: Option<&str>, body: &Value) -> Honest {
    let lifetime = match &body["expires_in_seconds"] {
        Value::Null => None,
        seconds => match seconds.as_u64() {
            Some(seconds @ 30..=315_360_000) => Some(seconds),
            _ => return answer(422, &refusal("form_param_value_invalid")),
        },
    };
    match world.mint(session, template, lifetime) {
        Some(jwt) => {
            world.stats.session_tokens += 1;
            answer(200, &json!({"object": "token", "jwt": jwt}))
        }
        None => answer(404, &refusal("resource_not_found")),
    }
}

fn machine(world: &mut World, body: &Value) -> Honest {
    let number = world.next();
    let now = world.now();
    let expiration = match &body["seconds_until_expiration"] {
        Value::Null => Value::Null,
        seconds => match seconds.as_i64() {
            Some(seconds) if seconds > 0 => json!((now + seconds) * 1000),
            _ => return answer(422, &refusal("form_param_value_invalid")),
        },
    };
    let token = format!("mt_secret_{number}_{:016x}", fastrand::u64(..));
    let record = json!({"object": "machine_to_machine_token", "id": format!("mt_{number}"), "subject": "mch_made_up",
        "scopes": [], "claims": body["claims"], "revoked": false, "revocation_reason": null, "expired": false,
        "expiration": expiration, "created_at": now * 1000, "updated_at": now * 1000});
    world.machines.insert(token.clone(), record.clone());
    world.stats.machine_tokens += 1;
    let mut created = record;
    created["token"] = json!(token);
    answer(200, &created)
}

fn verify(world: &World, body: &Value) -> Honest {
    let known = body["token"]
        .as_str()
        .and_then(|token| world.machines.get(token));
    let Some(record) = known else {
        return answer(404, &refusal("m2m_token_not_found"));
    };
    let mut record = record.clone();
    let over = record["expiration"]
        .as_i64()
        .is_some_and(|end| end <= world.now() * 1000);
    record["expired"] = json!(over);
    answer(200, &record)
}
