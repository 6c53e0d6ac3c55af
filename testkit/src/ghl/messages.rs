mod channel;

use serde_json::{Map, Value, json};

pub(crate) use self::channel::Channel;
use super::{
    clock::iso_ms,
    contacts::model::Contact,
    conversations::find as find_conversation,
    error::Refusal,
    route::{Call, Operation, Reply},
    schema::{Field, Kind, opt, req},
    slots::instant,
    state::World,
};

const READ: &str = "conversations/message.readonly";
const WRITE: &str = "conversations/message.write";
const STATES: Kind = Kind::OneOf(&["delivered", "failed", "pending", "read"]);

const SEND: &[Field] = &[
    req("type", Kind::OneOf(channel::SENDABLE)),
    req("contactId", Kind::Text),
    opt("subType", Kind::Any),
    opt("appointmentId", Kind::Text),
    opt("attachments", Kind::Texts),
    opt("emailFrom", Kind::Text),
    opt("emailCc", Kind::Texts),
    opt("emailBcc", Kind::Texts),
    opt("html", Kind::Text),
    opt("message", Kind::Text),
    opt("subject", Kind::Text),
    opt("replyMessageId", Kind::Text),
    opt("templateId", Kind::Text),
    opt("threadId", Kind::Text),
    opt("scheduledTimestamp", Kind::Number),
    opt("conversationProviderId", Kind::Text),
    opt("emailTo", Kind::Text),
    opt("customSubtypeId", Kind::Text),
    opt("emailReplyMode", Kind::OneOf(&["reply", "reply_all"])),
    opt("fromNumber", Kind::Text),
    opt("toNumber", Kind::Text),
    opt("forward", Kind::Map),
    opt("status", STATES),
    opt("usesNativeSchedulingAi", Kind::Flag),
    opt("optimizationPeriod", Kind::OneOf(&["24h", "48h", "72h"])),
];
const INBOUND: &[Field] = &[
    req("type", Kind::OneOf(channel::INBOUND)),
    req("conversationId", Kind::Text),
    req("contactId", Kind::Text),
    req("conversationProviderId", Kind::Text),
    opt("attachments", Kind::Texts),
    opt("message", Kind::Text),
    opt("html", Kind::Text),
    opt("subject", Kind::Text),
    opt("emailFrom", Kind::Text),
    opt("emailTo", Kind::Text),
    opt("emailCc", Kind::Texts),
    opt("emailBcc", Kind::Texts),
    opt("emailMessageId", Kind::Text),
    opt("altId", Kind::Text),
    opt("direction", Kind::Any),
    opt("date", Kind::Time),
    opt("call", Kind::Map),
];
const OUTBOUND: &[Field] = &[
    req("type", Kind::OneOf(&["Call"])),
    req("conversationId", Kind::Text),
    req("conversationProviderId", Kind::Text),
    opt("attachments", Kind::Texts),
    opt("altId", Kind::Text),
    opt("date", Kind::Time),
    opt("call", Kind::Map),
];
const STATUS: &[Field] = &[
    req("status", STATES),
    opt("error", Kind::Map),
    opt("emailMessageId", Kind::Text),
    opt("recipients", Kind::Texts),
];
const LIST: &[Field] = &[
    opt("lastMessageId", Kind::Text),
    opt("limit", Kind::Number),
    opt("type", Kind::Text),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::send(
        "POST",
        "messages.send",
        "/conversations/messages",
        WRITE,
        SEND,
        send,
    ),
    // Both refuse `locationId` in the query.
    Operation::send(
        "POST",
        "messages.inbound",
        "/conversations/messages/inbound",
        WRITE,
        INBOUND,
        inbound,
    )
    .query(&[]),
    Operation::send(
        "POST",
        "messages.outbound",
        "/conversations/messages/outbound",
        WRITE,
        OUTBOUND,
        outbound,
    )
    .query(&[]),
    Operation::send(
        "PUT",
        "messages.status",
        "/conversations/messages/{messageId}/status",
        WRITE,
        STATUS,
        set_status,
    ),
    Operation::get("messages.get", "/conversations/messages/{id}", READ, get),
    Operation::get(
        "messages.list",
        "/conversations/{conversationId}/messages",
        READ,
        list,
    )
    .query(LIST),
];

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) conversation: String,
    pub(crate) contact: String,
    pub(crate) channel: Channel,
    pub(crate) inbound: bool,
    pub(crate) status: String,
    pub(crate) body: String,
    pub(crate) added: i64,
    pub(crate) attachments: Value,
    pub(crate) meta: Value,
    pub(crate) provider: Option<String>,
    /// What the provider calls it; no answer shows it.
    pub(crate) alt_id: Option<String>,
}

