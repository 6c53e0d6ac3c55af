//! STOP and START: noted in the register that every text, list and sequence asks first, and shown at the providers.
//!
//! A STOP counts from the moment that its sender is told that it is stored: whatever its event has to wait for afterwards.

use std::sync::Arc;

use aloware_client::enums::{CommunicationType, Direction};
use async_trait::async_trait;
use ghl_client::messages::MessageChannel;
use integrations_core::consent::{Reading, read};
use integrations_core::model::Channel;
use integrations_core::phone::PhoneNumber;
use integrations_core::webhook::Event;
use integrations_core::{ErrorKind, IntegrationId, Result, TenantId, Timestamp};
use integrations_store::{OptOutSource, OptOutWord, Side, StoredOptOut, Transaction};
use integrations_sync::inbox::Arrival;

use crate::hub::{FLOW, Hub};
use crate::records::Kind;

/// What contacts who opted out of texts are marked with in GoHighLevel.
const TAGS: [&str; 2] = ["DNC-SMS", "SMS Opted Out"];

/// Where somebody said so. Each lifts only what it said itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    Texting,
    Aloware,
    Ghl,
}

impl Heard {
    fn source(self) -> OptOutSource {
        OptOutSource::new(match self {
            Self::Texting => "texting",
            Self::Aloware => "aloware",
            Self::Ghl => "ghl",
        })
    }

    fn key(self, phone: &PhoneNumber) -> String {
        format!("{}:{}", self.source().name, phone.as_str())
    }

    /// Since when the STOP that was heard here stands, by all that is said about a number.
    fn since(self, said: &[StoredOptOut]) -> Option<Timestamp> {
        let own = said.iter().find(|word| word.source == self.source());
        own.map(|word| word.since)
    }

    fn stop(self, phone: &PhoneNumber) -> OptOutWord {
        OptOutWord::stop(phone, Some(Channel::Sms), self.source())
    }

    fn lift(self, phone: &PhoneNumber) -> OptOutWord {
        OptOutWord::lift(phone, Some(Channel::Sms), self.source())
    }
}

/// What a person said about being written to.
#[derive(Debug, Clone)]
pub(crate) struct Said<'a> {
    pub(crate) heard: Heard,
    pub(crate) phone: &'a PhoneNumber,
    pub(crate) text: &'a str,
    /// Which message it was.
    pub(crate) subject: &'a str,
    /// When it came here.
    pub(crate) at: Timestamp,
    /// Whether the provider took it for a STOP by itself: then it is the provider's to lift.
    pub(crate) native: bool,
}

/// Whether a message is more than a word about being written to, and is filed like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    File,
    Done,
}

/// Hears a STOP when it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Listener(pub(crate) Arc<Hub>);

#[async_trait]
impl Arrival for Listener {
    async fn arrived(
        &self,
        transaction: &mut Transaction,
        tenant: &TenantId,
        _: IntegrationId,
        event: &Event,
    ) -> Result<()> {
        let hub = &self.0;
        if *tenant != hub.tenant {
            return Ok(());
        }
        let Some((heard, phone)) = hub.stop_in(transaction, event).await? else {
            return Ok(());
        };
        // Whoever takes an earlier one back at this moment is waited for, or waits.
        let _held: Option<Timestamp> = hub
            .records
            .hold(transaction, Kind::Lifted, &heard.key(&phone))
            .await?;
        let opt_outs = hub.store().opt_outs();
        // Of several it is the last that counts: what takes an earlier one back may not have been handled yet.
        let words = [heard.lift(&phone), heard.stop(&phone)];
        opt_outs.note_in(transaction, tenant, &words).await
    }
}

