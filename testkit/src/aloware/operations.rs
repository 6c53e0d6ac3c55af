use serde_json::{Map, Value, json};

use super::{calls, contacts, messages, power_dialer, sequences, state::World, users};
use crate::common::effect::Effect;

/// What a request says, the token apart.
pub(crate) type Members = Map<String, Value>;

/// A success or a refusal.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The contact that was written, and what was done to it.
    pub(crate) wrote: Option<(Option<String>, Effect)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            wrote: None,
        }
    }

    /// `{"message":"…"}`.
    pub(crate) fn message(status: u16, text: &str) -> Self {
        Self::new(status, json!({ "message": text }))
    }

    /// `{"error":"…"}`.
    pub(crate) fn error(status: u16, text: &str) -> Self {
        Self::new(status, json!({ "error": text }))
    }

    /// `{"errors":{"field":["…"]}}`.
    pub(crate) fn field(name: &str, text: &str) -> Self {
        Self::new(422, json!({ "errors": { name: [text] } }))
    }

    pub(crate) fn wrote(mut self, contact: Option<u64>, effect: Effect) -> Self {
        self.wrote = Some((contact.map(|id| id.to_string()), effect));
        self
    }
}

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) handler: fn(&mut World, &Members) -> Reply,
}

/// Every operation that the provider documents: there are no others.
const OPERATIONS: [Operation; 11] = [
    get("users.list", "/webhook/users", users::list),
    get(
        "contacts.find_by_phone",
        "/webhook/contact/phone-number",
        contacts::find,
    ),
    post("contacts.upsert", "/webhook/forms", contacts::upsert),
    post("messages.send", "/webhook/sms-gateway/send", messages::send),
    post(
        "calls.two_legged",
        "/webhook/two-legged-call",
        calls::two_legged,
    ),
    post(
        "sequences.enroll",
        "/webhook/sequence-enroll",
        sequences::enroll,
    ),
    post(
        "sequences.disenroll_from_all",
        "/webhook/sequence-disenroll",
        sequences::disenroll,
    ),
    post(
        "power_dialer.remove_from_all_lists",
        "/webhook/powerdialer-remove-contact-from-lists",
        power_dialer::remove,
    ),
    post(
        "power_dialer.clear_list",
        "/webhook/powerdialer-clear-list",
        power_dialer::clear,
    ),
    post(
        "power_dialer.clear_all_lists_of_user",
        "/webhook/powerdialer-clear-user-lists",
        power_dialer::clear_user,
    ),
    post("numbers.look_up", "/webhook/lookup", users::look_up),
];

const fn get(
    name: &'static str,
    path: &'static str,
    handler: fn(&mut World, &Members) -> Reply,
) -> Operation {
    Operation {
        name,
        method: "GET",
        path,
        handler,
    }
}

const fn post(
    name: &'static str,
    path: &'static str,
    handler: fn(&mut World, &Members) -> Reply,
) -> Operation {
    Operation {
        name,
        method: "POST",
        path,
        handler,
    }
}

/// What a method and path lead to.
pub(crate) enum Found {
    Operation(&'static Operation),
    /// The path exists, with another method.
    WrongMethod,
    /// There is nothing, and so the web application.
    Nothing,
}

pub(crate) fn find(method: &str, path: &str) -> Found {
    static ALL: [Operation; 11] = OPERATIONS;
    let path = path.trim_end_matches('/');
    match ALL.iter().find(|operation| operation.path == path) {
        Some(operation) if operation.method == method => Found::Operation(operation),
        Some(_) => Found::WrongMethod,
        None => Found::Nothing,
    }
}

/// A text or number, as text; none when it is empty.
pub(crate) fn text(members: &Members, name: &str) -> Option<String> {
    let text = match members.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A yes, in any of its forms.
pub(crate) fn flag(members: &Members, name: &str) -> Option<bool> {
    match members.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_i64() == Some(1)),
        Value::String(text) => Some(matches!(text.as_str(), "1" | "true")),
        _ => None,
    }
}
