use std::time::Duration;

use integrations_core::{Result, TenantId, Timestamp};
use serde_json::Value;
use sqlx::Row as _;

use crate::check::{Check, DOCUMENT, SHORT};
use crate::error::Corrupt;
use crate::session::from_row;
use crate::time;

macro_rules! schedule_columns {
    () => {
        "tenant_id, name, kind, payload, spec, time_zone, missed, paused, next_at, last_at, ticks"
    };
}
pub(crate) use schedule_columns;

/// When something comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleSpec {
    /// A cron expression of five fields in a time zone.
    Cron {
        /// Minute, hour, day of the month, month, day of the week.
        expression: String,
        /// An IANA name.
        time_zone: String,
    },
    /// Each time that this has passed.
    Every(Duration),
}

impl ScheduleSpec {
    /// The two columns.
    pub(super) fn stored(&self) -> (String, Option<&str>) {
        match self {
            Self::Cron {
                expression,
                time_zone,
            } => (format!("cron {expression}"), Some(time_zone)),
            Self::Every(every) => (format!("every {}", every.as_micros()), None),
        }
    }

    fn read(spec: &str, zone: Option<String>) -> Option<Self> {
        if let Some(expression) = spec.strip_prefix("cron ") {
            return Some(Self::Cron {
                expression: expression.to_owned(),
                time_zone: zone?,
            });
        }
        let micros = spec.strip_prefix("every ")?.parse().ok()?;
        Some(Self::Every(Duration::from_micros(micros)))
    }
}

/// What happens to runs that were missed while nothing ran: there is never more than one to make up for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MissedRuns {
    /// One run at once, however many were missed: for what goes on where it stopped.
    #[default]
    Once,
    /// None: it waits for its next time.
    Skip,
}

impl MissedRuns {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
        }
    }
}

/// A schedule to be.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewSchedule {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) spec: ScheduleSpec,
    pub(super) payload: Value,
    pub(super) missed: MissedRuns,
}

impl NewSchedule {
    /// `name` is unique in the tenant; `kind` says what starts, to whoever starts it.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, spec: ScheduleSpec) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            spec,
            payload: Value::Null,
            missed: MissedRuns::default(),
        }
    }

    /// What is started gets this.
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }

    /// What happens to missed runs: one at once, by default.
    pub fn missed(mut self, missed: MissedRuns) -> Self {
        self.missed = missed;
        self
    }

    /// When it is to come.
    #[must_use]
    pub fn spec(&self) -> &ScheduleSpec {
        &self.spec
    }

    pub(super) fn check(&self) -> Result<()> {
        let (spec, zone) = self.spec.stored();
        Check::default()
            .text("/name", &self.name, SHORT)
            .text("/kind", &self.kind, SHORT)
            .text("/spec", &spec, SHORT)
            .optional("/timeZone", zone, SHORT)
            .size("/payload", self.payload.to_string().len(), DOCUMENT)
            .done()
    }
}

/// A schedule as it is stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredSchedule {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name in the tenant.
    pub name: String,
    /// What it starts.
    pub kind: String,
    /// What that gets.
    pub payload: Value,
    /// When it comes.
    pub spec: ScheduleSpec,
    /// What happens to missed runs.
    pub missed: MissedRuns,
    /// Whether a person stopped it.
    pub paused: bool,
    /// When it comes next; `None` when it never comes again.
    pub next_at: Option<Timestamp>,
    /// When it was last started.
    pub last_at: Option<Timestamp>,
    /// How often it was started.
    pub ticks: u64,
}

from_row!(StoredSchedule, |row| {
    let name: String = row.try_get("name")?;
    let broken = |column| {
        sqlx::Error::Decode(Box::new(Corrupt(format!(
            "schedules {name}: {column} is not readable"
        ))))
    };
    let at = |column| -> sqlx::Result<Option<Timestamp>> {
        let micros: Option<i64> = row.try_get(column)?;
        let at = micros.map(time::from_micros).transpose();
        at.map_err(|_| broken(column))
    };
    let payload: String = row.try_get("payload")?;
    let spec: String = row.try_get("spec")?;
    let missed: String = row.try_get("missed")?;
    Ok(Self {
        tenant: TenantId::new(row.try_get::<String, _>("tenant_id")?)
            .map_err(|_| broken("tenant_id"))?,
        kind: row.try_get("kind")?,
        payload: serde_json::from_str(&payload).map_err(|_| broken("payload"))?,
        spec: ScheduleSpec::read(&spec, row.try_get("time_zone")?).ok_or_else(|| broken("spec"))?,
        missed: match missed.as_str() {
            "once" => MissedRuns::Once,
            "skip" => MissedRuns::Skip,
            _ => return Err(broken("missed")),
        },
        paused: row.try_get("paused")?,
        next_at: at("next_at")?,
        last_at: at("last_at")?,
        ticks: u64::try_from(row.try_get::<i64, _>("ticks")?).map_err(|_| broken("ticks"))?,
        name,
    })
});

/// A schedule that is due.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Due {
    /// The schedule; its `next_at` is when it was due.
    pub schedule: StoredSchedule,
    /// The database's time.
    pub now: Timestamp,
}
