//! What differs from the documents on purpose, each entry with its reason.

use std::collections::BTreeSet;

use ghl_client::Spec;

use crate::requests::CASES;

/// An entry: the operation (`*` for all), a part of the fault, the reason.
type Entry = (&'static str, &'static str, &'static str);

/// Requests that differ from their document.
const REQUESTS: &[Entry] = &[
    (
        "POST /opportunities/upsert",
        "followers",
        "required in the document, and only to change followers",
    ),
    (
        "v3 POST /opportunities/upsert",
        "followers",
        "required in the document, and only to change followers",
    ),
    (
        "POST /opportunities/search",
        "is a required property",
        "all are marked, although some exclude each other",
    ),
    (
        "POST /opportunities/search",
        "('filters', 'sort' were unexpected)",
        "documented on a page of their own",
    ),
    (
        "POST /objects/{schemaKey}/records/search",
        "is a required property",
        "all are marked, although some exclude each other",
    ),
    (
        "POST /objects/{schemaKey}/records/search",
        "('filters', 'sort' were unexpected)",
        "documented on a page of their own",
    ),
    (
        "POST /calendars/events/block-slots",
        "\"calendarId\" is a required property",
        "either the calendar or the user, says the same document",
    ),
    (
        "POST /conversations/messages",
        "\"status\" is a required property",
        "for conversation providers alone",
    ),
    (
        "POST /conversations/messages",
        "\"subType\" is a required property",
        "has no documented values",
    ),
    (
        "v3 POST /calendars/events/block-slots",
        "\"calendarId\" is a required property",
        "either the calendar or the user, says the same document",
    ),
    (
        "v3 POST /conversations/messages",
        "\"status\" is a required property",
        "for conversation providers alone",
    ),
    (
        "v3 POST /conversations/messages",
        "\"subType\" is a required property",
        "has no documented values",
    ),
    ("*", "/ageRanges/0", OBJECTS),
    ("*", "/schedules/0", OBJECTS),
    ("*", "/openHours/0", OBJECTS),
    ("*", "/contactFormOptions/0", OBJECTS),
    ("*", "/recipients/0", OBJECTS),
    // The objects around those, of which the validator then says that it knows no member.
    ("*", "body/dimensions: Unevaluated", OBJECTS),
    ("*", "body/exclusionDimension: Unevaluated", OBJECTS),
    ("*", "body/paymentSchedule: Unevaluated", OBJECTS),
    ("*", "body/settings: Unevaluated", OBJECTS),
];

const OBJECTS: &str = "documented as texts, and shown as objects";

/// Scopes and tokens that differ from the document.
const SPECS: &[(&str, &str)] = &[
    (
        "DELETE /locations/{locationId}",
        "documented with a scope that nobody can get",
    ),
    (
        "GET /locations/{locationId}/permissions",
        "documented with a scope that is in no list",
    ),
    (
        "PUT /locations/{locationId}/permissions",
        "documented with a scope that is in no list",
    ),
    (
        "GET /chat-widget/public/config/{id}",
        "public, and documented without a word about tokens",
    ),
    (
        "POST /oauth/token",
        "the client's id and secret stand for the token",
    ),
];

/// Members of replies that are not kept as they are documented.
const REPLIES: &[Entry] = &[
    (
        "*",
        "{\"_id\":",
        "documented as one object, and it is a list of them",
    ),
    (
        "GET /opportunities/pipelines",
        "stages/0/key",
        "documented as lists of lists, and they are the stages",
    ),
    (
        "v3 GET /opportunities/pipelines",
        "stages/0/key",
        "documented as lists of lists, and they are the stages",
    ),
];

/// What the mock server gets wrong, or the document beyond what is corrected above.
const MOCK: &[Entry] = &[
    (
        "*",
        "ageRanges.0\" \"Expected type string, got object",
        OBJECTS,
    ),
    (
        "*",
        "schedules.0\" \"Expected type string, got object",
        OBJECTS,
    ),
    (
        "*",
        "openHours.0\" \"Expected type string, got object",
        OBJECTS,
    ),
    (
        "*",
        "contactFormOptions.0\" \"Expected type string, got object",
        OBJECTS,
    ),
    (
        "*",
        "recipients.0\" \"Expected type string, got object",
        OBJECTS,
    ),
    (
        "GET /invoices/estimate/list",
        "a text, expected an object",
        OBJECTS,
    ),
    (
        "v3 GET /invoices/estimate/list",
        "a text, expected an object",
        OBJECTS,
    ),
    (
        "GET /invoices/estimate/template",
        "a text, expected an object",
        OBJECTS,
    ),
    (
        "v3 GET /invoices/estimate/template",
        "a text, expected an object",
        OBJECTS,
    ),
    ("GET /medias/files", "a text, expected an object", OBJECTS),
    (
        "v3 GET /medias/files",
        "a text, expected an object",
        OBJECTS,
    ),
    (
        "*",
        "Expected type object, got string",
        "the documents say object for enums and texts without a type",
    ),
    (
        "*",
        "Expected type object, got number",
        "the documents say object for numbers without a type",
    ),
    (
        "*",
        "Expected type array, got object",
        "lists of lists in the documents are lists of objects",
    ),
    (
        "*",
        "Expected type any, got string",
        "any is no type, and the server takes it for one",
    ),
    (
        "*",
        "code\" \"Expected type number, got string",
        "a country is a text, and its list of values a list in a list",
    ),
    (
        "*",
        "country\" \"Expected type number, got string",
        "a country is a text, and its list of values a list in a list",
    ),
    (
        "*",
        "\"Value \\\"US\\\" is not in allowed values\"",
        "a country is a text, and its list of values a list in a list",
    ),
    (
        "*",
        "followers",
        "required in the document, and only to change followers",
    ),
    (
        "POST /opportunities/search",
        "Missing required property",
        "all are marked, although some exclude each other",
    ),
    (
        "POST /objects/{schemaKey}/records/search",
        "Missing required property",
        "all are marked, although some exclude each other",
    ),
    (
        "*",
        "cannot be read: missing field",
        "the server leaves out what the document does not require, and an object without its id is an error",
    ),
    (
        "POST /calendars/events/block-slots",
        "Missing required property: calendarId",
        "either the calendar or the user, says the same document",
    ),
    (
        "POST /conversations/messages",
        "Missing required property: status",
        "for conversation providers alone",
    ),
    (
        "POST /conversations/messages",
        "Missing required property: subType",
        "has no documented values",
    ),
    (
        "v3 POST /calendars/events/block-slots",
        "Missing required property: calendarId",
        "either the calendar or the user, says the same document",
    ),
    (
        "v3 POST /conversations/messages",
        "Missing required property: status",
        "for conversation providers alone",
    ),
    (
        "v3 POST /conversations/messages",
        "Missing required property: subType",
        "has no documented values",
    ),
];

/// Documented replies that are left untyped.
const UNTYPED: &[(&str, &str)] = &[
    ("/associations/", "documented as one, and it is a list"),
    (
        "/associations/relations/{recordId}",
        "documented as one, and it is a list",
    ),
    ("/emails/builder", "documented as one, and it is a list"),
    ("/funnels/page", "documented as one, and it is a list"),
];

/// Requests of the dated contract that stand for that of `v3` too.
const BOTH: &[(&str, &str)] = &[
    ("/conversations/messages/upload", "a form with files"),
    (
        "/locations/{locationId}/customFields/upload",
        "a form with files",
    ),
    ("/forms/upload-custom-files", "a form with files"),
    ("/medias/upload-file", "a form with files"),
    (
        "/social-media-posting/{locationId}/csv",
        "a form with files",
    ),
    ("/contacts/search", "its body is not documented"),
    (
        "/opportunities/search",
        "its body is documented on a page of its own",
    ),
    (
        "/objects/{schemaKey}/records/search",
        "its body is documented on a page of its own",
    ),
    (
        "/conversations/messages/{messageId}/locations/{locationId}/recording",
        "audio",
    ),
    (
        "/conversations/locations/{locationId}/messages/{messageId}/transcription",
        "a list, documented as one sentence",
    ),
    (
        "/conversations/locations/{locationId}/messages/{messageId}/transcription/download",
        "text",
    ),
];

/// Operations that are no calls of this client.
const ELSEWHERE: &[(&str, &str)] = &[(
    "/oauth/token",
    "asked by the OAuth client, which stores the tokens before it uses them",
)];

fn find(table: &[Entry], operation: &str, fault: &str) -> Option<usize> {
    let fault = fault.to_lowercase();
    table.iter().position(|(key, part, _)| {
        (*key == "*" || *key == operation) && fault.contains(&part.to_lowercase())
    })
}

fn unused(table: &[Entry], used: &BTreeSet<usize>) -> Vec<String> {
    let all = table.iter().enumerate();
    all.filter(|(index, _)| !used.contains(index))
        .map(|(_, (key, part, reason))| format!("an entry without use: {key}, {part}: {reason}"))
        .collect()
}

pub(crate) fn request(operation: &str, fault: &str) -> Option<usize> {
    find(REQUESTS, operation, fault)
}

pub(crate) fn unused_requests(used: &BTreeSet<usize>) -> Vec<String> {
    unused(REQUESTS, used)
}

pub(crate) fn reply(operation: &str, fault: &str) -> Option<usize> {
    find(REPLIES, operation, fault)
}

pub(crate) fn unused_replies(used: &BTreeSet<usize>) -> Vec<String> {
    unused(REPLIES, used)
}

pub(crate) fn mock(operation: &str, fault: &str) -> Option<usize> {
    find(MOCK, operation, fault)
}

pub(crate) fn unused_mock(used: &BTreeSet<usize>) -> Vec<String> {
    unused(MOCK, used)
}

fn by_path(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    let (_, path) = key.rsplit_once(' ')?;
    let entry = table.iter().find(|(known, _)| *known == path);
    entry.map(|(_, reason)| *reason)
}

pub(crate) fn spec(key: &str) -> Option<&'static str> {
    let key = key.strip_prefix("v3 ").unwrap_or(key);
    let entry = SPECS.iter().find(|(known, _)| *known == key);
    entry.map(|(_, reason)| *reason)
}

pub(crate) fn untyped(key: &str) -> Option<&'static str> {
    by_path(UNTYPED, key)
}

pub(crate) fn stands_for_both(key: &str) -> Option<&'static str> {
    by_path(BOTH, key)
}

pub(crate) fn elsewhere(key: &str) -> Option<&'static str> {
    by_path(ELSEWHERE, key)
}

/// Whether an operation is written by hand: then its cases are in the tests beside these.
pub(crate) fn is_hand(spec: &Spec) -> bool {
    !CASES
        .iter()
        .any(|case| case.spec.operation.name == spec.operation.name)
}
