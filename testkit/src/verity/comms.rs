use serde_json::{Value, json};

use super::server::Answer;
use super::state::World;
use crate::common::effect::Effect;

impl World {
    /// Broadcasts, agents and contacts; `None` for other paths. The caller has signed in.
    pub(crate) fn comms(
        &mut self,
        method: &str,
        segments: &[&str],
        body: &Value,
        admin: bool,
    ) -> Option<Answer> {
        Some(match (method, segments) {
            ("GET", ["api", "comms", "broadcasts"]) => {
                let all: Vec<_> = self.broadcasts.values().cloned().collect();
                Answer::json(200, json!({"broadcasts": all, "total": all.len()}))
            }
            ("POST", ["api", "comms", "broadcasts"]) => self.create_broadcast(body),
            (_, ["api", "comms", "broadcasts"]) => Answer::refusal(405, "Method not allowed"),
            (method, ["api", "comms", "broadcasts", id]) => self.one_broadcast(method, id, body),
            ("GET", ["api", "comms", "contacts"]) => {
                let numbers = self.chats.keys().map(|(_, number)| number);
                let contacts: Vec<_> = numbers
                    .map(|number| json!({"id": number, "phone_e164": number}))
                    .collect();
                Answer::json(200, json!({ "contacts": contacts }))
            }
            ("GET", ["api", "calls", "agents"]) => {
                let agents =
                    json!([{"id": "agent-1", "name": "Ada"}, {"id": "agent-2", "name": "Bo"}]);
                Answer::json(200, json!({ "agents": agents }))
            }
            ("POST", ["api", "calls", "agents", id, "test"]) => match (admin, *id) {
                (false, _) => Answer::refusal(403, "Forbidden"),
                (true, "agent-1" | "agent-2") => {
                    let answer = json!({"success": true, "agentId": id});
                    Answer::json(200, answer).wrote("calls.test_agent", Effect::Created)
                }
                _ => Answer::refusal(404, "Agent not found"),
            },
            ("POST", ["api", "calls", "summarize-recent"]) => Answer::json(
                200,
                json!({"success": true, "summary": "Nothing happened."}),
            ),
            _ => return None,
        })
    }

    fn create_broadcast(&mut self, body: &Value) -> Answer {
        if !matches!(body["type"].as_str(), Some("sms" | "email")) {
            return Answer::refusal(400, "type must be sms or email");
        }
        let id = self.id();
        let mut broadcast = body.clone();
        broadcast["id"] = json!(id);
        broadcast["status"] = json!("draft");
        self.broadcasts.insert(id, broadcast.clone());
        Answer::json(201, broadcast).wrote("broadcasts.create", Effect::Created)
    }

    fn one_broadcast(&mut self, method: &str, id: &str, body: &Value) -> Answer {
        let id = percent_encoding::percent_decode_str(id)
            .decode_utf8_lossy()
            .into_owned();
        let Some(broadcast) = self.broadcasts.get_mut(&id) else {
            return Answer::refusal(404, "Broadcast not found");
        };
        match method {
            "GET" => Answer::json(200, broadcast.clone()),
            "PATCH" => {
                let before = broadcast.clone();
                for (name, value) in body.as_object().into_iter().flatten() {
                    if name != "id" {
                        broadcast[name] = value.clone();
                    }
                }
                let effect = match *broadcast == before {
                    true => Effect::Unchanged,
                    false => Effect::Changed,
                };
                Answer::json(200, broadcast.clone()).wrote("broadcasts.update", effect)
            }
            "DELETE" => {
                self.broadcasts.remove(&id);
                let answer = json!({"success": true});
                Answer::json(200, answer).wrote("broadcasts.delete", Effect::Deleted)
            }
            _ => Answer::refusal(405, "Method not allowed"),
        }
    }
}
