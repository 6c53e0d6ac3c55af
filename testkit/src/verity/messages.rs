use serde_json::{Value, json};

use super::server::Answer;
use super::state::{SentText, World};
use crate::common::effect::Effect;

/// The words that the carrier takes for a stop: as the whole message, in any case.
const STOP: [&str; 8] = [
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
];
const START: [&str; 2] = ["START", "UNSTOP"];
/// The number of the account, when a message names none.
const OWN: &str = "+12025550199";

fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl World {
    /// Takes a text, with a valid key.
    pub(crate) fn send_message(&mut self, body: &Value) -> Answer {
        let text = |name: &str| {
            body[name]
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let (Some(to), Some(words)) = (text("to"), text("body")) else {
            return Answer::refusal(400, "Missing required fields: to and body are required");
        };
        if !is_e164(to) {
            return Answer::refusal(400, "Invalid phone number");
        }
        let from = text("from").unwrap_or(OWN).to_owned();
        let correlation = text("correlationId").map(str::to_owned);
        let sent = self.carry(&from, to, words, correlation, true);
        let answer = json!({"success": true, "messageId": sent.id, "chatId": sent.chat, "status": "pending"});
        Answer::json(200, answer).wrote("texting.send", Effect::Created)
    }

    /// Somebody writes in Verity itself. The message's id.
    pub(crate) fn write(&mut self, to: &str, words: &str) -> String {
        self.carry(OWN, to, words, None, false).id
    }

    /// Hands a text to the carrier, and tells what becomes of it.
    fn carry(
        &mut self,
        from: &str,
        to: &str,
        words: &str,
        correlation: Option<String>,
        by_api: bool,
    ) -> SentText {
        let (id, chat) = (self.id(), self.chat(from, to));
        let blocked = self.opted_out.contains(to);
        let failed = blocked || self.unreachable.contains(to);
        self.stats.texts += 1;
        self.stats.stop_violations += u64::from(blocked);
        let sent = SentText {
            id: id.clone(),
            at: self.clock.now(),
            chat: chat.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
            body: words.to_owned(),
            correlation: correlation.clone(),
            by_api,
            status: if failed { "failed" } else { "delivered" },
        };
        self.texts.push(sent.clone());
        let mut event = json!({"messageId": id, "conversationId": chat, "direction": "outbound", "from": from, "to": to,
            "body": words, "timestamp": self.stamp(), "raw": {"chatId": chat}});
        if let Some(correlation) = &correlation {
            event["correlationId"] = json!(correlation);
        }
        let mut told = |world: &mut Self, kind: &str, status: &str| {
            event["eventType"] = json!(kind);
            event["status"] = json!(status);
            world.tell(kind, &id, false, event.clone());
        };
        // What the carrier says comes later, by webhook alone.
        if failed {
            told(self, "message.sent", "sent");
            let (code, why) = match blocked {
                true => ("40300", "Blocked due to STOP message"),
                false => ("40001", "Not routable"),
            };
            let mut failure = json!({"eventType": "message.failed", "messageId": id, "conversationId": chat,
                "direction": "outbound", "status": "failed", "errorCode": code, "errorMessage": why,
                "timestamp": self.stamp()});
            failure["correlationId"] = json!(correlation);
            self.tell("message.failed", &id, false, failure);
        } else {
            told(self, "message.sent", "sent");
            told(self, "message.delivered", "delivered");
        }
        sent
    }

    /// Somebody writes.
    pub(crate) fn receive(&mut self, from: &str, to: &str, body: &str) -> String {
        let (id, chat) = (self.id(), self.chat(to, from));
        let said = body.trim().to_uppercase();
        let message = json!({"id": id, "conversationId": chat, "direction": "inbound", "from": from, "to": to,
            "body": body, "timestamp": self.stamp(), "status": "received"});
        if STOP.contains(&said.as_str()) {
            self.opted_out.insert(from.to_owned());
            self.tell(
                "optout.stop",
                &id,
                false,
                json!({"type": "optout.stop", "data": message}),
            );
        } else if said == "HELP" {
            self.tell(
                "optout.help",
                &id,
                false,
                json!({"type": "optout.help", "data": message}),
            );
        } else {
            if START.contains(&said.as_str()) {
                self.opted_out.remove(from);
            }
            let event = json!({"type": "message.received", "message": message});
            self.tell("message.received", &id, false, event);
        }
        id
    }

    /// The thread of our number and somebody's.
    fn chat(&mut self, own: &str, other: &str) -> String {
        let pair = (own.to_owned(), other.to_owned());
        if let Some(chat) = self.chats.get(&pair) {
            return chat.clone();
        }
        let chat = self.id();
        self.chats.insert(pair, chat.clone());
        let event = json!({"eventType": "conversation.created", "conversationId": chat, "from": own, "to": other,
            "timestamp": self.stamp()});
        self.tell("conversation.created", &chat, false, event);
        chat
    }
}
