//! Calls of Aloware's in GoHighLevel: one entry in the conversation, and one note that grows with what is learned.

use std::fmt::Write as _;
use std::time::Duration;

use aloware_client::enums::{Direction, DispositionStatus};
use aloware_client::webhook::{CallRecord, Communication, Stage};
use async_trait::async_trait;
use ghl_client::messages::CallStatus;
use integrations_core::{Error, ErrorKind, Result, Timestamp};
use integrations_sync::jobs::{Handler, Job, JobContext, Outcome, RetryPolicy};
use serde::{Deserialize, Serialize};

use super::{QUEUE, TIMEOUT, Work};
use crate::filing::{Content, Filed, Item};
use crate::hub::Hub;
use crate::records::Kind;

/// So often somebody is looked for whom GoHighLevel does not know.
const LOOKS: u32 = 3;

/// Shows what is known of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CallJob {
    pub(crate) call: String,
    /// Which state of it led here; the latest is shown.
    pub(crate) version: u64,
}

impl Job for CallJob {
    const KIND: &'static str = "middleware.call";
    const QUEUE: &'static str = QUEUE;

    fn timeout() -> Duration {
        TIMEOUT
    }

    fn retry() -> RetryPolicy {
        RetryPolicy::new(10, Duration::from_secs(10))
    }

    fn subject(&self) -> Option<String> {
        Some(self.call.clone())
    }
}

#[async_trait]
impl Handler<CallJob> for Work {
    async fn run(&self, cx: &JobContext, job: CallJob) -> Result<Outcome> {
        let done = self.call(cx, job).await;
        done.map_err(|error| self.paced::<CallJob>(cx, error))
    }
}

impl Work {
    async fn call(&self, cx: &JobContext, job: CallJob) -> Result<Outcome> {
        let name = format!("call:{}", job.call);
        let shown = self.0.alone(&name, Box::pin(self.0.show_call(&job.call)));
        Ok(match shown.await? {
            None => Outcome::Snooze(Duration::from_millis(500)),
            Some(true) => Outcome::Done,
            Some(false) if cx.attempt() >= LOOKS => {
                tracing::info!(call = job.call, "a call with nobody whom GoHighLevel knows");
                Outcome::Done
            }
            Some(false) => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    "nobody in GoHighLevel has the number of this call yet",
                )
                .with_retryable(true)
                .with_retry_after(self.0.pace.search_lag.max(Duration::from_millis(100))));
            }
        })
    }
}

impl Hub {
    /// `false`: GoHighLevel has nobody with this number.
    async fn show_call(&self, id: &str) -> Result<bool> {
        let known: Option<(u64, CallRecord)> = self.records.read(Kind::Call, id).await?;
        let Some((_, record)) = known.filter(|(_, record)| record.stage() == Stage::Ended) else {
            return Ok(true);
        };
        let call = record.communication();
        let whole = call.contact.as_ref();
        let number = call.lead_number.as_deref();
        let number = number.or_else(|| whole?.phone_number.as_deref());
        let Some(phone) = self.phone(number) else {
            return Ok(true);
        };
        let Some(contact) = self.contact_of(&phone).await? else {
            return Ok(false);
        };
        let item = Item {
            key: format!("call:{id}"),
            phone,
            ours: call.our_number.clone(),
            inbound: call.direction == Some(Direction::Inbound),
            content: Content::Call(status(&call)),
            at: call.created_at.unwrap_or(Timestamp::UNIX_EPOCH),
        };
        // Without a provider, the note says it all.
        if self.provider.is_some() && self.file(&item).await? == Filed::Nobody {
            return Ok(false);
        }
        let mark = format!("[aloware call {id}]");
        self.note(&contact, &mark, &note(&call, item.inbound, &mark))
            .await?;
        Ok(true)
    }
}

fn status(call: &Communication) -> CallStatus {
    match &call.disposition_status {
        Some(DispositionStatus::Completed) => CallStatus::Completed,
        Some(DispositionStatus::Missed | DispositionStatus::MissedVoicemail) => {
            CallStatus::NoAnswer
        }
        Some(DispositionStatus::Abandoned) => CallStatus::Canceled,
        Some(DispositionStatus::Voicemail) => CallStatus::Voicemail,
        Some(
            DispositionStatus::Failed | DispositionStatus::Invalid | DispositionStatus::DeadEnd,
        ) => CallStatus::Failed,
        _ => CallStatus::Completed,
    }
}

/// What agents read. The recording stays in Aloware: whoever has its address has the recording.
fn note(call: &Communication, inbound: bool, mark: &str) -> String {
    let way = match inbound {
        true => "Call from the contact",
        false => "Call to the contact",
    };
    let mut text = way.to_owned();
    if let Some(at) = call.created_at {
        let _ = write!(text, ", {at}");
    }
    let ended = status(call);
    let _ = write!(text, ": {}", ended.as_str());
    if let Some(seconds) = call.talk_time.filter(|seconds| *seconds > 0) {
        let _ = write!(text, ", {} min {} s of talk", seconds / 60, seconds % 60);
    }
    let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    if let Some(disposition) = said(&call.call_disposition) {
        let _ = write!(text, "\nDisposition: {disposition}");
    }
    if call.has_recording == Some(true) {
        text.push_str("\nRecording: in Aloware");
    }
    if let Some(summary) = said(&call.call_summary) {
        let _ = write!(text, "\nSummary: {summary}");
    }
    let _ = write!(text, "\n{mark}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_what_is_known_and_not_where_the_recording_is() {
        let call: Communication = serde_json::from_value(serde_json::json!({
            "id": 7, "direction": 2, "disposition_status2": 4, "talk_time": 63, "has_recording": true,
            "direct_recording_url": "https://example.com/planted", "call_disposition": "Interested",
            "created_at": "2026-01-05 20:58:44", "call_summary": "Wants a call back.",
        }))
        .unwrap();
        let text = note(&call, false, "[aloware call 7]");
        assert_eq!(
            text,
            "Call to the contact, 2026-01-05T20:58:44Z: completed, 1 min 3 s of talk\nDisposition: Interested\n\
             Recording: in Aloware\nSummary: Wants a call back.\n[aloware call 7]"
        );
        let bare = Communication::default();
        assert_eq!(
            note(&bare, true, "[m]"),
            "Call from the contact: completed\n[m]"
        );
    }
}
