//! Samples of every type that a request can hold, and the macros that the generated cases use.

pub(crate) use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use ghl_client::Endpoint;
pub(crate) use ghl_client::ids::*;
pub(crate) use ghl_client::secret::{Secret, SecretValue};
pub(crate) use integrations_core::Timestamp;
pub(crate) use serde_json::Value;
use serde_json::json;

pub(crate) use crate::case::{Case, ReadOnly, ReadTyped, ReadUntyped, Reader};

/// Objects that hold themselves end here.
const DEEPEST: usize = 10;

/// A value to send, by the name of the field that it is for.
pub(crate) trait Sample {
    fn sample(field: &str, depth: usize) -> Self;
}

/// Texts that the documents want in a form of their own, by the name of the field.
fn text(field: &str) -> &'static str {
    match field {
        "email" | "from_email" | "cc" | "bcc" | "reply_to" => "jane@example.com",
        "date" | "date_of_birth" => "2026-11-21",
        "timezone" | "time_zone" => "America/New_York",
        "country" | "code" => "US",
        // Of an interval in a day.
        "from" | "to" => "09:00",
        _ => "text",
    }
}

impl Sample for String {
    fn sample(field: &str, _: usize) -> Self {
        // Lists of texts may want each only once.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        match text(field) {
            "text" => format!("text {}", COUNT.fetch_add(1, Ordering::Relaxed)),
            text => text.to_owned(),
        }
    }
}

impl Sample for Secret {
    fn sample(_: &str, _: usize) -> Self {
        Self::from("planted-secret")
    }
}

impl Sample for bool {
    fn sample(_: &str, _: usize) -> Self {
        true
    }
}

impl Sample for i64 {
    fn sample(field: &str, _: usize) -> Self {
        match field {
            // Choices that are numbers.
            "availability_type" | "days_of_the_week" | "day_of_the_week" => 1,
            _ => 10,
        }
    }
}

impl Sample for f64 {
    fn sample(field: &str, _: usize) -> Self {
        match field {
            "priority" => 0.5,
            "max_call_duration" => 300.0,
            _ => 10.5,
        }
    }
}

impl Sample for Timestamp {
    fn sample(_: &str, _: usize) -> Self {
        Self::UNIX_EPOCH
    }
}

impl Sample for Value {
    fn sample(field: &str, _: usize) -> Self {
        // One of the shapes that the document allows.
        match field {
            "action_parameters" => json!({"triggerPrompt": "text", "knowledgeBaseId": "text"}),
            "details" => json!({"contactFieldId": "text", "description": "text"}),
            "payload" => json!({"phoneNumber": "text", "countryCode": "US"}),
            "custom_fields" => json!({"id": "text"}),
            "order" | "new_order" => json!("top"),
            "body" => {
                json!({"type": "page", "originId": "1", "name": "text", "avatar": "https://example.com/a.png"})
            }
            _ => json!({}),
        }
    }
}

impl Sample for SecretValue {
    fn sample(field: &str, depth: usize) -> Self {
        Value::sample(field, depth).into()
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(field: &str, depth: usize) -> Self {
        (depth < DEEPEST).then(|| T::sample(field, depth))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(field: &str, depth: usize) -> Self {
        // Of the options of a poll there must be two.
        let count = if field == "options" { 2 } else { 1 };
        let values = (0..count).filter_map(|_| Option::sample(field, depth));
        values.collect()
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(field: &str, depth: usize) -> Self {
        Self::new(T::sample(field, depth))
    }
}

impl<T: Sample> Sample for BTreeMap<String, T> {
    fn sample(field: &str, depth: usize) -> Self {
        let value = Option::sample(field, depth);
        value
            .map(|value| ("key".to_owned(), value))
            .into_iter()
            .collect()
    }
}

/// Ids are texts of their own types.
macro_rules! sample_id {
    ($($name:ident),+ $(,)?) => {
        $(impl Sample for $name {
            fn sample(field: &str, depth: usize) -> Self {
                Self::from(String::sample(field, depth))
            }
        })+
    };
}
pub(crate) use sample_id;

/// An object with all its fields.
macro_rules! sample_object {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl Sample for $name {
            fn sample(_: &str, depth: usize) -> Self {
                let mut object = Self::default();
                let _ = depth;
                $(object.$field = Sample::sample(stringify!($field), depth + 1);)*
                object
            }
        }
    };
}
pub(crate) use sample_object;

/// The first value that the document names.
macro_rules! sample_enum {
    ($name:ident) => {
        impl Sample for $name {
            fn sample(_: &str, _: usize) -> Self {
                Self::from(Self::KNOWN[0])
            }
        }
    };
}
pub(crate) use sample_enum;

/// A request: what `new` takes, what must be set beside it, and what else can be set.
macro_rules! case {
    ($name:ident($($value:ident: $type:ty),*) needs { $($need:ident),* } all { $($field:ident),* }) => {
        Case::new::<$name>(
            concat!(module_path!(), "::", stringify!($name)),
            |full| {
                #[allow(unused_mut, reason = "many have no more fields")]
                let mut request = $name::new($(<$type as Sample>::sample(stringify!($value), 0)),*);
                $(request.$need = Sample::sample(stringify!($need), 0);)*
                if full {
                    $(request.$field = Sample::sample(stringify!($field), 0);)*
                }
                request
            },
            (&&&Reader::<<$name as Endpoint>::Response>::new()).read(),
        )
    };
}
pub(crate) use case;
