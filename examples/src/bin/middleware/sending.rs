//! Texts that GoHighLevel's users write: sent through Verity, each at most once, and followed to their end.
//!
//! Verity has no way to ask what became of a text, and takes one as often as it is sent. So a committed row says that one is
//! about to be sent, and one that was cut off there is not sent again: Verity's own `message.sent` says that it went, and
//! when that does not come, a person is asked.

use ghl_client::webhook::delivery::{DeliveryChannel, OutboundDelivery};
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, ErrorKind, Result};
use integrations_store::Transaction;
use integrations_sync::inbox::Delivery;
use integrations_sync::jobs::NewJob;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use verity_client::texting::{SendMessage, is_opted_out};
use verity_client::webhook::Message;

use crate::hub::{FLOW, Hub};
use crate::jobs::{SettleJob, StatusJob};
use crate::records::Kind;

/// So many texts with the same words to the same number are told apart.
const SAME: usize = 20;

/// How far a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is being sent, or its sender was cut off.
    Sending,
    /// Verity has it.
    Sent,
    Delivered,
    /// Verity or the carrier refused it.
    Failed,
    /// The receiver opted out.
    Blocked,
    /// Nobody knows; a person was asked.
    Unknown,
}

impl State {
    /// What GoHighLevel calls it.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::Sending | Self::Sent => "pending",
            Self::Delivered => "delivered",
            Self::Failed | Self::Blocked | Self::Unknown => "failed",
        }
    }

    fn is_final(self) -> bool {
        !matches!(self, Self::Sending | Self::Sent)
    }
}

/// A text of GoHighLevel's, by its id there. Neither the number nor the words are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Text {
    pub(crate) state: State,
    /// Verity's id.
    pub(crate) verity: Option<String>,
    /// The digest of number and words.
    pub(crate) words: String,
}

/// Why a text did not arrive, for the user who wrote it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Reason {
    fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// What stands for number and words together.
fn words(phone: &PhoneNumber, text: &str) -> String {
    let mut digest = sha2::Sha256::new();
    digest.update(phone.as_str());
    digest.update([0]);
    digest.update(text.trim());
    hex::encode(digest.finalize())[..32].to_owned()
}

/// What of a delivery is no part of its typed form.
#[derive(Deserialize)]
struct Envelope {
    direction: Option<String>,
}

