use http::Method;
use integrations_core::http::Pipeline;

use crate::access::Known;
#[cfg(feature = "calendars")]
use crate::calendars::Calendars;
#[cfg(feature = "contacts")]
use crate::contacts::Contacts;
#[cfg(feature = "conversations")]
use crate::conversations::Conversations;
use crate::ids::LocationId;
#[cfg(feature = "locations")]
use crate::locations::{GetLocation, UploadCustomFieldFiles};
#[cfg(feature = "conversations")]
use crate::messages::Messages;
#[cfg(feature = "objects")]
use crate::objects::Objects;
#[cfg(feature = "opportunities")]
use crate::opportunities::Opportunities;
#[cfg(feature = "users")]
use crate::users::Users;
use crate::{Call, Client, Endpoint, RawCall, Version};

/// One location (sub-account) and its operations. Cheap to clone.
///
/// Each resource group is behind a method that is there only with the group's feature: without `invoices` there is
/// "no method named `invoices`". `COVERAGE.md` names the feature of every operation; the feature `full` has all groups,
/// and `v3` adds [`v3`](crate::v3), the other contract of the groups that are on.
#[derive(Debug, Clone)]
pub struct Location {
    pipeline: Pipeline,
    version: Option<Version>,
    known: Known,
    id: LocationId,
}

impl Location {
    pub(crate) fn new(client: Client, id: LocationId) -> Self {
        let pipeline = client.pipeline.with_subject(id.as_str());
        Self {
            pipeline,
            version: client.version,
            known: client.known,
            id,
        }
    }

    /// The location's id.
    #[must_use]
    pub fn id(&self) -> &LocationId {
        &self.id
    }

    /// Reads the location itself: name, address, time zone, company. Scope `locations.readonly`.
    #[cfg(feature = "locations")]
    pub fn details(&self) -> Call<GetLocation> {
        self.call(GetLocation::new(&self.id))
    }

    /// Calendars: free slots, appointments, blocked times.
    #[cfg(feature = "calendars")]
    #[must_use]
    pub fn calendars(&self) -> Calendars<'_> {
        Calendars(self)
    }

    /// Contacts: create, read, update, search, tag.
    #[cfg(feature = "contacts")]
    #[must_use]
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// Conversations: find, read, create.
    #[cfg(feature = "conversations")]
    #[must_use]
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations(self)
    }

    /// Messages: send, report, read.
    #[cfg(feature = "conversations")]
    #[must_use]
    pub fn messages(&self) -> Messages<'_> {
        Messages(self)
    }

    /// Custom objects, and standard ones as objects: search their records.
    #[cfg(feature = "objects")]
    #[must_use]
    pub fn objects(&self) -> Objects<'_> {
        Objects(self)
    }

    /// Opportunities: search.
    #[cfg(feature = "opportunities")]
    #[must_use]
    pub fn opportunities(&self) -> Opportunities<'_> {
        Opportunities(self)
    }

    /// Users: the people who work here.
    #[cfg(feature = "users")]
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// Uploads files for custom fields of a contact, an opportunity or the location: the answer has their URLs. Scope
    /// `locations/customFields.write`.
    ///
    /// The files are in no field yet: write their URLs into one with an update of its contact.
    #[cfg(feature = "locations")]
    pub fn upload_custom_field_files(&self) -> Call<UploadCustomFieldFiles> {
        self.call(UploadCustomFieldFiles::new(&self.id))
    }

    /// A call of any path, against this location's rate limit. The location's id is not added: put it where the
    /// operation wants it.
    pub fn request(&self, method: Method, path: &str) -> RawCall {
        RawCall::new(&self.pipeline, self.version, method, path)
    }

    /// A call of this request.
    pub fn call<R: Endpoint>(&self, request: R) -> Call<R> {
        Call::new(&self.pipeline, self.version, &self.known, request)
    }
}
