//! United States: ZIP codes, states, territories.

use super::zip_timezones::{CITIES, RUNS, STATES, ZONES};
use super::{Place, state_text, text};

pub(super) fn zone(lead: &Place<'_>) -> Option<&'static str> {
    if let Some(zip) = lead.postal_code.and_then(zip) {
        if is_military(zip) {
            return None;
        }
        if let Some(zone) = of_zip(zip) {
            return Some(zone);
        }
    }
    let state = code(&state_text(lead.state, "us")?)?;
    if let Some(city) = text(lead.city) {
        let city = city.replace(['\'', '-'], " ");
        if let Ok(at) = CITIES.binary_search_by(|(of, name, _)| (*of, *name).cmp(&(state, &city))) {
            return name(CITIES[at].2);
        }
    }
    let at = STATES.binary_search_by_key(&state, |(code, _)| code).ok()?;
    name(STATES[at].1)
}

/// The code of a territory that CRMs list as a country.
pub(super) fn territory(country: &str) -> Option<&'static str> {
    code(country).filter(|state| matches!(*state, "AS" | "GU" | "MH" | "MP" | "PR" | "PW" | "VI"))
}

/// Whether an address without a country is one of the US.
pub(super) fn is_at(lead: &Place<'_>) -> bool {
    let postal = text(lead.postal_code);
    match state_text(lead.state, "us") {
        Some(state) => code(&state).is_some() && postal.is_none_or(|postal| zip(&postal).is_some()),
        None => postal.is_some_and(|postal| {
            postal.len() == 10 && postal.as_bytes()[5] == b'-' && zip(&postal).is_some()
        }),
    }
}

/// The five digits of a ZIP or ZIP+4. Four digits have lost their zero in a spreadsheet.
fn zip(text: &str) -> Option<u32> {
    let mut digits = [0u8; 9];
    let mut count = 0;
    for (at, c) in text.trim().chars().enumerate() {
        match c {
            '0'..='9' if count < 9 => {
                digits[count] = u8::try_from(c).ok()? - b'0';
                count += 1;
            }
            '-' | ' ' if at == 5 => {}
            _ => return None,
        }
    }
    let five = match count {
        4 => &digits[..4],
        5 | 9 => &digits[..5],
        _ => return None,
    };
    Some(
        five.iter()
            .fold(0, |zip, digit| zip * 10 + u32::from(*digit)),
    )
}

fn of_zip(zip: u32) -> Option<&'static str> {
    let after = RUNS.partition_point(|(first, ..)| *first <= zip);
    let (_, last, zone) = RUNS.get(after.checked_sub(1)?)?;
    (zip <= *last).then(|| name(*zone)).flatten()
}

fn is_military(zip: u32) -> bool {
    matches!(zip / 100, 90..=99 | 340 | 962..=966)
}

fn name(zone: u8) -> Option<&'static str> {
    ZONES.get(usize::from(zone)).copied()
}

/// The two-letter code of a state or territory, from its code or name in lowercase. Micronesia is missing: its ZIP
/// codes have a zone, its whole has three.
fn code(state: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(code, name)| *name == state || code.eq_ignore_ascii_case(state))
        .map(|(code, _)| *code)
}

#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("AK", "alaska"), ("AL", "alabama"), ("AR", "arkansas"), ("AS", "american samoa"), ("AZ", "arizona"),
    ("CA", "california"), ("CO", "colorado"), ("CT", "connecticut"), ("DC", "district of columbia"),
    ("DC", "washington dc"), ("DE", "delaware"), ("FL", "florida"), ("GA", "georgia"),
    ("GU", "guam"), ("HI", "hawaii"), ("IA", "iowa"), ("ID", "idaho"), ("IL", "illinois"), ("IN", "indiana"),
    ("KS", "kansas"), ("KY", "kentucky"), ("LA", "louisiana"), ("MA", "massachusetts"), ("MD", "maryland"),
    ("ME", "maine"), ("MH", "marshall islands"), ("MI", "michigan"), ("MN", "minnesota"), ("MO", "missouri"),
    ("MP", "northern mariana islands"), ("MS", "mississippi"), ("MT", "montana"), ("NC", "north carolina"),
    ("ND", "north dakota"), ("NE", "nebraska"), ("NH", "new hampshire"), ("NJ", "new jersey"),
    ("NM", "new mexico"), ("NV", "nevada"), ("NY", "new york"), ("OH", "ohio"), ("OK", "oklahoma"),
    ("OR", "oregon"), ("PA", "pennsylvania"), ("PR", "puerto rico"), ("PW", "palau"), ("RI", "rhode island"),
    ("SC", "south carolina"), ("SD", "south dakota"), ("TN", "tennessee"), ("TX", "texas"), ("UT", "utah"),
    ("VA", "virginia"), ("VI", "us virgin islands"), ("VI", "virgin islands"), ("VT", "vermont"),
    ("WA", "washington"), ("WI", "wisconsin"), ("WV", "west virginia"), ("WY", "wyoming"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_does_not_overlap() {
        for (first, last, zone) in RUNS {
            assert!(first <= last && *last <= 99_999, "{first}");
            assert!(name(*zone).is_some(), "{first}");
        }
        for pair in RUNS.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
        assert!(STATES.is_sorted_by_key(|(state, _)| state));
        assert!(CITIES.is_sorted_by_key(|(state, city, _)| (state, city)));
        assert!(ZONES.is_sorted());
    }

    #[test]
    fn every_state_with_a_zone_has_a_name_and_the_reverse() {
        for (state, _) in STATES.iter().filter(|(state, _)| *state != "FM") {
            assert_eq!(code(&state.to_lowercase()), Some(*state));
        }
        for (state, name) in NAMES {
            assert!(STATES.iter().any(|(known, _)| known == state), "{name}");
        }
    }

    #[test]
    fn every_zone_is_a_name_that_the_time_zone_database_knows() {
        for zone in ZONES {
            assert!(zone.split_once('/').is_some_and(|(area, place)| {
                matches!(area, "America" | "Pacific") && !place.is_empty()
            }));
        }
    }

    #[test]
    fn zip_codes_as_people_write_them() {
        for (text, expected) in [
            ("90210", Some(90_210)),
            (" 90210-1234 ", Some(90_210)),
            ("90210 1234", Some(90_210)),
            ("902101234", Some(90_210)),
            ("2139", Some(2_139)),
            ("452001", None),
            ("9021O", None),
            ("٩٠٢١٠", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(zip(text), expected, "{text}");
        }
    }
}
