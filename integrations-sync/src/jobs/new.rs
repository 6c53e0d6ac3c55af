use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use integrations_core::{Error, FieldError, IntegrationId, Result, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{DEFAULT_QUEUE, Job};

/// More arguments than this are data, which belongs into a table.
const MAX_ARGS: usize = 1024 * 1024;
/// The longest key of [`NewJob::unique`] and subject.
const MAX_TEXT: usize = 512;

/// The id of one job: grows, and is never given twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct JobId(pub(super) i64);

impl JobId {
    /// The id as the database holds it.
    #[must_use]
    pub fn as_i64(self) -> i64 {
        self.0
    }
}

impl From<i64> for JobId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Which of a queue's waiting jobs come first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Priority {
    /// Somebody waits for it.
    Urgent,
    /// The usual.
    #[default]
    Normal,
    /// After everything else: backfills.
    Bulk,
}

impl Priority {
    /// One is the highest; four is left free.
    pub(super) fn number(self) -> i16 {
        match self {
            Self::Urgent => 1,
            Self::Normal => 2,
            Self::Bulk => 3,
        }
    }

    pub(super) fn of_number(number: i16) -> Self {
        match number {
            ..=1 => Self::Urgent,
            2 => Self::Normal,
            _ => Self::Bulk,
        }
    }
}

/// When a job may run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    After(Duration),
    At(Timestamp),
}

/// A job to enqueue.
#[derive(Clone)]
#[must_use]
pub struct NewJob {
    pub(super) tenant: TenantId,
    pub(super) kind: Cow<'static, str>,
    pub(super) queue: Cow<'static, str>,
    pub(super) args: Box<RawValue>,
    pub(super) due: Due,
    pub(super) priority: Priority,
    pub(super) max_attempts: u16,
    pub(super) unique: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) integration: Option<IntegrationId>,
}

impl NewJob {
    /// A job of one tenant, due at once, with what its kind says of queue and tries.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when the arguments cannot be written as JSON
    /// or are longer than a megabyte, or when the kind's name is not usable.
    pub fn new<J: Job>(tenant: &TenantId, job: &J) -> Result<Self> {
        // serde's words may repeat a value.
        let args = serde_json::value::to_raw_value(job)
            .map_err(|_| invalid("/args", "cannot be written as JSON"))?;
        let subject = job.subject();
        if subject.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
            return Err(invalid("/subject", "is longer than 512 bytes"));
        }
        let new = Self {
            subject,
            integration: job.integration(),
            ..Self::raw(tenant, J::KIND, J::QUEUE, args, J::retry().tries())
        };
        new.check()?;
        Ok(new)
    }

    /// A job of a kind that is known by name alone, in the queue `default`, tried ten times: for schedules, and for kinds
    /// that another program works on.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_kind(tenant: &TenantId, kind: &str, args: &serde_json::Value) -> Result<Self> {
        let args = serde_json::value::to_raw_value(args)
            .map_err(|_| invalid("/args", "cannot be written as JSON"))?;
        let tries = super::RetryPolicy::default().tries();
        let new = Self::raw(tenant, kind.to_owned(), DEFAULT_QUEUE, args, tries);
        new.check()?;
        Ok(new)
    }

    pub(super) fn raw(
        tenant: &TenantId,
        kind: impl Into<Cow<'static, str>>,
        queue: impl Into<Cow<'static, str>>,
        args: Box<RawValue>,
        max_attempts: u16,
    ) -> Self {
        Self {
            tenant: tenant.clone(),
            kind: kind.into(),
            queue: queue.into(),
            args,
            due: Due::After(Duration::ZERO),
            priority: Priority::default(),
            max_attempts,
            unique: None,
            subject: None,
            integration: None,
        }
    }

    /// It may run after this time, by the database's clock. Waits of more than a second end up to a second late.
    pub fn delay(mut self, wait: Duration) -> Self {
        self.due = Due::After(wait);
        self
    }

    /// It may run at this time.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.due = Due::At(at);
        self
    }

    /// Which of the queue's waiting jobs come first.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// At most one job of this tenant, kind and key waits or runs: enqueuing another one finds the first. Once that is
    /// done or given up, the key is free again.
    ///
    /// This is no way to say "again, please": what is enqueued while the first one *runs* is dropped, although that one
    /// may have read its data before. Nor does it keep anything from being done twice: once done, the key is free.
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique = Some(key.into());
        self
    }

    /// How often it is tried, instead of what its kind says.
    pub fn max_attempts(mut self, tries: u16) -> Self {
        self.max_attempts = tries.clamp(1, i16::MAX.unsigned_abs());
        self
    }

    /// Another queue than its kind says.
    pub fn queue(mut self, queue: impl Into<Cow<'static, str>>) -> Self {
        self.queue = queue.into();
        self
    }

    /// What the database would refuse, told before: one bad job would take its neighbours with it.
    pub(super) fn check(&self) -> Result<()> {
        let kind = self.kind.as_bytes();
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let kind_is_usable = (2..128).contains(&kind.len())
            && kind.first().is_some_and(word)
            && kind
                .iter()
                .all(|byte| word(byte) || b"-./:+".contains(byte));
        if !kind_is_usable {
            return Err(invalid(
                "/kind",
                "is not 2 to 127 letters, digits and _-./:+",
            ));
        }
        check_queue(&self.queue)?;
        if self.args.get().len() > MAX_ARGS {
            return Err(invalid(
                "/args",
                "are longer than a megabyte; store the data and enqueue its id",
            ));
        }
        if has_nul(self.args.get()) {
            return Err(invalid("/args", "contain the NUL character"));
        }
        if self.unique.as_ref().is_some_and(|key| key.len() > MAX_TEXT) {
            return Err(invalid("/unique", "is longer than 512 bytes"));
        }
        Ok(())
    }
}

