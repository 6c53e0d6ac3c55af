//! Events of the texting system and of broadcasts.

use std::time::Duration;

use ghl_client::ids::MessageId;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::{CopyState, Side};
use integrations_sync::inbox::Delivery;
use integrations_sync::jobs::NewJob;
use verity_client::broadcasts::analytics;
use verity_client::webhook::{BroadcastEvent, Event, Message, OptOut};

use crate::consent::{Heard, Next, Said};
use crate::filing::{Content, Filed, Item};
use crate::hub::{FLOW, Hub};
use crate::jobs::NoteJob;
use crate::records::Kind;
use crate::sending::{State, carrier, lacking};

impl Hub {
    pub(super) async fn take_texting(&self, delivery: &Delivery) -> Result<()> {
        match Event::try_from(&delivery.event)? {
            Event::MessageReceived(message) => self.received(delivery, &message).await,
            Event::MessageSent(message) => self.went(delivery, &message, State::Sent).await,
            Event::MessageDelivered(message) => {
                self.went(delivery, &message, State::Delivered).await
            }
            Event::MessageFailed(message) => self.went(delivery, &message, State::Failed).await,
            Event::OptOutStop(said) => self.said_stop(delivery, &said).await,
            Event::OptOutHelp(said) => self.asked_for_help(delivery, &said).await,
            Event::BroadcastAnalyticsUpdated(told) | Event::BroadcastCompleted(told) => {
                self.broadcast(delivery, &told).await
            }
            // A thread without a message, and what this version does not know, are kept as they came.
            _ => Ok(()),
        }
    }

    async fn received(&self, delivery: &Delivery, message: &Message) -> Result<()> {
        let Some(item) = self.item(delivery, message, true) else {
            return Ok(());
        };
        if let Content::Text(text) = &item.content {
            let said = Said {
                heard: Heard::Texting,
                phone: &item.phone,
                text,
                subject: &item.key,
                at: delivery.event.received_at(),
                native: false,
            };
            if self.heed(said).await? == Next::Done {
                return Ok(());
            }
        }
        self.file_text(delivery, &item).await.map(drop)
    }

    async fn said_stop(&self, delivery: &Delivery, said: &OptOut) -> Result<()> {
        let phone = self.phone(said.from.as_deref());
        let phone = phone.ok_or_else(|| lacking("an opt-out does not say whose it is"))?;
        let at = delivery.event.received_at();
        self.stop(Heard::Texting, &phone, at, false).await
    }

    async fn asked_for_help(&self, delivery: &Delivery, said: &OptOut) -> Result<()> {
        let (Some(phone), Some(body)) = (self.phone(said.from.as_deref()), &said.body) else {
            return Ok(());
        };
        let key = match &said.message_id {
            Some(id) => format!("texting:{id}"),
            None => format!("texting:event:{}", delivery.id),
        };
        let item = Item {
            key,
            phone,
            ours: said.to.clone(),
            inbound: true,
            content: Content::Text(body.clone()),
            at: said.timestamp.unwrap_or(delivery.event.received_at()),
        };
        self.file_text(delivery, &item).await.map(drop)
    }

    /// A text that went out: one of GoHighLevel's users, or of somebody else, which is filed.
    async fn went(&self, delivery: &Delivery, message: &Message, state: State) -> Result<()> {
        let verity = message.id.as_ref().map(|id| id.as_str());
        let reason = (state == State::Failed).then(|| carrier(message));
        if let Some(id) = self.written_in_ghl(message).await? {
            let mut transaction = self.store().begin("middleware.went").await?;
            self.move_to(&mut transaction, &id, state, verity, reason)
                .await?;
            return delivery.commit_with(transaction).await;
        }
        let filed = match self.item(delivery, message, false) {
            Some(item) => self.file_text(delivery, &item).await?,
            None => self.filed_before(delivery, verity).await?,
        };
        let Filed::There(id) = filed else {
            return Ok(());
        };
        if state == State::Sent {
            return Ok(());
        }
        let mut transaction = self.store().begin("middleware.went").await?;
        self.report(&mut transaction, id.as_str(), state.status(), reason)
            .await?;
        transaction.commit().await
    }

