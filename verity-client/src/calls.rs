//! Calls and their agents.
//!
//! Verity publishes no contract. These are the endpoints that its catalogue is known to have; what they take and answer
//! is passed through. See [`Client::request`] for all others.

use http::Method;
use integrations_core::Result;
use integrations_core::http::{Idempotency, Operation};
use serde_json::Value;

use crate::call::RawCall;
use crate::client::{Client, operation};
use crate::comms::Listed;
use crate::ids::AgentId;

const AGENTS: Operation = operation(
    "calls.agents",
    Method::GET,
    "/api/calls/agents",
    Idempotency::Safe,
);
const TEST: Operation = operation(
    "calls.test_agent",
    Method::POST,
    "/api/calls/agents/{agentId}/test",
    Idempotency::Unsafe,
);
const SUMMARIZE: Operation = operation(
    "calls.summarize_recent",
    Method::POST,
    "/api/calls/summarize-recent",
    Idempotency::Unsafe,
);

integrations_core::object! {
    /// An agent that makes or takes calls.
    pub struct Agent {
        /// Its id.
        id: Option<AgentId> = "id" | "agentId",
        /// Its name.
        name: Option<String> = "name",
        /// What it is doing.
        status: Option<String> = "status",
    }
}

/// The operations: see [`Client::calls`].
#[derive(Debug, Clone, Copy)]
pub struct Calls<'a>(pub(crate) &'a Client);

impl<'a> Calls<'a> {
    /// The agents.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn agents(&self) -> Result<Vec<Agent>> {
        let reply = RawCall::of(self.0, AGENTS, AGENTS.path).send_full().await?;
        Ok(reply.json::<Listed<Agent>>()?.0)
    }

    /// Starts a test of an agent. Needs an administrator's token.
    pub fn test_agent(&self, agent: &AgentId) -> RawCall<'a> {
        RawCall::of(self.0, TEST, TEST.path).parameter("agentId", agent.as_str())
    }

    /// Asks for a summary of recent calls.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn summarize_recent(&self, settings: &Value) -> Result<Value> {
        let call = RawCall::of(self.0, SUMMARIZE, SUMMARIZE.path);
        call.json(settings).send().await
    }
}