impl Message {
    pub(crate) fn direction(&self) -> &'static str {
        if self.inbound { "inbound" } else { "outbound" }
    }

    pub(crate) fn view(&self, location: &str) -> Value {
        let mut view = json!({
            "id": self.id,
            "type": self.channel.number(),
            "messageType": self.channel.kind(),
            "locationId": location,
            "contactId": self.contact,
            "conversationId": self.conversation,
            "dateAdded": iso_ms(self.added),
            "body": self.body,
            "direction": self.direction(),
            "status": self.status,
            "contentType": "text/plain",
            "attachments": self.attachments,
            "source": "api",
        });
        if let Some(provider) = &self.provider {
            view["conversationProviderId"] = json!(provider);
        }
        if !self.meta.is_null() {
            view["meta"] = self.meta.clone();
        }
        view
    }

    /// The flat body of the message webhooks.
    fn event(&self, location: &str) -> Value {
        let mut event = json!({
            "locationId": location,
            "messageId": self.id,
            "attachments": self.attachments,
            "body": self.body,
            "contactId": self.contact,
            "contentType": "text/plain",
            "conversationId": self.conversation,
            "dateAdded": iso_ms(self.added),
            "direction": self.direction(),
            "messageType": self.channel.short(),
            "status": self.status,
        });
        if let Some(provider) = &self.provider {
            event["conversationProviderId"] = json!(provider);
        }
        event
    }
}

/// Why a contact cannot be reached on a channel.
fn unreachable(contact: &Contact, channel: Channel) -> Option<String> {
    let (setting, needed) = match channel {
        Channel::Sms | Channel::Rcs => ("sms", "phone"),
        Channel::Email => ("email", "email"),
        Channel::WhatsApp => ("whatsApp", "phone"),
        _ => return None,
    };
    let all = contact.fields.get("dnd") == Some(&Value::Bool(true));
    let one = contact.dnd.get(setting);
    let blocked = one.and_then(|s| s.get("status")).and_then(Value::as_str);
    if all || matches!(blocked, Some("active" | "permanent")) {
        let channel = channel.short();
        return Some(format!(
            "Cannot send message as DND is active for {channel}."
        ));
    }
    if contact.text(needed).is_none() {
        return Some(format!("Missing {needed} on the contact"));
    }
    None
}

fn send(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let id = call.text("contactId").unwrap_or("");
    let location = world.location_with(|location| location.contacts.get(id).is_some());
    let location = location.map(str::to_owned);
    let missing = || Refusal::bad_request(format!("Contact with id {id} not found"));
    let location = location.ok_or_else(missing)?;
    call.check(world, &location)?;
    let here = world.locations.get(&location).ok_or_else(missing)?;
    let contact = here.contacts.get(id).ok_or_else(missing)?;
    let channel = Channel::parse(call.text("type").unwrap_or(""));
    if let Some(reason) = unreachable(contact, channel) {
        return Err(Refusal::bad_request(reason));
    }
    let body = call
        .text("message")
        .or_else(|| call.text("html"))
        .unwrap_or("");
    let attachments = call.body.get("attachments").and_then(Value::as_array);
    if body.is_empty() && attachments.is_none_or(Vec::is_empty) {
        let message = "There is no message or attachments for this message. Skip sending.";
        return Err(Refusal::bad_request(message));
    }
    let conversation = here.conversation_of(id).map(|c| c.id.clone());
    let conversation = conversation.unwrap_or_else(|| world.new_conversation(&location, id));
    let message = post(world, &call.body, &location, &conversation, id, false);
    world.deliver(&location, &message);
    let mut reply = json!({
        "conversationId": conversation,
        "messageId": message.id,
        "status": message.status,
        "msg": "Message queued successfully.",
    });
    if channel == Channel::Email {
        reply["emailMessageId"] = json!(world.ids.entity());
    }
    Reply::ok(reply)
}

