use http::Method;
use integrations_core::http::Idempotency;
use integrations_core::object;

use crate::Spec;
use crate::ids::ContactId;
use crate::request::request;

request! {
    /// `POST /contacts/{contactId}/tags`: adds tags, and keeps those that are there.
    pub struct AddTags -> Tags {
        path {
            /// The contact.
            contact_id: ContactId,
        }
        required {
            /// The tags.
            body tags: Vec<String> = "tags",
        }
    }
    Spec::new(
        "contacts.tags.add",
        Method::POST,
        "/contacts/{contactId}/tags",
    )
    .scopes(&["contacts.write"])
    // A tag that is there already stays one tag.
    .idempotency(Idempotency::Idempotent)
    .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/add-tags")
}

request! {
    /// `DELETE /contacts/{contactId}/tags`: removes tags.
    pub struct RemoveTags -> Tags {
        path {
            /// The contact.
            contact_id: ContactId,
        }
        required {
            /// The tags.
            body tags: Vec<String> = "tags",
        }
    }
    Spec::new(
        "contacts.tags.remove",
        Method::DELETE,
        "/contacts/{contactId}/tags",
    )
    .scopes(&["contacts.write"])
    .docs("https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-tags")
}

object! {
    /// A contact's tags after a change.
    pub struct Tags {
        /// The tags.
        tags: Vec<String> = "tags",
    }
}
