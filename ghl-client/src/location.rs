use http::Method;
use integrations_core::http::Pipeline;

use crate::calendars::Calendars;
use crate::contacts::Contacts;
use crate::conversations::Conversations;
use crate::ids::LocationId;
use crate::locations::GetLocation;
use crate::messages::Messages;
use crate::users::Users;
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

    /// Reads the location itself: name, address, time zone, company. Scope `locations.readonly`.
    pub fn details(&self) -> Call<GetLocation> {
        self.call(GetLocation::new(&self.id))
    }

    /// Calendars: free slots, appointments, blocked times.
    #[must_use]
    pub fn calendars(&self) -> Calendars<'_> {
        Calendars(self)
    }

    /// Contacts: create, read, update, search, tag.
    #[must_use]
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// Conversations: find, read, create.
    #[must_use]
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations(self)
    }

    /// Messages: send, report, read.
    #[must_use]
    pub fn messages(&self) -> Messages<'_> {
        Messages(self)
    }

    /// Users: the people who work here.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users(self)
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
