use integrations_core::{Error, ErrorKind, Result, TenantId};
use integrations_store::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadSource, Transaction};
use serde_json::value::RawValue;

use super::failure::Options;
use super::{JobId, Jobs, NewJob};

impl Jobs {
    /// Enqueues a dead job again with all its tries, and marks its dead letter, in one transaction. `None` when the
    /// tenant has no open dead letter of this id.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] when it is no job, [`ErrorKind::Store`].
    pub async fn replay(&self, tenant: &TenantId, id: DeadLetterId) -> Result<Option<JobId>> {
        let mut transaction = self.store().begin("jobs.replay").await?;
        let letters = self.store().dead_letters();
        let Some(letter) = letters.find_open_in(&mut transaction, tenant, id).await? else {
            return Ok(None);
        };
        let (job, queue) = self.replay_in(&mut transaction, &letter).await?;
        transaction.commit().await?;
        self.wake(&queue);
        Ok(Some(job))
    }

    /// Enqueues again every dead job that the filter finds, page by page, whatever its limit; how many. Those that
    /// nobody can enqueue, and events, are left.
    ///
    /// # Errors
    /// [`ErrorKind::Store`]: those before are enqueued.
    pub async fn replay_all(&self, tenant: &TenantId, filter: &DeadLetterFilter) -> Result<u64> {
        let letters = self.store().dead_letters();
        let mut filter = filter.clone().source(DeadSource::Job).limit(500);
        let mut replayed = 0;
        loop {
            let page = letters.list(tenant, &filter).await?;
            let Some(last) = page.last() else {
                return Ok(replayed);
            };
            filter = filter.after(last.id);
            for letter in &page {
                match self.replay(tenant, letter.id).await {
                    Ok(Some(_)) => replayed += 1,
                    Ok(None) => {}
                    Err(error) if error.kind() == ErrorKind::Store => return Err(error),
                    Err(error) => {
                        tracing::warn!(%error, letter = %letter.id, "a dead job cannot be enqueued again");
                    }
                }
            }
        }
    }

    async fn replay_in(
        &self,
        transaction: &mut Transaction,
        letter: &DeadLetter,
    ) -> Result<(JobId, String)> {
        if letter.source != DeadSource::Job {
            return Err(Error::new(
                ErrorKind::Validation,
                "this dead letter is of an event, not of a job",
            ));
        }
        let unreadable = || {
            Error::new(
                ErrorKind::Validation,
                "this dead job cannot be read any more",
            )
        };
        let args = RawValue::from_string(letter.payload.clone()).map_err(|_| unreadable())?;
        let options: Options = serde_json::from_str(&letter.options).map_err(|_| unreadable())?;
        let job = NewJob {
            priority: options.priority,
            subject: letter.subject.clone(),
            integration: letter.integration,
            ..NewJob::raw(
                &letter.tenant,
                letter.kind.clone(),
                options.queue.clone(),
                args,
                options.tries,
            )
        };
        let ids = self
            .insert_in(transaction, std::slice::from_ref(&job))
            .await?;
        let id = ids.first().copied().ok_or_else(unreadable)?;
        self.store()
            .dead_letters()
            .mark_replayed_in(transaction, &letter.tenant, letter.id, &id.to_string())
            .await?;
        Ok((id, options.queue))
    }
}
