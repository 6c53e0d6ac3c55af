//! Broadcasts and contacts.
//!
//! Verity publishes no contract. These are the endpoints that its catalogue is known to have; every field of an answer
//! may be missing. See [`Client::request`] for all others.

use http::Method;
use integrations_core::Result;
use integrations_core::http::{Empty, Idempotency, Operation};
use integrations_core::lenient::Lenient;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::call::RawCall;
use crate::client::{Client, operation};
use crate::ids::{BroadcastId, ContactId};

const LIST: Operation = operation(
    "broadcasts.list",
    Method::GET,
    "/api/comms/broadcasts",
    Idempotency::Safe,
);
const CREATE: Operation = operation(
    "broadcasts.create",
    Method::POST,
    "/api/comms/broadcasts",
    Idempotency::Unsafe,
);
const GET: Operation = operation(
    "broadcasts.get",
    Method::GET,
    "/api/comms/broadcasts/{id}",
    Idempotency::Safe,
);
const UPDATE: Operation = operation(
    "broadcasts.update",
    Method::PATCH,
    "/api/comms/broadcasts/{id}",
    Idempotency::Unsafe,
);
const DELETE: Operation = operation(
    "broadcasts.delete",
    Method::DELETE,
    "/api/comms/broadcasts/{id}",
    Idempotency::Idempotent,
);
const CONTACTS: Operation = operation(
    "contacts.list",
    Method::GET,
    "/api/comms/contacts",
    Idempotency::Safe,
);

integrations_core::open_enum! {
    /// By which medium a broadcast goes out.
    pub enum BroadcastKind {
        /// Text messages.
        Sms = "sms" | "SMS",
        /// E-mails.
        Email = "email" | "Email",
    }
}

integrations_core::object! {
    /// A broadcast.
    pub struct Broadcast {
        /// Its id.
        id: Option<BroadcastId> = "id",
        /// By which medium it goes out.
        kind: Option<BroadcastKind> = "type",
        /// Its subject.
        subject: Option<String> = "subject",
        /// How far it is.
        status: Option<String> = "status",
        /// When it began.
        executed_at: Option<Timestamp> = "executedAt" | "executed_at",
        /// When it was done.
        completed_at: Option<Timestamp> = "completedAt" | "completed_at",
    }

    /// A contact of Verity's.
    pub struct Contact {
        /// Its id.
        id: Option<ContactId> = "id",
        /// The phone number.
        phone: Option<String> = "phoneE164" | "phone_e164" | "phone",
        /// The e-mail address.
        email: Option<String> = "email",
        /// The name.
        name: Option<String> = "name",
    }
}

/// A list as Verity may write it: bare, or as the one member of an object that is a list, below `data` or not.
#[derive(Debug)]
pub(crate) struct Listed<T>(pub(crate) Vec<T>);

impl<'de, T: Lenient> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = list(Value::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("there is no list in the answer"))?;
        let read = |item| T::read_item(item).map_err(D::Error::custom);
        let items: Result<Vec<_>, _> = items.into_iter().map(read).collect();
        Ok(Self(items?.into_iter().flatten().collect()))
    }
}

fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(mut object) => match object.remove("data") {
            Some(data) => list(data),
            None => {
                let mut lists = object.into_values().filter_map(|member| match member {
                    Value::Array(items) => Some(items),
                    _ => None,
                });
                lists.next().filter(|_| lists.next().is_none())
            }
        },
        _ => None,
    }
}

/// The operations: see [`Client::comms`].
#[derive(Debug, Clone, Copy)]
pub struct Comms<'a>(pub(crate) &'a Client);

impl<'a> Comms<'a> {
    /// Broadcasts.
    #[must_use]
    pub fn broadcasts(&self) -> Broadcasts<'a> {
        Broadcasts(self.0)
    }

    /// Contacts. Filters are the endpoint's own: see [`RawCall`].
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn contacts(&self, filters: &[(&str, &str)]) -> Result<Vec<Contact>> {
        let call = RawCall::of(self.0, CONTACTS, CONTACTS.path);
        let call = filters
            .iter()
            .fold(call, |call, (name, value)| call.query(name, value));
        Ok(call.send::<Listed<Contact>>().await?.0)
    }
}

/// The operations: see [`Comms::broadcasts`].
#[derive(Debug, Clone, Copy)]
pub struct Broadcasts<'a>(&'a Client);

impl Broadcasts<'_> {
    /// Broadcasts, at most `limit` of them, with this status.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn list(&self, limit: Option<u32>, status: Option<&str>) -> Result<Vec<Broadcast>> {
        let call = RawCall::of(self.0, LIST, LIST.path)
            .query_option("limit", limit)
            .query_option("status", status);
        Ok(call.send::<Listed<Broadcast>>().await?.0)
    }

    /// One broadcast.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn get(&self, id: &BroadcastId) -> Result<Broadcast> {
        RawCall::of(self.0, GET, GET.path)
            .parameter("id", id.as_str())
            .send()
            .await
    }

    /// Creates a broadcast. Not repeated when it may have arrived.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn create(&self, broadcast: &NewBroadcast) -> Result<Broadcast> {
        let call = RawCall::of(self.0, CREATE, CREATE.path);
        call.json(broadcast).send().await
    }

    /// Changes these fields of a broadcast.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn update(&self, id: &BroadcastId, fields: &Map<String, Value>) -> Result<Broadcast> {
        RawCall::of(self.0, UPDATE, UPDATE.path)
            .parameter("id", id.as_str())
            .json(fields)
            .send()
            .await
    }

    /// Deletes a broadcast.
    ///
    /// # Errors
    /// What Verity's answer means.
    pub async fn delete(&self, id: &BroadcastId) -> Result<()> {
        let call = RawCall::of(self.0, DELETE, DELETE.path).parameter("id", id.as_str());
        call.send::<Empty>().await.map(drop)
    }
}

/// A broadcast to create.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NewBroadcast {
    /// By which medium it goes out.
    #[serde(rename = "type")]
    pub kind: BroadcastKind,
    /// Its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What else Verity takes.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl NewBroadcast {
    /// One by this medium.
    #[must_use]
    pub fn new(kind: BroadcastKind) -> Self {
        Self {
            kind,
            subject: None,
            more: Map::new(),
        }
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets another field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.more.insert(name.into(), value.into());
        self
    }
}
