use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use integrations_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Communication, Event, TranscriptionEvent};
use crate::enums::{CurrentStatus, DispositionStatus};
use crate::ids::CommunicationId;

/// How far a call or message is. It never goes back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Nobody has said.
    #[default]
    Unknown,
    /// It rings, or waits.
    Waiting,
    /// They talk, or it is on its way.
    Active,
    /// It is over.
    Ended,
}

/// A call or message, put together from the events that tell of it, whatever their order and however often each came.
///
/// [`merge`](Self::merge) gives the same record for every order of the same events: the state only goes forward, what is
/// known is not forgotten for an event that says nothing of it, and of two that differ the later one of the provider
/// counts. It began when the earliest says.
///
/// Keep it (it is serde's), and merge each event into what was kept.
///
/// ```
/// use aloware_client::webhook::{CallRecord, Event, Stage};
///
/// fn apply(kept: Option<CallRecord>, event: &Event) -> Option<CallRecord> {
///     let told = CallRecord::of(event)?;
///     Some(match kept {
///         Some(kept) => kept.merge(told),
///         None => told,
///     })
/// }
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    id: CommunicationId,
    stage: Stage,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    fields: BTreeMap<String, Told>,
}

/// A field's value, and what it counts against another.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Told {
    /// For what only goes forward.
    step: u8,
    at: Option<Timestamp>,
    value: Value,
}

/// What only goes forward together with the stage.
const OF_THE_STAGE: [&str; 4] = [
    "current_status2",
    "current_status",
    "disposition_status2",
    "disposition_status",
];
/// What is true for good once it is.
const FOR_GOOD: [&str; 2] = ["has_recording", "has_transcription"];
/// What is kept beside the fields.
const APART: [&str; 3] = ["id", "created_at", "updated_at"];

impl Told {
    /// A total order, so that the greater of two is the same whichever comes first.
    fn beats(&self, other: &Self) -> bool {
        let rank = self.step.cmp(&other.step).then(self.at.cmp(&other.at));
        let rank = rank.then_with(|| self.value.to_string().cmp(&other.value.to_string()));
        rank == Ordering::Greater
    }
}

impl CallRecord {
    /// What one event tells; `None` for an event of something else, or one that names no call.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::CommunicationInitiated(told)
            | Event::CommunicationDisposed(told)
            | Event::AppointmentSaved(told)
            | Event::CallDisposed(told)
            | Event::VoicemailSaved(told)
            | Event::RecordingSaved(told) => Self::of_communication(told),
            Event::TranscriptionSaved(told) | Event::CallSummarized(told) => {
                Self::of_transcription(told)
            }
            _ => None,
        }
    }

    fn of_communication(told: &Communication) -> Option<Self> {
        let stage = stage(told);
        let mut record = Self {
            id: told.id.clone()?,
            stage,
            created_at: told.created_at,
            updated_at: told.updated_at,
            fields: BTreeMap::new(),
        };
        let Ok(Value::Object(fields)) = serde_json::to_value(told) else {
            return None;
        };
        for (name, value) in fields {
            if APART.contains(&name.as_str()) || value.is_null() {
                continue;
            }
            let step = match name.as_str() {
                name if OF_THE_STAGE.contains(&name) => stage as u8,
                name if FOR_GOOD.contains(&name) => u8::from(value == Value::Bool(true)),
                _ => 0,
            };
            let at = told.updated_at;
            record.fields.insert(name, Told { step, at, value });
        }
        Some(record)
    }

    fn of_transcription(told: &TranscriptionEvent) -> Option<Self> {
        let mut record = match &told.communication {
            Some(call) if call.id.is_some() => Self::of_communication(call)?,
            _ => Self {
                id: told.call_id()?.clone(),
                stage: Stage::Unknown,
                created_at: None,
                updated_at: None,
                fields: BTreeMap::new(),
            },
        };
        let transcription = told.transcription.as_ref();
        let at = transcription.and_then(|transcription| {
            transcription
                .summary_created_at
                .or(transcription.updated_at)
                .or(transcription.created_at)
        });
        let mut tell = |name: &str, step: u8, value: Value| {
            let told = Told { step, at, value };
            record.fields.insert(name.to_owned(), told);
        };
        tell("has_transcription", 1, true.into());
        if let Some(summary) = told.summary.as_deref().filter(|text| !text.is_empty()) {
            // A summary is made after all that a call says of itself.
            tell("call_summary", 1, summary.into());
        }
        if let Some(contact) = told
            .contact
            .as_ref()
            .and_then(|contact| contact.id.as_ref())
        {
            let at = record.updated_at;
            let value = contact.as_str().into();
            let told = Told { step: 0, at, value };
            record.fields.entry("contact_id".to_owned()).or_insert(told);
        }
        Some(record)
    }

    /// Both together. Records of different calls do not mix: the other one is left out.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        if self.id != other.id {
            return self;
        }
        self.stage = self.stage.max(other.stage);
        self.created_at = match (self.created_at, other.created_at) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        self.updated_at = self.updated_at.max(other.updated_at);
        for (name, told) in other.fields {
            match self.fields.get(&name) {
                Some(known) if !told.beats(known) => {}
                _ => {
                    self.fields.insert(name, told);
                }
            }
        }
        self
    }

    /// The call or message.
    #[must_use]
    pub fn id(&self) -> &CommunicationId {
        &self.id
    }

    /// How far it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// All that is known of it.
    #[must_use]
    pub fn communication(&self) -> Communication {
        let fields = self.fields.iter();
        let fields: Map<String, Value> = fields
            .map(|(name, told)| (name.clone(), told.value.clone()))
            .collect();
        let mut communication: Communication =
            serde_json::from_value(Value::Object(fields)).unwrap_or_default();
        communication.id = Some(self.id.clone());
        communication.created_at = self.created_at;
        communication.updated_at = self.updated_at;
        communication
    }
}

fn stage(told: &Communication) -> Stage {
    let by_status = match &told.current_status {
        None | Some(CurrentStatus::Unknown(_)) => Stage::Unknown,
        Some(
            CurrentStatus::Ringing
            | CurrentStatus::Greeting
            | CurrentStatus::Queued
            | CurrentStatus::RingAll
            | CurrentStatus::SmsAccepted
            | CurrentStatus::SmsQueued,
        ) => Stage::Waiting,
        Some(
            CurrentStatus::Transferring
            | CurrentStatus::Voicemail
            | CurrentStatus::Whispering
            | CurrentStatus::InProgress
            | CurrentStatus::Parked
            | CurrentStatus::SmsSending
            | CurrentStatus::SmsReceiving
            | CurrentStatus::SmsSent,
        ) => Stage::Active,
        Some(
            CurrentStatus::Completed
            | CurrentStatus::SmsReceived
            | CurrentStatus::SmsDelivered
            | CurrentStatus::SmsUndelivered
            | CurrentStatus::SmsFailed,
        ) => Stage::Ended,
    };
    let by_disposition = match &told.disposition_status {
        None
        | Some(
            DispositionStatus::InProgress
            | DispositionStatus::Placed
            | DispositionStatus::Unknown(_),
        ) => Stage::Unknown,
        Some(_) => Stage::Ended,
    };
    by_status.max(by_disposition)
}

impl fmt::Debug for CallRecord {
    /// Shows the id and the state, and the names of what is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("id", &self.id)
            .field("stage", &self.stage)
            .field("fields", &self.fields.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
