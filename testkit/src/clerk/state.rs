use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use super::key::RsaSigner;
use crate::common::clock::Clock;

/// All that the simulator knows.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) issuer: String,
    pub(crate) lifetime: Duration,
    pub(crate) secret_key: String,
    /// Those in the set; the last is in use.
    pub(crate) keys: Vec<Arc<RsaSigner>>,
    /// The newest last.
    pub(crate) sessions: Vec<Session>,
    pub(crate) users: BTreeMap<String, Map<String, Value>>,
    pub(crate) machines: BTreeMap<String, Value>,
    pub(crate) stats: ClerkStats,
    made: u64,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) status: &'static str,
    pub(crate) created: i64,
}

/// Counters of a [`SimulatedClerk`](super::SimulatedClerk).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClerkStats {
    /// Requests that arrived.
    pub requests: u64,
    /// Key sets that were asked for.
    pub key_sets: u64,
    /// Session tokens that the Backend API made.
    pub session_tokens: u64,
    /// Machine tokens that it made.
    pub machine_tokens: u64,
    /// Requests refused with 401.
    pub refused: u64,
}

impl World {
    pub(crate) fn new(clock: Clock, issuer: String, lifetime: Duration) -> Self {
        let mut world = Self {
            clock,
            issuer,
            lifetime,
            secret_key: format!("sk_test_{:032x}", fastrand::u128(..)),
            keys: Vec::new(),
            sessions: Vec::new(),
            users: BTreeMap::new(),
            machines: BTreeMap::new(),
            stats: ClerkStats::default(),
            made: 0,
        };
        world.rotate();
        world
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(crate) fn current(&self) -> &RsaSigner {
        // One is made at the start, and none is taken away without another.
        &self.keys[self.keys.len() - 1]
    }

    pub(crate) fn rotate(&mut self) {
        let id = format!("ins_made_up_{}", self.next());
        self.keys.push(Arc::new(RsaSigner::generate(id)));
    }

    pub(crate) fn retire(&mut self) {
        let old = self.keys.len() - 1;
        self.keys.drain(..old);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub(crate) fn sign_in(&mut self, user: &str, claims: Map<String, Value>) -> String {
        let id = format!("sess_made_up_{}", self.next());
        self.users.insert(user.to_owned(), claims);
        self.sessions.push(Session {
            id: id.clone(),
            user: user.to_owned(),
            status: "active",
            created: self.now(),
        });
        id
    }

    /// A token of an active session; by a template it has no `sid`.
    pub(crate) fn mint(
        &mut self,
        session: &str,
        template: Option<&str>,
        lifetime: Option<u64>,
    ) -> Option<String> {
        let number = self.next();
        let session = self
            .sessions
            .iter()
            .find(|one| one.id == session && one.status == "active")?;
        let now = self.now();
        let lifetime = lifetime.unwrap_or(self.lifetime.as_secs());
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
        let mut claims = self.users.get(&session.user).cloned().unwrap_or_default();
        let own = json!({"iss": self.issuer, "sub": session.user, "iat": now, "nbf": now - 10,
            "exp": now.saturating_add(lifetime), "jti": format!("{number}"), "v": 2});
        if let Value::Object(own) = own {
            claims.extend(own);
        }
        let category = match template {
            None => {
                claims.insert("sid".to_owned(), json!(session.id));
                "cl_B7d4PD111AAA"
            }
            Some(_) => "cl_B7d4PD222AAA",
        };
        let key = self.current();
        let header = json!({"alg": "RS256", "kid": key.id(), "typ": "JWT", "cat": category});
        Some(key.jwt(&header, &Value::Object(claims)))
    }

    /// What a token says, when a key of the set signed it and its time has come.
    pub(crate) fn accepts(&self, token: &str) -> Option<Value> {
        let claims = self.keys.iter().find_map(|key| key.claims(token))?;
        let now = self.now();
        let good = claims["exp"].as_i64()? > now
            && claims["nbf"].as_i64().is_none_or(|start| start <= now)
            && claims["iss"] == self.issuer.as_str();
        good.then_some(claims)
    }
}