/// Stores the message that a body describes.
fn post(
    world: &mut World,
    body: &Map<String, Value>,
    location: &str,
    conversation: &str,
    contact: &str,
    inbound: bool,
) -> Message {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let now = world.now_ms();
    let date = text("date").and_then(instant);
    let status = if inbound { "delivered" } else { "pending" };
    let meta = body.get("call").and_then(Value::as_object).map(|call| {
        json!({
            "callStatus": call.get("status"),
            "from": call.get("from"),
            "to": call.get("to"),
        })
    });
    let message = Message {
        id: world.ids.entity(),
        conversation: conversation.to_owned(),
        contact: contact.to_owned(),
        channel: Channel::parse(text("type").unwrap_or("")),
        inbound,
        status: text("status").unwrap_or(status).to_owned(),
        body: text("message").or(text("html")).unwrap_or("").to_owned(),
        added: date.map_or(now, |date| date.as_millisecond()),
        attachments: body.get("attachments").cloned().unwrap_or(json!([])),
        meta: meta.unwrap_or(Value::Null),
        provider: text("conversationProviderId").map(str::to_owned),
        alt_id: text("altId").map(str::to_owned),
    };
    world.store_message(location, message)
}

impl World {
    /// Asks the conversation provider of a text message, if it has one, to carry it.
    fn deliver(&mut self, location: &str, message: &Message) {
        let Some(here) = self.locations.get(location) else {
            return;
        };
        let default = here.sms_provider.as_ref();
        let provider = message.provider.as_ref().or(default).cloned();
        let kind = match message.channel {
            Channel::Sms => "SMS",
            Channel::Custom => "Custom",
            _ => return,
        };
        let contact = here.contacts.get(&message.contact);
        let body = json!({
            "contactId": message.contact,
            "locationId": location,
            "messageId": message.id,
            "type": kind,
            "phone": contact.and_then(|contact| contact.text("phone")),
            "message": message.body,
            "attachments": message.attachments,
            "userId": here.users.first().map(|user| user.id.clone()),
        });
        if let Some(provider) = provider {
            self.ask_provider(&provider, body);
        }
    }

    /// A user writes a text message to a contact; `None` when the channel is blocked.
    pub(crate) fn write_sms(
        &mut self,
        location: &str,
        contact: &str,
        text: &str,
    ) -> Option<String> {
        let here = self.locations.get(location)?;
        let known = here.contacts.get(contact)?;
        if unreachable(known, Channel::Sms).is_some() {
            return None;
        }
        let provider = here.sms_provider.clone();
        let conversation = here.conversation_of(contact).map(|c| c.id.clone());
        let conversation = conversation.unwrap_or_else(|| self.new_conversation(location, contact));
        let mut body = Map::from_iter([
            ("type".to_owned(), json!("SMS")),
            ("message".to_owned(), json!(text)),
        ]);
        if let Some(provider) = provider {
            body.insert("conversationProviderId".to_owned(), json!(provider));
        }
        let message = post(self, &body, location, &conversation, contact, false);
        self.deliver(location, &message);
        Some(message.id)
    }

    /// Files a message under its conversation and tells the subscribers.
    fn store_message(&mut self, location: &str, message: Message) -> Message {
        if let Some(location) = self.locations.get_mut(location) {
            if let Some(conversation) = location.conversations.get_mut(&message.conversation) {
                conversation.updated = message.added.max(conversation.updated);
                conversation.last_message = Some(message.id.clone());
                conversation.unread = if message.inbound {
                    conversation.unread + 1
                } else {
                    0
                };
            }
            location
                .messages
                .insert(message.id.clone(), message.clone());
        }
        let kind = if message.inbound {
            "InboundMessage"
        } else {
            "OutboundMessage"
        };
        self.publish(kind, message.event(location));
        message
    }

