use http::{HeaderMap, Method};
use integrations_core::Result;
use integrations_core::http::{Body, Idempotency};
use serde::{Deserialize, Serialize};

use crate::ids::ContactId;
use crate::{Endpoint, Spec};

/// `POST /contacts/{contactId}/tags`: adds tags, and keeps those that are there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AddTags {
    /// The contact.
    #[serde(skip)]
    pub contact_id: ContactId,
    /// The tags.
    pub tags: Vec<String>,
}

impl AddTags {
    /// A request with what the operation requires.
    pub fn new(contact_id: impl Into<ContactId>, tags: Vec<String>) -> Self {
        Self {
            contact_id: contact_id.into(),
            tags,
        }
    }
}

impl Endpoint for AddTags {
    const SPEC: Spec = Spec::new(
        "contacts.tags.add",
        Method::POST,
        "/contacts/{contactId}/tags",
    )
    .scopes(&["contacts.write"])
    // A tag that is there already stays one tag.
    .idempotency(Idempotency::Idempotent)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/add-tags");
    type Response = Tags;

    fn path(&self) -> Vec<&str> {
        vec![self.contact_id.as_str()]
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// `DELETE /contacts/{contactId}/tags`: removes tags.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RemoveTags {
    /// The contact.
    #[serde(skip)]
    pub contact_id: ContactId,
    /// The tags.
    pub tags: Vec<String>,
}

impl RemoveTags {
    /// A request with what the operation requires.
    pub fn new(contact_id: impl Into<ContactId>, tags: Vec<String>) -> Self {
        Self {
            contact_id: contact_id.into(),
            tags,
        }
    }
}

impl Endpoint for RemoveTags {
    const SPEC: Spec = Spec::new(
        "contacts.tags.remove",
        Method::DELETE,
        "/contacts/{contactId}/tags",
    )
    .scopes(&["contacts.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-tags");
    type Response = Tags;

    fn path(&self) -> Vec<&str> {
        vec![self.contact_id.as_str()]
    }

    fn body(&self, headers: &mut HeaderMap) -> Result<Body> {
        Body::json(self, headers)
    }
}

/// A contact's tags after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tags {
    /// The tags.
    #[serde(default, deserialize_with = "crate::common::texts")]
    pub tags: Vec<String>,
}
