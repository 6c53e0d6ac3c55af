use std::fmt;
use std::str::FromStr;

use integrations_core::{Error, IntegrationId, Result, TenantId, Timestamp, uuid_id};

use crate::error;

uuid_id! {
    /// One dead letter: ordered by time of death.
    pub struct DeadLetterId;
}

/// Declares an enumeration that is stored and shown as a lowercase word.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal: $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant),+
        }

        impl $name {
            /// The word that is stored and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(error::corrupt(concat!("a stored ", $what, " is not one of its words"))),
                }
            }
        }
    };
}

words! {
    /// What kind of work was given up.
    DeadSource, "dead letter source":
    /// A job.
    Job = "job",
    /// An event.
    Event = "event",
}

words! {
    /// What became of a dead letter.
    DeadLetterStatus, "dead letter status":
    /// Nobody has looked at it.
    Open = "open",
    /// The work was enqueued again.
    Replayed = "replayed",
    /// Nobody will do the work.
    Dropped = "dropped",
}

/// A dead letter to add.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewDeadLetter {
    /// What kind of work it was.
    pub source: DeadSource,
    /// The id of the job or event.
    pub source_id: String,
    /// The job's or event's kind.
    pub kind: String,
    /// What it was about, to search by: a contact's id, a lane.
    pub subject: Option<String>,
    /// The integration it was for.
    pub integration: Option<IntegrationId>,
    /// Why: the word of an [`ErrorKind`](integrations_core::ErrorKind), or `panic`, `crashed`, and the like.
    pub cause: String,
    /// The error's code.
    pub code: Option<String>,
    /// What failed and what to do; it holds no secret and nothing of the payload.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What the work was on: a job's arguments, an event's id.
    pub payload: String,
    /// What else is needed to enqueue it again, as its source wrote it.
    pub options: String,
}

impl NewDeadLetter {
    /// The least that is known of one.
    pub fn new(
        source: DeadSource,
        source_id: impl Into<String>,
        kind: impl Into<String>,
        cause: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            source,
            source_id: source_id.into(),
            kind: kind.into(),
            subject: None,
            integration: None,
            cause: cause.into(),
            code: None,
            message: message.into(),
            attempts: 0,
            payload: String::new(),
            options: String::new(),
        }
    }

    /// One whose cause is an error: its kind, code and message, which hold no secret.
    pub fn of_error(
        source: DeadSource,
        source_id: impl Into<String>,
        kind: impl Into<String>,
        error: &Error,
    ) -> Self {
        Self {
            code: error.code().map(str::to_owned),
            ..Self::new(
                source,
                source_id,
                kind,
                error.kind().as_str(),
                error.to_string(),
            )
        }
    }
}

/// The payload may hold personal data: only its length is shown.
impl fmt::Debug for NewDeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDeadLetter")
            .field("source", &self.source)
            .field("source_id", &self.source_id)
            .field("kind", &self.kind)
            .field("cause", &self.cause)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// One dead letter as it is stored.
#[derive(Clone)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: DeadLetterId,
    /// What kind of work it was.
    pub source: DeadSource,
    /// The id of the job or event.
    pub source_id: String,
    /// The job's or event's kind.
    pub kind: String,
    /// What it was about.
    pub subject: Option<String>,
    /// The integration it was for.
    pub integration: Option<IntegrationId>,
    /// Why: the word of an [`ErrorKind`](integrations_core::ErrorKind), or `panic`, `crashed`, and the like.
    pub cause: String,
    /// The error's code.
    pub code: Option<String>,
    /// What failed and what to do.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What the work was on; it may hold personal data.
    pub payload: String,
    /// What else is needed to enqueue it again.
    pub options: String,
    /// What became of it.
    pub status: DeadLetterStatus,
    /// The id under which the work was enqueued again.
    pub replayed_as: Option<String>,
    /// When the work was given up.
    pub created_at: Timestamp,
    /// When it was replayed or dropped.
    pub resolved_at: Option<Timestamp>,
}

/// The payload may hold personal data: only its length is shown.
impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("source", &self.source)
            .field("source_id", &self.source_id)
            .field("kind", &self.kind)
            .field("cause", &self.cause)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("attempts", &self.attempts)
            .field("status", &self.status)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// How many open dead letters have one source, kind and cause.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CauseCount {
    /// What kind of work it was.
    pub source: DeadSource,
    /// The job's or event's kind.
    pub kind: String,
    /// Why it was given up.
    pub cause: String,
    /// How many.
    pub count: u64,
}

/// Which of a tenant's dead letters to list.
#[derive(Debug, Clone)]
#[must_use]
pub struct DeadLetterFilter {
    pub(super) status: Option<DeadLetterStatus>,
    pub(super) source: Option<DeadSource>,
    pub(super) kind: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) after: Option<DeadLetterId>,
    pub(super) limit: u32,
}

impl DeadLetterFilter {
    /// The first 100 that are open.
    pub fn open() -> Self {
        Self {
            status: Some(DeadLetterStatus::Open),
            ..Self::all()
        }
    }

    /// The first 100, whatever became of them.
    pub fn all() -> Self {
        Self {
            status: None,
            source: None,
            kind: None,
            cause: None,
            since: None,
            until: None,
            after: None,
            limit: 100,
        }
    }

    /// Only those of which this became.
    pub fn status(mut self, status: DeadLetterStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Only jobs, or only events.
    pub fn source(mut self, source: DeadSource) -> Self {
        self.source = Some(source);
        self
    }

    /// Only those of this job or event kind.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Only those that were given up for this reason.
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Only those given up at this time or later.
    pub fn since(mut self, from: Timestamp) -> Self {
        self.since = Some(from);
        self
    }

    /// Only those given up before this time.
    pub fn until(mut self, to: Timestamp) -> Self {
        self.until = Some(to);
        self
    }

    /// The page after this one: the last id of the page before.
    pub fn after(mut self, id: DeadLetterId) -> Self {
        self.after = Some(id);
        self
    }

    /// At most this many, up to 500.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }
}

impl Default for DeadLetterFilter {
    fn default() -> Self {
        Self::open()
    }
}
