//! Contacts of a location: create, read, update, delete, search, tag.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use ghl_client::contacts::Filter;
//!
//! # async fn demo(location: ghl_client::Location) -> ghl_client::Result<()> {
//! let contacts = location.contacts();
//! let jane = contacts.upsert().first_name("Jane").email("jane@example.com").send().await?.contact;
//! contacts.add_tags(&jane.id, ["vip"]).send().await?;
//!
//! let mut vips = contacts.search().filter(Filter::contains("tags", "vip")).items();
//! while let Some(contact) = vips.try_next().await? {
//!     println!("{}", contact.id);
//! }
//! # Ok(()) }
//! ```

mod model;
mod requests;
mod search;
mod tags;
mod update;

pub use crate::filter::{Filter, Range, Sort};
pub use crate::generated::contacts::*;
pub use model::{AdditionalEmail, Contact, CustomFieldValue, DndSetting, DndSettings, DndStatus};
pub use requests::{
    CreateContact, CustomFieldInput, DeleteContact, GetContact, UpsertContact, UpsertedContact,
};
pub use search::{FoundContacts, SearchContacts};
pub use tags::{AddTags, RemoveTags, Tags};
pub use update::UpdateContact;

use crate::ids::ContactId;
use crate::{Call, Location};

/// The contacts of a location: see [`Location::contacts`].
#[derive(Debug, Clone, Copy)]
pub struct Contacts<'a>(pub(crate) &'a Location);

impl Contacts<'_> {
    /// Creates a contact. Scope `contacts.write`.
    ///
    /// A location that allows no duplicates answers [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when another
    /// contact has the e-mail address or phone number: [`upsert`](Self::upsert) is the way around.
    pub fn create(&self) -> Call<CreateContact> {
        self.0.call(CreateContact::new(self.0.id()))
    }

    /// Reads a contact. Scope `contacts.readonly`.
    pub fn get(&self, id: impl Into<ContactId>) -> Call<GetContact> {
        self.0.call(GetContact::new(id))
    }

    /// Changes the fields that are set. Scope `contacts.write`.
    pub fn update(&self, id: impl Into<ContactId>) -> Call<UpdateContact> {
        self.0.call(UpdateContact::new(id))
    }

    /// Updates the contact with the same e-mail address or phone number, or creates it. Scope `contacts.write`.
    pub fn upsert(&self) -> Call<UpsertContact> {
        self.0.call(UpsertContact::new(self.0.id()))
    }

    /// Deletes a contact. Scope `contacts.write`.
    pub fn delete(&self, id: impl Into<ContactId>) -> Call<DeleteContact> {
        self.0.call(DeleteContact::new(id))
    }

    /// Finds contacts; pages with [`items`](Call::items). Scope `contacts.readonly`.
    pub fn search(&self) -> Call<SearchContacts> {
        self.0.call(SearchContacts::new(self.0.id()))
    }

    /// Adds tags. Scope `contacts.write`.
    pub fn add_tags(
        &self,
        id: impl Into<ContactId>,
        tags: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<AddTags> {
        self.0.call(AddTags::new(id, tags))
    }

    /// Removes tags. Scope `contacts.write`.
    pub fn remove_tags(
        &self,
        id: impl Into<ContactId>,
        tags: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<RemoveTags> {
        self.0.call(RemoveTags::new(id, tags))
    }
}