impl Hub {
    /// Whose STOP an event is. What is not understood is none: its handler says what is wrong with it.
    async fn stop_in(
        &self,
        transaction: &mut Transaction,
        event: &Event,
    ) -> Result<Option<(Heard, PhoneNumber)>> {
        let is_stop = |text: Option<&str>| text.is_some_and(|text| read(text) == Reading::Stop);
        Ok(match event.provider() {
            verity_client::PROVIDER => match verity_client::webhook::Event::try_from(event) {
                Ok(verity_client::webhook::Event::OptOutStop(said)) => {
                    self.phone(said.from.as_deref())
                }
                Ok(verity_client::webhook::Event::MessageReceived(message)) => self
                    .phone(message.from.as_deref())
                    .filter(|_| is_stop(message.body.as_deref())),
                _ => None,
            }
            .map(|phone| (Heard::Texting, phone)),
            aloware_client::PROVIDER => match aloware_client::webhook::Event::try_from(event) {
                Ok(aloware_client::webhook::Event::CommunicationDisposed(told))
                    if told.kind == Some(CommunicationType::Sms)
                        && told.direction == Some(Direction::Inbound)
                        && is_stop(told.message.as_deref()) =>
                {
                    self.phone(told.lead_number.as_deref())
                }
                _ => None,
            }
            .map(|phone| (Heard::Aloware, phone)),
            ghl_client::PROVIDER => match ghl_client::webhook::Event::try_from(event) {
                Ok(ghl_client::webhook::Event::InboundMessage(message))
                    if message.message_type == Some(MessageChannel::Sms)
                        && is_stop(message.body.as_deref()) =>
                {
                    let number = self.phone(message.from.as_deref());
                    match (number, &message.contact_id) {
                        (Some(phone), _) => Some(phone),
                        (None, Some(contact)) => {
                            self.linked_phone(transaction, contact.as_str()).await?
                        }
                        (None, None) => None,
                    }
                }
                _ => None,
            }
            .map(|phone| (Heard::Ghl, phone)),
            _ => None,
        })
    }

    /// The number of a contact of GoHighLevel that Aloware has too, without asking either.
    async fn linked_phone(
        &self,
        transaction: &mut Transaction,
        contact: &str,
    ) -> Result<Option<PhoneNumber>> {
        let mappings = self.store().mappings();
        let row = mappings
            .find_in(transaction, &self.tenant, FLOW, Side::Left, contact)
            .await?;
        let phone = row.as_ref().and_then(|row| row.external_id(Side::Right));
        Ok(self.phone(phone))
    }

    /// Acts on what an incoming text says about being written to.
    pub(crate) async fn heed(&self, said: Said<'_>) -> Result<Next> {
        match read(said.text) {
            Reading::Stop => {
                self.stop(said.heard, said.phone, said.at, said.native)
                    .await?;
                Ok(Next::Done)
            }
            Reading::Start => {
                self.start(said.heard, said.phone, said.at).await?;
                Ok(Next::File)
            }
            Reading::NearStop => {
                // It is no keyword, and it may well mean one.
                self.ask("near_stop", format!("message:{}", said.subject))
                    .await?;
                Ok(Next::File)
            }
            _ => Ok(Next::File),
        }
    }

