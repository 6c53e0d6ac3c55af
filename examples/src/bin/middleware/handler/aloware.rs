//! Events of Aloware. Contacts are the flow's.

use aloware_client::contacts::Contact;
use aloware_client::enums::{CommunicationType, CurrentStatus, Direction, DispositionStatus};
use aloware_client::rules::Verdict;
use aloware_client::webhook::{CallRecord, Communication, Event, EventName, Family};
use integrations_core::Result;
use integrations_sync::inbox::Delivery;
use integrations_sync::jobs::NewJob;

use crate::consent::{Heard, Next, Said};
use crate::filing::{Content, Filed, Item};
use crate::hub::Hub;
use crate::jobs::{CallJob, SequenceJob};
use crate::records::Kind;
use crate::sending::Reason;

impl Hub {
    pub(super) async fn take_aloware(&self, delivery: &Delivery) -> Result<()> {
        let event = Event::try_from(&delivery.event)?;
        match &event {
            Event::ContactDisposed(contact) => self.contact_disposed(delivery, contact).await,
            Event::ContactUpdated(contact) | Event::ContactDncUpdated(contact) => {
                match self.phone(contact.phone_number.as_deref()) {
                    Some(phone) => self.unmark(&phone).await,
                    None => Ok(()),
                }
            }
            Event::CommunicationInitiated(told)
            | Event::CommunicationDisposed(told)
            | Event::CallDisposed(told)
            | Event::VoicemailSaved(told)
            | Event::RecordingSaved(told) => match kind_of(delivery, told) {
                Some(CommunicationType::Sms) => self.aloware_text(delivery, told).await,
                Some(CommunicationType::Call) => self.call(delivery, &event).await,
                _ => Ok(()),
            },
            Event::TranscriptionSaved(_) | Event::CallSummarized(_) => {
                self.call(delivery, &event).await
            }
            _ => Ok(()),
        }
    }

    /// How it stands with a contact: a tag in GoHighLevel, and perhaps a sequence in Aloware.
    async fn contact_disposed(&self, delivery: &Delivery, contact: &Contact) -> Result<()> {
        let phone = self.phone(contact.phone_number.as_deref());
        let status = contact.disposition_status.as_deref().map(str::trim);
        let (Some(phone), Some(status)) = (phone, status.filter(|status| !status.is_empty()))
        else {
            return Ok(());
        };
        self.tag(&phone, &[&format!("Disposition: {status}")], true)
            .await?;
        let Verdict::Enroll(rule) = self.sequences.decide(status) else {
            return Ok(());
        };
        let job = SequenceJob {
            event: delivery.id.to_string(),
            phone: phone.as_str().to_owned(),
            sequence: rule.sequence.as_str().to_owned(),
            optional: rule.optional,
            at: delivery.event.received_at(),
        };
        let job = NewJob::new(&self.tenant, &job)?.unique(delivery.id.to_string());
        let mut transaction = self.store().begin("middleware.disposed").await?;
        self.jobs.insert_in(&mut transaction, &[job]).await?;
        delivery.commit_with(transaction).await
    }

    /// A text of Aloware's, once it is over.
    async fn aloware_text(&self, delivery: &Delivery, told: &Communication) -> Result<()> {
        let family = EventName::parse(delivery.event.kind()).family;
        let Some(id) = told
            .id
            .as_ref()
            .filter(|_| family == Family::CommunicationDisposed)
        else {
            return Ok(());
        };
        let number = told.lead_number.as_deref();
        let whole = told.contact.as_ref();
        let number = number.or_else(|| whole?.phone_number.as_deref());
        let (Some(phone), Some(text)) = (self.phone(number), told.message.clone()) else {
            return Ok(());
        };
        let inbound = direction_of(delivery, told) == Some(Direction::Inbound);
        let item = Item {
            key: format!("aloware:{id}"),
            phone,
            ours: told.our_number.clone(),
            inbound,
            content: Content::Text(text.clone()),
            at: told.created_at.unwrap_or(delivery.event.received_at()),
        };
        let said = Said {
            heard: Heard::Aloware,
            phone: &item.phone,
            text: &text,
            subject: &item.key,
            at: delivery.event.received_at(),
            native: whole.is_some_and(|contact| contact.is_opted_out == Some(true)),
        };
        if inbound && self.heed(said).await? == Next::Done {
            return Ok(());
        }
        let filed = self.file(&item).await?;
        if filed == Filed::Nobody && delivery.attempt == 1 {
            return Err(self.soon("nobody in GoHighLevel has this number yet"));
        }
        let Filed::There(message) = filed else {
            return Ok(());
        };
        if inbound {
            return Ok(());
        }
        let mut transaction = self.store().begin("middleware.text").await?;
        if let Some((status, reason)) = fate(told) {
            self.report(&mut transaction, message.as_str(), status, reason)
                .await?;
        }
        delivery.commit_with(transaction).await
    }

    /// What an event adds to what is known of a call.
    async fn call(&self, delivery: &Delivery, event: &Event) -> Result<()> {
        let Some(told) = CallRecord::of(event) else {
            return Ok(());
        };
        let id = told.id().as_str().to_owned();
        let mut transaction = self.store().begin("middleware.call").await?;
        let known: Option<(u64, CallRecord)> =
            self.records.hold(&mut transaction, Kind::Call, &id).await?;
        let (version, record) = match known {
            Some((version, known)) => {
                let merged = known.clone().merge(told);
                if merged == known {
                    return delivery.commit_with(transaction).await;
                }
                (version + 1, merged)
            }
            None => (1, told),
        };
        self.records
            .put(&mut transaction, Kind::Call, &id, &(version, record))
            .await?;
        let job = CallJob {
            call: id.clone(),
            version,
        };
        let job = NewJob::new(&self.tenant, &job)?.unique(format!("{id}:{version}"));
        self.jobs.insert_in(&mut transaction, &[job]).await?;
        delivery.commit_with(transaction).await
    }
}

fn kind_of(delivery: &Delivery, told: &Communication) -> Option<CommunicationType> {
    let named = EventName::parse(delivery.event.kind()).kind;
    let named = told.kind.clone().or(named);
    // These are told of calls alone.
    let family = EventName::parse(delivery.event.kind()).family;
    let of_calls = matches!(
        family,
        Family::CallDisposed | Family::RecordingSaved | Family::VoicemailSaved
    );
    named.or(of_calls.then_some(CommunicationType::Call))
}

fn direction_of(delivery: &Delivery, told: &Communication) -> Option<Direction> {
    let named = EventName::parse(delivery.event.kind()).direction;
    told.direction.clone().or(named)
}

/// What became of a text that went out, in GoHighLevel's words.
fn fate(told: &Communication) -> Option<(&'static str, Option<Reason>)> {
    let failed = matches!(
        told.disposition_status,
        Some(DispositionStatus::Invalid | DispositionStatus::Failed)
    ) || matches!(
        told.current_status,
        Some(CurrentStatus::SmsFailed | CurrentStatus::SmsUndelivered)
    );
    if failed {
        let reason = Reason {
            code: "carrier".to_owned(),
            message: "the carrier refused the message".to_owned(),
        };
        return Some(("failed", Some(reason)));
    }
    (told.current_status == Some(CurrentStatus::SmsDelivered)).then_some(("delivered", None))
}
