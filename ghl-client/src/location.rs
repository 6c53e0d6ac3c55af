use http::Method;
use integrations_core::http::Pipeline;

use crate::contacts::Contacts;
use crate::ids::LocationId;
use crate::{Call, Client, Endpoint, RawCall, Version};

/// One location (sub-account) and its operations. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Location {
    pipeline: Pipeline,
    version: Option<Version>,
    id: LocationId,
}

impl Location {
    pub(crate) fn new(client: Client, id: LocationId) -> Self {
        let pipeline = client.pipeline.with_subject(id.as_str());
        Self {
            pipeline,
            version: client.version,
            id,
        }
    }

    /// The location's id.
    #[must_use]
    pub fn id(&self) -> &LocationId {
        &self.id
    }

    /// Contacts: create, read, update, search, tag.
    #[must_use]
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// A call of any path, against this location's rate limit. The location's id is not added: put it where the
    /// operation wants it.
    pub fn request(&self, method: Method, path: &str) -> RawCall {
        RawCall::new(&self.pipeline, self.version, method, path)
    }

    /// A call of this request.
    pub fn call<R: Endpoint>(&self, request: R) -> Call<R> {
        Call::new(&self.pipeline, self.version, request)
    }
}
