//! A disposition that leads to a sequence of Aloware's.

use std::time::Duration;

use aloware_client::rules::{Step, Verdict};
use aloware_client::sequences::Enrollee;
use async_trait::async_trait;
use integrations_core::model::Channel;
use integrations_core::phone::PhoneNumber;
use integrations_core::{Error, Result, Timestamp};
use integrations_store::{CopyState, Side};
use integrations_sync::jobs::{Handler, Job, JobContext, Outcome, RetryPolicy};
use serde::{Deserialize, Serialize};

use super::{QUEUE, TIMEOUT, Work};
use crate::hub::{FLOW, Hub};

/// Enrols a contact in a sequence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SequenceJob {
    /// The event that said so: each leads to one enrolment.
    pub(crate) event: String,
    pub(crate) phone: String,
    pub(crate) sequence: String,
    pub(crate) optional: bool,
    /// When the event came here.
    pub(crate) at: Timestamp,
}

impl Job for SequenceJob {
    const KIND: &'static str = "middleware.sequence";
    const QUEUE: &'static str = QUEUE;

    fn timeout() -> Duration {
        TIMEOUT
    }

    fn retry() -> RetryPolicy {
        RetryPolicy::new(10, Duration::from_secs(30))
    }

    fn subject(&self) -> Option<String> {
        Some(format!("{}:{}", self.event, self.sequence))
    }
}

#[async_trait]
impl Handler<SequenceJob> for Work {
    async fn run(&self, cx: &JobContext, job: SequenceJob) -> Result<Outcome> {
        let done = self.sequence(job).await;
        done.map_err(|error| self.paced::<SequenceJob>(cx, error))
    }
}

impl Work {
    async fn sequence(&self, job: SequenceJob) -> Result<Outcome> {
        let name = format!("sequences:{}", job.phone);
        let enrolled = self.0.alone(&name, Box::pin(self.0.enroll(&job)));
        Ok(match enrolled.await? {
            Some(()) => Outcome::Done,
            None => Outcome::Snooze(Duration::from_secs(1)),
        })
    }
}

impl Hub {
    async fn enroll(&self, job: &SequenceJob) -> Result<()> {
        let phone = PhoneNumber::from_e164(&job.phone)?;
        let opt_outs = self.store().opt_outs();
        for channel in [Channel::Sms, Channel::Call] {
            if opt_outs.blocks(&self.tenant, &channel, &phone).await? {
                tracing::info!(event = job.event, "not enrolled: opted out");
                return Ok(());
            }
        }
        if self.was_lifted_after(&phone, job.at).await? {
            tracing::info!(event = job.event, "not enrolled: opted out at that time");
            return Ok(());
        }
        let key = format!("sequence:{}:{}", job.event, job.sequence);
        let copies = self.store().message_mappings();
        let known = copies
            .find_copy(&self.tenant, FLOW, Side::Left, &key)
            .await?;
        match known {
            None => {}
            Some((CopyState::Copying, _)) => {
                // It may be enrolled: once more would begin the sequence again, with all of its messages.
                self.end(&key, CopyState::Unknown).await?;
                return self.ask("enrolment_unknown", key).await;
            }
            Some(_) => return Ok(()),
        }
        let contact = self.aloware.contacts().find_by_phone(phone.as_str());
        let contact = contact.send().await?;
        // Of several dispositions the last one counts, whichever comes here last.
        let now = contact.disposition_status.as_deref().unwrap_or_default();
        if let Verdict::Enroll(rule) = self.sequences.decide(now)
            && rule.sequence.as_str() != job.sequence
        {
            tracing::info!(event = job.event, "not enrolled: disposed otherwise since");
            return Ok(());
        }
        let contact = contact.id;
        for step in self.steps(job) {
            let refusable = step.may_fail();
            let enrolls = matches!(step, Step::Enroll { .. });
            let done = match step {
                Step::RemoveFromAllLists => match &contact {
                    Some(id) => {
                        let dialer = self.aloware.power_dialer();
                        let call = dialer.remove_from_all_lists(id.clone());
                        call.send().await.map(drop)
                    }
                    None => Ok(()),
                },
                Step::DisenrollFromAllSequences => {
                    let sequences = self.aloware.sequences();
                    let who = Enrollee::phone(phone.as_str());
                    sequences
                        .disenroll_from_all_sequences(who)
                        .send()
                        .await
                        .map(drop)
                }
                Step::Enroll { sequence, .. } => {
                    copies
                        .begin_copy(&self.tenant, FLOW, Side::Left, &key)
                        .await?;
                    let sequences = self.aloware.sequences();
                    let who = Enrollee::phone(phone.as_str());
                    sequences
                        .enroll(sequence, who)
                        .force(true)
                        .send()
                        .await
                        .map(drop)
                }
                _ => Ok(()),
            };
            match done {
                Ok(()) => {}
                Err(error) if refusable && is_refusal(&error) => {}
                Err(error) if error.is_outcome_unknown() && enrolls => {
                    self.end(&key, CopyState::Unknown).await?;
                    return self.ask("enrolment_unknown", key).await;
                }
                // The steps before it do no harm when they are taken again.
                Err(error) => {
                    self.end(&key, CopyState::Copying).await?;
                    return Err(crate::people::look_again(error));
                }
            }
        }
        self.end(&key, CopyState::Copied).await
    }

    fn steps(&self, job: &SequenceJob) -> [Step; 3] {
        [
            Step::RemoveFromAllLists,
            Step::DisenrollFromAllSequences,
            Step::Enroll {
                sequence: job.sequence.as_str().into(),
                optional: job.optional,
            },
        ]
    }

    async fn end(&self, key: &str, state: CopyState) -> Result<()> {
        let copies = self.store().message_mappings();
        copies
            .finish_copy(&self.tenant, FLOW, Side::Left, key, state, None)
            .await
    }
}

/// Whether Aloware said no to this contact, and not to the caller or the moment.
fn is_refusal(error: &Error) -> bool {
    let status = error.status().map(|status| status.as_u16());
    !error.is_retryable() && matches!(status, Some(400 | 404 | 409 | 422))
}