    /// What an event tells of that says no more than an id. The message may be on its way here.
    async fn filed_before(&self, delivery: &Delivery, verity: Option<&str>) -> Result<Filed> {
        let Some(verity) = verity else {
            return Ok(Filed::Nobody);
        };
        let key = format!("texting:{verity}");
        let copies = self.store().message_mappings();
        match copies
            .find_copy(&self.tenant, FLOW, Side::Right, &key)
            .await?
        {
            Some((CopyState::Copied, Some(id))) => Ok(Filed::There(MessageId::from(id.as_str()))),
            _ if delivery.attempt <= 2 => Err(self.soon("the message is not here yet")),
            _ => Ok(Filed::Nobody),
        }
    }

    /// A text as something to file; `None` when it lacks number or words.
    fn item(&self, delivery: &Delivery, message: &Message, inbound: bool) -> Option<Item> {
        let (theirs, ours) = match inbound {
            true => (&message.from, &message.to),
            false => (&message.to, &message.from),
        };
        let key = match &message.id {
            Some(id) => format!("texting:{id}"),
            None => format!("texting:event:{}", delivery.id),
        };
        Some(Item {
            key,
            phone: self.phone(theirs.as_deref())?,
            ours: ours.clone(),
            inbound,
            content: Content::Text(message.body.clone().filter(|body| !body.is_empty())?),
            at: message.timestamp.unwrap_or(delivery.event.received_at()),
        })
    }

    /// Files a text, and has it written into Aloware's notes where that is wanted.
    async fn file_text(&self, delivery: &Delivery, item: &Item) -> Result<Filed> {
        let filed = self.file(item).await?;
        // Who was created a moment ago may not be found yet.
        if filed == Filed::Nobody && delivery.attempt == 1 {
            return Err(self.soon("nobody in GoHighLevel has this number yet"));
        }
        if let (true, Content::Text(text)) = (self.sync_to_aloware, &item.content) {
            let job = NoteJob {
                key: item.key.clone(),
                phone: item.phone.as_str().to_owned(),
                inbound: item.inbound,
                text: text.clone(),
                at: item.at,
            };
            let job = NewJob::new(&self.tenant, &job)?.unique(item.key.clone());
            self.jobs.insert(&job).await?;
        }
        Ok(filed)
    }

    /// Tried again when the provider's search has caught up.
    pub(super) fn soon(&self, what: &'static str) -> Error {
        Error::new(ErrorKind::NotFound, what)
            .with_retryable(true)
            .with_retry_after(self.pace.search_lag.max(Duration::from_millis(1)))
    }

    /// The figures of a broadcast, as Verity's database has them now.
    async fn broadcast(&self, delivery: &Delivery, told: &BroadcastEvent) -> Result<()> {
        let Some(id) = &told.broadcast_id else {
            return Ok(());
        };
        let figures = match &self.broadcasts {
            Some(source) => analytics(&**source, id).await?,
            None => None,
        };
        let known = figures.is_some();
        let row = serde_json::json!({
            "event": delivery.event.kind(),
            "at": told.timestamp.unwrap_or(delivery.event.received_at()),
            "analytics": figures,
        });
        let mut transaction = self.store().begin("middleware.broadcast").await?;
        let _held: Option<serde_json::Value> = self
            .records
            .hold(&mut transaction, Kind::Broadcast, id.as_str())
            .await?;
        self.records
            .put(&mut transaction, Kind::Broadcast, id.as_str(), &row)
            .await?;
        delivery.commit_with(transaction).await?;
        tracing::info!(broadcast = %id, event = delivery.event.kind(), figures = known, "broadcast");
        Ok(())
    }
}