impl Hub {
    /// A delivery of GoHighLevel's conversation provider.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Result<()> {
        let asked = OutboundDelivery::try_from(&delivery.event)?;
        let envelope: Envelope = delivery.event.decode()?;
        let outbound = envelope.direction.is_none_or(|way| way == "outbound");
        let Some(id) = asked.message_id.as_ref().filter(|_| outbound) else {
            return Ok(());
        };
        let id = id.as_str();
        let text = body_of(&asked);
        if text.is_empty() {
            // Only its state was told.
            return Ok(());
        }
        if asked.channel == Some(DeliveryChannel::Email) {
            let reason = Reason::new("channel", "this provider carries text messages only");
            return self.refuse(delivery, id, None, reason).await;
        }
        let Some(phone) = self.phone(asked.phone.as_deref()) else {
            let reason = Reason::new(
                "phone",
                "the contact has no phone number that can be sent to",
            );
            return self.refuse(delivery, id, None, reason).await;
        };
        let new = Text {
            state: State::Sending,
            verity: None,
            words: words(&phone, &text),
        };
        if !self.begin(id, &new).await? {
            // Somebody was cut off here, or it is done.
            let mut transaction = self.store().begin("middleware.settle").await?;
            self.settle_later(&mut transaction, id).await?;
            return delivery.commit_with(transaction).await;
        }
        let mut message = SendMessage::new(phone, text).correlation(id);
        message.from.clone_from(&self.from_number);
        match self.verity.texting().send(&message).await {
            Ok(receipt) => {
                let verity = receipt.message_id.as_str();
                let mut transaction = self.store().begin("middleware.sent").await?;
                self.move_to(&mut transaction, id, State::Sent, Some(verity), None)
                    .await?;
                delivery.commit_with(transaction).await
            }
            Err(error) if is_opted_out(&error) => {
                let reason = Reason::new("opted_out", "the contact opted out of text messages");
                self.refuse(delivery, id, Some(State::Blocked), reason)
                    .await
            }
            Err(error) if error.is_outcome_unknown() => {
                self.observe(&error).await;
                let mut transaction = self.store().begin("middleware.unsure").await?;
                self.settle_later(&mut transaction, id).await?;
                delivery.commit_with(transaction).await
            }
            Err(error) if error.kind() == ErrorKind::Validation => {
                let code = error.code().unwrap_or("refused").to_owned();
                let reason = Reason::new(&code, "Verity refused the message");
                self.refuse(delivery, id, Some(State::Failed), reason).await
            }
            Err(error) => {
                // Nothing was sent: as if it had not been begun.
                let mut transaction = self.store().begin("middleware.unsent").await?;
                self.records
                    .remove(&mut transaction, Kind::Text, id)
                    .await?;
                transaction.commit().await?;
                Err(error)
            }
        }
    }

    /// Says in a committed row that a text is about to be sent; `false` when one says so already.
    async fn begin(&self, id: &str, text: &Text) -> Result<bool> {
        let mut transaction = self.store().begin("middleware.begin").await?;
        let known: Option<Text> = self.records.hold(&mut transaction, Kind::Text, id).await?;
        if known.is_some() {
            return Ok(false);
        }
        self.records
            .put(&mut transaction, Kind::Text, id, text)
            .await?;
        let mut same: Vec<String> = self
            .records
            .hold(&mut transaction, Kind::Words, &text.words)
            .await?
            .unwrap_or_default();
        same.push(id.to_owned());
        same.drain(..same.len().saturating_sub(SAME));
        self.records
            .put(&mut transaction, Kind::Words, &text.words, &same)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn settle_later(&self, transaction: &mut Transaction, id: &str) -> Result<()> {
        let job = SettleJob {
            message: id.to_owned(),
        };
        let job = NewJob::new(&self.tenant, &job)?
            .unique(id)
            .delay(self.pace.unknown_after);
        self.jobs.insert_in(transaction, &[job]).await.map(drop)
    }

    /// It is not sent, and its writer is told why.
    async fn refuse(
        &self,
        delivery: &Delivery,
        id: &str,
        state: Option<State>,
        reason: Reason,
    ) -> Result<()> {
        let mut transaction = self.store().begin("middleware.refused").await?;
        match state {
            Some(state) => {
                self.move_to(&mut transaction, id, state, None, Some(reason))
                    .await?;
            }
            None => {
                self.report(&mut transaction, id, "failed", Some(reason))
                    .await?;
            }
        }
        delivery.commit_with(transaction).await
    }

    /// Moves a text on, never back, and tells GoHighLevel; `false` when it is none of ours.
    pub(crate) async fn move_to(
        &self,
        transaction: &mut Transaction,
        id: &str,
        state: State,
        verity: Option<&str>,
        reason: Option<Reason>,
    ) -> Result<bool> {
        let known: Option<Text> = self.records.hold(transaction, Kind::Text, id).await?;
        let Some(mut text) = known else {
            return Ok(false);
        };
        let before = (text.state, text.verity.clone());
        if let Some(verity) = verity.filter(|verity| text.verity.as_deref() != Some(*verity)) {
            text.verity = Some(verity.to_owned());
            self.records
                .put(transaction, Kind::Verity, verity, &id)
                .await?;
        }
        // What nobody knew is known by now; everything else that has ended stays as it is.
        if !text.state.is_final() || text.state == State::Unknown {
            text.state = state;
        }
        if before == (text.state, text.verity.clone()) {
            return Ok(true);
        }
        self.records.put(transaction, Kind::Text, id, &text).await?;
        if before.0 == State::Unknown && text.state != State::Unknown {
            // It has answered itself.
            let conflicts = self.store().conflicts();
            conflicts
                .withdraw_in(transaction, &self.tenant, FLOW, &[question(id)])
                .await?;
        }
        if before.0 != text.state {
            // It is pending already, unless it was called failed when nobody knew.
            if text.state != State::Sent || before.0 == State::Unknown {
                let word = text.state.status();
                self.report(transaction, id, word, reason).await?;
            }
        }
        Ok(true)
    }

    /// Tells GoHighLevel how far a message is, as a job of its own.
    pub(crate) async fn report(
        &self,
        transaction: &mut Transaction,
        id: &str,
        status: &str,
        reason: Option<Reason>,
    ) -> Result<()> {
        let told: Option<String> = self.records.hold(transaction, Kind::Status, id).await?;
        if told.as_deref() == Some(status) {
            return Ok(());
        }
        self.records
            .put(transaction, Kind::Status, id, &status)
            .await?;
        let job = StatusJob {
            message: id.to_owned(),
            status: status.to_owned(),
            reason,
        };
        let job = NewJob::new(&self.tenant, &job)?.unique(format!("{id}:{status}"));
        self.jobs.insert_in(transaction, &[job]).await.map(drop)
    }

    /// The message of GoHighLevel's that a text of Verity's is: by the name that we gave it, or where Verity does not
    /// repeat that, by what was sent to whom.
    pub(crate) async fn written_in_ghl(&self, message: &Message) -> Result<Option<String>> {
        if let Some(id) = &message.correlation_id {
            let known: Option<Text> = self.records.read(Kind::Text, id).await?;
            if known.is_some() {
                return Ok(Some(id.clone()));
            }
        }
        let verity = message.id.as_ref().map(|id| id.as_str());
        if let Some(verity) = verity
            && let Some(id) = self.records.read(Kind::Verity, verity).await?
        {
            return Ok(Some(id));
        }
        let (Some(phone), Some(body)) = (self.phone(message.to.as_deref()), &message.body) else {
            return Ok(None);
        };
        let words = words(&phone, body);
        let same: Option<Vec<String>> = self.records.read(Kind::Words, &words).await?;
        for id in same.unwrap_or_default() {
            let known: Option<Text> = self.records.read(Kind::Text, &id).await?;
            if known.is_some_and(|text| text.verity.is_none()) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Verity did not say that a text went which may have gone.
    pub(crate) async fn settle(&self, id: &str) -> Result<()> {
        let mut transaction = self.store().begin("middleware.settle").await?;
        let known: Option<Text> = self.records.hold(&mut transaction, Kind::Text, id).await?;
        if known.is_none_or(|text| text.state != State::Sending) {
            return Ok(());
        }
        let reason = Reason::new(
            "outcome_unknown",
            "it is not known whether the message went out: ask the receiver before you send it again",
        );
        self.move_to(&mut transaction, id, State::Unknown, None, Some(reason))
            .await?;
        self.ask_in(&mut transaction, "message_unknown", question(id))
            .await?;
        transaction.commit().await
    }
}

/// What a person is asked about when nobody knows whether a text went out.
fn question(id: &str) -> String {
    format!("message:{id}")
}

/// The text, and where its pictures are.
fn body_of(asked: &OutboundDelivery) -> String {
    let text = asked.message.as_deref().map(str::trim).unwrap_or_default();
    let parts = std::iter::once(text).chain(asked.attachments.iter().map(String::as_str));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// Why the carrier did not deliver a text.
pub(crate) fn carrier(message: &Message) -> Reason {
    Reason {
        code: message
            .error_code
            .clone()
            .unwrap_or_else(|| "carrier".to_owned()),
        message: message
            .error_message
            .clone()
            .unwrap_or_else(|| "the carrier did not deliver the message".to_owned()),
    }
}

/// An event that lacks what it cannot be handled without.
pub(crate) fn lacking(what: &'static str) -> Error {
    Error::new(ErrorKind::Decode, what)
}
