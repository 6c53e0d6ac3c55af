//! The time zone of a lead, from the address that a CRM holds: for quiet hours and call windows.
//!
//! ```
//! use integrations_core::timezone::{Place, of_lead};
//!
//! let lead = Place { country: Some("US"), postal_code: Some("79901"), ..Place::default() };
//! assert_eq!(of_lead(lead), Some("America/Denver")); // El Paso, though most of Texas is Central
//! ```
//!
//! The answer is an IANA name, or `None` when the address does not say: a guess would call people at night.

mod canada;
mod countries;
mod us;
#[path = "generated/zip_timezones.rs"]
mod zip_timezones;

/// The parts of an address that say which clock a person lives by. All are free text as CRMs hold it: any case, codes
/// or names, with or without spaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built field by field with `..Place::default()`"
)]
pub struct Place<'a> {
    /// ISO 3166-1 code, of two or three letters, or the English name.
    pub country: Option<&'a str>,
    /// State, province or territory: code, ISO 3166-2 code or English name.
    pub state: Option<&'a str>,
    /// ZIP, ZIP+4 or postal code.
    pub postal_code: Option<&'a str>,
    /// City; read only where a US state is split and the ZIP code is missing.
    pub city: Option<&'a str>,
}

/// The IANA time zone of a lead, or `None` when the address does not tell.
///
/// - **A country is named**: it wins over everything else that contradicts it. US: the ZIP code, from a table of every
///   code; without a usable one, a larger city off the state's main zone; else the zone of most of the state's ZIP
///   codes (exact where the state has one zone; for the 14 split ones it is the majority: Florida is Eastern). Canada: the first three characters of the postal code, else the province's main zone. Another country:
///   its zone, when all but a few hundred of its people share one clock.
/// - **No country**: a state or province of the US or Canada, a Canadian postal code, or a ZIP+4 stands for its
///   country. Five digits alone do not: Germany, France, Italy and Mexico write them too.
/// - Military post (APO, FPO, DPO) says nothing about a clock.
///
/// Costs a binary search and a few short text comparisons; holds no state.
#[must_use]
pub fn of_lead<'a>(lead: impl Into<Place<'a>>) -> Option<&'static str> {
    let lead = lead.into();
    match text(lead.country) {
        Some(country) => match country.as_str() {
            "us" | "usa" | "united states" | "united states of america" | "america" => {
                us::zone(&lead)
            }
            "ca" | "can" | "canada" => canada::zone(&lead),
            other => match us::territory(other) {
                Some(state) => us::zone(&Place {
                    state: Some(state),
                    ..lead
                }),
                None => countries::zone(other),
            },
        },
        None if us::is_at(&lead) => us::zone(&lead),
        None if canada::is_at(&lead) => canada::zone(&lead),
        None => None,
    }
}

/// Lowercase, without dots and repeated spaces; `None` when nothing is left.
fn text(field: Option<&str>) -> Option<String> {
    let mut out = String::new();
    // No name in the tables is longer; an essay in the field is no name.
    for word in field.filter(|field| field.len() <= 128)?.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(
            word.chars()
                .filter(|c| !matches!(c, '.' | ','))
                .flat_map(char::to_lowercase),
        );
    }
    (!out.is_empty()).then_some(out)
}

/// Like [`text`], without the country in front of an ISO 3166-2 code.
fn state_text(field: Option<&str>, country: &str) -> Option<String> {
    let state = text(field)?;
    Some(
        match state
            .strip_prefix(country)
            .and_then(|rest| rest.strip_prefix('-'))
        {
            Some(code) => code.into(),
            None => state,
        },
    )
}