    /// Shows at the providers what somebody said; nothing is sent to the number, whatever fails here.
    pub(crate) async fn stop(
        &self,
        heard: Heard,
        phone: &PhoneNumber,
        at: Timestamp,
        native: bool,
    ) -> Result<()> {
        // One that is handled once more, and was taken back since, says nothing any more.
        let lifted: Option<Timestamp> = self.records.read(Kind::Lifted, &heard.key(phone)).await?;
        if lifted.is_some_and(|lifted| lifted > at) {
            return Ok(());
        }
        let opt_outs = self.store().opt_outs();
        opt_outs.note(&self.tenant, &[heard.stop(phone)]).await?;
        let noted = heard.since(&opt_outs.list(&self.tenant, phone).await?);
        self.tag(phone, &TAGS, true).await?;
        let mut transaction = self.store().begin("middleware.stop").await?;
        self.records
            .put(&mut transaction, Kind::Tagged, phone.as_str(), &true)
            .await?;
        transaction.commit().await?;
        self.show(phone).await?;
        // Where the provider says so itself, an agent may lift it there without any word.
        let own = match heard {
            // What GoHighLevel shows, we write too, so that it is no proof: a START there lifts its STOP, and nothing else.
            Heard::Texting | Heard::Ghl => return Ok(()),
            Heard::Aloware => self.ids.aloware,
        };
        let own = format!("integration:{own}");
        let said = opt_outs.list(&self.tenant, phone).await?;
        let is_noted = said.iter().any(|word| word.source.name == own);
        if is_noted || (native && !self.stands_in_aloware(phone).await?) {
            let mut transaction = self.store().begin("middleware.native").await?;
            let _held: Option<Timestamp> = self
                .records
                .hold(&mut transaction, Kind::Lifted, &heard.key(phone))
                .await?;
            let said = opt_outs.list_in(&mut transaction, &self.tenant, phone);
            if heard.since(&said.await?) != noted {
                // Somebody said it again meanwhile.
                return Ok(());
            }
            opt_outs
                .note_in(&mut transaction, &self.tenant, &[heard.lift(phone)])
                .await?;
            transaction.commit().await?;
            // It may have been lifted there before this was handled.
            if !opt_outs.blocks(&self.tenant, &Channel::Sms, phone).await? {
                self.show(phone).await?;
                return self.unmark(phone).await;
            }
        }
        Ok(())
    }

    /// Whether Aloware still shows a STOP of its own.
    async fn stands_in_aloware(&self, phone: &PhoneNumber) -> Result<bool> {
        let connection = self.manager.connect(&self.tenant, self.ids.aloware).await?;
        let Some(contacts) = connection.contacts() else {
            return Ok(true);
        };
        match contacts.get(&phone.as_str().into()).await {
            Ok(contact) => Ok(contact.opt_outs.blocks(&Channel::Sms)),
            // Nobody is there to take it back.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn start(&self, heard: Heard, phone: &PhoneNumber, at: Timestamp) -> Result<()> {
        let opt_outs = self.store().opt_outs();
        let mut transaction = self.store().begin("middleware.start").await?;
        let key = heard.key(phone);
        let before: Option<Timestamp> = self
            .records
            .hold(&mut transaction, Kind::Lifted, &key)
            .await?;
        // A STOP that came after it stands.
        let said = opt_outs.list_in(&mut transaction, &self.tenant, phone);
        if heard.since(&said.await?).is_some_and(|since| since > at) {
            return Ok(());
        }
        let lifted = before.map_or(at, |before| before.max(at));
        self.records
            .put(&mut transaction, Kind::Lifted, &key, &lifted)
            .await?;
        opt_outs
            .note_in(&mut transaction, &self.tenant, &[heard.lift(phone)])
            .await?;
        transaction.commit().await?;
        self.show(phone).await?;
        self.unmark(phone).await
    }

    /// Whether a STOP of this person was taken back after this time: what was asked for before that is not done.
    pub(crate) async fn was_lifted_after(
        &self,
        phone: &PhoneNumber,
        at: Timestamp,
    ) -> Result<bool> {
        for heard in [Heard::Texting, Heard::Aloware, Heard::Ghl] {
            let lifted: Option<Timestamp> =
                self.records.read(Kind::Lifted, &heard.key(phone)).await?;
            if lifted.is_some_and(|lifted| lifted > at) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the mark off somebody whom nobody blocks any more.
    pub(crate) async fn unmark(&self, phone: &PhoneNumber) -> Result<()> {
        let marked: Option<bool> = self.records.read(Kind::Tagged, phone.as_str()).await?;
        let opt_outs = self.store().opt_outs();
        if marked.is_none() || opt_outs.blocks(&self.tenant, &Channel::Sms, phone).await? {
            return Ok(());
        }
        self.tag(phone, &TAGS, false).await?;
        let mut transaction = self.store().begin("middleware.unmark").await?;
        self.records
            .remove(&mut transaction, Kind::Tagged, phone.as_str())
            .await?;
        transaction.commit().await
    }

    async fn show(&self, phone: &PhoneNumber) -> Result<()> {
        let flow = self.flow().await?;
        flow.sync_address(None, Some(phone)).await.map(drop)
    }
}
