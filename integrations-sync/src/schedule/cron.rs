use std::time::Duration;

use integrations_core::{Error, FieldError, Result, Timestamp};
use integrations_store::ScheduleSpec;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use riverqueue::CronSchedule;

/// The shortest interval: what comes more often is work for a loop.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest interval: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// When something comes.
///
/// ```
/// use integrations_sync::schedule::Schedule;
///
/// let every_night = Schedule::cron("30 2 * * *", "Europe/Berlin")?;
/// let evening = "2026-11-21T20:00:00Z".parse().unwrap();
/// assert_eq!(every_night.after(evening), "2026-11-22T01:30:00Z".parse().ok());
/// # Ok::<(), integrations_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    spec: ScheduleSpec,
    times: Times,
}

#[derive(Debug, Clone)]
enum Times {
    Cron {
        cron: Box<CronSchedule>,
        zone: TimeZone,
        /// Whether it comes by the hour of the day, and so at most once for each time on the clock.
        fixed: bool,
    },
    Every(Duration),
}

impl Schedule {
    /// By a cron expression of five fields: minute, hour, day of the month, month, day of the week (0 or `sun` is Sunday;
    /// either of the two days is enough when both are restricted), with lists, ranges, steps and names; or `@hourly`,
    /// `@daily`, `@weekly`, `@monthly`, `@yearly`. `time_zone` is an IANA name such as `America/New_York`, or `UTC`.
    ///
    /// When the clocks change, what has a fixed hour comes once: a time that is skipped comes as much later as the clocks
    /// were put forward, one that is repeated comes the first time. What comes in every hour (`*` or `*/n`) goes on by
    /// the hours that pass.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when one of them is not readable, or the
    /// expression never comes (30 February).
    pub fn cron(expression: &str, time_zone: &str) -> Result<Self> {
        let wrong =
            |path: &str, why: String| Error::validation("", vec![FieldError::new(path, why)]);
        if expression.contains("TZ=") || expression.starts_with("@every") {
            let why = "has a time zone or an interval, which are given apart";
            return Err(wrong("/expression", why.to_owned()));
        }
        let cron = CronSchedule::parse(expression).map_err(|_| {
            let why = "is not a cron expression of five fields, or a word such as @daily";
            wrong("/expression", why.to_owned())
        })?;
        let zone = TimeZone::get(time_zone).map_err(|_| {
            wrong(
                "/timeZone",
                "is not the name of a time zone, such as Europe/Berlin".to_owned(),
            )
        })?;
        let hour = expression.split_whitespace().nth(1).unwrap_or_default();
        let fixed = match expression.starts_with('@') {
            true => expression != "@hourly",
            false => !hour.starts_with('*'),
        };
        let schedule = Self {
            spec: ScheduleSpec::Cron {
                expression: expression.to_owned(),
                time_zone: time_zone.to_owned(),
            },
            times: Times::Cron {
                cron: Box::new(cron),
                zone,
                fixed,
            },
        };
        if schedule.after(Timestamp::UNIX_EPOCH).is_none() {
            return Err(wrong("/expression", "never comes".to_owned()));
        }
        Ok(schedule)
    }

    /// Each time that this has passed: from a second to ten years.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](integrations_core::ErrorKind::Validation) when it is shorter or longer.
    pub fn every(interval: Duration) -> Result<Self> {
        if !(SHORTEST..=LONGEST).contains(&interval) {
            let why = "is not between a second and ten years";
            return Err(Error::validation("", vec![FieldError::new("/every", why)]));
        }
        Ok(Self {
            spec: ScheduleSpec::Every(interval),
            times: Times::Every(interval),
        })
    }

    /// As it is stored.
    #[must_use]
    pub fn spec(&self) -> &ScheduleSpec {
        &self.spec
    }

    /// A stored one.
    ///
    /// # Errors
    /// As [`cron`](Self::cron) and [`every`](Self::every).
    pub fn from_spec(spec: &ScheduleSpec) -> Result<Self> {
        match spec {
            ScheduleSpec::Cron {
                expression,
                time_zone,
            } => Self::cron(expression, time_zone),
            ScheduleSpec::Every(interval) => Self::every(*interval),
            _ => Err(Error::config(
                "a schedule of a kind that this program does not know",
            )),
        }
    }

    /// The first time after this one; `None` when it never comes again.
    #[must_use]
    pub fn after(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.times {
            Times::Every(interval) => at.checked_add(*interval).ok(),
            Times::Cron { cron, zone, fixed } => {
                let here = at.to_zoned(zone.clone());
                if !fixed {
                    return cron.next_after(&here).map(|next| next.timestamp());
                }
                // The times on the clock, as if it were never changed.
                let mut clock = here.datetime();
                loop {
                    clock = next_on_clock(cron, clock)?;
                    let next = clock.to_zoned(zone.clone()).ok()?.timestamp();
                    // A time that is repeated comes the first time, which may have passed.
                    if next > at {
                        return Some(next);
                    }
                }
            }
        }
    }

    /// What comes next after a run that was due: the first time after `now`. An interval keeps its beat.
    #[must_use]
    pub fn next(&self, due: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let Times::Every(interval) = &self.times else {
            return self.after(now.max(due));
        };
        let passed = u128::try_from(now.duration_since(due).as_micros()).unwrap_or(0);
        let beats = passed / interval.as_micros() + 1;
        let ahead = interval.as_micros().checked_mul(beats)?;
        let ahead = Duration::from_micros(u64::try_from(ahead).ok()?);
        due.checked_add(ahead).ok()
    }

    /// How many times lie between a due one and now, the due one included; at most a thousand are counted.
    pub(super) fn missed(&self, due: Timestamp, now: Timestamp) -> u32 {
        let mut count = 1;
        let mut at = due;
        while count < 1000 {
            match self.next(at, at) {
                Some(next) if next <= now => (at, count) = (next, count + 1),
                _ => break,
            }
        }
        count
    }
}

fn next_on_clock(cron: &CronSchedule, clock: DateTime) -> Option<DateTime> {
    let at = clock.to_zoned(TimeZone::UTC).ok()?;
    cron.next_after(&at).map(|next| next.datetime())
}

#[cfg(test)]
mod tests;
