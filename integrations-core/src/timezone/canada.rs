//! Canada: the first three characters of a postal code (the forward sortation area), provinces.

use super::{Place, state_text, text};

/// Areas off their province's main clock, checked against the time zone polygons code by code: nine in ten of each
/// area's postal codes lie in the zone named here.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("A0P", "America/Goose_Bay"),     // Labrador
    ("A0R", "America/Goose_Bay"),     // Labrador
    ("A2V", "America/Goose_Bay"),     // Labrador City
    ("G4T", "America/Halifax"),       // Îles-de-la-Madeleine
    ("P0V", "America/Winnipeg"),      // Northwestern Ontario
    ("P0W", "America/Winnipeg"),      // Rainy River
    ("P0X", "America/Winnipeg"),      // Lake of the Woods
    ("P0Y", "America/Winnipeg"),      // Ingolf
    ("P8N", "America/Winnipeg"),      // Dryden
    ("P8T", "America/Winnipeg"),      // Sioux Lookout
    ("P9A", "America/Winnipeg"),      // Fort Frances
    ("P9N", "America/Winnipeg"),      // Kenora
    ("S9V", "America/Edmonton"),      // Lloydminster
    ("V0A", "America/Edmonton"),      // Upper Columbia
    ("V0B", "America/Edmonton"),      // East Kootenay
    ("V0C", "America/Dawson_Creek"),  // Peace River, Northern Rockies
    ("V1A", "America/Edmonton"),      // Kimberley
    ("V1C", "America/Edmonton"),      // Cranbrook
    ("V1G", "America/Dawson_Creek"),  // Dawson Creek
    ("V1J", "America/Dawson_Creek"),  // Fort St. John
    ("X0B", "America/Cambridge_Bay"), // Kitikmeot
    ("X0C", "America/Rankin_Inlet"),  // Kivalliq
];

/// Quebec's lower north shore: half of its codes keep Atlantic time, and no letter tells which.
const SPLIT: &str = "G0G";

#[rustfmt::skip]
const PROVINCES: &[(&str, &str, &str)] = &[
    ("ab", "alberta", "America/Edmonton"),
    ("bc", "british columbia", "America/Vancouver"),
    ("mb", "manitoba", "America/Winnipeg"),
    ("nb", "new brunswick", "America/Moncton"),
    ("nl", "newfoundland and labrador", "America/St_Johns"),
    ("nl", "newfoundland", "America/St_Johns"),
    ("nf", "newfoundland & labrador", "America/St_Johns"),
    ("ns", "nova scotia", "America/Halifax"),
    ("nt", "northwest territories", "America/Edmonton"),
    ("nu", "nunavut", "America/Iqaluit"),
    ("on", "ontario", "America/Toronto"),
    ("pe", "prince edward island", "America/Halifax"),
    ("pei", "pei", "America/Halifax"),
    ("qc", "quebec", "America/Toronto"),
    ("pq", "québec", "America/Toronto"),
    ("sk", "saskatchewan", "America/Regina"),
    ("yt", "yukon", "America/Whitehorse"),
    ("yk", "yukon territory", "America/Whitehorse"),
];

pub(super) fn zone(lead: &Place<'_>) -> Option<&'static str> {
    if let Some(area) = text(lead.postal_code).and_then(|postal| area(&postal)) {
        if area == SPLIT {
            return None;
        }
        if let Some(zone) = of_area(&area) {
            return Some(zone);
        }
    }
    of_province(&state_text(lead.state, "ca")?)
}

/// Whether an address without a country is Canadian.
pub(super) fn is_at(lead: &Place<'_>) -> bool {
    match state_text(lead.state, "ca") {
        Some(state) => of_province(&state).is_some(),
        // A whole code: three characters alone could be the start of a British one.
        None => text(lead.postal_code).is_some_and(|postal| {
            area(&postal).is_some()
                && postal.chars().filter(char::is_ascii_alphanumeric).count() == 6
        }),
    }
}

/// The forward sortation area of a Canadian postal code: letter, digit, letter.
fn area(postal: &str) -> Option<String> {
    let code: Vec<u8> = postal
        .bytes()
        .filter(|b| !matches!(b, b' ' | b'-'))
        .collect();
    let fits = (code.len() == 3 || code.len() == 6)
        && code.iter().enumerate().all(|(at, b)| match at % 2 {
            0 => b.is_ascii_alphabetic(),
            _ => b.is_ascii_digit(),
        });
    fits.then(|| {
        code[..3]
            .iter()
            .map(|b| char::from(b.to_ascii_uppercase()))
            .collect()
    })
}

fn of_area(area: &str) -> Option<&'static str> {
    if let Ok(at) = EXCEPTIONS.binary_search_by_key(&area, |(area, _)| area) {
        return Some(EXCEPTIONS[at].1);
    }
    of_province(match area.as_bytes().first()? {
        b'A' => "nl",
        b'B' => "ns",
        b'C' => "pe",
        b'E' => "nb",
        b'G' | b'H' | b'J' => "qc",
        b'K' | b'L' | b'M' | b'N' | b'P' => "on",
        b'R' => "mb",
        b'S' => "sk",
        b'T' => "ab",
        b'V' => "bc",
        b'X' if area == "X0A" => "nu",
        b'X' => "nt",
        b'Y' => "yt",
        _ => return None,
    })
}

fn of_province(state: &str) -> Option<&'static str> {
    PROVINCES
        .iter()
        .find(|(code, name, _)| *code == state || *name == state)
        .map(|(.., zone)| *zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exceptions_are_sorted() {
        assert!(EXCEPTIONS.is_sorted_by_key(|(area, _)| area));
    }

    #[test]
    fn areas_as_people_write_them() {
        for (text, expected) in [
            ("m5v 3l9", Some("M5V")),
            ("M5V-3L9", Some("M5V")),
            ("m5v3l9", Some("M5V")),
            ("V1C", Some("V1C")),
            ("M5V 3L", None),
            ("12345", None),
            ("SW1A 1AA", None),
            ("", None),
        ] {
            assert_eq!(area(text).as_deref(), expected, "{text}");
        }
    }
}
