//! Whose number it is in GoHighLevel, and what is noted about them there.

use ghl_client::ids::ContactId;
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{MappingState, Side};

use crate::hub::{FLOW, Hub};

impl Hub {
    /// The contact with this number: the one that Aloware's contact is linked with, else the oldest.
    pub(crate) async fn contact_of(&self, phone: &PhoneNumber) -> Result<Option<ContactId>> {
        let mappings = self.store().mappings();
        let row = mappings
            .find(&self.tenant, FLOW, Side::Right, phone.as_str())
            .await?;
        let linked = row.filter(|row| row.state == MappingState::Linked);
        if let Some(id) = linked.as_ref().and_then(|row| row.external_id(Side::Left)) {
            return Ok(Some(ContactId::from(id)));
        }
        let connection = self.manager.connect(&self.tenant, self.ids.ghl).await?;
        let contacts = connection
            .contacts()
            .ok_or_else(|| Error::config("GoHighLevel has contacts"))?;
        let mut found = contacts.find(None, Some(phone)).await?;
        found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let first = found.into_iter().find_map(|contact| contact.id);
        Ok(first.map(|id| ContactId::from(id.as_str())))
    }

    /// Makes a note of a contact be there and say this. It is known by `mark`, which stands in it.
    pub(crate) async fn note(&self, contact: &ContactId, mark: &str, text: &str) -> Result<()> {
        let location = self.location().await?;
        let contacts = location.contacts();
        let notes = contacts.get_all_notes(contact.clone()).send().await?.notes;
        let known = notes.into_iter().find(|note| {
            let body = note.body.as_deref().unwrap_or_default();
            body.lines().any(|line| line.trim() == mark)
        });
        match known {
            Some(note) if note.body.as_deref() == Some(text) => Ok(()),
            Some(note) => {
                let id = note.id.unwrap_or_default();
                let update = contacts
                    .update_note(contact.clone(), id)
                    .body(text.to_owned());
                update.send().await.map(drop)
            }
            None => {
                let create = contacts.create_note(contact.clone(), text);
                create.send().await.map(drop).map_err(look_again)
            }
        }
    }

    /// Adds tags to a contact, or takes them off. What is so already is not written.
    pub(crate) async fn tag(&self, phone: &PhoneNumber, tags: &[&str], on: bool) -> Result<()> {
        let Some(contact) = self.contact_of(phone).await? else {
            return Ok(());
        };
        let connection = self.manager.connect(&self.tenant, self.ids.ghl).await?;
        let contacts = connection
            .contacts()
            .ok_or_else(|| Error::config("GoHighLevel has contacts"))?;
        let id = contact.as_str().into();
        let there = match contacts.get(&id).await {
            Ok(there) => there.tags,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // GoHighLevel keeps tags in small letters.
        let has = |tag: &str| there.iter().any(|one| one.eq_ignore_ascii_case(tag));
        let tags: Vec<String> = tags
            .iter()
            .filter(|tag| has(tag) != on)
            .map(|tag| (*tag).to_owned())
            .collect();
        match (tags.is_empty(), on) {
            (true, _) => Ok(()),
            (false, true) => contacts.add_tags(&id, &tags).await,
            (false, false) => contacts.remove_tags(&id, &tags).await,
        }
    }
}

/// What may have been written is looked for before it is written again, so that trying again does no harm.
pub(crate) fn look_again(error: Error) -> Error {
    if error.is_outcome_unknown() {
        error.with_outcome_unknown(false).with_retryable(true)
    } else {
        error
    }
}
