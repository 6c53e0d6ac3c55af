//! Times and spans as people write them.

use std::time::Duration;

use integrations_core::{Clock as _, SystemClock, Timestamp};

const FORMS: &str = "a time like 2026-11-21T08:00:00Z, or a span like 30m, 2h, 7d";

/// A time, or so long ago.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    if let Ok(span) = span(text) {
        let past = SystemClock.now().checked_sub(span);
        return past.map_err(|_| FORMS.to_owned());
    }
    text.parse().map_err(|_| FORMS.to_owned())
}

/// `90s`, `30m`, `2h`, `7d`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let failed = || "a span like 90s, 30m, 2h, 7d".to_owned();
    let unit = text.chars().last().ok_or_else(failed)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(failed()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| failed())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}
