//! What a call sends beyond its request: members that this version does not know, or null to clear a field.

use http::header;
use integrations_core::http::{Body, Request};
use integrations_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

/// Members of the body and pairs of the query.
#[derive(Clone, Default)]
pub(crate) struct More {
    members: Vec<(String, Value)>,
    pairs: Vec<(String, String)>,
}

impl More {
    pub(crate) fn member(&mut self, name: String, value: Value) {
        self.members.push((name, value));
    }

    pub(crate) fn pair(&mut self, name: String, value: String) {
        self.pairs.push((name, value));
    }

    /// Puts them into a request.
    pub(crate) fn add_to(self, request: &mut Request) -> Result<()> {
        for (name, value) in &self.pairs {
            request.query.push(name, value);
        }
        if self.members.is_empty() {
            return Ok(());
        }
        let mut object = match &request.body {
            Body::Empty => Map::new(),
            Body::Bytes(text) => {
                let is_json = request
                    .headers
                    .get(header::CONTENT_TYPE)
                    .is_some_and(|kind| kind == "application/json");
                let object = is_json.then(|| serde_json::from_slice(text).ok()).flatten();
                object.ok_or_else(no_object)?
            }
            _ => return Err(no_object()),
        };
        object.extend(self.members);
        request.body = Body::json(&object, &mut request.headers)?;
        Ok(())
    }
}

fn no_object() -> Error {
    Error::new(
        ErrorKind::Validation,
        "with_member() adds to a body that is a JSON object, and this operation sends something else",
    )
    .with_provider(crate::PROVIDER)
}