    /// A text message from a contact.
    pub(crate) fn receive_sms(
        &mut self,
        location: &str,
        contact: &str,
        text: &str,
    ) -> Option<String> {
        let here = self.locations.get(location)?;
        here.contacts.get(contact)?;
        let known = here.conversation_of(contact).map(|c| c.id.clone());
        let conversation = known.unwrap_or_else(|| self.new_conversation(location, contact));
        let body = Map::from_iter([
            ("type".to_owned(), json!("SMS")),
            ("message".to_owned(), json!(text)),
        ]);
        Some(post(self, &body, location, &conversation, contact, true).id)
    }
}

fn inbound(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let outward = call.text("direction") == Some("outbound");
    add(world, call, !outward)
}

fn outbound(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    add(world, call, false)
}

/// A conversation provider reports a message that it has carried.
fn add(world: &mut World, call: &Call, inbound: bool) -> Result<Reply, Refusal> {
    let id = call.text("conversationId").unwrap_or("");
    let (location, conversation) = find_conversation(world, call, id)?;
    let contact = call.text("contactId").unwrap_or(&conversation.contact);
    if contact != conversation.contact {
        let message = "contactId does not belong to the conversation";
        return Err(Refusal::bad_request(message));
    }
    let message = post(
        world,
        &call.body,
        &location,
        id,
        &conversation.contact,
        inbound,
    );
    Reply::ok(json!({
        "success": true,
        "conversationId": id,
        "messageId": message.id,
        "message": "Message added successfully",
        "contactId": message.contact,
        "dateAdded": iso_ms(message.added),
    }))
}

fn find(world: &World, call: &Call, id: &str) -> Result<(String, Message), Refusal> {
    let found = world
        .locations
        .values()
        .find_map(|location| Some((location.id.clone(), location.messages.get(id)?.clone())));
    let found = found.ok_or_else(|| Refusal::not_found("Message not found"))?;
    call.check(world, &found.0)?;
    Ok(found)
}

fn set_status(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location, mut message) = find(world, call, call.param("messageId"))?;
    call.text("status")
        .unwrap_or("")
        .clone_into(&mut message.status);
    let reply = json!({
        "conversationId": message.conversation,
        "messageId": message.id,
        "status": message.status,
    });
    if let Some(location) = world.locations.get_mut(&location) {
        location.messages.insert(message.id.clone(), message);
    }
    Reply::ok(reply)
}

fn get(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let (location, message) = find(world, call, call.param("id"))?;
    Reply::ok(json!({"message": message.view(&location)}))
}

/// Nested one level deeper than documented, newest first.
fn list(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let id = call.param("conversationId");
    let (location_id, _) = find_conversation(world, call, id)?;
    let location = world.locations.get(&location_id);
    let location = location.ok_or_else(Refusal::other_location)?;
    let kinds = call.query("type");
    let mut found: Vec<_> = location
        .messages
        .values()
        .filter(|message| message.conversation == id)
        .filter(|m| kinds.is_none_or(|kinds| kinds.split(',').any(|k| k == m.channel.kind())))
        .collect();
    found.sort_by(|a, b| (b.added, &b.id).cmp(&(a.added, &a.id)));
    if let Some(last) = call.query("lastMessageId") {
        let at = found.iter().position(|message| message.id == last);
        let at = at.ok_or_else(|| Refusal::not_found("Message not found"))?;
        found.drain(..=at);
    }
    let limit = call.number("limit").unwrap_or(20).clamp(1, 100);
    let limit = usize::try_from(limit).unwrap_or(20);
    let more = found.len() > limit;
    found.truncate(limit);
    let views: Vec<_> = found
        .iter()
        .map(|message| message.view(&location_id))
        .collect();
    Reply::ok(json!({
        "messages": {
            "lastMessageId": found.last().map(|message| message.id.clone()),
            "nextPage": more,
            "messages": views,
        },
    }))
}
