use integrations_core::{Error, ErrorKind, EventId, Result, TenantId};
use integrations_store::{DeadLetterId, DeadLetterStatus, DeadSource, EventFilter};

use super::{Inbox, seal};

impl Inbox {
    /// Makes a finished event due again, with all its attempts; one that waits for another attempt is due now.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the tenant has no such event, or it is being worked on or kept for a recovery;
    /// [`ErrorKind::Store`].
    pub async fn replay(&self, tenant: &TenantId, id: EventId) -> Result<()> {
        let shared = self.shared();
        let mut transaction = shared.store.begin("inbox.replay").await?;
        let events = shared.store.events();
        let lane = events.replay_one_in(&mut transaction, tenant, id).await?;
        let Some(lane) = lane else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("this tenant has no event {id} that could be replayed"),
            ));
        };
        if let Some(lane) = lane {
            let lanes = [(tenant.clone(), lane)];
            shared.queue.insert_in(&mut transaction, &lanes).await?;
        }
        transaction.commit().await?;
        shared.queue.wake();
        Ok(())
    }

    /// Replays the event that an open dead letter is about, which closes the letter.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when the tenant has no such letter of an event, it is closed, or the event is gone;
    /// [`ErrorKind::Store`].
    pub async fn replay_letter(&self, tenant: &TenantId, id: DeadLetterId) -> Result<()> {
        let found = self.shared().store.dead_letters().find(tenant, id).await?;
        let event = found
            .filter(|letter| letter.source == DeadSource::Event)
            .filter(|letter| letter.status == DeadLetterStatus::Open)
            .and_then(|letter| letter.source_id.parse::<EventId>().ok());
        let Some(event) = event else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("this tenant has no open dead letter {id} of an event"),
            ));
        };
        self.replay(tenant, event).await
    }

    /// Makes all events of a filter due again, in order of arrival; how many. Without a status in the filter these are
    /// the done, the failed and those that wait for another attempt.
    ///
    /// # Errors
    /// [`ErrorKind::Store`]; what was replayed before it stays so.
    pub async fn replay_all(&self, tenant: &TenantId, filter: &EventFilter) -> Result<u64> {
        let shared = self.shared();
        let events = shared.store.events();
        let mut page = filter.clone().limit(500);
        let mut replayed = 0;
        loop {
            let mut transaction = shared.store.begin("inbox.replay").await?;
            let done = events.replay_in(&mut transaction, tenant, &page).await?;
            let lanes: Vec<_> = done
                .lanes
                .iter()
                .map(|lane| (tenant.clone(), lane.clone()))
                .collect();
            if !lanes.is_empty() {
                shared.queue.insert_in(&mut transaction, &lanes).await?;
            }
            transaction.commit().await?;
            shared.queue.wake();
            replayed += done.events.len() as u64;
            let Some(after) = done.after else {
                return Ok(replayed);
            };
            page = page.after(after);
        }
    }

    /// The payload of a stored event as it came, opened when it is sealed: for people who may see it.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Store`], [`ErrorKind::Crypto`], [`ErrorKind::Config`] without a vault.
    pub async fn payload(&self, tenant: &TenantId, id: EventId) -> Result<bytes::Bytes> {
        let found = self.shared().store.events().find(tenant, id).await?;
        let stored = found.ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("this tenant has no event {id}"),
            )
        })?;
        let payload = stored.event.payload();
        if !stored.sealed {
            return Ok(payload.clone());
        }
        seal::open(self.shared().vault()?, tenant, &seal::event(id), payload).await
    }
}
