//! Copies of messages: from one side to the other, once each.

use integrations_core::model::{Direction, ExternalId, Message, Party};
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{CopyState, NewConflict, OptOutAddress, Side};

use super::books::Entry;
use super::engine::Flow;

/// What became of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Copied {
    /// Copied now, under this id.
    New(Option<ExternalId<Message>>),
    /// It was copied before, or it is not going to be.
    Known,
    /// It is a copy itself.
    Copy,
    /// Not copied: the person opted out of the channel.
    Blocked,
    /// Not copied: the other side has no such contact.
    NoContact,
    /// A copy was begun and its end is not known: a person has to look, it is never sent again.
    Unknown,
}

impl Flow {
    /// Copies a message of a side to the other side's contact, by its
    /// [`MessageApi::send`](integrations_core::provider::MessageApi::send): where that reaches the person, the person
    /// is reached. Once per message, whatever happens: a copy of unknown outcome is not repeated. One that we wrote
    /// ourselves is not copied back.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when the message has no id; what the provider reports, when nothing was sent and
    /// trying again can help; the database's errors.
    pub async fn copy_message(&self, from: Side, message: &Message) -> Result<Copied> {
        let inner = &self.0;
        let (tenant, name, to) = (&inner.tenant, inner.name.as_str(), from.other());
        let Some(id) = message.id.as_ref().map(ExternalId::as_str) else {
            return Err(Error::new(ErrorKind::Validation, "the message has no id"));
        };
        let copies = inner.store().message_mappings();
        if copies.is_copy(tenant, name, from, id).await? {
            return Ok(Copied::Copy);
        }
        let Some(contact) = &message.contact else {
            return Ok(Copied::NoContact);
        };
        let row = inner
            .store()
            .mappings()
            .find(tenant, name, from, contact.as_str())
            .await?;
        let Some(target) = row.as_ref().and_then(|row| row.external_id(to)) else {
            return Ok(Copied::NoContact);
        };
        match copies.begin_copy(tenant, name, from, id).await? {
            None => {}
            Some((CopyState::Copying, _)) => {
                self.unknown(from, id).await?;
                return Ok(Copied::Unknown);
            }
            Some((CopyState::Blocked, _)) => return Ok(Copied::Blocked),
            Some((CopyState::Unknown, _)) => return Ok(Copied::Unknown),
            Some(_) => return Ok(Copied::Known),
        }
        let finish = |state, target| {
            let copies = copies.clone();
            async move {
                copies
                    .finish_copy(tenant, name, from, id, state, target)
                    .await
            }
        };
        if self.is_blocked(message).await? {
            finish(CopyState::Blocked, None).await?;
            return Ok(Copied::Blocked);
        }
        let mut copy = message.clone();
        (copy.id, copy.conversation, copy.user) = (None, None, None);
        copy.contact = Some(target.into());
        match inner.messages(to)?.send(&copy).await {
            Ok(sent) => {
                let target = sent.message.as_ref().map(ExternalId::as_str);
                finish(CopyState::Copied, target).await?;
                Ok(Copied::New(sent.message))
            }
            Err(error) if error.is_outcome_unknown() => {
                self.unknown(from, id).await?;
                Ok(Copied::Unknown)
            }
            Err(error) if super::write::is_refusal(&error) => {
                finish(CopyState::Refused, None).await?;
                Err(error)
            }
            Err(error) => {
                // Nothing was sent: as if it had not been begun.
                finish(CopyState::Copying, None).await?;
                Err(error)
            }
        }
    }

    /// Whether one of those whom the message would go to opted out of its channel.
    async fn is_blocked(&self, message: &Message) -> Result<bool> {
        let inner = &self.0;
        let Some(channel) = &message.channel else {
            return Ok(false);
        };
        if message.direction == Some(Direction::Inbound) {
            return Ok(false);
        }
        for party in &message.to {
            let address = match party {
                Party::Phone(phone) => OptOutAddress::from(phone),
                Party::Email(email) => OptOutAddress::from(email),
                _ => continue,
            };
            let opt_outs = inner.store().opt_outs();
            if opt_outs.blocks(&inner.tenant, channel, address).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn unknown(&self, from: Side, id: &str) -> Result<()> {
        let inner = &self.0;
        inner
            .store()
            .message_mappings()
            .finish_copy(
                &inner.tenant,
                &inner.name,
                from,
                id,
                CopyState::Unknown,
                None,
            )
            .await?;
        let mut entry = Entry::new(&inner.tenant, &inner.name);
        let conflict = NewConflict::new("message_unknown", format!("message:{from}:{id}"));
        entry.conflicts.push(conflict);
        inner.books.write(entry).await.map(drop)
    }
}