/// The arguments may hold personal data: only their length is shown.
impl fmt::Debug for NewJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewJob")
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("queue", &self.queue)
            .field("due", &self.due)
            .field("priority", &self.priority)
            .field("max_attempts", &self.max_attempts)
            .field("args_bytes", &self.args.get().len())
            .finish_non_exhaustive()
    }
}

/// A queue's name as the engine takes it.
pub(super) fn check_queue(queue: &str) -> Result<()> {
    let bytes = queue.as_bytes();
    let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let usable = (1..=64).contains(&bytes.len())
        && bytes.iter().all(|byte| word(byte) || b"_-".contains(byte))
        && bytes.first().is_some_and(word)
        && bytes.last().is_some_and(word)
        && bytes
            .windows(2)
            .all(|pair| word(&pair[0]) || word(&pair[1]));
    if usable {
        return Ok(());
    }
    Err(invalid(
        "/queue",
        "is not 1 to 64 lowercase letters and digits with single _ or - between them",
    ))
}

/// Whether a JSON text has the character that PostgreSQL's JSON refuses.
fn has_nul(json: &str) -> bool {
    let mut escaped = false;
    let bytes = json.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if escaped {
            escaped = false;
            if bytes[at..].starts_with(b"u0000") {
                return true;
            }
        } else {
            escaped = *byte == b'\\';
        }
    }
    false
}

fn invalid(path: &'static str, message: &'static str) -> Error {
    Error::validation(
        "the job cannot be enqueued",
        vec![FieldError::new(path, message)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nul_character_is_found_only_where_it_is_one() {
        for (text, expected) in [
            ("a\0b", true),
            ("a\\u0000b", false),
            ("\\\0", true),
            ("", false),
        ] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(has_nul(&json), expected, "{json}");
        }
    }

    #[test]
    fn queues_are_named_as_the_engine_takes_them() {
        for good in ["default", "a", "lanes-2", "a_b-c"] {
            assert!(check_queue(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a.b", &"a".repeat(65)] {
            assert!(check_queue(bad).is_err(), "{bad}");
        }
    }
}
